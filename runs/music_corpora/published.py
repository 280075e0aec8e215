"""Shards of the published protocol: MidiBERT's split, order of notes and unit, in ``cp4`` words.

A document that trains stands whole, so that windows may begin anywhere in it; of the valid and
test sides each published segment is a document of its own (``NAME@#0``, ``NAME@#1``, ...), for that
is what is scored. Words are those that ``ostinato evaluate --suite music`` shows a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from music_corpora.packing import pack
from music_corpora.shards import Size
from ostinato.data.shards import Documents, Entry, Header
from ostinato.eval.music.documents import files, read_all
from ostinato.eval.music.published import rows_for
from ostinato.eval.music.suite import SIDES
from ostinato.eval.music.tasks import find_task
from ostinato.eval.music.types import Document, Side, Task
from ostinato.music.compound_words import vocabulary
from ostinato.music.corpora import CORPORA, segment

NAMES = ("melody", "velocity", "composer", "emotion", "dance")  # dance14 reads those of dance

Part = tuple[Entry, NDArray[np.int16], NDArray[np.int8]]


def write_published(data: Path, out: Path, names: Sequence[str] = NAMES) -> list[Size]:
    """Pack the documents of each task whose corpus lies in DATA; returns what was packed."""
    sizes: list[Size] = []
    for task in map(find_task, names):
        if not (data / task.folder).is_dir():
            print(f"without {task.name}: there is no {data / task.folder}")
            continue
        documents = read_task(task, data)
        path = out / f"published-{task.name}.npz.xz"
        size = pack(documents, path, {task.corpus: CORPORA[task.corpus].licence})
        told = path.name, len(documents), len(documents.values), f"{size / (1 << 20):.1f}"
        sizes.append(told)
    return sizes


def read_task(task: Task, data: Path) -> Documents:
    """All documents of a task by the published protocol."""
    found = files(task, "published", data)
    parts = [
        part
        for side in SIDES
        for document in read_all(task, "published", found[side])
        for part in _parts(task, document, side)
    ]
    entries, values, labels = zip(*parts, strict=True)
    header = Header("cp4", 4, vocabulary("cp4", 4), task.corpus, CORPORA[task.corpus].licence)
    offset = np.cumsum([0, *map(len, values)], dtype=np.int64)
    return Documents(header, entries, np.concatenate(values), np.concatenate(labels), offset)


def _parts(task: Task, document: Document, side: Side) -> Iterator[Part]:
    """One document, or its segments: their words, and the label of each note (0: it has none)."""
    segments = rows_for(document, "cp4")
    if side == "train":
        segments = [np.concatenate(segments)]
    begin = 0
    for number, values in enumerate(segments):
        end = begin + len(values)
        label = np.zeros(len(values), dtype=np.int8)
        if task.of_notes:
            label = (document.truth[begin:end] + 1).astype(np.int8)
        name = document.name if side == "train" else segment(document.name, number)
        entry = Entry(name, document.song, task.corpus, len(values), len(values))
        yield entry, values.astype(np.int16), label
        begin = end
