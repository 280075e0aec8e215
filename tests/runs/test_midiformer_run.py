"""The script of the table: from packed shards to models that the suite scores, at toy size."""

from __future__ import annotations

import json
import sys
import tarfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from ostinato.base.config import from_dict, read_table
from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.base.turns import turn_of_device
from ostinato.data.selection import held_out, load_split, side_of
from ostinato.data.shards import Documents, Entry, read_shards
from ostinato.data.vocabulary import load_window
from ostinato.eval.music.documents import files, read_all
from ostinato.eval.music.published import rows_for
from ostinato.eval.music.tasks import TASKS, find_task
from ostinato.infer.directory import find_model
from ostinato.infer.load import load_note_model, load_piece_model
from ostinato.models import midiformer as models
from ostinato.models.midiformer import head_directory
from ostinato.music import splits
from ostinato.music.midi import write_midi
from toy_corpus import HEADER, toy_document
from toy_music_suite import song, toy_splits, write_corpora

RUNS = Path(__file__).parents[2] / "runs"
sys.path.insert(0, str(RUNS))

import importlib.util  # noqa: E402

from midiformer import cards, shards, shipping, stages, trunks  # noqa: E402
from music_ablations import arms  # noqa: E402
from music_corpora import packing, published  # noqa: E402

_found = importlib.util.spec_from_file_location("midiformer_script", RUNS / "midiformer.py")
assert _found is not None and _found.loader is not None
script = importlib.util.module_from_spec(_found)
_found.loader.exec_module(script)

WINDOW = ("window.rows=24", "window.tokens=64", "window.slots=16", "window.transpose=2")
MODEL = tuple(
    f"model.{name}"
    for name in (
        "hidden_size=16",
        "num_layers=2",
        "num_heads=2",
        "intermediate_size=32",
        "num_ngram_layers=1",
    )
)
QUICK = ("batch=4", "train.steps=2", "train.optimizer.warmup_steps=1", "train.validate_every=0")
LEARNT = ("compoundation.merges=20", "lexicon.threshold=5", "model.token_rank=4")
FINE = (*WINDOW, *QUICK, "stride=12", "evaluation_batch=8")


def names(split: str, side: str, count: int) -> list[str]:
    return [name for name, where in splits.load(split).items() if where == side][:count]


def pack(
    path: Path, entries: list[tuple[str, str, str]], licences: dict[str, str], first: int = 0
) -> None:
    """Toy music, from that document on, under the given names, songs and corpora."""
    music = [toy_document(first + number) for number in range(len(entries))]
    values = np.concatenate([values for values, _ in music])
    label = np.concatenate([label for _, label in music])
    offset = np.cumsum([0, *(len(values) for values, _ in music)], dtype=np.int64)
    told = tuple(
        Entry(name, song, corpus, len(values), len(values))
        for (name, song, corpus), (values, _) in zip(entries, music, strict=True)
    )
    packing.pack(Documents(HEADER, told, values, label, offset), path, licences)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    songs = {
        (split, side): names(split, side, 3)
        for split in ("pop909_song", "nottingham_tune")
        for side in ("train", "valid", "test")
    }
    pop = [(n, n, "pop909") for n in (*songs["pop909_song", "train"],)]
    held = [
        (n, n, "pop909")
        for side in ("valid", "test")
        for n in songs["pop909_song", side]
        if splits.load("pop909_midibert").get(n) == side
    ]
    versions = [(f"{n}-v1", n, "pop909-versions") for n, _, _ in pop]
    tunes = [(n, n, "nottingham") for side in songs if "tune" in side[0] for n in songs[side]]
    both = {"pop909": "MIT", "pop909-versions": "MIT"}
    pack(folder / "shipped.npz.xz", [*pop, *versions, *held], both)
    pack(folder / "pop909.npz.xz", [*pop, *held], {"pop909": "MIT"})
    pack(folder / "pop909-velocity.npz.xz", [*pop, *held], {"pop909": "MIT"})
    same = {"first": len(pop)}  # the words that the trunk has of the versions
    pack(folder / "pop909-versions-velocity.npz.xz", versions, {"pop909-versions": "MIT"}, **same)
    pack(folder / "published-melody.npz.xz", [*pop, *held], {"pop909": "MIT"})
    pack(folder / "nottingham.npz.xz", tunes, {"nottingham": "GPL-3.0"})
    pack(folder / "published-dance.npz.xz", tunes, {"nottingham": "GPL-3.0"})
    (folder / "leaks.csv").write_text("name,song,side\n")
    return folder


