"""``ostinato demo``: the melody of the bundled example, then some puzzles; what of it was right."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.examples import example_labels, example_path
from ostinato.infer.directory import MELODY
from ostinato.jobs.demo_puzzles import ask_puzzles, fresh_seed, show_puzzles
from ostinato.jobs.melody import MelodyRequest, extract, show
from ostinato.jobs.show import console, percent, print_json
from ostinato.jobs.talking import reasoner
from ostinato.music.labels import NAMES


def demo(out: Path, as_json: bool = False, *, seed: int | None = None) -> None:
    """Write melody, labels and picture of the example into a folder, made if it is absent; then
    let the bundled language model, if there is one, answer puzzles of ``seed`` (None: fresh ones).
    """
    if seed is not None and seed < 0:
        raise UserError(f"a seed must be at least 0, got {seed}")
    began = time.perf_counter()
    request = MelodyRequest(
        source=example_path(),
        out=out / "melody.mid",
        labels=out / "labels.json",
        picture=out / "pianoroll.png",
        model=MELODY,
        device="cpu",
    )
    terminal = console()
    if not as_json:
        terminal.print(f"ostinato melody {request.source.name} --model {MELODY}", markup=False)
    summary = extract(request)
    right, notes = count_right(out / "labels.json")
    if not as_json:
        show(request, summary)
        terminal.print(
            f"by the score that the example was made from, {right:,} of {notes:,} labels are right "
            f"({percent(right / notes)}); {time.perf_counter() - began:.1f} s in all"
        )
    chosen = fresh_seed() if seed is None else seed
    model = reasoner()
    puzzles = [] if model is None else ask_puzzles(model, chosen)
    if as_json:
        told = {"seed": chosen, "puzzles": [asdict(puzzle) for puzzle in puzzles]}
        print_json({**asdict(summary), "right": right, **told})
    elif model is not None:
        show_puzzles(terminal, model, chosen, puzzles)


def count_right(labels: Path) -> tuple[int, int]:
    """How many labels in a file of them are the example's true ones, and how many there are."""
    truth = example_labels()
    notes = json.loads(labels.read_text(encoding="utf-8"))["notes"]
    right = sum(NAMES[truth[note["onset"], note["pitch"]]] == note["label"] for note in notes)
    return right, len(notes)
