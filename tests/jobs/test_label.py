"""Labels of pieces from the command line: calibrated, of many files, and honest about the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ostinato import cli
from ostinato.base.errors import UserError
from ostinato.jobs.label import TASKS, find_head, licence
from ostinato.models.midiformer import Domain, MidiformerModel, checkpoint, head_directory
from ostinato.models.midiformer.head_directory import HeadDescription, NamedHead
from ostinato.music.midi import write_midi
from tiny_model import random_score, write_model

CLASSES = ("[bold]a", "b", "c")
CARD = """# A head

| | licence of nothing |
|---|---|

| corpus | licence beside the data |
|---|---|
| Pianist8 | unknown, research use |
| EMOPIA | CC BY 4.0 |

| side | accuracy |
|---|---|
| test | 80 % |
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``trunk``; a head as in a run of fit, ``run/model``; and four files of which two are bad."""
    root = tmp_path_factory.mktemp("label")
    write_model(root / "trunk")
    base = checkpoint.load(root / "trunk")
    head = NamedHead("kind", "sequence", CLASSES, "attention")
    torch.manual_seed(1)
    model = MidiformerModel(base.config, {"kind": head.spec})
    digest = head_directory.digest(base.encoder)
    near = Domain((0.0,) * 16, (1.0,) * 16, 1e-9, 0.99)  # so that everything is far
    described = HeadDescription("../../trunk", digest, head, None, 1.5, near)
    head_directory.save(root / "run" / "model", model, described)
    (root / "run" / "model" / "README.md").write_text(CARD)
    (root / "music").mkdir()
    write_midi(random_score(50), root / "music" / "ü [red] 1.mid")
    write_midi(random_score(150, seed=2), root / "music" / "2.mid")
    write_midi(random_score(0, drums=3), root / "music" / "drums.mid")
    (root / "music" / "junk.mid").write_bytes(b"junk")
    return root


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.main(["label", *map(str, arguments), "--device", "cpu"])
    return code, *capsys.readouterr()


def test_a_folder_is_labelled_and_what_is_bad_is_named(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    music = root / "music"
    code, out, error = run(
        capsys, music, music / "2.mid", "--task", root / "run", "--json", "--top", 1
    )
    assert (code, error) == (0, "")
    told = json.loads(out)
    assert told["classes"] == list(CLASSES)
    assert told["licence"] == "Pianist8: unknown, research use; EMOPIA: CC BY 4.0"
    files = {Path(one["file"]).name: one for one in told["files"]}
    assert list(files) == ["2.mid", "drums.mid", "junk.mid", "ü [red] 1.mid"]
    assert len(told["files"]) == 4  # 2.mid was named twice
    assert "MThd" in files["junk.mid"]["error"]
    assert "drums" in files["drums.mid"]["error"]
    for name, several in (("2.mid", True), ("ü [red] 1.mid", False)):
        found = files[name]
        assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-3)
        assert found["label"] == max(CLASSES, key=found["probabilities"].__getitem__)
        assert found["out_of_domain"] is True
        assert (found["windows"] > 1) == several


def test_the_table_says_all_of_it_once(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, error = run(capsys, root / "music", "--task", root / "run" / "model")
    assert code == 0
    assert out.count("out of domain") == 2
    assert out.count("research use") == 1
    assert "ü [red] 1.mid" in out
    assert "[bold]a" in out
    assert "2 of 4 files could not be read" in out
    assert error.count("\n") == 2


def test_only_where_nothing_could_be_read_it_fails(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = [root / "music" / name for name in ("junk.mid", "drums.mid", "none.mid")]
    code, _, error = run(capsys, *bad, "--task", root / "run")
    assert code == 2
    assert error.endswith("error: none of the 3 files could be read\n")
    assert run(capsys, bad[0], "--task", root / "run")[:2] == (2, "")


@pytest.mark.parametrize("task", ["emotions", "melody", "{}/music", "{}/trunk"])
def test_what_is_no_labeller_of_pieces_is_one_sentence(
    root: Path, capsys: pytest.CaptureFixture[str], task: str
) -> None:
    code, out, error = run(capsys, root / "music", "--task", task.format(root))
    assert (code, out) == (2, "")
    assert error.count("\n") == 1


def test_a_task_that_is_not_bundled_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ostinato.jobs.label.bundled", dict)
    with pytest.raises(UserError, match="ostinato fit DIR"):
        find_head("composer")
    (tmp_path / "config.json").touch()
    monkeypatch.setattr("ostinato.jobs.label.bundled", lambda: {TASKS["composer"]: tmp_path})
    assert find_head("composer") == find_head(TASKS["composer"]) == tmp_path


def test_what_is_no_model_does_not_hide_a_task_of_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped = tmp_path / "shipped"
    monkeypatch.setattr("ostinato.jobs.label.bundled", lambda: {TASKS["dance"]: shipped})
    monkeypatch.chdir(tmp_path)
    for name in ("shipped", "dance", "dance/music", "dance/config.json"):
        Path(name).mkdir()
    assert find_head("dance") == shipped
    Path("dance/model").mkdir()
    Path("dance/model/config.json").touch()
    assert find_head("dance") == Path("dance/model")


def test_a_licence_on_a_line_of_its_own_counts_first(tmp_path: Path) -> None:
    assert licence(tmp_path) == "unknown"
    (tmp_path / "README.md").write_text(CARD + "\nLicence: yours\n")
    assert licence(tmp_path) == "yours"
