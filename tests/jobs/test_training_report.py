"""What a run's end looks like on standard output."""

from __future__ import annotations

import json

import pytest

from ostinato.jobs.finetune_evaluation import GOES_ON
from ostinato.jobs.training import report


def test_how_to_go_on_is_said_once_and_only_of_a_part(capsys: pytest.CaptureFixture[str]) -> None:
    part = {"reason": "out of time", "step": 3, "next": GOES_ON}
    report(part, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "reason: out of time",
        "step: 3",
        "the training state is saved: the same command goes on from there",
    ]
    report(part, as_json=True)
    assert json.loads(capsys.readouterr().out) == part
    with pytest.raises(KeyboardInterrupt):  # what waits for the model must not go on
        report({**part, "reason": "interrupted"}, as_json=False)
    assert "reason: interrupted" in capsys.readouterr().out
    report({"reason": "finished", "step": 3}, as_json=False)
    assert "goes on" not in capsys.readouterr().out
