"""``fit`` from a folder to a model that can be used, and what it refuses."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from ostinato import cli
from ostinato.base.errors import UserError
from ostinato.infer.load import load_note_model
from ostinato.jobs import finetune_regression, fit_train
from ostinato.jobs import fit as job
from ostinato.jobs.fit import FitRequest, fit
from ostinato.jobs.fit_folder import Item
from ostinato.jobs.fit_groups import Grouping
from ostinato.jobs.fit_look import Look, show
from ostinato.jobs.fit_score import interval
from ostinato.music.midi import write_midi
from ostinato.music.score import Score, Track
from tiny_model import random_score, write_model

pytestmark = pytest.mark.usefixtures("one_thread")

HIGH, LOW = 24, -12  # semitones that tell the two classes apart


def piece(number: int, *, move: int = 0) -> Score:
    """A right and a left hand; the left one is an octave lower."""
    score = random_score(60, seed=number)
    track = (np.arange(60) % 2).astype(np.int16)
    pitch = (score.pitch + move - 12 * track).astype(np.int16)
    return Score(
        480,
        score.onset,
        score.duration,
        pitch,
        score.velocity,
        track,
        (Track("Right "), Track("LEFT")),
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``trunk``, and ``music`` with eight pieces of each of two classes and what is no piece."""
    root = tmp_path_factory.mktemp("fit")
    write_model(root / "trunk")
    for name, move in (("hi [b] ü", HIGH), ("low", LOW)):
        (root / "music" / name).mkdir(parents=True)
        for number in range(8):
            write_midi(
                piece(number + (move > 0) * 8, move=move), root / "music" / name / f"{number}.mid"
            )
    low = root / "music" / "low"
    (low / "copy of 1.mid").write_bytes((low / "1.mid").read_bytes())
    (low / "broken.mid").write_bytes((low / "1.mid").read_bytes()[:60])
    write_midi(random_score(0, drums=9), low / "drums\n.mid")
    (low / "empty.mid").touch()
    return root


@pytest.fixture
def asked(root: Path, tmp_path: Path) -> Callable[..., FitRequest]:
    """A request for a short run in a fresh folder."""

    def request(**changes: Any) -> FitRequest:
        given: dict[str, Any] = {
            "folder": root / "music",
            "out": tmp_path / "run",
            "trunk": str(root / "trunk"),
            "device": "cpu",
        }
        return FitRequest(**{**given, **changes})

    return request


def of_notes(root: Path) -> dict[str, Any]:
    """What asks for labels of notes, briefly learnt."""
    folder = root / "music" / "low"
    return {"folder": folder, "notes": "RIGHT=above,left", "epochs": 1.0, "minutes": 0.0}


@pytest.fixture(scope="module")
def fitted(root: Path) -> tuple[Path, dict[str, object], str]:
    """A run of fit on ``music``, what it returned, and what it printed."""
    request = FitRequest(
        root / "music",
        root / "fitted",
        trunk=str(root / "trunk"),
        device="cpu",
    )
    with contextlib.redirect_stdout(io.StringIO()) as out:
        told = fit(request)
    return request.run, told, out.getvalue()


@pytest.fixture(scope="module")
def fitted_notes(root: Path) -> Path:
    """A run of fit on the notes of ``music/low``."""
    trunk = str(root / "trunk")
    request = FitRequest(out=root / "fitted-notes", trunk=trunk, device="cpu", **of_notes(root))
    with contextlib.redirect_stdout(io.StringIO()):
        fit(request)
    return request.run


