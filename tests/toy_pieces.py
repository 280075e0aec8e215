"""Shards of made-up pieces of two kinds, short notes or long ones, and a CSV that says which."""

from __future__ import annotations

from pathlib import Path

from ostinato.data.shards import Entry, ShardWriter
from ostinato.jobs.pretrain import pretrain
from toy_corpus import HEADER, TINY_MODEL, TINY_WINDOW, toy_document

KINDS = ("staccato", "tenuto")
SIDES = ("train", "train", "valid", "test")


def write_toy_pieces(folder: Path, *, pieces: int = 16, seed: int = 0) -> Path:
    """``shards``, ``split.csv`` and ``labels.csv`` in a folder; every third piece is tenuto.

    Pieces d0, d1, ... differ in length.
    """
    split, labels = ["name,song,side"], ["name,label"]
    with ShardWriter(folder / "shards", HEADER, max_rows=400) as writer:
        for number in range(pieces):
            values, label = toy_document(seed + number, bars=3 + 2 * (number % 5))
            tenuto = number % 3 == 2
            notes = label > 0
            values[notes, 3] = 15 if tenuto else 1
            writer.add(Entry(f"d{number}", f"d{number}", "toy", len(values), 1), values, label)
            split.append(f"d{number},d{number},{SIDES[number % len(SIDES)]}")
            labels.append(f"d{number},{KINDS[tenuto]}")
    (folder / "split.csv").write_text("\n".join(split) + "\n")
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")
    return folder


def write_toy_trunk(folder: Path) -> Path:
    """``write_toy_pieces``, and an encoder in ``pre/model`` that has seen them for two steps."""
    write_toy_pieces(folder)
    pre = f'run = "{folder}/pre"\nshards = ["{folder}/shards"]\nbatch = 4\n'
    (folder / "pre.toml").write_text(pre + TINY_WINDOW + TINY_MODEL + "[train]\nsteps = 2\n")
    pretrain(folder / "pre.toml")
    return folder
