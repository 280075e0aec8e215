"""Choosing the reference among candidates: a tournament in Swiss rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ostinato.base.errors import UserError
from ostinato.grading.judge import Exam, Referee

Pair = tuple[int, int]


@dataclass(frozen=True)
class Choice:
    """How a tournament ended."""

    index: int
    """Of the candidate that won."""
    points: tuple[float, ...]
    """Of every candidate: 1 for a win or a bye, a half for a draw or where the judge abstained."""
    rounds: tuple[tuple[Pair, ...], ...]
    """Who met whom."""


def choose_reference(
    candidates: Sequence[str],
    referee: Referee,
    *,
    exam: Exam,
    rng: Random,
    rounds: int | None = None,
) -> Choice:
    """The best of the candidates after so many rounds (without: the logarithm of their number,
    to base 2, rounded up); the reference of ``exam`` plays no part.

    In each round candidates of about the same points meet, none twice; of an odd number, the
    lowest without a bye so far has one. It ends early where everybody has met everybody. Ties go
    by the points of one's opponents, then to the earlier candidate.
    """
    count = len(candidates)
    if not count:
        raise UserError("expected at least one candidate for a reference, got none")
    if rounds is not None and rounds < 1:
        raise UserError(f"expected at least 1 round of a tournament, got {rounds}")
    points, met, byes = [0.0] * count, set[Pair](), set[int]()
    played: list[tuple[Pair, ...]] = []
    for _ in range(math.ceil(math.log2(count)) if rounds is None else rounds):
        drawn = pairing(points, met, byes)
        if drawn is None or not drawn[0]:
            break
        pairs, bye = drawn
        for one, two in pairs:
            verdict = referee.compare(exam, candidates[one], candidates[two], rng)
            half = 0.5 * (verdict.value or 0)
            points[one] += 0.5 + half
            points[two] += 0.5 - half
        if bye is not None:
            points[bye] += 1
            byes.add(bye)
        met |= set(pairs)
        played.append(tuple(pairs))
    return Choice(_best(points, met), tuple(points), tuple(played))


def pairing(
    points: Sequence[float], met: set[Pair], byes: set[int]
) -> tuple[list[Pair], int | None] | None:
    """Who meets whom next, and who has the bye; None where no such round is left. Pairs have the
    smaller index first, in ``met`` too.
    """
    order = sorted(range(len(points)), key=lambda player: (-points[player], player))
    if len(order) % 2 == 0:
        pairs = _pairs(order, met)
        return None if pairs is None else (pairs, None)
    for bye in reversed(order):
        if bye not in byes:
            pairs = _pairs([player for player in order if player != bye], met)
            if pairs is not None:
                return pairs, bye
    return None


def _pairs(order: list[int], met: set[Pair]) -> list[Pair] | None:
    """The first pairing, from the top, in which nobody meets again."""
    if not order:
        return []
    first, *rest = order
    for other in rest:
        pair = (min(first, other), max(first, other))
        if pair not in met:
            remaining = _pairs([player for player in rest if player != other], met)
            if remaining is not None:
                return [pair, *remaining]
    return None


def _best(points: Sequence[float], met: set[Pair]) -> int:
    opponents = [0.0] * len(points)
    for one, two in met:
        opponents[one] += points[two]
        opponents[two] += points[one]
    return max(range(len(points)), key=lambda player: (points[player], opponents[player], -player))
