"""What the arms read: shards in both schemes, which need the MIDI library, and labels of pieces."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from music_ablations.arms import FOLDERS, TASKS, folder
from ostinato.base.files import write_text
from ostinato.data.shards import read_entries
from ostinato.music.corpora import find_corpus


def data(root: Path, shards: Path, names: Sequence[str], schemes: Sequence[str]) -> None:
    """Prepare what the arms read, in each scheme, and write the labels of pieces."""
    from ostinato.jobs.prepare import PrepareRequest, prepare

    for scheme in schemes:
        for name in names:
            if name.endswith("velocity") and scheme != "cp4":
                continue  # cp7 words hold the velocity
            kind: Any = "velocity" if name.endswith("velocity") else "tracks"
            corpus, out = name.removesuffix("-velocity"), shards / folder(name, scheme)
            given: Any = scheme
            request = PrepareRequest(corpus, root / FOLDERS[name], out, given, labels=kind)
            print(f"{out}: {prepare(request).documents:,} documents", flush=True)
    write_labels(shards)


def write_labels(shards: Path) -> None:
    """``labels-TASK.csv`` for each task of pieces whose shards are there; without MIDI."""
    for title, task in TASKS.items():
        held = shards / task.shards
        if task.piece and (held / "documents.jsonl").exists():
            corpus = find_corpus(task.shards)
            names = [entry.name for entry in read_entries(held)]
            labels = {name: corpus.piece_label(name, task.piece) for name in names}
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerows([("name", "label"), *((n, x) for n, x in labels.items() if x)])
            write_text(shards / f"labels-{title}.csv", text.getvalue())