@pytest.fixture(scope="module")
def trained(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every step once, a step or two each."""
    root = tmp_path_factory.mktemp("trained")
    where = ["--out", str(root / "out"), "--shards", str(root / "shards")]

    def run(*given: str) -> None:
        assert script.main([*where, *given]) == 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ostinato.jobs.training.plot_metrics", lambda run: None)
        run("data", str(packed))
        tiny = ("--no-compile", "--set", *WINDOW, *QUICK, *LEARNT, *MODEL, "valid_windows=4")
        run("pretrain", "9", *tiny)
        assert script.main([*where, "trunk"]) == 2  # nothing to compare
        run("teach", "--velocity", "--no-compile", "--set", *FINE, "window.slots=5")
        fine = ("--no-compile", "--set", *FINE)
        run("heads", "--only", "melody", *fine, "adapter_rank=2")
        run("heads", "--only", "dance,dance14", *fine)
        run("heads", "--trunk", "melody", "--only", "melody,velocity,dance", *fine)
        run("published", "--only", "melody,dance", *fine)
        run("trunk")
    return root


def test_melody_and_velocity_are_taught_by_the_same_documents(trained: Path) -> None:
    recipe = json.loads((trained / "out" / trunks.TAUGHT / "recipe.json").read_text())
    (other,) = recipe["others"]
    for key in ("shards", "train_shards"):
        twins = [one.replace("-velocity", "") for one in other[key]]
        assert twins == recipe[key] != other[key]
    assert other["weight"] == stages.VELOCITY_WEIGHT < 1


@pytest.mark.usefixtures("one_thread")
def test_collected_models_stand_beside_their_trunk(trained: Path, tmp_path: Path) -> None:
    for trunk, held in (
        ("pretrained", {"melody-clean", "dance-clean", "dance14-clean", "dance-published"}),
        (
            "melody",
            {"melody-clean", "velocity-clean", "dance-clean"},
        ),  # published dances stand on the other trunk
    ):
        tars, tree = tmp_path / trunk, tmp_path / f"{trunk}-tree"
        lines = list(shipping.collect(trained / "out", tars, [], trunk))
        assert len([*tars.iterdir()]) == 1
        assert ("left out" in lines[0]) == (trunk == "melody")
        for path in tars.iterdir():
            with tarfile.open(path) as tar:
                tar.extractall(tree, filter="data")
        assert {path.name for path in tree.iterdir()} == {
            "logs",
            "midiformer",
            "melody-published",
            *held,
        }
        assert load_note_model(tree / "melody-clean", device="cpu").names[0] == "melody"
        assert load_piece_model(tree / "dance-clean", device="cpu").names[0] == "ashover"
        if trunk == "melody":
            assert load_note_model(tree / "velocity-clean", device="cpu").names[0] == "1-31"
            window = head_directory.describe(tree / "velocity-clean").window
            assert window == head_directory.describe(tree / "melody-clean").window
            assert window is not None and window.slots == 5
        assert models.load(tree / "midiformer").masked_token is None
        card = (tree / "midiformer" / "README.md").read_text()
        assert ("it learnt of their notes: velocity." in card) == (trunk == "melody")
        assert (tree / "logs/midiformer/metrics.jsonl").exists()
    only = list(shipping.collect(trained / "out", tmp_path / "few", ["dance14"], "pretrained"))
    with tarfile.open(tmp_path / "few/models-1.tar") as tar:
        kept = {name.split("/")[0] for name in tar.getnames()}
    assert (len(only), kept) == (1, {"dance14-clean", "logs"})


def test_a_trunk_says_whose_step_its_weights_are(trained: Path, tmp_path: Path) -> None:
    """Where teaching went on after its best step of valid."""
    runs = [tmp_path / name for name in (trunks.PRETRAINED, trunks.TAUGHT)]
    for run in runs:
        copytree(trained / "out" / run.name, run)
    said = "The weights are those of step"
    told = trunks.result_of(runs[1])
    for best, expected in ((None, ""), (told["step"], ""), (1, f"{said} 1, by valid.")):
        write_json(runs[1] / "result.json", {**told, "best_step": best})
        card = cards.trunk_card("midiformer", *runs)
        assert [line for line in card.split("\n") if said in line] == [expected] * bool(expected)


def test_the_taught_trunk_is_the_encoder_that_told_the_melody(trained: Path) -> None:
    run = trained / "out" / trunks.TAUGHT
    whole, alone = models.load(run / "model"), models.load(run / "trunk")
    head = load_note_model(run / "head", device="cpu")
    for name, tensor in whole.encoder.state_dict().items():
        np.testing.assert_array_equal(tensor, alone.encoder.state_dict()[name])
    kept = load_file(run / "head" / "model.safetensors")
    assert all(name.startswith("head.") for name in kept)
    assert head.calibration.temperature != 1
    pretrained, own = load_window(run / "trunk"), head_directory.describe(run / "head").window
    assert pretrained == load_window(trained / "out" / trunks.PRETRAINED / "model")
    assert own == head_directory.HeadWindow(pretrained.rows, 5)
    before = models.load(trained / "out" / trunks.PRETRAINED / "model").encoder.state_dict()
    changed = [not np.array_equal(t, before[n]) for n, t in alone.encoder.state_dict().items()]
    assert any(changed)


def test_what_is_done_is_not_done_again(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--out", str(trained / "out"), "--shards", str(trained / "shards")]
    assert script.main([*where, "pretrain", "9"]) == 0
    assert "was done before" in capsys.readouterr().out
    assert script.main([*where, "data", str(trained)]) == 2  # nothing packed is there
    assert "expected packed shards" in capsys.readouterr().err
    assert script.main([*where, "heads", "--only", "melodie"]) == 2
    assert script.main([*where, "teach"]) == 2  # it was taught velocities as well
    assert "learnt melody, velocity: choose another --out" in capsys.readouterr().err


def test_heads_go_into_the_package_by_the_name_of_their_trunk(
    trained: Path, tmp_path: Path
) -> None:
    tree, weights = tmp_path / "tree", tmp_path / "weights"
    list(shipping.collect(trained / "out", tmp_path / "tars", [], "pretrained"))
    with tarfile.open(tmp_path / "tars/models-1.tar") as tar:
        tar.extractall(tree, filter="data")
    with pytest.raises(UserError, match="velocity-clean is missing"):
        list(shipping.bundle(tree, weights))
    assert not weights.exists()
    for task in ("velocity", "composer", "emotion"):
        (tree / f"{task}-clean").symlink_to(tree / "dance-clean")
    scores = {"accuracy": 0.5, "interval": [0.4, 0.625]}
    result = {
        "protocol": "clean",
        "split": "nottingham_tune",
        "unit": "piece",
        "units": {"test": 104},
        "baselines": {"majority": {"accuracy": 0.25}},
        "models": {"midiformer-dance": scores, "dance-clean-rotary": scores},
    }
    write_json(tmp_path / "results.json", {"results": [result, {**result, "protocol": "other"}]})
    told = list(shipping.bundle(tree, weights, tmp_path / "results.json"))
    assert len(told) == 6
    row = "| 104 pieces, `nottingham_tune` | **50.0%** | 40.0% to 62.5% | 25.0% |  |  |  |"
    for name in ("midiformer", "midiformer-dance"):
        card = (weights / name / "README.md").read_text()
        assert card.count(f"| midiformer-dance {row}") == card.count("95 % interval") == 1
        assert card.index(row) < card.index("## Limits")
    assert "rotary" not in card
    trunk = (weights / "midiformer/README.md").read_text()
    assert "| pop909 | 3 | MIT |" in trunk  # what validates is not learnt from
    assert "| pop909-versions | 3 | MIT |" in trunk
    assert "95 % interval" not in (weights / "midiformer-melody/README.md").read_text()
    described = json.loads((weights / "midiformer-melody/config.json").read_text())
    assert described["trunk"] == "midiformer"
    dance = (weights / "midiformer-dance/README.md").read_text()
    assert dance.startswith("---\nlicense: apache-2.0\n") and "\n# midiformer-dance\n" in dance


def test_weights_from_music_without_a_licence_are_not_called_free() -> None:
    card = "---\ntags: [midi]\n---\n\n# run-7\n\n| pianist8 | 334 | unknown, research use |\n"
    told = cards.as_bundled(card, "midiformer-composer")
    assert told.startswith("---\nlicense: other\ntags: [midi]\n---\n\n# midiformer-composer\n")


def test_versions_with_labels_are_shards_of_their_own(trained: Path) -> None:
    found = read_shards([trained / "shards" / "pop909-versions"])
    assert {entry.corpus for entry in found.entries} == {"pop909-versions"}
    assert found.header.licence == "MIT"
    again = list(shards.unpack_all(Path(trained.parent / "packed0"), trained / "shards"))
    assert all(line.endswith("was there") for line in again)


def test_what_was_collected_goes_back_among_the_runs(trained: Path, tmp_path: Path) -> None:
    for trunk in ("pretrained", "melody"):
        tree, out = tmp_path / trunk, tmp_path / f"{trunk}-out"
        list(shipping.collect(trained / "out", tmp_path / f"{trunk}-tars", [], trunk))
        with tarfile.open(tmp_path / f"{trunk}-tars/models-1.tar") as tar:
            tar.extractall(tree, filter="data")
        where = ["--out", str(out), "--shards", str(trained / "shards")]
        assert script.main([*where, "restore", str(tree), "--trunk", trunk]) == 0
        assert script.main([*where, "heads", "--trunk", trunk, "--only", "melody,dance"]) == 0
        assert sorted(shipping.models(out, trunk)) == [
            name
            for name in sorted(shipping.models(trained / "out", trunk))
            if name not in shipping.strangers(trained / "out", trunk)
        ]
        assert not shipping.strangers(out, trunk)
    assert script.main([*where, "restore", str(tree), "--trunk", "auto"]) == 2


def session(tmp_path: Path, **given: Any) -> stages.Session:
    return stages.Session(tmp_path / "out", tmp_path / "shards", **given)


def leave(run: Path, reason: str = "finished", seconds: float = 0.0, accuracy: float = 0.0) -> None:
    """What a run leaves, but for weights."""
    told = {"reason": reason, "seconds": seconds, "valid": {"accuracy": accuracy}}
    write_json(run / "result.json", told)
    write_json(run / "model/config.json", {})


def test_every_step_has_its_recipes(tmp_path: Path) -> None:
    here = session(tmp_path, end=None)
    leave(here.out / trunks.PRETRAINED)
    (pretraining,) = stages.pretraining(here, 9)
    assert pretraining.table["train"]["budget_seconds"] == 9
    for made in (stages.teaching, stages.heads, stages.published):
        for job in made(here):
            recipe = from_dict(job.kind, job.table)
            assert recipe.run == tmp_path / "out" / job.name
            assert recipe.train.compile is not recipe.regression
            assert recipe.train.budget_seconds == 0
            assert recipe.train.save_every == (0 if recipe.regression else 500)
            assert recipe.train.turn == turn_of_device(tmp_path / "out")
            assert all(path.parent == tmp_path / "shards" for path in recipe.shards)
    heads = {job.name: job.table for job in stages.heads(here)}
    ranks = {name.rpartition("-")[2]: table.get("adapter_rank", 0) for name, table in heads.items()}
    assert ranks == {task: 6 if task in stages.OF_NOTES else 0 for task in stages.TASKS}
    for job in stages.published(here):
        (folder,) = job.table["shards"]
        task = TASKS[job.name.removeprefix("published-")]
        assert Path(folder).name == f"published-{task.name.removesuffix('14')}"
        assert (task.name in stages.OF_NOTES) == task.of_notes
        assert job.table["labels"] == [*task.classes]
        assert job.table["split"] == task.protocols["published"].split
        assert not job.table.get("train_shards")  # whose notes are in the clean order
        made = from_dict(job.kind, job.table)
        assert made.regression is not task.of_notes


def test_an_unfinished_trunk_is_refused(tmp_path: Path) -> None:
    here = session(tmp_path)
    leave(here.out / trunks.PRETRAINED, "out of time")
    leave(here.out / "peer-rotary", "out of time")
    leave(tmp_path / "logs" / trunks.PRETRAINED)
    for jobs in (
        stages.teaching(here),
        stages.heads(here),
        stages.published(here),
        stages.peers(session(tmp_path, only=("melody",)), "rotary", tmp_path / "logs"),
    ):
        with pytest.raises(UserError, match="expected a finished pre-training"):
            next(jobs)
    for jobs in (stages.heads, stages.published):
        with pytest.raises(UserError, match="expected a trunk that was taught"):
            list(jobs(session(tmp_path, trunk="melody", only=("velocity",))))


def test_the_taught_trunk_is_taken_where_it_gains(tmp_path: Path) -> None:
    out, head = tmp_path, trunks.head_run("melody", taught=False)
    leave(out / trunks.TAUGHT, accuracy=0.96)
    with pytest.raises(UserError, match="midiformer-melody is not finished"):
        trunks.chosen_trunk(out, "auto")
    leave(out / head, "out of time")
    with pytest.raises(UserError, match="midiformer-melody is not finished"):
        trunks.chosen_trunk(out, "auto")
    for accuracy, run in ((0.9565, trunks.TAUGHT), (0.9575, trunks.PRETRAINED)):
        leave(out / head, accuracy=accuracy)
        assert trunks.chosen_trunk(out, "auto") == run


def test_peers_are_as_large_as_the_trunk_and_learn_as_long(tmp_path: Path) -> None:
    trunk = read_table(stages.CONFIGS / "midiformer-pretrain.toml")
    full = replace(
        arms.ARMS["full"],
        merges=trunk["compoundation"]["merges"],
        ngrams=trunk["lexicon"]["max_rows"],
        layers=trunk["model"]["positions"],
        token_rank=trunk["model"]["token_rank"],
    )
    wanted = arms.parameters(full, asdict(arms.SIZES["small"]))
    shipped = models.load(find_model("midiformer"))  # which has no head that fills in masks
    assert sum(p.numel() for p in shipped.parameters()) == pytest.approx(wanted, rel=0.02)
    logs = tmp_path / "logs"
    ours = {
        taught: [trunks.PRETRAINED, *(stages._ours(task, taught=taught) for task in stages.TASKS)]
        for taught in ((), ("melody",))
    }
    assert {ours[()][1], ours["melody",][1]} == {"midiformer-melody", trunks.TAUGHT}
    for number, run in enumerate([*ours[()], *ours["melody",][1:]]):
        leave(logs / run, seconds=number + 0.5)
    for positions in stages.PEERS:
        leave(tmp_path / "out" / f"peer-{positions}")
        for trunk in trunks.TRUNKS[:2]:
            first, *others = stages.peers(session(tmp_path, trunk=trunk), positions, logs)
            recipe = from_dict(first.kind, first.table)
            assert recipe.exclude == (str(tmp_path / "shards" / "leaks.csv"),)
            sizes = {key: value for key, value in first.table["model"].items() if key in _SIZES}
            assert arms.parameters(arms.ARMS[positions], sizes) == pytest.approx(wanted, rel=0.05)
            for job in others:
                made = from_dict(job.kind, job.table)
                assert made.init == str(tmp_path / "out" / f"peer-{positions}" / "model")
                assert made.common.regression is (made.kind == "sequence")
            of_notes = len(stages.OF_NOTES)
            trains = [job.table["train"] for job in (first, *others[:of_notes])]
            assert {train["steps"] for train in trains} == {1_000_000}
            learnt = ("melody",) if trunk == "melody" else ()
            told = [trunks.result_of(logs / run)["seconds"] for run in ours[learnt]]
            assert [train["budget_seconds"] for train in trains] == told[: 1 + of_notes]
    (logs / trunks.TAUGHT / "recipe.json").write_text('{"others": [{"head": "velocity"}]}')
    both = stages.peers(session(tmp_path, trunk="melody", only=stages.OF_NOTES), "rotary", logs)
    seconds = [job.table["train"]["budget_seconds"] for job in both]
    assert seconds == [trunks.result_of(logs / trunks.TAUGHT)["seconds"] / 2] * 2
    leave(logs / "midiformer-melody", "out of time")
    with pytest.raises(UserError, match="of a finished run, whose seconds"):
        list(stages.peers(session(tmp_path, only=("melody",)), "rotary", logs))


def test_what_cannot_be_compiled_runs_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[bool] = []

    broken = False

    def run(recipe: Any) -> dict[str, object]:
        seen.append(recipe.train.compile)
        if recipe.train.compile or broken:
            raise RuntimeError("no such kernel\nat all")
        return {"reason": "finished"}

    here = session(tmp_path, only=("melody", "dance"))
    leave(here.out / trunks.PRETRAINED)
    assert stages.play(here, (replace(job, run=run) for job in stages.heads(here)))
    assert seen == [True, False, False]
    assert "again without compiling: no such kernel\n" in capsys.readouterr().out
    broken = True
    with pytest.raises(RuntimeError, match="no such kernel"):
        stages.play(here, (replace(job, run=run) for job in stages.heads(here)))


def test_no_task_begins_in_the_last_minute(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--out", str(tmp_path / "out"), "--shards", str(tmp_path)]
    leave(tmp_path / "out" / trunks.PRETRAINED)
    assert script.main([*where, "heads", "--wall", "59"]) == 1
    assert "midiformer-melody: the time is up" in capsys.readouterr().out
    began = time.monotonic() - 100  # when the process began
    assert script.main([*where, "heads", "--wall", "159"], began) == 1


_SIZES = ("hidden_size", "num_layers", "num_heads", "intermediate_size")


def test_no_tar_is_larger_than_may_travel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "MOST_BYTES", 40_000)
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(9):
        (tree / f"{number}").write_bytes(bytes(9_000))
    list(shipping._pack(tree, tmp_path / "tars"))
    sizes = [path.stat().st_size for path in (tmp_path / "tars").iterdir()]
    assert len(sizes) == 5 and max(sizes) <= 40_000
    monkeypatch.setattr(shipping, "MOST_FILES", 4)
    with pytest.raises(UserError, match="5 tars are needed and 4 may be"):
        list(shipping._pack(tree, tmp_path / "more"))
    monkeypatch.setattr(shipping, "MOST_FILES", 8)
    monkeypatch.setattr(shipping, "MOST_IN_ALL", 80_000)
    with pytest.raises(UserError, match="too many, 80,000 may be"):
        list(shipping._pack(tree, tmp_path / "more"))
    (tree / "large").write_bytes(bytes(50_000))
    with pytest.raises(UserError, match="no tar can hold it"):
        list(shipping._pack(tree, tmp_path / "most"))


def test_published_shards_hold_what_the_suite_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy_splits(monkeypatch)
    data = write_corpora(tmp_path / "data")
    write_midi(song(5, beats=220), data / "Nottingham/MIDI/waltzes6.mid")  # of 660 notes
    for name in ("melody", "velocity", "dance"):
        task = find_task(name)
        documents = published.read_task(task, data)
        split = load_split(task.protocols["published"].split)
        for side, given in files(task, "published", data).items():
            shown = read_all(task, "published", given)
            held = side_of(documents, split, side)
            segments = [rows for document in shown for rows in rows_for(document, "cp4")]
            assert len(held) == len(shown if side == "train" else segments)
            np.testing.assert_array_equal(held.values, np.concatenate(segments))
            if task.of_notes:
                truth = np.concatenate([document.truth for document in shown])
                np.testing.assert_array_equal(held.label, truth + 1)
    assert [entry.name for entry in held.entries] == ["reelsa-c5@#0", "waltzes6@#0", "waltzes6@#1"]
    assert [len(rows) for rows in segments] == [96, 512, 148]
    sizes = published.write_published(data, tmp_path, ["dance", "composer"])
    assert [row[0] for row in sizes] == ["published-dance.npz.xz"]  # Pianist8 is not there


def test_segments_are_held_out_with_their_song() -> None:
    (clip,) = names("emopia_midibert_clip", "test", 1)
    entry = Entry(f"{clip}@#3", splits.songs("emopia_midibert_clip")[clip], "emopia", 1, 1)
    assert load_split("emopia_midibert_clip").side(entry) == "test"
    assert ("emopia", entry.song) in held_out([entry])
