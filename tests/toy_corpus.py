"""Shards of made-up music, small enough to train on within seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ostinato.data.shards import Documents, Entry, Header, ShardWriter, read_shards
from ostinato.music.compound_words import CONTINUE, EMPTY_PITCH, EMPTY_POSITION, NEW, vocabulary

HEADER = Header("cp4", 4, vocabulary("cp4"), "toy", "made up")
# Sections of recipes for models that train within seconds.
TINY_WINDOW = """
[window]
rows = 24
tokens = 64
slots = 16
transpose = 2
"""
TINY_MODEL = """
[compoundation]
merges = 20
[lexicon]
threshold = 5
[model]
hidden_size = 16
num_layers = 2
num_heads = 2
intermediate_size = 32
num_ngram_layers = 1
"""
SIDES = ("train", "train", "train", "train", "valid", "test")


def toy_document(seed: int, *, bars: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Rows int16 [n, 4] and labels int8 [n]: the top of each chord is 1, the rest 3 or 2."""
    draw = np.random.default_rng(seed)
    rows: list[tuple[int, int, int, int]] = []
    label: list[int] = []
    for bar in range(bars):
        if bar % 5 == 4:
            rows.append((NEW, EMPTY_POSITION, EMPTY_PITCH, 64))
            label.append(0)
            continue
        for number, position in enumerate((0, 4, 8, 12)):
            root = 48 + int(draw.choice((0, 5, 7)))
            for part, pitch in enumerate((root, root + 7, root + 16)):
                first = number == 0 and part == 0
                rows.append((NEW if first else CONTINUE, position, pitch, 7))
                label.append((3, 2, 1)[part])
    return np.array(rows, np.int16), np.array(label, np.int8)


def write_toy_shards(folder: Path, *, documents: int = 12, corpus: str = "toy") -> Path:
    """A shard folder, and beside it ``split.csv`` with a side for each document."""
    header = Header(HEADER.scheme, HEADER.steps_per_quarter, HEADER.vocab, corpus, HEADER.licence)
    lines = ["name,song,side"]
    with ShardWriter(folder, header, max_rows=400) as writer:
        for number in range(documents):
            values, label = toy_document(number)
            name, song = f"d{number}", f"s{number}"
            notes = int((label > 0).sum())
            writer.add(Entry(name, song, corpus, len(values), notes), values, label)
            lines.append(f"{name},{song},{SIDES[number % len(SIDES)]}")
    (folder.parent / "split.csv").write_text("\n".join(lines) + "\n")
    return folder


def toy_documents(folder: Path, *, documents: int = 6) -> Documents:
    return read_shards([write_toy_shards(folder / "shards", documents=documents)])
