"""No prompt is both for training and for evaluation."""

from __future__ import annotations

import pytest

from ostinato.rl.envs.catalogue import find
from ostinato.rl.split import KEPT, kept, kept_task, prompt, training_task

NAMES = ("logic/campsite", "logic/skyscrapers", "maths/counting", "tools/shop", "code/lists")


@pytest.mark.parametrize("name", NAMES)
def test_no_prompt_is_on_both_sides(name: str) -> None:
    environment = find(name)
    seed = 0
    asked: set[str] = set()
    for _ in range(25):
        seed, task = kept_task(environment, 1, seed)
        asked.add(prompt(task))
        seed += 1
    trained = {prompt(training_task(environment, 1, 1_000_000 + n)[1]) for n in range(200)}
    assert asked and trained and not asked & trained


def test_seeds_alone_would_not_keep_them_apart() -> None:
    environment = find("logic/campsite")
    asked = {prompt(environment.task(1, seed)) for seed in range(50)}
    trained = {prompt(environment.task(1, 1_000_000 + seed)) for seed in range(1_000)}
    assert len(asked & trained) > 10


def test_a_fair_share_is_kept() -> None:
    environment = find("maths/words")
    share = sum(kept(environment.task(3, seed)) for seed in range(400)) / 400
    assert share == pytest.approx(1 / KEPT, abs=0.08)


def test_a_seed_for_training_stays_and_another_moves_far() -> None:
    environment = find("maths/words")
    moved = 0
    found: set[int] = set()
    for seed in range(1_000_000, 1_000_060):
        at, task = training_task(environment, 2, seed)
        assert task == environment.task(2, at) and not kept(task)
        assert (at == seed) == (not kept(environment.task(2, seed)))
        moved += at != seed
        found.add(at)
    assert moved > 5 and len(found) == 60
    assert (
        training_task(environment, 2, 1_000_000)[0] == training_task(environment, 2, 1_000_000)[0]
    )


def test_kept_tasks_come_in_order_of_their_seeds() -> None:
    environment = find("logic/campsite")
    at, task = kept_task(environment, 2, 5)
    assert at >= 5 and kept(task) and task == environment.task(2, at)
    assert not any(kept(environment.task(2, seed)) for seed in range(5, at))
    assert kept_task(environment, 2, at)[0] == at