def test_from_a_folder_to_labels(
    root: Path,
    fitted: tuple[Path, dict[str, object], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, _, out = fitted
    assert "3 files are left out" in out
    assert "low/copy of 1.mid: the same notes as low/1.mid" in out
    assert "on the test side, 2 pieces of 2 songs" in out
    with (run / "pieces.csv").open(encoding="utf-8", newline="") as file:
        sides = {row["file"]: row["side"] for row in csv.DictReader(file)}
    assert sorted(sides.values()) == ["test"] * 2 + ["train"] * 12 + ["valid"] * 2
    scores = json.loads((run / "scores.json").read_text())
    assert set(scores) == {"model", "majority", "nearest song"}
    assert scores["majority"]["accuracy"] == 0.5
    assert scores["model"]["accuracy"] == 1.0
    assert "12 training pieces read and fitted in" in out
    card = (run / "model" / "README.md").read_text(encoding="utf-8")
    assert "hi [b] ü" in card
    assert "Licence: that of the 16 files" in card
    assert "A regression on the mean states of the frozen trunk" in card
    assert "statistics of the words" in card
    assert (run / "model" / "confusion.png").read_bytes()[:4] == b"\x89PNG"

    assert cli.main(["label", str(root / "music" / "low"), "--task", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == ["hi [b] ü", "low"]


def test_a_run_goes_on_only_with_the_same_files(
    asked: Callable[..., FitRequest],
    fitted: tuple[Path, dict[str, object], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, told, _ = fitted
    same = asked(out=run)
    again = fit(replace(same, as_json=True))
    assert json.loads(capsys.readouterr().out)["scores"] == again["scores"] == told["scores"]
    labels = tmp_path / "labels.csv"
    names = [f"low/{number}.mid,{'xy'[number % 2]}\n" for number in range(8)]
    labels.write_text("file,label\n" + "".join(names))
    before = (run / "pieces.csv").read_bytes()
    with pytest.raises(UserError, match=r"have changed.*--fresh"):
        fit(replace(same, labels=labels))
    assert (run / "pieces.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "text"), [("fit.json", "{"), ("fit.json", "[]"), ("recipe.json", "{}")]
)
def test_a_run_that_was_moved_or_damaged_says_what_helps(
    asked: Callable[..., FitRequest],
    fitted: tuple[Path, dict[str, object], str],
    tmp_path: Path,
    name: str,
    text: str,
) -> None:
    moved = shutil.copytree(fitted[0], tmp_path / "moved")
    with pytest.raises(UserError, match=r"began as .*fitted, by another name.* --fresh"):
        fit(asked(out=moved))
    (moved / name).write_text(text)
    with pytest.raises(UserError, match="--fresh"):
        fit(asked(out=moved))
    fit(asked(out=moved, fresh=True))
    assert (moved / "model" / "confusion.png").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minutes": 5.0}, "another --minutes:"),
        ({"epochs": 30.0, "seed": 1}, "another --epochs and another --seed:"),
        ({"trunk": "elsewhere"}, "another --trunk:"),
    ],
)
def test_another_option_than_the_run_began_with_is_refused_in_words_of_fit(
    root: Path,
    asked: Callable[..., FitRequest],
    fitted_notes: Path,
    changes: dict[str, Any],
    said: str,
) -> None:
    if "trunk" in changes:
        changes = {"trunk": str(root / "music" / ".." / "trunk")}
    before = (fitted_notes / "recipe.json").read_bytes()
    with pytest.raises(UserError, match=f"{said}.*--fresh.*--out") as error:
        fit(asked(**{**of_notes(root), "out": fitted_notes, **changes}))
    assert "fresh=true" not in str(error.value)
    assert (fitted_notes / "recipe.json").read_bytes() == before


def test_a_run_that_the_clock_cut_short_says_what_gives_it_more(
    root: Path, asked: Callable[..., FitRequest], capsys: pytest.CaptureFixture[str]
) -> None:
    fit(asked(**{**of_notes(root), "epochs": 1000.0, "minutes": 1e-6}))
    assert "--fresh --minutes N" in " ".join(capsys.readouterr().out.split())
    fit(asked(**of_notes(root), fresh=True))
    assert "The time was up" not in capsys.readouterr().out


@pytest.mark.parametrize("given", [{"epochs": 2.0}, {"minutes": 0.0}])
def test_labels_of_pieces_take_no_time_limit(
    asked: Callable[..., FitRequest], given: dict[str, float]
) -> None:
    with pytest.raises(UserError, match=r"--epochs and --minutes.*--notes.*leave them out"):
        asked(**given)


def test_notes_are_labelled_by_their_tracks(
    root: Path, asked: Callable[..., FitRequest], tmp_path: Path
) -> None:
    told = fit(asked(**of_notes(root)))
    assert told["classes"] == {"above": 240, "left": 240}
    scores = told["scores"]
    assert isinstance(scores, dict)
    assert set(scores) == {"model", "majority", "nearest note"}
    assert scores["model"]["units"] == 60
    model = load_note_model(asked().run / "model", device="cpu")
    assert model.names == ("above", "left")
    arguments = [root / "music" / "low" / "1.mid", "-o", tmp_path / "out.mid", "--model"]
    for place in (asked().run / "model", asked().run):
        assert cli.main(["melody", *map(str, arguments), str(place)]) == 0


def test_what_is_no_better_than_a_baseline_says_so(
    asked: Callable[..., FitRequest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Classes that nothing tells apart, one of which is never answered."""
    labels = tmp_path / "labels.csv"
    rows = [(f"{name}/{n}", "xy"[n > 5]) for name in ("low", "hi [b] ü") for n in range(8)]
    labels.write_text("file,label\n" + "".join(f"{name},{label}\n" for name, label in rows))
    told = fit(asked(labels=labels))
    (warning,) = told["warnings"]  # type: ignore[misc]
    assert warning.startswith("it is no better than the majority (")
    out = capsys.readouterr().out
    assert "! it is no better than" in out
    assert re.search(r" y +- +0\.0 % +0\.0 % +1 ", out)
    assert f"**Beware:** {warning}." in (asked().run / "model" / "README.md").read_text()


def test_an_interrupted_fit_ends_as_a_program_that_was_interrupted(
    asked: Callable[..., FitRequest],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @contextlib.contextmanager
    def at_once() -> Iterator[object]:
        yield lambda: True

    given = asked()
    arguments = ["fit", given.folder, "-o", given.run, "--trunk", given.trunk, "--device", "cpu"]
    with monkeypatch.context() as patch:
        patch.setattr(finetune_regression, "interruptible", at_once)
        assert cli.main([*map(str, arguments), "--json"]) == 130
        assert json.loads(capsys.readouterr().out)["training"]["reason"] == "interrupted"
        assert cli.main([*map(str, arguments)]) == 130
        told = capsys.readouterr()
        assert "the same command goes on" in told.out and told.err.endswith("interrupted\n")
    assert cli.main([*map(str, arguments)]) == 0


def test_one_class_is_said_after_the_report(
    root: Path, asked: Callable[..., FitRequest], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("file,label\nlow/1,x\nlow/2,x\nlow/3,x\nlow/empty,y\n")
    with pytest.raises(UserError, match=r"one class \(x\)"):
        fit(asked(labels=labels, as_json=True))
    told = json.loads(capsys.readouterr().out)
    assert told["classes"] == {"x": 3, "y": 0}
    assert not asked().run.exists()


def test_a_dry_run_writes_nothing_and_two_songs_of_a_class_are_too_few(
    root: Path, asked: Callable[..., FitRequest], tmp_path: Path
) -> None:
    labels = tmp_path / "labels.csv"
    rows = [
        *((f"low/{n}", "x", f"g{n % 2}") for n in range(6)),
        ("low/6", "y", ""),
        ("low/7", "y", ""),
    ]
    labels.write_text("file,label,group\n" + "".join(f"{','.join(row)}\n" for row in rows))
    with pytest.raises(UserError, match="too few songs"):
        fit(asked(labels=labels, dry_run=True))
    assert not asked().run.exists()


def test_a_class_that_nothing_would_teach_is_an_obstacle() -> None:
    def found(**names: str) -> Look:
        """``train="xy"``: one file of class x and one of class y are to be trained on."""
        items = {Item(f"{side}/{n}", Path(n), n): side for side in names for n in names[side]}
        group = {item.name: item.name for item in items}
        grouping = Grouping(tuple(items), group, (), ())
        sides: dict[str, Any] = {item.name: side for item, side in items.items()}
        return Look(("x", "y", "z"), False, grouping, {}, sides, (), ())

    assert found(train="xyz", valid="xy", test="xy").obstacle() == ""
    assert found(train="xy", valid="xy", test="xy").obstacle() == ""  # nothing there is z
    assert "too few songs of z:" in found(train="xy", valid="xy", test="xyz").obstacle()
    assert "the train side" in found(train="x", valid="xy", test="xy").obstacle()


def test_too_many_classes_are_refused_before_any_file_is_read(
    asked: Callable[..., FitRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_items(*_: object) -> None:
        raise AssertionError("nothing is to be read")

    for number in range(101):
        (tmp_path / "many" / str(number)).mkdir(parents=True)
        (tmp_path / "many" / str(number) / "a.mid").touch()
    monkeypatch.setattr(job, "read_items", read_items)
    with pytest.raises(UserError, match=r"100 classes at most; it has 101 .* a folder of its own"):
        fit(asked(folder=tmp_path / "many"))
    labels = tmp_path / "labels.csv"
    labels.write_text("file,label\n" + "".join(f"{n}/a,{n / 2}\n" for n in range(101)))
    with pytest.raises(UserError, match=r"labels\.csv: expected 100 classes .* no numbers"):
        fit(asked(folder=tmp_path / "many", labels=labels))


def test_what_is_shown_cannot_steer_the_terminal(
    root: Path, asked: Callable[..., FitRequest]
) -> None:
    found = job.examine(asked(), None, 4)
    out = Console(record=True, width=120, file=None, quiet=False, force_terminal=False)
    with out.capture() as text:
        show(out, found)
    assert "hi [b] ü" in text.get()
    assert "drums .mid: no notes but drums" in text.get()


def test_a_folder_that_is_not_a_run_is_left_alone(
    asked: Callable[..., FitRequest], tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="choose another"):
        fit(asked())
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("size", [0, 1, 10, 11, 29, 30])
def test_parts_cover_every_row(size: int) -> None:
    found = fit_train.parts(size, 10)
    covered = np.unique(np.concatenate([np.arange(size)[part] for part in found]))
    assert covered.tolist() == list(range(size))
    assert all(part.stop - part.start <= 10 for part in found)


def test_a_large_valid_side_is_thinned_evenly(
    asked: Callable[..., FitRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = job.examine(asked(), None, 4)
    assert fit_train.unused_pieces(found) == set()
    monkeypatch.setattr(fit_train, "MOST_VALID", 1)
    unused = fit_train.unused_pieces(found)
    assert len(unused) == 1
    assert unused < {item.name for item in found.on("valid")}


def test_few_songs_leave_doubt() -> None:
    class Few:
        interval, accuracy, songs = (1.0, 1.0), 1.0, 4

    class Many(Few):
        songs = 400

    class Half(Few):
        interval, accuracy = (0.6, 0.7), 0.64

    class More(Half):
        accuracy = 0.66

    assert interval(Few())[0] < 0.6  # type: ignore[arg-type]
    assert interval(Half())[0] < interval(More())[0]  # type: ignore[arg-type]
    assert interval(Many()) == (1.0, 1.0)  # type: ignore[arg-type]
