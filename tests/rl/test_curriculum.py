"""Draws: shares, levels, seeds, what is not asked again; the same after a resume."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostinato.base.config import from_dict, load_recipe, to_dict
from ostinato.base.errors import UserError
from ostinato.rl.curriculum import CurriculumState, Moment, Outcome, Prompt, begin
from ostinato.rl.curriculum_plan import (
    FIRST_SEED,
    LAST_SEED,
    CurriculumPlan,
    Entry,
    LevelRule,
)

LEVELS = {"a": 5, "b": 5, "c": 3}


def plan_of(*entries: Entry, **options: Any) -> CurriculumPlan:
    return CurriculumPlan(entries=entries or (Entry(environment="a"),), **options)


def moment(step: int = 0, **changes: Any) -> Moment:
    return replace(Moment(seed=7, step=step, progress=step / 100, window=512), **changes)


def outcome(prompt: Prompt, accuracy: float, answers: int = 10) -> Outcome:
    return Outcome(prompt, accuracy * answers, answers)


def play(
    plan: CurriculumPlan, state: CurriculumState, steps: Sequence[int], accuracy: dict[int, float]
) -> tuple[CurriculumState, list[tuple[Prompt, ...]], list[str]]:
    """A policy whose accuracy depends on the level only."""
    drawn: list[tuple[Prompt, ...]] = []
    told: list[str] = []
    for step in steps:
        prompts = state.draw(plan, moment(step), 16)
        drawn.append(prompts)
        state, texts = state.after(plan, [outcome(p, accuracy[p.level]) for p in prompts])
        told += texts
    return state, drawn, told


def environments(prompts: Sequence[Prompt]) -> Counter[str]:
    return Counter(prompt.environment for prompt in prompts)


def test_shares_are_exact_to_one_prompt_and_right_on_average() -> None:
    weights = {"a": 5.0, "b": 2.0, "c": 0.5}
    plan = plan_of(*(Entry(environment=name, weight=weight) for name, weight in weights.items()))
    state = begin(plan, LEVELS)
    total: Counter[str] = Counter()
    for step in range(400):
        drawn = environments(state.draw(plan, moment(step, progress=0.0), 20))
        assert drawn.total() == 20
        for name, weight in weights.items():
            assert abs(drawn[name] - 20 * weight / 7.5) < 1
        total += drawn
    for name, weight in weights.items():
        assert total[name] / 8000 == pytest.approx(weight / 7.5, abs=0.004)


def test_rules_first_then_mixed() -> None:
    plan = plan_of(
        Entry(environment="a", weight=4.0, last_weight=1.0),
        Entry(environment="b", weight=1.0, last_weight=3.0, begins=0.5),
    )
    state = begin(plan, LEVELS)
    assert environments(state.draw(plan, moment(progress=0.49), 40)) == {"a": 40}
    a, b = plan.entries
    for progress, weights in ((0.49, (2.53, 0)), (0.5, (2.5, 1)), (0.75, (1.75, 2)), (1, (1, 3))):
        assert (a.weight_at(progress, 0), b.weight_at(progress, 0)) == pytest.approx(weights)
    assert environments(state.draw(plan, moment(progress=1.0), 40)) == {"a": 10, "b": 30}


def test_what_thinks_long_waits_for_its_window() -> None:
    plan = plan_of(Entry(environment="a"), Entry(environment="b", window=1024, weight=3.0))
    state = begin(plan, LEVELS)
    assert environments(state.draw(plan, moment(window=1023), 40)) == {"a": 40}
    assert environments(state.draw(plan, moment(window=1024), 40)) == {"a": 10, "b": 30}


def test_a_weight_that_falls_to_zero_is_not_asked() -> None:
    plan = plan_of(Entry(environment="a", last_weight=0.0), Entry(environment="b"))
    assert environments(begin(plan, LEVELS).draw(plan, moment(progress=1.0), 9)) == {"b": 9}


def test_training_seeds_are_no_test_seeds() -> None:
    plan = plan_of(Entry(environment="a"), Entry(environment="b", pool=50))
    drawn = begin(plan, LEVELS).draw(plan, moment(), 80)
    assert all(FIRST_SEED <= prompt.seed < LAST_SEED for prompt in drawn)
    assert FIRST_SEED == 1_000_000
    assert all(p.seed < FIRST_SEED + 50 for p in drawn if p.environment == "b")
    assert len({p.seed for p in drawn if p.environment == "a"}) == 40


def test_a_draw_depends_on_seed_step_round_and_nothing_else() -> None:
    plan = plan_of(Entry(environment="a"), Entry(environment="b"))
    state = begin(plan, LEVELS)
    drawn = state.draw(plan, moment(3), 12)
    state.draw(plan, moment(4), 5)
    assert state.draw(plan, moment(3), 12) == drawn
    for other in (moment(3, seed=8), moment(4), moment(3, round=1)):
        assert not set(state.draw(plan, other, 12)) & set(drawn)


def test_a_draw_is_the_same_in_another_process() -> None:
    code = (
        "from ostinato.rl.curriculum import *\n"
        "from ostinato.rl.curriculum_plan import *\n"
        "plan = CurriculumPlan(entries=(Entry(environment='a'), Entry(environment='b')))\n"
        "print(begin(plan, {'a': 5, 'b': 5}).draw(plan, Moment(7, 3, 0.03, 512), 12))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "5"}
    )
    plan = plan_of(Entry(environment="a"), Entry(environment="b"))
    assert done.stdout.strip() == str(begin(plan, LEVELS).draw(plan, moment(3), 12))


def test_a_resumed_run_asks_the_same() -> None:
    plan = plan_of(
        Entry(environment="a", pool=30),
        Entry(environment="b", begins=0.05),
        levels=LevelRule(groups=4),
        memory=60,
    )
    accuracy = {1: 1.0, 2: 0.8, 3: 0.5, 4: 0.1, 5: 0.0}
    whole, drawn, told = play(plan, begin(plan, LEVELS), range(12), accuracy)
    half, _, early = play(plan, begin(plan, LEVELS), range(6), accuracy)
    saved = json.loads(json.dumps(to_dict(half)))
    again, rest, late = play(plan, from_dict(CurriculumState, saved), range(6, 12), accuracy)
    assert (again, rest, early + late) == (whole, drawn[6:], told)
    assert told


def test_levels_rise_to_where_the_policy_is_challenged_and_stay() -> None:
    plan = plan_of(levels=LevelRule(groups=8))
    state, drawn, told = play(
        plan, begin(plan, LEVELS), range(20), {1: 0.95, 2: 0.7, 3: 0.69, 4: 0.0, 5: 0.0}
    )
    assert state.levels() == {"a": 3}
    assert [text.partition(":")[0] for text in told] == [
        "a goes up from level 1 to 2",
        "a goes up from level 2 to 3",
    ]
    assert "accuracy 0.70 over its last 8 groups" in told[1]
    assert max(prompt.level for prompt in drawn[-1]) == 3


def test_a_level_that_is_too_hard_is_left() -> None:
    plan = plan_of(Entry(environment="a", level=4), levels=LevelRule(groups=8, up=0.9))
    accuracy = {1: 0.8, 2: 0.15, 3: 0.149, 4: 0.0, 5: 0.0}
    state, _, told = play(plan, begin(plan, LEVELS), range(20), accuracy)
    assert state.levels() == {"a": 2}
    assert told[0].startswith("a goes down from level 4 to 3")


def test_no_level_beyond_the_top_nor_below_the_first() -> None:
    plan = plan_of(Entry(environment="a", level=2, top=2), Entry(environment="c", level=1))
    easy = play(plan, begin(plan, LEVELS), range(20), dict.fromkeys(range(1, 6), 1.0))[0]
    assert easy.levels() == {"a": 2, "c": 3}
    hard = play(plan, begin(plan, LEVELS), range(20), dict.fromkeys(range(1, 6), 0.0))[0]
    assert hard.levels() == {"a": 1, "c": 1}


def test_a_change_takes_enough_groups_of_the_level_itself() -> None:
    plan = plan_of(Entry(environment="a", level=2), levels=LevelRule(groups=4))
    state = begin(plan, LEVELS)
    lower = [outcome(Prompt("a", 1, seed), 1.0) for seed in range(50)]
    other = [outcome(Prompt("b", 2, seed), 1.0) for seed in range(50)]
    own = [outcome(Prompt("a", 2, seed), 1.0) for seed in range(100, 103)]
    state, told = state.after(plan, [*lower, *other, *own])
    assert (state.levels(), told) == ({"a": 2}, ())
    state, told = state.after(plan, [outcome(Prompt("a", 2, 200), 1.0)])
    assert state.levels() == {"a": 3} and len(told) == 1
    state, told = state.after(plan, [outcome(Prompt("a", 3, 300), 1.0)])
    assert not told, "what level 2 saw says nothing of level 3"


def test_lower_levels_keep_their_share() -> None:
    plan = plan_of(Entry(environment="a", level=3), levels=LevelRule(below=0.3))
    prompts = begin(plan, LEVELS).draw(plan, moment(), 4000)
    levels = Counter(prompt.level for prompt in prompts)
    assert set(levels) == {1, 2, 3}
    assert levels[3] / 4000 == pytest.approx(0.7, abs=0.03)
    assert levels[1] / 4000 == pytest.approx(0.15, abs=0.03)
    none = replace(plan, levels=LevelRule(below=0.0))
    assert {p.level for p in begin(none, LEVELS).draw(none, moment(), 50)} == {3}


@pytest.mark.parametrize(("passed", "again"), [(8.9, True), (9, False), (10, False)])
def test_what_is_mastered_is_not_asked_again(passed: float, again: bool) -> None:
    plan = plan_of(Entry(environment="a", top=1, pool=8))
    state = begin(plan, LEVELS)
    first = state.draw(plan, moment(), 3)
    state, _ = state.after(plan, [Outcome(prompt, passed, 10) for prompt in first])
    for step in range(1, 9):
        following = state.draw(plan, moment(step), 8)
        assert len(following) == (8 if again else 5)
        assert bool(set(following) & set(first)) == again


def test_the_pass_rate_is_that_of_all_times_it_was_asked() -> None:
    plan = plan_of(Entry(environment="a", top=1, pool=1))
    state = begin(plan, LEVELS)
    (prompt,) = state.draw(plan, moment(), 4)
    for passed, asked in ((2, 1), (10, 1), (10, 1), (70, 0)):
        state, _ = state.after(plan, [Outcome(prompt, passed, max(10, passed))])
        assert len(state.draw(plan, moment(), 4)) == asked
    free = replace(plan, mastered=1.1)
    assert state.draw(free, moment(), 4) == (prompt,)


def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    plan = plan_of(Entry(environment="a", top=1, pool=6), memory=4)
    state = begin(plan, LEVELS)
    for seed in (0, 1, 2, 3, 0, 4, 5):
        prompt = Prompt("a", 1, FIRST_SEED + seed)
        state, _ = state.after(plan, [outcome(prompt, 1.0)])
    assert [seed - FIRST_SEED for _, seed, _, _ in state.environments[0].history] == [3, 0, 4, 5]
    assert {p.seed - FIRST_SEED for p in state.draw(plan, moment(), 9)} == {1, 2}
    nothing = replace(plan, memory=0)
    state, _ = begin(nothing, LEVELS).after(nothing, [outcome(Prompt("a", 1, FIRST_SEED), 1.0)])
    assert state.environments[0].history == ()


def test_refills_avoid_what_the_step_has_asked() -> None:
    plan = plan_of(Entry(environment="a", top=1, pool=10), Entry(environment="b", weight=0.0001))
    state = begin(plan, LEVELS)
    first = state.draw(plan, moment(), 6)
    second = state.draw(plan, moment(round=1), 4, avoid=first)
    assert len({*first, *second}) == 10


def test_others_take_the_place_of_an_empty_pool() -> None:
    plan = plan_of(Entry(environment="a", weight=9.0, top=1, pool=2), Entry(environment="b"))
    state = begin(plan, LEVELS)
    assert environments(state.draw(plan, moment(), 20)) == {"a": 2, "b": 18}
    alone = plan_of(Entry(environment="a", top=2, level=2, pool=3))
    assert len(begin(alone, LEVELS).draw(alone, moment(), 20)) == 6, "both levels, then no more"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"weight": -1.0}, "a: expected weights of at least 0, one above 0"),
        ({"weight": 0.0}, "one above 0"),
        ({"weight": float("nan")}, "one above 0"),
        ({"begins": 1.0}, "expected begins to be a part of the run"),
        ({"window": -1}, "expected a window of at least 0 tokens, got -1"),
        ({"level": 0}, "expected a level of 1 to top, got level 0 and top None"),
        ({"level": 3, "top": 2}, "expected a level of 1 to top"),
        ({"pool": 0}, "a pool of at least 1"),
    ],
)
def test_entries_that_cannot_be(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Entry(environment="a", **options)


def test_plans_that_cannot_be() -> None:
    with pytest.raises(UserError, match="a is listed twice"):
        plan_of(Entry(environment="a"), Entry(environment="a"))
    for late in ({"begins": 0.1}, {"window": 512}):
        with pytest.raises(UserError, match="an entry that begins at 0, in any window"):
            plan_of(Entry(environment="a", **late))
    with pytest.raises(UserError, match="mastered above 0"):
        plan_of(mastered=0.0)
    with pytest.raises(UserError, match="down < up"):
        LevelRule(up=0.1, down=0.1)
    with pytest.raises(UserError, match="groups of at least 1"):
        LevelRule(groups=0)
    with pytest.raises(UserError, match=r"c has levels 1 to 3: got level 1 and top 4"):
        begin(plan_of(Entry(environment="c", top=4)), LEVELS)


def test_a_state_of_other_environments_is_refused() -> None:
    state = begin(plan_of(Entry(environment="a"), Entry(environment="b")), LEVELS)
    with pytest.raises(UserError, match=r"other environments than the recipe \(a, b\)"):
        state.draw(plan_of(), moment(), 1)


def test_a_plan_from_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "curriculum.toml"
    path.write_text(
        "[[entries]]\nenvironment = 'a'\nweight = 2\n"
        "[[entries]]\nenvironment = 'b'\nlast_weight = 3.0\nbegins = 0.25\npool = 9\n"
        "[levels]\nup = 0.8\n"
    )
    assert load_recipe(path, CurriculumPlan, ["memory=5"]) == plan_of(
        Entry(environment="a", weight=2.0),
        Entry(environment="b", last_weight=3.0, begins=0.25, pool=9),
        levels=LevelRule(up=0.8),
        memory=5,
    )
