"""``evaluate``: the table and the JSON of a suite, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.eval import pop909_melody
from ostinato.eval.metrics import score
from ostinato.eval.pop909_melody import CLASSES, Labeller, Result
from ostinato.jobs.evaluate import evaluate
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


@pytest.mark.usefixtures("_known_result")
def test_table(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(model, "pop909-melody", tmp_path, "cpu", as_json=False)
    told = capsys.readouterr().out
    assert "2 test songs, 110 notes" in told
    assert "63.6 %" in told
    assert "75.0 % with the bridge as melody" in told


@pytest.mark.usefixtures("_known_result")
def test_json(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(model, "pop909-melody", tmp_path, "cpu", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == model
    assert told["model"]["accuracy"] == 1.0
    assert told["baselines"]["majority"]["accuracy"] == pytest.approx(70 / 110)
    assert told["model"]["classes"]["melody"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


def test_what_is_refused(model: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no suite 'art'; there is pop909-melody"):
        evaluate(model, "art", tmp_path, "cpu", as_json=False)
    with pytest.raises(UserError, match="expected the folder of POP909"):
        evaluate(model, "pop909-melody", tmp_path / "absent", "cpu", as_json=False)
    with pytest.raises(UserError, match="expected POP909"):
        evaluate(model, "pop909-melody", tmp_path, "cpu", as_json=False)
