"""What ``ostinato rl`` shows while it runs: a panel on a terminal, else a line now and then.

All of it goes to standard error. The rows are those of the run's ``metrics.jsonl``.
"""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ostinato.jobs.report_numbers import NONE, correlation, duration, number, share
from ostinato.jobs.show import printable, shortened

_REMEMBERED = 40  # steps in a sparkline
_EVENTS = 3  # the last ones, that are shown
_PACE = 10  # steps from which the time left is told
_EVERY = 10.0  # seconds between two lines where there is no terminal
_AROUND = 13  # lines of a panel that are not environments'
_BARS = "▁▂▃▄▅▆▇█"


class Show(Protocol):
    """Show a step's row, and the sentences of what happened at it."""

    def __call__(self, row: Mapping[str, float], events: Sequence[str] = ()) -> None: ...


@contextmanager
def view(
    total_steps: int,
    *,
    quiet: bool = False,
    console: Console | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Show]:
    """What to call after every step. ``console`` None: standard error.

    Off a terminal a line comes at most every ten seconds, and always for the first and the last
    row, however the run ends. With ``quiet`` nothing is shown at all.
    """
    if quiet:
        yield _nothing
        return
    out = console or Console(stderr=True, highlight=False)
    live = out.is_terminal if console else sys.stderr.isatty()
    if not live or out.is_dumb_terminal:
        lines = _Lines(out, total_steps, clock)
        try:
            yield lines
        finally:
            lines.close()
        return
    with Live(console=out, auto_refresh=False, vertical_overflow="crop") as shown:
        state = _State(total_steps)

        def show(row: Mapping[str, float], events: Sequence[str] = ()) -> None:
            state.take(row, events)
            shown.update(state.panel(out.height), refresh=True)

        yield show


def sparkline(values: Sequence[float], bounds: tuple[float, float] | None = None) -> str:
    """A letter a value, between the bounds (default: the lowest and the highest value); a blank
    for no number.
    """
    finite = [value for value in values if math.isfinite(value)]
    low, high = bounds or (min(finite, default=0.0), max(finite, default=0.0))

    def bar(value: float) -> str:
        place = (value - low) / (high - low) if high > low else 0.5
        return _BARS[max(0, min(len(_BARS) - 1, int(place * len(_BARS))))]

    return "".join(bar(value) if math.isfinite(value) else " " for value in values)


