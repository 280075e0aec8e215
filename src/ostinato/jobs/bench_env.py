"""``ostinato bench env``: tasks made and graded per second, and what starting a sandbox costs."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from ostinato.base.log import progress
from ostinato.jobs.show import console, table
from ostinato.rl.envs.catalogue import environments
from ostinato.rl.envs.registry import Environment
from ostinato.rl.episode import play
from ostinato.sandbox import available, choose
from ostinato.sandbox.types import Command

SECONDS = 0.5  # of making and of grading, for each level of an environment
MOST_TASKS = 50  # of a level
STARTS = 30  # programs that each sandbox runs
PROGRAM = Command(argv=("python", "-c", "print(1)"))


@dataclass(frozen=True)
class Rate:
    """One level of an environment."""

    environment: str
    level: int
    tasks: int
    made_per_second: float
    graded_per_second: float
    """Perfect episodes, played and graded."""


@dataclass(frozen=True)
class Start:
    """A sandbox running a Python program of one line."""

    sandbox: str
    missing: str | None
    """Why it cannot run here; None: it can."""
    median_seconds: float | None
    slowest_seconds: float | None


@dataclass(frozen=True)
class Rates:
    """What was measured."""

    rates: tuple[Rate, ...]
    starts: tuple[Start, ...]


def measure_environments() -> Rates:
    """The lowest and the highest level of every environment that is installed."""
    chosen = [one for one in environments().values() if one.extra is None]
    jobs = [(one, level) for one in chosen for level in sorted({1, one.levels})]
    starts = tuple(_start(name, missing) for name, missing in available().items())
    with progress(len(jobs), "measuring") as advance:
        rates: list[Rate] = []
        for environment, level in jobs:
            rates.append(_rate(environment, level))
            advance(1)
    return Rates(tuple(rates), starts)


def show_environments(measured: Rates, machine: str) -> None:
    """Two tables."""
    out = console()
    rows = [
        (one.environment, one.level, one.tasks, f"{one.made_per_second:,.0f}",
         f"{one.graded_per_second:,.1f}")
        for one in measured.rates
    ]  # fmt: skip
    columns = ("environment", "level", "tasks", "made / s", "graded / s")
    out.print(table(columns, rows, title=machine))
    starts = [
        (one.sandbox, one.missing or "", _milliseconds(one.median_seconds),
         _milliseconds(one.slowest_seconds))
        for one in measured.starts
    ]  # fmt: skip
    columns = ("sandbox", "missing", "median ms", "slowest ms")
    out.print(table(columns, starts, left=("missing",), title=f"print(1), {STARTS} times"))


def _rate(environment: Environment, level: int) -> Rate:
    began = time.perf_counter()
    tasks = [environment.task(level, 0)]
    while len(tasks) < MOST_TASKS and time.perf_counter() - began < SECONDS:
        tasks.append(environment.task(level, len(tasks)))
    made = time.perf_counter() - began
    began, graded = time.perf_counter(), 0
    while graded < len(tasks) and (not graded or time.perf_counter() - began < SECONDS):
        play(tasks[graded].env(), tasks[graded].perfect())
        graded += 1
    taken = time.perf_counter() - began
    return Rate(environment.name, level, graded, len(tasks) / made, graded / taken)


def _start(name: str, missing: str | None) -> Start:
    if missing is not None:
        return Start(name, missing, None, None)
    sandbox = choose(name)
    sandbox.run(PROGRAM)
    seconds: list[float] = []
    for _ in range(STARTS):
        began = time.perf_counter()
        assert sandbox.run(PROGRAM).ok, "a program of one line runs"
        seconds.append(time.perf_counter() - began)
    return Start(name, None, statistics.median(seconds), max(seconds))


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{1e3 * seconds:.1f}"
