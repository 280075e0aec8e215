"""The labelled documents that fine-tuning reads for each side of a split."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ostinato.base.errors import UserError
from ostinato.data.selection import load_split, side_of
from ostinato.data.shards import Documents, Entry, Header, read_shards
from ostinato.jobs.finetune_recipe import FinetuneRecipe
from ostinato.train.pieces import Pieces, label_pieces

SIDES = ("train", "valid", "test")
TRACKS = ("melody", "bridge", "accompaniment")

LabelOf = Callable[[Entry], str | None]


@dataclass(frozen=True, eq=False)
class Labelled:
    """The documents of each side, and what their labels are called.

    ``pieces`` are the same documents with their classes, where pieces are labelled. Documents
    without a label are left out of those, and counted.
    """

    kind: Literal["note", "sequence"]
    labels: tuple[str, ...]
    documents: dict[str, Documents]
    pieces: dict[str, Pieces]
    unlabelled: int = 0

    @property
    def header(self) -> Header:
        """Which words they are made of."""
        return self.documents["train"].header


def read_labelled(recipe: FinetuneRecipe) -> Labelled:
    """The documents of a recipe; every side that it needs holds some with a label."""
    sides = _sides(recipe)
    found = _of_notes(recipe, sides) if recipe.kind == "note" else _of_pieces(recipe, sides)
    if recipe.statistics and found.header.scheme != "cp4":
        raise UserError(f"statistics are of cp4 words; the shards speak {found.header.scheme}.")
    for name in SIDES if recipe.report_test else SIDES[:2]:
        held = (
            found.pieces[name].truth if found.pieces else found.documents[name].label.nonzero()[0]
        )
        if not len(held):
            raise UserError(f"no labelled document is on the {name} side of {recipe.split}.")
    return found


def _sides(recipe: FinetuneRecipe) -> dict[str, Documents]:
    split = load_split(recipe.split)
    documents = read_shards(recipe.shards, lambda entry: split.side(entry) is not None)
    sides = {name: side_of(documents, split, name) for name in SIDES}
    every = (*recipe.shards, *recipe.train_shards)
    sides["train"] = read_shards(every, lambda entry: split.side(entry) == "train")
    if recipe.train_shards and len(sides["train"]) == len(side_of(documents, split, "train")):
        raise UserError(f"train_shards hold no document on the train side of {recipe.split}.")
    return sides


def _of_notes(recipe: FinetuneRecipe, sides: dict[str, Documents]) -> Labelled:
    labels = recipe.labels or TRACKS
    highest = max(int(side.label.max(initial=0)) for side in sides.values())
    if highest > len(labels):
        raise UserError(f"the shards hold labels up to {highest}: name them all in `labels`.")
    return Labelled("note", labels, sides, {})


def _of_pieces(recipe: FinetuneRecipe, sides: dict[str, Documents]) -> Labelled:
    label_of = _label_of(recipe)
    named = {name: [label_of(entry) for entry in side.entries] for name, side in sides.items()}
    labels = recipe.labels or tuple(sorted({n for n in named["train"] if n is not None}))
    number = {name: index for index, name in enumerate(labels)}
    for found in named.values():
        if strange := sorted({n for n in found if n is not None} - {*labels}):
            where = "`labels`" if recipe.labels else "the train side"
            raise UserError(f"pieces are labelled {', '.join(strange)}, which {where} has not.")
    if len(labels) < 2:
        raise UserError(
            f"expected pieces of at least 2 classes on the train side of {recipe.split}; got "
            f"{len(labels)}."
        )

    def class_of(entry: Entry) -> int | None:
        name = label_of(entry)
        return None if name is None else number[name]

    pieces = {name: label_pieces(side, class_of) for name, side in sides.items()}
    documents = {name: side.documents for name, side in pieces.items()}
    unlabelled = sum(len(side) - len(pieces[name]) for name, side in sides.items())
    return Labelled("sequence", labels, documents, pieces, unlabelled)


def _label_of(recipe: FinetuneRecipe) -> LabelOf:
    """The label of a document: by the CSV file, or by what its corpus says."""
    if recipe.piece_labels:
        table = read_piece_labels(Path(recipe.piece_labels))
        return lambda entry: table.get(entry.name)
    try:
        from ostinato.music.corpora import find_corpus
    except ImportError as error:  # machines that train may have no library of MIDI
        raise UserError(
            f"what a corpus says of its pieces cannot be read here ({error}): name a CSV file with "
            "the columns name,label as piece_labels."
        ) from None

    return lambda entry: find_corpus(entry.corpus).piece_label(entry.name, recipe.piece_task)


def read_piece_labels(path: Path) -> Mapping[str, str]:
    """The label of each document by its name, from a CSV file with the columns name and label."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: expected a CSV file with the columns name,label ({error})") from (
            error
        )
    lines = csv.DictReader(io.StringIO(text, newline=""))
    try:
        columns, rows = lines.fieldnames or (), list(lines)
    except csv.Error as error:
        raise UserError(f"{path}: line {lines.line_num} is no CSV ({error})") from error
    if not {"name", "label"} <= {*columns}:
        got = ",".join(columns) or "nothing"
        raise UserError(f"{path}: expected the columns name,label; got {got}")
    table: dict[str, str] = {}
    for row in rows:
        name, label = row["name"], row["label"]
        if not label or name in table:
            what = "is there twice" if name in table else "has no label"
            raise UserError(f"{path}: expected each name once, with a label; {name!r} {what}")
        table[name] = label
    return table
