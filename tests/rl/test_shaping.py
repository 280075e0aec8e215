"""The soft overlong penalty at its corners; what is preempted is not penalised."""

from __future__ import annotations

import pytest

from ostinato.base.config import from_dict
from ostinato.base.errors import UserError
from ostinato.chat.messages import Message
from ostinato.grading.types import Grade, malformed, right
from ostinato.rl.shaping import OverlongRule, ShapedReward, shaped
from ostinato.rl.types import Action, Observation, RewardRule, StopReason, Trajectory, Transition

RULE = OverlongRule()


def trajectory(stop: StopReason, grade: Grade) -> Trajectory:
    action = Action(Message("assistant", "so"), stop)
    turns = (Transition(Observation(()), action),)
    return Trajectory(turns, grade, RewardRule(partial=True)(grade))


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0, 0.0),
        (16_384, 0.0),
        (16_385, -1 / 4096),
        (18_432, -0.5),
        (20_479, -4095 / 4096),
        (20_480, -1.0),
        (20_481, -1.0),
        (99_999, -1.0),
    ],
)
def test_dapos_own_numbers(length: int, expected: float) -> None:
    assert RULE.penalty(length, 20_480) == pytest.approx(expected, abs=1e-12)
    assert OverlongRule(factor=0.5).penalty(length, 20_480) == pytest.approx(expected / 2)
    assert OverlongRule(factor=0.0).penalty(length, 20_480) == 0


def test_the_zone_grows_with_the_window() -> None:
    assert [RULE.penalty(450, window) for window in (400, 500, 600)] == [-1.0, -0.5, 0.0]


def test_without_a_zone_only_what_is_beyond_is_penalised() -> None:
    rule = OverlongRule(share=0.0)
    assert [rule.penalty(length, 100) for length in (99, 100, 101)] == [0.0, 0.0, -1.0]
    whole = OverlongRule(share=1.0)
    assert [whole.penalty(length, 100) for length in (0, 25, 100)] == [0.0, -0.25, -1.0]


def test_never_longer_and_better() -> None:
    penalties = [RULE.penalty(length, 333) for length in range(400)]
    assert penalties == sorted(penalties, reverse=True)


def test_a_trajectory_gets_both() -> None:
    found = shaped(trajectory(StopReason.TURN, right()), 95, 100, RULE)
    assert (found.reward.total, found.overlong, found.total) == pytest.approx((1.0, -0.75, 0.25))


def test_a_full_window_is_penalised_for_form_and_length() -> None:
    found = shaped(trajectory(StopReason.LENGTH, malformed("stopped")), 100, 100, RULE)
    assert found.total == pytest.approx(-1.1)


@pytest.mark.parametrize("length", [10, 99, 100])
@pytest.mark.parametrize("grade", [malformed("stopped"), Grade(0.5), right()])
def test_repetition_is_preempted_and_not_penalised(length: int, grade: Grade) -> None:
    found = shaped(trajectory(StopReason.CONFIDENT, grade), length, 100, RULE)
    assert (found.total, found.reward.correctness, found.reward.format) == (0.0, 0.0, 0.0)
    assert isinstance(found, ShapedReward)


def test_what_code_may_have_forged_stays_marked() -> None:
    grade = Grade(1.0, trusted=False)
    for stop in StopReason:
        assert not shaped(trajectory(stop, grade), 1, 100, RULE).reward.trusted


def test_a_rule_from_a_recipe() -> None:
    assert from_dict(OverlongRule, {"share": 0.25, "factor": 1}) == OverlongRule(share=0.25)
    for options in ({"share": 1.1}, {"factor": -1.0}, {"share": float("nan")}):
        with pytest.raises(UserError, match=r"a share in 0\.\.1 and a factor of at least 0"):
            OverlongRule(**options)
