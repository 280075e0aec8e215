"""``ostinato demo``: the main job on the bundled example, and how much of it was right."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

from ostinato.examples import example_labels, example_path
from ostinato.infer.directory import MELODY
from ostinato.jobs.melody import MelodyRequest, extract, show
from ostinato.jobs.show import console, percent, print_json
from ostinato.music.labels import NAMES


def demo(out: Path, as_json: bool = False) -> None:
    """Write melody, labels and picture of the example into a folder, made if it is absent."""
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
    if as_json:
        print_json({**asdict(summary), "right": right})
        return
    show(request, summary)
    terminal.print(
        f"by the score that the example was made from, {right:,} of {notes:,} labels are right "
        f"({percent(right / notes)}); {time.perf_counter() - began:.1f} s in all"
    )


def count_right(labels: Path) -> tuple[int, int]:
    """How many labels in a file of them are the example's true ones, and how many there are."""
    truth = example_labels()
    notes = json.loads(labels.read_text(encoding="utf-8"))["notes"]
    right = sum(NAMES[truth[note["onset"], note["pitch"]]] == note["label"] for note in notes)
    return right, len(notes)
