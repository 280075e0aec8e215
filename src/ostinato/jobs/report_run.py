"""What a run left in its directory, as series of numbers over its steps."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeGuard

from ostinato.base.errors import UserError
from ostinato.base.log import read_metrics
from ostinato.rl.monitors import MonitorRules

_MOST_SMOOTHED = 15  # numbers in a mean of neighbours


@dataclass(frozen=True)
class Series:
    """One quantity over the steps that have it. Values that are no numbers stay as NaN: gaps."""

    steps: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    def __bool__(self) -> bool:
        return any(map(math.isfinite, self.values))

    @cached_property
    def finite(self) -> Series:
        """Without the gaps."""
        kept = [
            pair for pair in zip(self.steps, self.values, strict=True) if math.isfinite(pair[1])
        ]
        return Series(tuple(step for step, _ in kept), tuple(value for _, value in kept))

    @property
    def gaps(self) -> tuple[int, ...]:
        """The steps at which there is no number."""
        pairs = zip(self.steps, self.values, strict=True)
        return tuple(step for step, value in pairs if not math.isfinite(value))

    @property
    def first(self) -> float | None:
        """The first number."""
        return self.finite.values[0] if self else None

    @property
    def last(self) -> float | None:
        """The last number."""
        return self.finite.values[-1] if self else None

    @property
    def mean(self) -> float | None:
        """The mean of all numbers."""
        return _mean(self.finite.values) if self else None

    @property
    def sum(self) -> float:
        """The sum of all numbers; 0 of none."""
        return math.fsum(self.finite.values)

    def highest(self) -> tuple[int, float] | None:
        """The first step with the highest number, and that number."""
        return max(self._pairs(), key=lambda pair: pair[1], default=None)

    def lowest(self) -> tuple[int, float] | None:
        """The first step with the lowest number, and that number."""
        return min(self._pairs(), key=lambda pair: pair[1], default=None)

    @property
    def window(self) -> int:
        """How many numbers ``smoothed`` takes together, an odd number: a tenth, 15 at most."""
        return min(_MOST_SMOOTHED, len(self.finite.values) // 10 // 2 * 2 + 1)

    @cached_property
    def smoothed(self) -> Series:
        """The mean of each number and its neighbours on both sides; at the ends, on one side."""
        values, half = self.finite.values, self.window // 2
        means = (_mean(values[max(0, n - half) : n + half + 1]) for n in range(len(values)))
        return Series(self.finite.steps, tuple(means))

    def _pairs(self) -> Iterator[tuple[int, float]]:
        return zip(self.finite.steps, self.finite.values, strict=True)


@dataclass(frozen=True)
class Event:
    """Something that happened at a step, in a sentence."""

    step: int | None
    kind: str
    text: str


@dataclass(frozen=True)
class Run:
    """A run's directory, read. Rows of one step are one row."""

    path: Path
    rows: Mapping[int, Mapping[str, Any]]  # by step, in the order of the steps
    events: tuple[Event, ...] = ()
    recipe: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """All quantities that hold a number at some step, in the order of appearance."""
        found: dict[str, None] = {}
        for row in self.rows.values():
            found.update((key, None) for key, value in row.items() if _number(value))
        return tuple(found)

    @cached_property
    def environments(self) -> tuple[str, ...]:
        """The environments' names, which may themselves contain slashes."""
        return tuple(dict.fromkeys(key.partition("/")[2] for key in self.keys if "/" in key))

    @property
    def is_rl(self) -> bool:
        """Whether it is a run of reinforcement learning; else it trains on text or notes."""
        return "reward" in self.keys

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last step."""
        steps = tuple(self.rows)
        return steps[0], steps[-1]

    @property
    def step(self) -> int:
        """The last step."""
        return self.span[1]

    @property
    def ended(self) -> bool:
        """Whether ``result.json`` tells of the last step, and not of a call before it."""
        if self.result is None:
            return False
        told = self.result.get("step")
        return not _number(told) or told >= self.step

    @property
    def steps(self) -> int | None:
        """The steps that the recipe asks for, where it says so."""
        recipe = self.recipe or {}
        for part in (recipe, *(recipe.get(name) for name in ("rl", "train", "loop"))):
            if isinstance(part, Mapping) and _number(part.get("steps")):
                return int(part["steps"])
        return None

    @property
    def correlation_floor(self) -> float | None:
        """Below what a run of reinforcement learning warns: the monitors' own number, or the
        recipe's, where a name there speaks of a correlation.
        """
        if not self.is_rl:
            return None
        found = [v for k, v in flattened(self.recipe or {}) if "correlation" in k and _number(v)]
        return next((float(v) for v in found if 0 < v < 1), MonitorRules().correlation)

    def series(self, key: str) -> Series:
        """The quantity of that name; empty where there is none."""
        pairs = [(step, row[key]) for step, row in self.rows.items() if _number(row.get(key))]
        return Series(tuple(step for step, _ in pairs), tuple(_plain(v) for _, v in pairs))

    def turns(self, what: str) -> dict[int, Series]:
        """``tokens`` (written) or ``read`` at each turn of an episode, by the turn's number."""
        found = (re.fullmatch(rf"turn_(\d+)_{what}", key) for key in self.keys)
        named = {int(match[1]): match[0] for match in found if match}
        return {turn: self.series(named[turn]) for turn in sorted(named)}


def read_run(path: Path) -> Run:
    """Read a run; only its ``metrics.jsonl`` must be there."""
    metrics = path / "metrics.jsonl"
    if not metrics.is_file():
        raise UserError(
            f"{path}: expected the directory of a run, with its metrics.jsonl, and there is none"
        )
    rows: dict[int, dict[str, Any]] = {}
    for row in _objects(metrics):
        step = row.get("step")
        if not isinstance(step, int) or isinstance(step, bool):
            raise UserError(f"{metrics}: expected a whole number as every row's step, got {step!r}")
        rows.setdefault(step, {}).update({k: v for k, v in row.items() if k != "step"})
    if not rows:
        raise UserError(f"{metrics} holds no row yet: wait for the run's first step")
    events = path / "events.jsonl"
    return Run(
        path,
        {step: rows[step] for step in sorted(rows)},
        tuple(map(_event, _objects(events))) if events.is_file() else (),
        _settings(path / "recipe.json"),
        _settings(path / "result.json"),
    )


def flattened(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """The leaves of nested settings under dotted names. Lists are leaves."""
    leaves: list[tuple[str, Any]] = []
    for key, inner in value.items():
        nested = isinstance(inner, Mapping) and inner
        leaves += flattened(inner, f"{prefix}{key}.") if nested else [(f"{prefix}{key}", inner)]
    return leaves


def _objects(path: Path) -> list[dict[str, Any]]:
    rows = read_metrics(path)
    for row in rows:
        if type(row) is not dict:
            raise UserError(f"{path}: expected a JSON object on every line, got {str(row)[:40]}")
    return rows


def _event(row: Mapping[str, Any]) -> Event:
    step = row.get("step")
    kind, text = row.get("event", ""), row.get("text", "")
    return Event(step if isinstance(step, int) else None, str(kind), str(text))


def _settings(path: Path) -> Mapping[str, Any] | None:
    """Plain values, or None where the file is absent or not yet whole."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: float) -> float:
    return float(value) if math.isfinite(value) else math.nan


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
