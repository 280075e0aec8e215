"""What a pre-trained encoder says of notes before anything is fine-tuned: trunks compared cheaply.

Run as ``python benchmarks/frozen_states.py SHARDS MODEL...``: SHARDS is a folder of labelled notes
(``shards/pop909``, which ``runs/midiformer.py data`` makes), a MODEL the directory of a pre-trained
encoder, ours or a peer's. Each reads the same songs of train and of valid; the states after every
second layer of every note go to one and the same small perceptron, trained on the songs of train.
Keeps its accuracy on valid, dated, in ``benchmarks/results``, with a 95 % interval over songs. No
test song is read.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from keep import keep
from torch import Tensor, nn

from ostinato.base.device import machine
from ostinato.data.selection import load_split
from ostinato.data.shards import Documents, read_header, read_shards
from ostinato.data.vocabulary import load_vocabulary, load_window
from ostinato.eval.metrics import bootstrap
from ostinato.infer.directory import find_model, model_type
from ostinato.infer.load import window_reader
from ostinato.infer.windows import WindowReader
from ostinato.models import midiformer
from ostinato.models.midiformer import Midiformer
from ostinato.models.midiformer.heads import mean_of_pieces
from ostinato.train.words import load_words, word_vocabulary

CPU = torch.device("cpu")
TRAIN, VALID = 100, 45  # songs
EPOCHS, BATCH, HIDDEN, RATE = 6, 4096, 256, 2e-3


@dataclass(frozen=True, eq=False)
class Notes:
    """The labelled notes of some songs."""

    states: Tensor  # float16 [n, D]
    label: Tensor  # int64 [n], from 0
    song: Tensor  # int64 [n], which of the songs


def reader_of(folder: Path) -> WindowReader:
    """What reads with a model's encoder, in windows as long as in its pre-training."""
    window = load_window(folder)
    if model_type(folder) != "word_encoder":
        encoder, vocabulary = midiformer.load(folder).encoder, load_vocabulary(folder)
        return window_reader(encoder, vocabulary, window, CPU, every_second=True)
    header = read_header(folder)
    encoder = cast("Midiformer", load_words(folder, header, CPU).encoder)
    words = word_vocabulary(header).compoundation
    return WindowReader(encoder, words, None, window.rows, CPU, every_second=True)


@torch.inference_mode()
def states_of(reader: WindowReader, values: np.ndarray) -> Tensor:
    """The states [n, D] of each word; of a word in several pieces, the mean of theirs."""
    return reader.merged(
        values, lambda batch, hidden: mean_of_pieces(hidden, batch.row, batch.source.shape[1])
    )


def notes_of(reader: WindowReader, documents: Documents, side: str, most: int) -> Notes:
    """The labelled notes of the first songs of a side of ``pop909_song``."""
    split = load_split("pop909_song")
    held = documents.select(lambda entry: split.side(entry) == side)
    states: list[Tensor] = []
    labels: list[Tensor] = []
    songs: list[Tensor] = []
    for first, last in zip(held.offset[:-1], held.offset[1:], strict=True):
        label = torch.from_numpy(held.label[first:last].astype(np.int64)) - 1
        if len(songs) < most and bool((label >= 0).any()):
            found = states_of(reader, held.values[first:last])[label >= 0].half()
            states.append(found)
            labels.append(label[label >= 0])
            songs.append(torch.full((len(found),), len(songs)))
    return Notes(torch.cat(states), torch.cat(labels), torch.cat(songs))


def told(train: Notes, valid: Notes) -> Tensor:
    """Which notes of ``valid`` a perceptron tells right, bool [n]; the same for the same states."""
    torch.manual_seed(0)
    mean, spread = train.states.float().mean(0), train.states.float().std(0) + 1e-4
    classes = int(train.label.max()) + 1
    net = nn.Sequential(
        nn.Dropout(0.2),
        nn.Linear(len(mean), HIDDEN),
        nn.GELU(),
        nn.Dropout(0.3),
        nn.Linear(HIDDEN, classes),
    )
    batch = min(BATCH, len(train.label))
    steps = EPOCHS * (len(train.label) // batch)
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(train.label))
        for chosen in order[: len(order) // batch * batch].split(batch):
            logits = net((train.states[chosen].float() - mean) / spread)
            loss = nn.functional.cross_entropy(logits, train.label[chosen], label_smoothing=0.02)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    net.eval()
    with torch.inference_mode():
        return net((valid.states.float() - mean) / spread).argmax(1) == valid.label


def measure(folder: Path, documents: Documents, train: int, valid: int) -> dict[str, Any]:
    """Accuracy on valid of one encoder, and what it took to read the songs."""
    began = time.perf_counter()
    reader = reader_of(folder)
    learnt, asked = (
        notes_of(reader, documents, side, most)
        for side, most in (("train", train), ("valid", valid))
    )
    read = time.perf_counter() - began
    right = told(learnt, asked).double().numpy()
    songs = asked.song.numpy()
    low, high = bootstrap(np.bincount(songs, right), np.bincount(songs))
    return {
        "model": folder.name,
        "notes": {"train": len(learnt.label), "valid": len(asked.label)},
        "accuracy": round(float(right.mean()), 4),
        "interval": [round(low, 4), round(high, 4)],
        "seconds_to_read": round(read, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("shards", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--train", type=int, default=TRAIN, help="songs")
    parser.add_argument("--valid", type=int, default=VALID, help="songs")
    given = parser.parse_args()
    documents = read_shards([given.shards])
    rows = [measure(find_model(name), documents, given.train, given.valid) for name in given.models]
    keep("frozen-states", {"machine": machine(), "songs": [given.train, given.valid], "rows": rows})


if __name__ == "__main__":
    main()