class _State:
    """The last row, and what is remembered of those before it."""

    def __init__(self, total_steps: int) -> None:
        self.total = total_steps
        self.row: Mapping[str, float] = {}
        self.rewards: deque[float] = deque(maxlen=_REMEMBERED)
        self.accuracies: dict[str, deque[float]] = {}  # by environment, of the steps that had it
        self.levels: dict[str, float] = {}
        self.events: deque[tuple[int, str]] = deque(maxlen=_EVENTS)
        self._paces: deque[tuple[int, float]] = deque(maxlen=_PACE)

    @property
    def step(self) -> int:
        return int(self.row.get("step", 0))

    def take(self, row: Mapping[str, float], events: Sequence[str]) -> None:
        self.row = row
        self.rewards.append(self.value("reward", math.nan))
        for key in row:
            kind, _, name = key.partition("/")
            if name and kind == "accuracy":
                past = self.accuracies.setdefault(name, deque(maxlen=_REMEMBERED // 2))
                past.append(self.value(key, math.nan))
            elif name and kind == "level":
                self.levels[name] = self.value(key, math.nan)
        self.events.extend((self.step, printable(text)) for text in events)
        seconds = self.value("seconds", math.nan)
        if math.isfinite(seconds):
            self._paces.append((self.step, seconds))

    def value(self, key: str, default: float) -> float:
        found = self.row.get(key)
        return float(found) if isinstance(found, int | float) else default

    def told(self, key: str, write: Callable[[float | None], str] = number) -> str:
        return write(self.value(key, math.nan))

    def left(self) -> float | None:
        """Seconds to the end at the pace of the last steps."""
        if not self._paces:
            return None
        step, seconds = self._paces[-1]
        begin, began = self._paces[0] if len(self._paces) > 1 else (0, 0.0)
        return (seconds - began) / (step - begin) * (self.total - step) if step > begin else None

    def panel(self, height: int) -> Panel:
        parts: list[RenderableType] = [self._numbers()]
        if self.accuracies:
            parts += [Text(), self._environments(max(1, height - _AROUND))]
        if self.events:
            parts.append(Text())
            parts += [
                Text(f"{step:>6,}  {text}", no_wrap=True, overflow="ellipsis")
                for step, text in self.events
            ]
        title = Text(f" step {self.step:,} of {self.total:,} ", style="bold")
        spent, left = self.told("seconds", duration), duration(self.left())
        subtitle = Text(
            f" {spent}, about {left} to go " if self.step < self.total else f" {spent} "
        )
        return Panel(
            Group(*parts),
            title=title,
            subtitle=subtitle,
            title_align="left",
            subtitle_align="left",
            border_style="dim",
        )

    def _numbers(self) -> Table:
        """Quantities in two columns, the reward with its last steps above them."""
        grid = _grid("dim", "", "dim", "")
        reward = Text(self.told("reward"), style="bold")
        grid.add_row("reward", reward, "last steps", Text(sparkline(self.rewards), style="cyan"))
        window = f"{self.told('length')} of {self.told('window')}"
        cells = (
            ("accuracy", self.told("accuracy", share), "length", window),
            ("entropy", self.told("entropy"), "truncated", self.told("truncated", share)),
            (
                "correlation",
                self.told("correlation", correlation),
                "tokens/s",
                self.told("tokens_per_second"),
            ),
        )
        for row in cells:
            grid.add_row(*row)
        return grid

    def _environments(self, most: int) -> Table:
        """An environment a line, as many as the terminal holds."""
        grid = _grid("", "", "dim", "")
        names = list(self.accuracies)
        shown = names if len(names) <= most else names[: max(1, most - 1)]
        for name in shown:
            past = self.accuracies[name]
            level = number(self.levels.get(name))
            grid.add_row(
                Text(shortened(printable(name), 28)),
                share(past[-1]),
                "" if level == NONE else f"level {level}",
                Text(sparkline(past, (0, 1)), style="cyan"),
            )
        if len(shown) < len(names):
            grid.add_row(Text(f"and {len(names) - len(shown)} more", style="dim"))
        return grid


class _Lines:
    """Plain lines, for a file or a pipe."""

    def __init__(self, out: Console, total_steps: int, clock: Callable[[], float]) -> None:
        self._out, self._clock = out, clock
        self._state = _State(total_steps)
        self._told: float | None = None  # when the last line was
        self._waiting = False  # whether a row has come since
        self._events: list[str] = []

    def __call__(self, row: Mapping[str, float], events: Sequence[str] = ()) -> None:
        self._state.take(row, events)
        self._events += map(printable, events)
        self._waiting = True
        now, told = self._clock(), self._told
        if told is None or now - told >= _EVERY or self._state.step >= self._state.total:
            self._tell(now)

    def close(self) -> None:
        if self._waiting:
            self._tell(self._clock())

    def _tell(self, now: float) -> None:
        state = self._state
        words = [
            f"step {state.step:,} of {state.total:,}",
            f"reward {state.told('reward')}",
            f"accuracy {state.told('accuracy', share)}",
            f"length {state.told('length')} of {state.told('window')}",
            f"truncated {state.told('truncated', share)}",
            f"entropy {state.told('entropy')}",
            f"correlation {state.told('correlation', correlation)}",
            f"{state.told('tokens_per_second')} tokens/s",
            f"{duration(state.left())} left",
        ]
        known = [word for word in words if NONE not in word]
        line = "; ".join([", ".join(known), *self._events])
        self._out.print(Text(line), soft_wrap=True)
        self._told, self._waiting, self._events = now, False, []


def _grid(*styles: str) -> Table:
    """One column for each style."""
    grid = Table.grid(padding=(0, 2))
    for style in styles:
        grid.add_column(no_wrap=True, style=style)
    return grid


def _nothing(row: Mapping[str, float], events: Sequence[str] = ()) -> None:
    del row, events
