"""Tracer for ``code/lists``: what is asked in a few words, one example by hand, the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from ostinato.chat.messages import Message
from ostinato.rl.agents import Script
from ostinato.rl.envs.code.drawn import Drawn
from ostinato.rl.envs.code.task import CodeTask, block
from ostinato.rl.traces.types import Tracers

Params = Mapping[str, Any]


@dataclass(frozen=True)
class _Plan:
    """What an exercise of some parameters comes to."""

    asked: str
    """The rule, in a few words."""
    by_hand: Sequence[str]
    """The steps of the example."""
    result: Any
    """What they lead to; None where any of several results will do."""
    program: str


def _trace(task: CodeTask, rng: Random) -> Script:
    """The thinking ends with the way that the program takes; the content is the program."""
    del rng  # there is one layout
    exercise = task.exercise
    assert isinstance(exercise, Drawn)
    example = exercise.examples()[0]
    assert example.args is not None and len(example.args) == 1
    (given,) = example.args
    plan = _PLANS[exercise.problem.name](given, exercise.params)
    lines = [plan.asked, f"try {given!r}", *plan.by_hand]
    if plan.result is None:
        lines.append(f"shown {example.expected!r}, any such")
    else:
        same = "as shown" if plan.result == example.expected else "not as shown"
        lines.append(f"gives {plan.result!r}, {same}")
    lines.append(f"now {exercise.problem.name}")
    return Script((Message("assistant", block(plan.program), thinking="\n".join(lines)),))


def _count_neighbours(values: list[int], params: Params) -> _Plan:
    k = params["k"]
    sign = {"least": ">=", "most": "<=", "not": "!="}[params["relation"]]
    fits = {"least": k.__le__, "most": k.__ge__, "not": k.__ne__}[params["relation"]]
    gaps = [(a, b, abs(a - b)) for a, b in pairwise(values)]
    return _Plan(
        f"count pairs a, b side by side with abs(a-b) {sign} {k}",
        [f"{a} {b}: {gap} {_yes(fits(gap))}" for a, b, gap in gaps],
        sum(fits(gap) for _, _, gap in gaps),
        f"""\
def count_neighbours(values):
    n = 0
    for a, b in zip(values, values[1:]):
        n += abs(a - b) {sign} {k}
    return n""",
    )


def _turn_blocks(values: list[int], params: Params) -> _Plan:
    width, left, flip = params["width"], params["side"] == "left", params["flip"]
    steps: list[str] = []
    result: list[int] = []
    for at in range(0, len(values), width):
        part = values[at : at + width]
        turned = part[1:] + part[:1] if left else part[-1:] + part[:-1]
        steps.append(f"{part} turns to {turned}")
        result = turned + result if flip else result + turned
    turn = "part[1:] + part[:1]" if left else "part[-1:] + part[:-1]"
    join = f"{turn} + out" if flip else f"out + {turn}"
    return _Plan(
        f"blocks of {width}, {'first to end' if left else 'last to front'}, "
        f"{'blocks reversed' if flip else 'blocks in order'}",
        steps,
        result,
        f"""\
def turn_blocks(values):
    out = []
    for i in range(0, len(values), {width}):
        part = values[i:i + {width}]
        out = {join}
    return out""",
    )


def _count_peaks(heights: list[int], params: Params) -> _Plan:
    reach, ends, peak = params["reach"], params["ends"], params["kind"] == "peak"
    places = range(len(heights)) if ends else range(reach, len(heights) - reach)
    steps: list[str] = []
    total = 0
    for at in places:
        near = heights[max(0, at - reach) : at] + heights[at + 1 : at + 1 + reach]
        fits = all((x < heights[at]) if peak else (x > heights[at]) for x in near)
        steps.append(f"{heights[at]} near {near}: {_yes(fits)}")
        total += fits
    bounds = "len(h)" if ends else f"{reach}, len(h) - {reach}"
    return _Plan(
        f"count places {'greater' if peak else 'less'} than all within {reach}, "
        f"{'ends too' if ends else 'not near the ends'}",
        steps,
        total,
        f"""\
