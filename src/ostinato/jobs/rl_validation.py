"""What a run of reinforcement learning is measured by on its way: tasks that it never asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from ostinato.jobs.rl_recipe import RlRecipe
from ostinato.rl.envs.registry import Environment
from ostinato.rl.rollout import Ask, Episode
from ostinato.rl.split import kept_task

FIRST = 500_000
"""The seed of the first task: evaluation counts from 0."""


def asks(
    recipe: RlRecipe, environments: Mapping[str, Environment], reached: Mapping[str, int]
) -> list[Ask]:
    """The tasks of one validation; ``reached`` are the levels of now."""
    found: list[Ask] = []
    for entry in recipe.curriculum.entries:
        environment = environments[entry.environment]
        levels = [reached[entry.environment]]
        if recipe.validation.levels == "fixed":
            levels = list(range(entry.level, (entry.top or environment.levels) + 1))
        found += _kept(environment, levels, recipe.validation.tasks)
    return found


def scores(episodes: Sequence[Episode]) -> dict[str, float]:
    """Accuracy and length by environment, and the mean accuracy of all."""
    by_name: dict[str, list[Episode]] = {}
    for one in episodes:
        by_name.setdefault(one.ask.environment, []).append(one)
    found: dict[str, float] = {}
    for name, played in by_name.items():
        found[f"valid_accuracy/{name}"] = fmean(one.trajectory.grade.correct for one in played)
        found[f"valid_length/{name}"] = fmean(one.length for one in played)
    if by_name:
        found["valid_accuracy"] = fmean(found[f"valid_accuracy/{name}"] for name in by_name)
    return found


def _kept(environment: Environment, levels: Sequence[int], count: int) -> Iterator[Ask]:
    """The first tasks that are never trained on, their levels in turn; where there are few, they
    come again.
    """
    following = dict.fromkeys(levels, FIRST)
    for number in range(count):
        level = levels[number % len(levels)]
        seed, task = kept_task(environment, level, following[level])
        following[level] = seed + 1
        yield Ask(environment.name, level, seed, task)
