"""What ``ostinato bench m1-length`` measures: decode time and memory of three twins by length.

The twins are one small size, fresh weights, with lightning layers only, with one softmax layer in
eight, and with softmax layers only. The first reads a million tokens; the others stop where the
softmax twin takes minutes. One thread, CPU time, each length in a process of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from ostinato.base.log import progress
from ostinato.jobs.bench_m1_worker import OURS, Reading, ask
from ostinato.jobs.show import console, table

PRESET = "tiny"
CHANGES: Mapping[str, Any] = {
    "hidden_size": 128,
    "head_dim": 32,
    "intermediate_size": 128,
    "max_position_embeddings": 2**21,
}
"""A million tokens take a core about two minutes; 2.4 million parameters."""

TWINS = ("lightning", "hybrid", "softmax")
LENGTHS: Mapping[str, tuple[int, ...]] = {
    "lightning": (1_000, 10_000, 100_000, 1_000_000),
    "hybrid": tuple(1024 * 2**n for n in range(7)),
    "softmax": tuple(1024 * 2**n for n in range(7)),
}
LONGEST = 65_536  # tokens for the twins with softmax layers
STEPS = 200  # tokens decoded and timed after each prompt


@dataclass(frozen=True)
class Row:
    """One twin after one prompt. CPU seconds and bytes; ``decode`` is the median token's."""

    twin: str
    tokens: int
    prefill: float
    decode: float
    cache_bytes: int
    idle: int
    peak: int
    growth: int


@dataclass(frozen=True)
class LengthReport:
    """``parameters`` by twin: lightning layers have a gate and a norm that softmax ones lack."""

    preset: str
    changes: dict[str, Any]
    parameters: dict[str, int]
    versions: dict[str, str]
    rows: tuple[Row, ...]


def measure_length(lengths: Sequence[int] | None = None, *, steps: int = STEPS) -> LengthReport:
    """Read prompts of ``lengths`` (None: those of ``LENGTHS``) and decode after each."""
    chosen = {
        twin: LENGTHS[twin]
        if lengths is None
        else tuple(n for n in lengths if twin == "lightning" or n <= LONGEST)
        for twin in TWINS
    }
    parameters: dict[str, int] = {}
    rows: list[Row] = []
    total = sum(map(len, chosen.values()))
    with tempfile.TemporaryDirectory() as folder, progress(total, "measuring") as advance:
        for twin, tokens in chosen.items():
            directory = str(Path(folder) / twin)
            told = ask(
                "write",
                directory=directory,
                layout="minimax_m1",
                seed=0,
                preset=PRESET,
                changes={**CHANGES, "attention": twin},
            )
            parameters[twin] = told["parameters"]
            for length in tokens:
                advance(0, note=f"{twin}, {length:,} tokens")
                rows.append(_row(directory, twin, length, steps))
                advance()
    versions = {"torch": version("torch")}
    return LengthReport(PRESET, dict(CHANGES), parameters, versions, tuple(rows))


def show_length(report: LengthReport, machine: str) -> None:
    """The table, and what it is a table of."""
    out = console()
    sizes = ", ".join(f"{twin} {count:,}" for twin, count in report.parameters.items())
    out.print(f"parameters: {sizes}; float32; {machine}, torch {report.versions['torch']}")
    out.print("one thread, CPU time; decode: median token; each length in a process of its own")
    rows = [
        (
            row.twin,
            f"{row.tokens:,}",
            f"{row.prefill:.2f} s",
            f"{1e3 * row.decode:.2f} ms",
            f"{row.cache_bytes / 1e6:,.2f} MB",
            f"{row.growth / 1e6:,.1f} MB",
        )
        for row in report.rows
    ]
    out.print(table(("layers", "tokens", "prefill", "decode", "cache", "peak over idle"), rows))


def _row(directory: str, twin: str, tokens: int, steps: int) -> Row:
    told = ask(
        "read", directory=directory, reader=OURS, threads=1, tokens=tokens, passes=1, steps=steps
    )
    found = Reading.told(told)
    assert found.cache_bytes is not None
    return Row(
        twin=twin,
        tokens=tokens,
        prefill=found.prefill_cpu[0],
        decode=median(found.decode_cpu),
        cache_bytes=found.cache_bytes,
        idle=found.idle,
        peak=found.peak,
        growth=found.growth,
    )
