"""What ``ostinato bench m1-cpu`` measures: our M1 beside transformers' with the same weights.

Every figure comes from a process of its own, in an order that turns round from one round to the
next. Prefill times are the best of all passes of all rounds; a decoded token's is the median of
all tokens; memory is that of the round whose growth is the median. Nothing is timed before the
logits of both have been compared.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from statistics import median

from ostinato.base.errors import UserError
from ostinato.base.log import progress
from ostinato.base.workers import available_cores
from ostinato.jobs.bench_m1_worker import OURS, PAGE, THEIRS, THEIRS_ALL, Reading, ask
from ostinato.jobs.show import console, table

LENGTHS = (1024, 4096, 16384)
THREADS = (1, 2)
PRESET = "100m"
SEED = 0
ROUNDS = 2
SHORT = 4096  # tokens up to which a process reads the prompt ...
PASSES = 3  # ... so many times, and once if it is longer
STEPS = 12  # tokens decoded and timed in each process
TOLERANCE = 1e-4
COMPARED = 600  # tokens whose logits are compared: more than one chunk of ours ...
COMPARED_STEPS = 5  # ... and so many decoded


@dataclass(frozen=True)
class Row:
    """One implementation at one length. Seconds and bytes; ``decode`` is per token."""

    reader: str
    threads: int
    tokens: int
    prefill_cpu: float
    prefill_wall: float
    decode_cpu: float
    decode_wall: float
    idle: int
    peak: int
    growth: int

    @property
    def prefill(self) -> float:
        """CPU time of one thread, which others on the machine disturb least; else wall clock."""
        return self.prefill_cpu if self.threads == 1 else self.prefill_wall

    @property
    def decode(self) -> float:
        return self.decode_cpu if self.threads == 1 else self.decode_wall


@dataclass(frozen=True)
class Ratio:
    """How many times ours another implementation takes."""

    reader: str
    threads: int
    tokens: int
    prefill: float
    decode: float
    growth: float


@dataclass(frozen=True)
class Report:
    """``difference`` is the largest of all compared logits, None where there was no peer."""

    preset: str
    parameters: int
    versions: dict[str, str]
    rounds: int
    difference: float | None
    rows: tuple[Row, ...]
    ratios: tuple[Ratio, ...]
    missing: tuple[str, ...]


def measure(
    lengths: Sequence[int] = LENGTHS,
    threads: Sequence[int] | None = None,
    *,
    preset: str = PRESET,
    rounds: int = ROUNDS,
) -> Report:
    """Compare, then time; ``threads`` None takes one and two, as far as there are cores."""
    cores = available_cores()
    counts = tuple(n for n in THREADS if n <= cores) if threads is None else tuple(threads)
    if max(counts) > cores:
        raise UserError(f"{max(counts)} threads: this process may use {cores} cores")
    beside = find_spec("transformers") is not None
    readers = (OURS, THEIRS, THEIRS_ALL) if beside else (OURS,)
    cells = [
        (count, length, reader) for length in lengths for count in counts for reader in readers
    ]
    found: dict[tuple[int, int, str], list[Reading]] = {cell: [] for cell in cells}
    steps = 1 + beside + rounds * len(cells)
    with tempfile.TemporaryDirectory() as folder, progress(steps, "measuring") as advance:
        written = ask(
            "write",
            directory=folder,
            layout="transformers",
            seed=SEED,
            preset=preset,
            changes={},
        )
        advance()
        difference = check(folder) if beside else None
        advance(int(beside))
        for number in range(rounds):
            for cell in cells[:: -1 if number % 2 else 1]:
                advance(0, note=f"{cell[2]}, {cell[1]:,} tokens")
                found[cell].append(_read(folder, *cell))
                advance()
    rows = tuple(_row(cell, readings) for cell, readings in found.items())
    names = ("torch", "transformers") if beside else ("torch",)
    return Report(
        preset=preset,
        parameters=written["parameters"],
        versions={name: version(name) for name in names},
        rounds=rounds,
        difference=difference,
        rows=rows,
        ratios=tuple(_ratios(rows)),
        missing=() if beside else ("transformers",),
    )


def check(directory: str) -> float:
    """The largest difference between both implementations' logits, where it is small enough."""
    told = ask("agree", directory=directory, tokens=COMPARED, steps=COMPARED_STEPS)
    found = float(told["difference"])
    if not found <= TOLERANCE:  # not a number is no agreement
        raise UserError(
            f"the logits of ours and transformers {version('transformers')} differ by {found:.2g}, "
            f"more than {TOLERANCE:g}: nothing is measured; install the version in constraints.txt"
        )
    return found


