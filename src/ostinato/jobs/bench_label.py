"""What ``ostinato bench label`` measures: how long a file takes to be labelled on a CPU.

Every bundled model that labels notes or whole pieces, with its adapter and head if that is how
it lies; from the bytes of a file in memory to its labels. Pieces of a length are the bundled
example, repeated and cut: real music, so that as many n-grams are found as in any.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ostinato.base.errors import UserError
from ostinato.base.log import progress
from ostinato.examples import example_path
from ostinato.infer.directory import bundled, model_type
from ostinato.infer.load import load_note_model, load_piece_model, read_heads
from ostinato.jobs.show import console, counted, printable, table
from ostinato.models.midiformer import checkpoint, head_directory
from ostinato.music.midi import read_midi
from ostinato.music.score import Score
from ostinato.music.score_bytes import midi_bytes

LENGTHS = (250, 1000, 4000)  # notes: a tune, half a POP909 song, a long piano piece
LONGEST = 100_000
PASSES = 3

Label = Callable[[Score], object]


@dataclass(frozen=True)
class Row:
    """One model on pieces of one length."""

    model: str
    kind: str  # note, or sequence: one label for the piece
    notes: int
    seconds: float  # a file, wall clock, the median of the passes
    load_seconds: float  # once, before the first file

    @property
    def files_per_second(self) -> float:
        """Files labelled in a second, one after the other."""
        return 1 / self.seconds

    @property
    def notes_per_second(self) -> float:
        """Notes read and labelled in a second."""
        return self.notes / self.seconds


@dataclass(frozen=True)
class Report:
    """The rows, and how many threads computed them."""

    threads: int
    rows: tuple[Row, ...]


def measure_labelling(lengths: Sequence[int] = LENGTHS) -> Report:
    """Time every bundled labeller on pieces of ``lengths`` notes; a warm-up comes first."""
    import torch

    if max(lengths) > LONGEST:
        raise UserError(f"--lengths: at most {LONGEST:,} notes; got {max(lengths):,}")
    models = labellers()
    if not models:
        raise UserError("no bundled model labels music: reinstall ostinato with its weights")
    example = read_midi(example_path())
    files = {notes: midi_bytes(piece_of(example, notes)) for notes in lengths}
    rows: list[Row] = []
    with progress(len(models) * len(files) * PASSES, "bench label") as advance:
        for name, kind in models.items():
            began = time.perf_counter()
            label = _load(name, kind)
            label(piece_of(example, 64))
            loading = time.perf_counter() - began
            for notes, data in files.items():
                taken: list[float] = []
                for _ in range(PASSES):
                    began = time.perf_counter()
                    label(read_midi(data))
                    taken.append(time.perf_counter() - began)
                    advance()
                rows.append(Row(name, kind, notes, statistics.median(taken), loading))
    return Report(torch.get_num_threads(), tuple(rows))


def labellers() -> dict[str, str]:
    """The bundled models with one head that labels music, and the kind of it."""
    ours = (checkpoint.MODEL_TYPE, head_directory.MODEL_TYPE)
    found: dict[str, str] = {}
    for name, folder in bundled().items():
        if model_type(folder) in ours:
            kinds = [spec.kind for spec in read_heads(folder).values()]
            if len(kinds) == 1:
                found[name] = kinds[0]
    return found


def piece_of(example: Score, notes: int) -> Score:
    """The example one time after the other, cut after ``notes`` notes in the order of time."""
    pitched = example.select(~example.is_drum)
    pitched = pitched.select(np.argsort(pitched.onset, kind="stable"))
    times = -(-notes // len(pitched))
    # A whole number of 4/4 bars, so that every time falls on the same grid.
    bar = 4 * pitched.ticks_per_quarter
    span = -(-pitched.end // bar) * bar
    onset = pitched.onset + span * np.arange(times)[:, None]

    def repeated(column: np.ndarray) -> np.ndarray:
        return np.tile(column, times)[:notes]

    return replace(
        pitched,
        onset=onset.ravel()[:notes].astype(np.int32),
        duration=repeated(pitched.duration),
        pitch=repeated(pitched.pitch),
        velocity=repeated(pitched.velocity),
        track=repeated(pitched.track),
    )


def show_labelling(report: Report, machine: str) -> None:
    """The rows as a table."""
    out = console()
    threads = counted(report.threads, "thread", "threads")
    out.print(printable(f"bytes in memory to labels, {threads}, median of {PASSES}; {machine}"))
    rows = [
        (
            row.model,
            "notes" if row.kind == "note" else "piece",
            f"{row.notes:,}",
            f"{row.seconds:.3f}",
            f"{row.files_per_second:.2f}",
            f"{row.notes_per_second:,.0f}",
            f"{row.load_seconds:.1f}",
        )
        for row in report.rows
    ]
    columns = ("model", "labels", "notes", "s/file", "files/s", "notes/s", "s to load")
    out.print(table(columns, rows, left=("labels",)))


def _load(name: str, kind: str) -> Label:
    if kind == "note":
        return load_note_model(name, device="cpu").label_notes
    return load_piece_model(name, device="cpu").label_piece
