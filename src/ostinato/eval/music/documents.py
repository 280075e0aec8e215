"""The documents of a task as each protocol shows them.

*published*: MidiBERT's arrays, defects included (``music.midibert``). *clean*: the piece itself,
bars by its beat file or its own signatures, and notes in an order that no track decides.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ostinato.base.errors import UserError
from ostinato.base.log import progress
from ostinato.eval.music.types import Document, Protocol, ProtocolName, Side, Task
from ostinato.music import midibert, splits
from ostinato.music.compound_words import encode
from ostinato.music.corpora import CORPORA, read_document
from ostinato.music.corpora import Document as File
from ostinato.music.midi import read_midi
from ostinato.music.score import Score, Track

UNTOLD_VELOCITY = 64


def files(task: Task, protocol: ProtocolName, data: Path) -> dict[Side, list[File]]:
    """The files of each side of a protocol's split, by name; all of them must be there.

    ``data`` is the folder that holds the corpora under their published names.
    """
    side = splits.load(task.protocols[protocol].split)
    found: dict[Side, list[File]] = {"train": [], "valid": [], "test": []}
    for file in CORPORA[task.corpus].documents(data / task.folder):
        if file.name in side:
            found[side[file.name]].append(file)
    count = sum(map(len, found.values()))
    if count != len(side):
        raise UserError(
            f"{data / task.folder}: expected {CORPORA[task.corpus].title} with all {len(side):,} "
            f"documents of the split {task.protocols[protocol].split}; {count:,} are there"
        )
    return found


def read_all(task: Task, protocol: ProtocolName, these: list[File]) -> list[Document]:
    """The documents of some files; one without a unit (too short for a segment) is left out."""
    with progress(len(these), f"{task.name}, {protocol}") as advance:
        found: list[Document] = []
        for file in these:
            found.append(read(task, protocol, file))
            advance()
    return [document for document in found if len(document.truth)]


def read(task: Task, protocol: ProtocolName, file: File) -> Document:
    """One document; its ``truth`` is empty where the protocol drops all of it."""
    if protocol == "clean":
        return _clean(task, file)
    return _published(task, task.protocols[protocol], file)


def _clean(task: Task, file: File) -> Document:
    score, bars, _ = read_document(file)
    truth = task.truth(file, score)
    shown = _untold(score, task)
    words = encode(shown, bars=bars)
    return Document(
        name=file.name,
        song=file.song,
        score=shown,
        bars=bars,
        words=words.values,
        note=words.note_index,
        truth=truth,
        segments=None,
    )


def _published(task: Task, protocol: Protocol, file: File) -> Document:
    score = read_midi(file.path)
    if task.of_notes:
        beats = _beats(file.path.parent / "beat_audio.txt")
        score = midibert.retime(score, beats[:, 0], beats[:, 1])
    words, note = midibert.encode_midibert(score)
    segments = midibert.cut(words, shortest=protocol.shortest)
    kept = score.select(note)
    truth = task.truth(file, kept)
    return Document(
        name=file.name,
        song=file.song,
        score=_untold(kept, task),
        bars=None,
        words=words,
        note=np.arange(len(note), dtype=np.int32),
        truth=truth if task.of_notes else np.repeat(truth, len(segments)),
        segments=segments,
    )


def _untold(score: Score, task: Task) -> Score:
    """The score without what the task asks for: tracks never tell the answer here."""
    velocity = np.full_like(score.velocity, UNTOLD_VELOCITY)
    return replace(
        score,
        track=np.zeros_like(score.track),
        tracks=(Track("piano"),),
        velocity=velocity if task.hides_velocity else score.velocity,
        pedals=score.pedals[:0],
        controls=score.controls[:0],
        pitch_bends=score.pitch_bends[:0],
        lyrics=(),
        markers=(),
    )


def _beats(path: Path) -> np.ndarray:
    """``beat_audio.txt``: seconds, and the place in the bar from 1."""
    try:
        return np.loadtxt(path, dtype=np.float64, ndmin=2)[:, :2]
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: expected two columns of numbers ({error})") from error