def show(report: Report, machine: str) -> None:
    """The table, and what it is a table of."""
    out = console()
    versions = ", ".join(f"{name} {told}" for name, told in report.versions.items())
    out.print(
        f"M1 {report.preset}, {report.parameters:,} parameters, float32; {machine}, {versions}"
    )
    out.print(
        "CPU time of one thread, wall clock of more, best prefill, median token decoded; resident "
        f"memory in MB; {report.rounds} rounds, each in processes of their own"
    )
    if report.difference is not None:
        out.print(
            f"logits differ by {report.difference:.1g} at most; transformers computes those of the "
            "last token of a prompt, or of all; x: times ours"
        )
    ratios = {(one.threads, one.tokens, one.reader): one for one in report.ratios}
    columns = ("", "threads", "tokens", "prefill", "", "decode", "", "idle", "peak", "growth", "")
    rows = [_cells(row, ratios.get((row.threads, row.tokens, row.reader))) for row in report.rows]
    out.print(table(columns, rows))
    for name in report.missing:
        out.print(f"{name} is not installed: pip install {name} to measure it beside")


def _cells(row: Row, ratio: Ratio | None) -> tuple[str, ...]:
    times: Callable[[float], str] = "{:.1f}x".format
    beside = [times(x) for x in (ratio.prefill, ratio.decode, ratio.growth)] if ratio else [""] * 3
    idle, peak, growth = (f"{size / 1e6:,.0f}" for size in (row.idle, row.peak, row.growth))
    return (
        row.reader,
        f"{row.threads}",
        f"{row.tokens:,}",
        f"{row.prefill:.2f} s",
        beside[0],
        f"{1e3 * row.decode:.1f} ms",
        beside[1],
        idle,
        peak,
        growth,
        beside[2],
    )


def _read(folder: str, threads: int, tokens: int, reader: str) -> Reading:
    return Reading.told(
        ask(
            "read",
            directory=folder,
            reader=reader,
            threads=threads,
            tokens=tokens,
            passes=PASSES if tokens <= SHORT else 1,
            steps=STEPS,
        )
    )


def _row(cell: tuple[int, int, str], readings: Sequence[Reading]) -> Row:
    threads, tokens, reader = cell
    middle = sorted(readings, key=lambda one: one.growth)[(len(readings) - 1) // 2]
    return Row(
        reader=reader,
        threads=threads,
        tokens=tokens,
        prefill_cpu=min(taken for one in readings for taken in one.prefill_cpu),
        prefill_wall=min(taken for one in readings for taken in one.prefill_wall),
        decode_cpu=median(taken for one in readings for taken in one.decode_cpu),
        decode_wall=median(taken for one in readings for taken in one.decode_wall),
        idle=middle.idle,
        peak=middle.peak,
        growth=middle.growth,
    )


def _ratios(rows: Sequence[Row]) -> list[Ratio]:
    ours = {(row.threads, row.tokens): row for row in rows if row.reader == OURS}
    found: list[Ratio] = []
    for row in rows:
        own = ours[row.threads, row.tokens]
        if row is not own:
            found.append(
                Ratio(
                    reader=row.reader,
                    threads=row.threads,
                    tokens=row.tokens,
                    prefill=row.prefill / own.prefill,
                    decode=row.decode / own.decode,
                    growth=row.growth / max(own.growth, PAGE),
                )
            )
    return found