def count_peaks(h):
    n = 0
    for i in range({bounds}):
        near = h[max(0, i - {reach}):i] + h[i + 1:i + {reach + 1}]
        n += all(x {"<" if peak else ">"} h[i] for x in near)
    return n""",
    )


def _join_intervals(intervals: list[list[int]], params: Params) -> _Plan:
    gap, least, falling = params["gap"], params["least"], params["falling"]
    steps = [f"sorted {sorted(intervals)}"]
    joined: list[list[int]] = []
    for start, end in sorted(intervals):
        if joined and start - joined[-1][1] <= gap:
            joined[-1] = [joined[-1][0], max(joined[-1][1], end)]
            steps.append(f"{[start, end]} joined: {joined[-1]}")
        else:
            joined.append([start, end])
            steps.append(f"{[start, end]} new")
    kept = [part for part in joined if part[1] - part[0] >= least]
    steps += [f"{part}: {part[1] - part[0]} {_yes(part in kept)}" for part in joined]
    return _Plan(
        f"join intervals with gap <= {gap}, keep length >= {least}, "
        f"{'falling' if falling else 'rising'}",
        steps,
        kept[::-1] if falling else kept,
        f"""\
def join_intervals(intervals):
    out = []
    for a, b in sorted(intervals):
        if out and a - out[-1][1] <= {gap}:
            out[-1][1] = max(out[-1][1], b)
        else:
            out.append([a, b])
    out = [x for x in out if x[1] - x[0] >= {least}]
    return out{"[::-1]" if falling else ""}""",
    )


def _best_window(values: list[int], params: Params) -> _Plan:
    k, first = params["k"], params["tie"] == "first"
    name, choose = ("max", max) if params["best"] == "largest" else ("min", min)
    windows = [values[at : at + k] for at in range(len(values) - k + 1)]
    sums = [sum(window) for window in windows]
    result: list[int] = []
    if sums:
        wanted = choose(sums)
        places = [at for at, total in enumerate(sums) if total == wanted]
        result = [places[0] if first else places[-1], wanted]
    place = "sums.index(s)" if first else "len(sums) - 1 - sums[::-1].index(s)"
    return _Plan(
        f"{name} of the sums of {k} in a row, {'first' if first else 'last'} place",
        [f"{at}: {window} {sums[at]}" for at, window in enumerate(windows)],
        result,
        f"""\
def best_window(values):
    sums = [sum(values[i:i + {k}]) for i in range(len(values) - {k - 1})]
    if not sums:
        return []
    s = {name}(sums)
    return [{place}, s]""",
    )


def _count_pairs(values: list[int], params: Params) -> _Plan:
    sign, m, r = params["sign"], params["m"], params["r"]
    steps: list[str] = []
    total = 0
    for j, b in enumerate(values):
        for a in values[:j]:
            rest = (b + a if sign == "+" else b - a) % m
            steps.append(f"{b} {sign} {a if a >= 0 else f'({a})'}: {rest} {_yes(rest == r)}")
            total += rest == r
    return _Plan(
        f"count i < j with (values[j] {sign} values[i]) % {m} == {r}",
        steps,
        total,
        f"""\
def count_pairs(values):
    n = 0
    for j in range(len(values)):
        for i in range(j):
            n += (values[j] {sign} values[i]) % {m} == {r}
    return n""",
    )


def _choose_multiple(values: list[int], params: Params) -> _Plan:
    k, m = params["k"], params["m"]
    steps = [f"{at}: {value} rest {value % m}" for at, value in enumerate(values)]
    return _Plan(
        f"choose {k} places with a sum of rest 0 by {m}; keep places by count and rest",
        steps,
        None,
        f"""\
def choose_multiple(values):
    best = {{(0, 0): []}}
    for i, v in enumerate(values):
        for (c, r), p in list(best.items()):
            if c < {k}:
                best.setdefault((c + 1, (r + v) % {m}), p + [i])
    return best.get(({k}, 0), [])""",
    )


def _yes(fits: bool) -> str:
    return "yes" if fits else "no"


_PLANS: Mapping[str, Callable[[Any, Params], _Plan]] = {
    "count_neighbours": _count_neighbours,
    "turn_blocks": _turn_blocks,
    "count_peaks": _count_peaks,
    "join_intervals": _join_intervals,
    "best_window": _best_window,
    "count_pairs": _count_pairs,
    "choose_multiple": _choose_multiple,
}

TRACERS: Tracers = {"code/lists": _trace}

LEVELS: dict[str, int] = {"code/lists": 3}
"""The highest level served: at the next one, tests are too large for the simplest programs."""
