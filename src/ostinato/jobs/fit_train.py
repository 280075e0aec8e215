"""From a folder that was looked at to a trained head: shards, split, labels, recipe, run."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ostinato.base.config import to_dict
from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.base.files import read_object, write_json, write_text
from ostinato.data.batches import WindowConfig
from ostinato.data.shards import Entry, Header, ShardWriter
from ostinato.data.vocabulary import Vocabulary, Window
from ostinato.data.words import distinct_rows
from ostinato.jobs.finetune_recipe import FinetuneRecipe
from ostinato.jobs.fit_folder import Item
from ostinato.jobs.fit_look import Look
from ostinato.train.loop import LoopConfig
from ostinato.train.optimizer import OptimizerConfig

HEAD = "fit"
RANK = 8  # of the adapter for notes
EPOCHS = 12.0
LEARNING_RATE, SMOOTHING = 1e-3, 0.05
FEWEST_STEPS, MOST_STEPS = 120, 4000  # where epochs are not said
VALIDATIONS = 4  # of a run
MOST_VALID = 240  # pieces, evenly spaced: more would take longer than they tell
PLAN = "fit.json"
# The options that decide a run, and what a recipe, or its part ``train``, calls them.
OPTIONS = {"--trunk": "init", "--epochs": "steps", "--minutes": "budget_seconds", "--seed": "seed"}
SHARDS, SPLIT, LABELS, PIECES = "shards", "split.csv", "labels.csv", "pieces.csv"


@dataclass(frozen=True)
class Scale:
    """The size of a step, such that the device makes steps at a good pace."""

    batch: int  # windows
    tokens: int  # of a window


# A core takes 0.2 s for a window of 320 tokens, forward and back, and 1.3 s for one of 1,024.
SCALES = {"cpu": Scale(8, 320), "cuda": Scale(32, 1024)}


@dataclass(frozen=True, eq=False)
class Training:
    """How to train. ``epochs`` None: by the number of pieces; ``minutes`` 0: no end."""

    out: Path
    trunk: str
    vocabulary: Vocabulary  # of the trunk
    window: Window  # of the trunk
    epochs: float | None = None
    minutes: float = 0.0
    seed: int = 0
    device: str = "auto"
    fresh: bool = False

    @property
    def scale(self) -> Scale:
        """By the device, which must stay of one kind within a run."""
        return SCALES[pick_device(self.device).type]

    @property
    def header(self) -> Header:
        """Of the shards."""
        words = self.vocabulary.header
        return Header(words.scheme, words.steps_per_quarter, words.vocab, "folder", "unknown")


def claim(out: Path) -> None:
    """Refuse, before any work, a folder that holds anything but an earlier run of ``fit``."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: expected a folder for the run; it is a file")
    if out.is_dir() and any(out.iterdir()) and not (out / PLAN).is_file():
        raise UserError(
            f"{out}: expected an empty folder or one that fit has begun; choose another (--out)"
        )


def write_data(found: Look, training: Training) -> None:
    """Leave the words, the split and the labels in the run's folder, for the trainer.

    A run that has begun goes on only with the same files. Documents are numbered there: names
    of files may hold anything; ``pieces.csv`` says which is which. Pieces to train on are cut
    into parts that fit a step's window.
    """
    out = training.out
    rows = rows_of_parts(found, training) if found.of_notes else 0
    plan = {"files": _digest(found), "rows": rows}
    path = out / PLAN
    before = None
    if path.is_file() and not training.fresh:
        before = read_object(path, "say --fresh to begin anew")
    if before == plan:
        return
    if before is not None and (out / "state.safetensors").exists():
        changed = before.get("files") != plan["files"]
        what = "the files, their labels" if changed else "the kind of device, the encoder"
        raise UserError(
            f"{out}: {what} or their split have changed since this run began: say --fresh to "
            "begin anew, or choose another folder (--out)"
        )
    # What is cut short from here on is begun anew by the same command.
    write_json(path, {})
    shutil.rmtree(out / SHARDS, ignore_errors=True)
    documents = list(_documents(found, rows))
    with ShardWriter(out / SHARDS, training.header) as writer:
        for entry, item, part in documents:
            reading = found.readings[item]
            writer.add(entry, reading.values[part], reading.label[part])
    sides = ((entry.name, entry.song, found.sides[item.name]) for entry, item, _ in documents)
    _write_csv(out / SPLIT, ("name", "song", "side"), sides)
    labels = ((entry.name, item.label) for entry, item, _ in documents)
    if not found.of_notes:
        _write_csv(out / LABELS, ("name", "label"), labels)
    _write_csv(out / PIECES, ("piece", "file", "label", "song", "side"), _pieces(found))
    write_json(path, plan)


def _documents(found: Look, rows: int) -> Iterator[tuple[Entry, Item, slice]]:
    """Every document with its file and the rows of it; only training pieces are cut, into parts
    of ``rows``; 0: none is.
    """
    songs = sorted(set(found.grouping.group.values()))
    song = {name: f"s{number:06d}" for number, name in enumerate(songs)}
    unused = unused_pieces(found)
    for number, item in enumerate(found.items):
        if item.name in unused:
            continue
        size = len(found.readings[item].values)
        most = rows if rows and found.sides[item.name] == "train" else size
        group = song[found.grouping.group[item.name]]
        for index, part in enumerate(parts(size, most)):
            length = part.stop - part.start
            entry = Entry(f"{number:06d}-{index}", group, "folder", length, length)
            yield entry, item, part


