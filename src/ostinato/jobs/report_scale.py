"""From numbers to pixels, and which round numbers to write beside an axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

_STEP_LABEL = 38.0  # pixels between the labels of steps
_LOG_MARGIN = 1.15  # a factor beyond the lowest and the highest number


@dataclass(frozen=True)
class Scale:
    """An axis."""

    low: float
    high: float
    begin: float  # the pixel of ``low``
    end: float  # the pixel of ``high``
    ticks: tuple[float, ...] = ()
    log: bool = False

    def __call__(self, value: float) -> float:
        """The number's pixel."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(value)
        return self.begin + (at - low) / (high - low) * (self.end - self.begin)


def bare_scale(low: float, high: float, begin: float, end: float) -> Scale:
    """Just so, without ticks; equal bounds get room around them."""
    return Scale(*_apart(low, high), begin, end)


def round_scale(low: float, high: float, begin: float, end: float, gaps: int) -> Scale:
    """From one round number to another around both bounds, in about so many gaps."""
    ticks = _round_ticks(*_apart(low, high), gaps)
    return Scale(ticks[0], ticks[-1], begin, end, ticks)


def log_scale(low: float, high: float, begin: float, end: float, most: int) -> Scale:
    """With powers of ten for ticks; the bounds are positive and more than a decade apart."""
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    every = max(1, math.ceil((last - first + 1) / most))
    ticks = tuple(10.0**n for n in range(first, last + 1, every))
    return Scale(low / _LOG_MARGIN, high * _LOG_MARGIN, begin, end, ticks, log=True)


def step_scale(first: int, last: int, begin: float, end: float, gaps: int) -> Scale:
    """A run's steps: ticks at both ends, and at round numbers where their labels have room."""
    if first == last:
        return Scale(first - 1, last + 1, begin, end, (first,))
    near = (last - first) * _STEP_LABEL / (end - begin)
    ticks = _round_ticks(first, last, gaps)
    kept = (tick for tick in ticks if tick - first > near and last - tick > near)
    whole = (tick for tick in kept if tick == int(tick))
    return Scale(first, last, begin, end, (first, *whole, last))


def _apart(low: float, high: float) -> tuple[float, float]:
    """Two bounds with room between them."""
    size = max(abs(low), abs(high))
    if high - low > 1e-9 * size:
        return low, high
    return (low - 0.1 * size, high + 0.1 * size) if size else (0.0, 1.0)


def _round_ticks(low: float, high: float, gaps: int) -> tuple[float, ...]:
    rough = (high - low) / gaps
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough * 0.999)
    first, last = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
    return tuple(step * n for n in range(first, last + 1))
