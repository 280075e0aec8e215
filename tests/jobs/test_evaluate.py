"""``evaluate``: the table and the JSON of a suite, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.eval import long_context, pop909_melody
from ostinato.eval.metrics import score
from ostinato.eval.music import record
from ostinato.eval.pop909_melody import CLASSES, Labeller, Result
from ostinato.jobs.evaluate import EvaluateRequest, evaluate
from tiny_language import byte_tokenizer, write_language_model
from tiny_model import write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_model(tmp_path_factory.mktemp("model")))


@pytest.fixture
def _known_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def known(labeller: Labeller, folder: Path) -> Result:
        good = score([np.diag([30, 20, 50]), np.diag([1, 1, 8])], CLASSES)
        poor = score([np.array([[10, 0, 20], [0, 0, 20], [0, 0, 60]])], CLASSES)
        return Result(good, poor, {"majority": poor}, {"bridge as melody": 0.75})

    monkeypatch.setattr(pop909_melody, "evaluate", known)


def ask(model: str | None, suite: str, data: Path | None = None, *, as_json: bool = False) -> None:
    out = Path("absent") if data is None else data / "out"
    evaluate(EvaluateRequest(suite, model, data, 320, 1, "cpu", as_json, out=out))


@pytest.mark.usefixtures("_known_result")
def test_table(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(model, "pop909-melody", tmp_path, as_json=False)
    told = capsys.readouterr().out
    assert "2 test songs, 110 notes" in told
    assert "63.6 %" in told
    assert "75.0 % with the bridge as melody" in told


@pytest.mark.usefixtures("_known_result")
def test_json(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(model, "pop909-melody", tmp_path, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == model
    assert told["model"]["accuracy"] == 1.0
    assert told["baselines"]["majority"]["accuracy"] == pytest.approx(70 / 110)
    assert told["model"]["classes"]["melody"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


@pytest.mark.usefixtures("_known_result")
def test_each_scoring_of_the_melody_suite_leaves_a_line(model: str, tmp_path: Path) -> None:
    for times in (1, 2):
        ask(model, "pop909-melody", tmp_path)
        found = record.read(tmp_path / "out" / record.NAME)
        # The test set is that of the suite music's published protocol.
        assert record.times(found) == {("melody", "pop909_midibert"): times}
    assert (found[0].model, found[0].digest) == (model, record.digest(Path(model)))
    asked = EvaluateRequest("pop909-melody", model, tmp_path, out=Path(model) / "config.json")
    with pytest.raises(UserError, match="expected a folder for the results"):
        evaluate(asked)


def test_what_is_refused(model: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no suite 'art'; there is pop909-melody"):
        ask(model, "art", tmp_path, as_json=False)
    with pytest.raises(UserError, match="expected the folder of POP909"):
        ask(model, "pop909-melody", tmp_path / "absent", as_json=False)
    with pytest.raises(UserError, match="expected POP909"):
        ask(model, "pop909-melody", tmp_path, as_json=False)
    with pytest.raises(UserError, match="long-context scores a language model"):
        ask(None, "long-context")
    with pytest.raises(UserError, match="expected the folder of POP909"):
        ask(model, "pop909-melody")


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("language")
    tokenizer = byte_tokenizer()
    write_language_model(folder, vocab_size=tokenizer.vocab_size)
    tokenizer.save(folder)
    return str(folder)


def test_long_context(
    language_model: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model with fresh weights is at or below chance, and the table says so."""
    whole = long_context.Suite

    def small(length: int, *, examples: int) -> long_context.Suite:
        return whole(length, multiples=(1, 2), examples=examples, tasks=("needle", "uuid"))

    monkeypatch.setattr(long_context, "Suite", small)
    ask(language_model, "long-context", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == language_model
    assert [cell["right"] for cell in told["cells"]] == [0, 0, 0, 0]
    ask(language_model, "long-context")
    table = capsys.readouterr().out
    assert "320 bytes" in table
    assert " 640 " in table
    assert table.count("0 [0, 79] |") >= 4