def unused_pieces(found: Look) -> set[str]:
    """The names of the valid side beyond ``MOST_VALID``."""
    names = [item.name for item in found.on("valid")]
    kept = np.linspace(0, len(names) - 1, min(MOST_VALID, len(names)), dtype=np.int64)
    return set(names) - {names[number] for number in kept}


def parts(size: int, most: int) -> list[slice]:
    """Parts of ``most`` of ``size`` rows one after the other; the last one ends with the piece."""
    if size <= most:
        return [slice(0, size)]
    starts = [*range(0, size - most, most), size - most]
    return [slice(start, start + most) for start in starts]


def _pieces(found: Look) -> Iterator[tuple[str, ...]]:
    unused = unused_pieces(found)
    for number, item in enumerate(found.items):
        side = "valid, not used" if item.name in unused else found.sides[item.name]
        yield f"{number:06d}", item.name, item.label, found.grouping.group[item.name], side


def recipe(found: Look, training: Training) -> FinetuneRecipe:
    """The recipe of the run: of pieces a regression, of notes an adapter that steps train."""
    rows, slots = training.window.rows, training.window.slots
    common = FinetuneRecipe(
        run=training.out,
        shards=(training.out / SHARDS,),
        split=str(training.out / SPLIT),
        init=training.trunk,
        head=HEAD,
        labels=found.names,
        stride=max(1, rows // 2),  # as whoever uses the model reads a piece
        evaluation_batch=training.scale.batch,
        device=training.device,
        fresh=training.fresh,
        window=WindowConfig(rows=rows, slots=slots),
    )
    if not found.of_notes:
        labels = str(training.out / LABELS)
        return replace(common, kind="sequence", pool="layers", statistics=True, piece_labels=labels)
    steps = count_steps(found, training)
    return replace(
        common,
        adapter_rank=RANK,
        smoothing=SMOOTHING,
        batch=training.scale.batch,
        stride=max(1, rows * 3 // 4),
        window=WindowConfig(rows=rows, tokens=training.scale.tokens, slots=slots),
        train=LoopConfig(
            steps=steps,
            seed=training.seed,
            log_every=max(1, min(20, steps // 10)),
            validate_every=max(1, steps // VALIDATIONS),
            save_every=max(1, steps // VALIDATIONS),
            budget_seconds=60 * training.minutes,
            optimizer=OptimizerConfig(
                learning_rate=LEARNING_RATE, warmup_steps=max(1, min(50, steps // 20))
            ),
        ),
    )


def check_begun(recipe: FinetuneRecipe) -> None:
    """Refuse to go on with a run that began with other options."""
    path = recipe.run / "recipe.json"
    if recipe.fresh or not path.is_file() or not (recipe.run / "state.safetensors").exists():
        return
    began, now = read_object(path, "say --fresh to begin anew"), to_dict(recipe)
    if began.get("run") != now["run"]:
        raise UserError(
            f"{recipe.run}: this run began as {began.get('run')}, by another name or in another "
            "working directory: call it so again, or say --fresh to begin anew"
        )
    before, now = _flat(began), _flat(now)
    if changed := [name for name, key in OPTIONS.items() if before.get(key) != now.get(key)]:
        raise UserError(
            f"{recipe.run}: this run began with another {' and another '.join(changed)}: repeat "
            "that, say --fresh to begin anew, or choose another folder (--out)"
        )


def _flat(recipe: dict[str, Any]) -> dict[str, Any]:
    return {**recipe, **recipe.get("train", {})}


def rows_of_parts(found: Look, training: Training) -> int:
    """As many rows of words as the window of a step holds, of nine pieces in ten."""
    words = [found.readings[item].values for item in found.on("train")]
    distinct = distinct_rows(np.concatenate(words), training.header.vocab)
    _, count = training.vocabulary.compoundation.pieces(distinct.values)
    ends = np.cumsum([len(values) for values in words])[:-1]
    of_piece = np.split(count[distinct.index], ends)
    dense = float(np.percentile([tokens.mean() for tokens in of_piece if len(tokens)], 90))
    return max(1, min(training.window.rows, int((training.scale.tokens - 2) / dense)))


def count_steps(found: Look, training: Training) -> int:
    """Optimiser steps of the epochs asked for, or of ``EPOCHS`` within bounds."""
    rows = rows_of_parts(found, training)
    sizes = (len(found.readings[item].values) for item in found.on("train"))
    windows = sum(len(parts(size, rows)) for size in sizes)
    steps = math.ceil((training.epochs or EPOCHS) * windows / training.scale.batch)
    if training.epochs is not None:
        return max(1, steps)
    return min(MOST_STEPS, max(FEWEST_STEPS, steps))


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(header)
    lines.writerows(rows)
    # A file's name may hold bytes that are no UTF-8.
    write_text(path, text.getvalue().encode(errors="backslashreplace").decode())


def _digest(found: Look) -> str:
    """Of everything that the training and the split depend on."""
    hashed = hashlib.blake2b("\0".join(found.names).encode(), digest_size=16)
    for item in found.items:
        told = (item.name, item.label, found.grouping.group[item.name], found.sides[item.name])
        hashed.update("\0".join(told).encode(errors="surrogateescape"))
        reading = found.readings[item]
        hashed.update(reading.music + reading.label.tobytes())
    return hashed.hexdigest()
