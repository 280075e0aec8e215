"""What a run logs of the episodes of a step: of all that were asked, kept or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from statistics import fmean

from ostinato.rl.collect import Batch, Played
from ostinato.rl.rollout import Episode
from ostinato.rl.types import StopReason
from ostinato.rl.windows import percentile


def perplexity(episodes: Iterable[Episode]) -> float:
    """Of all tokens that the policy wrote, by the sampler; 1 of none."""
    total = count = 0.0
    for one in episodes:
        total -= math.fsum(one.logprobs)
        count += one.length
    return math.exp(total / count) if count else 1.0


def summary(batch: Batch) -> dict[str, float]:
    """The metrics of rewards, lengths, ends and costs by their names in the metrics file."""
    episodes = [one for group in batch.groups for one in group.episodes]
    if not episodes:
        return batch.sifting.metrics()
    rewards = [total for group in batch.groups for total in group.totals]
    lengths = [one.length for one in episodes]
    entropies = math.fsum(math.fsum(one.entropies) for one in episodes)
    return {
        "reward": fmean(rewards),
        "accuracy": fmean(one.trajectory.grade.correct for one in episodes),
        "length": fmean(lengths),
        "length_p99": percentile(lengths),
        "window": batch.window,
        "turns": fmean(len(one.turns) for one in episodes),
        "truncated": fmean(one.stop.truncated for one in episodes),
        "confident": fmean(one.stop is StopReason.CONFIDENT for one in episodes),
        "malformed": fmean(not one.trajectory.grade.well_formed for one in episodes),
        "entropy": entropies / max(1, sum(lengths)),
        "perplexity": perplexity(episodes),
        **batch.sifting.metrics(),
        **_by_environment(batch.groups),
        **_by_turn(episodes),
        "tokens_written": sum(lengths),
        "tokens_read": sum(turn.read for one in episodes for turn in one.turns),
        "seconds_rollout": round(batch.seconds, 3),
        "seconds_grade": round(batch.seconds_grade, 3),
    }


def _by_environment(groups: Sequence[Played]) -> dict[str, float]:
    found: dict[str, list[Played]] = {}
    for group in groups:
        found.setdefault(group.prompt.environment, []).append(group)
    measures: dict[str, Callable[[list[Played]], float]] = {
        "reward": lambda played: fmean(total for one in played for total in one.totals),
        "accuracy": lambda played: fmean(
            one.trajectory.grade.correct for group in played for one in group.episodes
        ),
        "length": lambda played: fmean(one.length for group in played for one in group.episodes),
        "share": lambda played: len(played) / len(groups),
    }
    return {
        f"{measure}/{name}": of(played)
        for name, played in sorted(found.items())
        for measure, of in measures.items()
    }


def _by_turn(episodes: Sequence[Episode]) -> dict[str, float]:
    """The mean cost of each turn, over the episodes that came to it; none if all have one."""
    if all(len(one.turns) == 1 for one in episodes):
        return {}
    costs: dict[str, float] = {}
    for number, turns in enumerate(zip_longest(*(one.turns for one in episodes)), start=1):
        there = [turn for turn in turns if turn is not None]
        costs[f"turn_{number}_tokens"] = fmean(turn.written for turn in there)
        costs[f"turn_{number}_read"] = fmean(turn.read for turn in there)
    return costs
