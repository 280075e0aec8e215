"""``ostinato melody``: which notes of a MIDI file are the melody, written back note for note."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.markup import escape

from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write, place_of_file
from ostinato.infer.directory import VELOCITY
from ostinato.infer.load import load_note_model
from ostinato.infer.notes import NoteLabels
from ostinato.jobs.melody_velocity import (
    VelocitySummary,
    expected_class,
    load_velocity_model,
    summarise,
)
from ostinato.jobs.show import console, counted, naming, percent, print_json, printable, table
from ostinato.music.midi import read_bytes, read_midi
from ostinato.music.score import Score
from ostinato.music.separate import Separated, separate
from ostinato.music.unchanged import verify

# A piece of at least so many notes with a smaller share of the first label has hardly any melody.
_ENOUGH, _HARDLY_ANY = 50, 0.05


@dataclass(frozen=True)
class MelodyRequest:
    """What the user asked for. ``threshold`` in 0..1; None takes the likeliest label."""

    source: Path
    out: Path
    labels: Path | None = None
    picture: Path | None = None
    threshold: float | None = None
    model: str = "midiformer-melody"
    device: str = "auto"
    as_json: bool = False
    velocity: bool = False  # also tell the velocities that are to be expected
    velocity_model: str = VELOCITY

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise UserError(f"a threshold lies between 0 and 1; got {self.threshold}")
        if self.picture is not None and self.picture.suffix.lower() != ".png":
            raise UserError(f"{self.picture}: a picture is a .png file; give it that suffix")
        paths = [path.resolve() for path in (self.source, *self.outputs())]
        if len(set(paths)) < len(paths):
            raise UserError(
                f"{self.source}: the input and each output are different files; name them apart"
            )
        for path in self.outputs():
            _check_place(path)

    def outputs(self) -> list[Path]:
        """Every file that is to be written."""
        return [path for path in (self.out, self.labels, self.picture) if path is not None]


def _check_place(path: Path) -> None:
    """Refuse, before any work, a path to which no file can be written."""
    path = place_of_file(path)
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir():
        raise UserError(f"{path}: cannot be written, since {folder} is a file and no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{path}: cannot be written, since you may not write to {folder}")


@dataclass(frozen=True)
class Summary:
    """What was done, for the terminal or as JSON."""

    file: str
    out: str
    model: str
    notes: int
    labels: dict[str, int]  # notes of each label
    confidence: dict[str, float | None]  # mean probability of the label given; None: no such note
    tracks: dict[str, int]  # notes of each track that was written
    overflow: int  # notes moved to another channel, where their key is already sounding
    warnings: tuple[str, ...]
    seconds: float
    velocity: VelocitySummary | None = None  # None: not asked for


def melody(request: MelodyRequest) -> Summary:
    """Label the notes of a file, write what was asked for, and say what was written."""
    summary = extract(request)
    if request.as_json:
        print_json(asdict(summary))
    else:
        show(request, summary)
    return summary


def extract(request: MelodyRequest) -> Summary:
    """Label the notes of a file and write what was asked for.

    Nothing is written unless the new file, read back, says what the old one says; and either
    every file is, or none.
    """
    began = time.perf_counter()
    data = read_bytes(request.source)
    score = read_midi(data, name=request.source)
    if score.is_drum.all():
        raise UserError(
            f"{request.source}: no notes to label; it holds {len(score):,}, all of them drums"
            if len(score)
            else f"{request.source}: no notes to label; it holds none at all"
        )
    dynamics = load_velocity_model(request.velocity_model, request.device, request.velocity)
    model = load_note_model(request.model, device=request.device)
    with naming(request.source):
        found = model.label_notes(score, threshold=request.threshold)
        loud = None if dynamics is None else dynamics.label_notes(score)
        names = [name.upper() for name in found.names]
        separated = separate(data, score, found.labels + 1, names)
        verify(data, separated.data)
        _write(request, data, Labelled(score, found, loud), separated)
    summary = _summary(request, score, found, separated)
    told = None if loud is None else summarise(score, loud, request.velocity_model)
    return replace(summary, velocity=told, seconds=round(time.perf_counter() - began, 3))


@dataclass(frozen=True, eq=False)
class Labelled:
    """A piece and what was found out about its notes."""

    score: Score
    found: NoteLabels
    velocity: NoteLabels | None = None


def _write(request: MelodyRequest, data: bytes, labelled: Labelled, separated: Separated) -> None:
    """Every file that was asked for; they take their names when all are complete."""
    score, found = labelled.score, labelled.found
    with ExitStack() as complete:
        complete.enter_context(atomic_write(request.out)).write_bytes(separated.data)
        if request.labels is not None:
            header: dict[str, object] = {
                "file": str(request.source),
                "sha256": hashlib.sha256(data).hexdigest(),
                "model": request.model,
                "threshold": request.threshold,
                "ticks_per_quarter": score.ticks_per_quarter,
                "labels": list(found.names),
            }
            if labelled.velocity is not None:
                header["velocity_model"] = request.velocity_model
                header["velocity_classes"] = list(labelled.velocity.names)
            write_labels(complete.enter_context(atomic_write(request.labels)), header, labelled)
        if request.picture is not None:
            path = complete.enter_context(atomic_write(request.picture))
            _draw(path, request.source.name, score, found)


def write_labels(path: Path, header: dict[str, object], labelled: Labelled) -> None:
    """JSON: the header's keys, then ``notes``, one a line in the file's order.

    A note's ``label`` is null, and its probabilities 0, where it is a drum's. Where velocities
    were asked for, ``expected_velocity`` is the mean class, 1 to 6, or null. Of names, what
    UTF-8 has no bytes for is escaped.
    """
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(json.dumps(header, indent=2, ensure_ascii=False)[:-2])
        file.write(',\n  "notes": [')
        for number, note in enumerate(_notes(labelled)):
            file.write((",\n    " if number else "\n    ") + json.dumps(note, ensure_ascii=False))
        file.write("\n  ]\n}\n")


def _notes(labelled: Labelled) -> Iterator[dict[str, object]]:
    score, found = labelled.score, labelled.found
    loud = labelled.velocity
    expected = None if loud is None else expected_class(loud).tolist()
    columns = (score.onset, score.duration, score.pitch, score.velocity, score.track, found.labels)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for number, ((onset, duration, pitch, velocity, track, label), shares) in enumerate(
        zip(rows, found.probabilities, strict=True)
    ):
        note: dict[str, object] = {
            "onset": onset,
            "duration": duration,
            "pitch": pitch,
            "velocity": velocity,
            "track": track,
            "label": found.names[label] if label >= 0 else None,
            "probabilities": [round(share, 4) for share in shares.tolist()],
        }
        if expected is not None:
            note["expected_velocity"] = round(expected[number], 3) if label >= 0 else None
        yield note


def _draw(path: Path, title: str, score: Score, found: NoteLabels) -> None:
    from ostinato.jobs.pianoroll import draw  # matplotlib takes a second to import

    draw(path, score, found.labels, found.names, title=title, confidence=found.confidence())


def _summary(
    request: MelodyRequest, score: Score, found: NoteLabels, separated: Separated
) -> Summary:
    confidence = found.confidence()
    given = {name: found.labels == number for number, name in enumerate(found.names)}
    return Summary(
        file=str(request.source),
        out=str(request.out),
        model=request.model,
        notes=len(score),
        labels={name: int(notes.sum()) for name, notes in given.items()},
        confidence={
            name: round(float(confidence[notes].mean()), 4) if notes.any() else None
            for name, notes in given.items()
        },
        tracks={part.name: part.notes for part in separated.parts},
        overflow=separated.overflow,
        warnings=tuple(_warnings(score, found, separated)),
        seconds=0.0,
    )


def _warnings(score: Score, found: NoteLabels, separated: Separated) -> Iterator[str]:
    if not len(score.time_signatures):
        yield "no time signature: 4/4 assumed"
    if drums := int(score.is_drum.sum()):
        yield counted(drums, "drum note", "drum notes") + " passed through, not labelled"
    labelled, first = np.count_nonzero(found.labels >= 0), np.count_nonzero(found.labels == 0)
    if labelled >= _ENOUGH and first < _HARDLY_ANY * labelled:
        yield (
            f"hardly any {found.names[0]} ({first:,} of {labelled:,} notes): the music may be "
            "unlike what the model learnt from"
        )
    if separated.overflow:
        yield (
            counted(separated.overflow, "note", "notes") + " on overflow tracks: their key is "
            "struck on one track as another releases it"
        )
    if separated.unresolved:
        yield (
            counted(separated.unresolved, "note", "notes") + " would need an overflow track, and "
            "the file leaves no channel free: players may cut them short"
        )


def show(request: MelodyRequest, summary: Summary) -> None:
    out = console()
    rows = [
        (name, f"{count:,}", percent(share) if (share := summary.confidence[name]) else "-")
        for name, count in summary.labels.items()
    ]
    out.print(table(("label", "notes", "mean confidence"), rows))
    tracks = [(name, f"{count:,}") for name, count in summary.tracks.items()]
    out.print(table(("track written", "notes"), tracks))
    if summary.velocity is not None:
        _show_velocity(summary.velocity)
    for warning in summary.warnings:
        out.print(f"[yellow]![/] {escape(warning)}")
    files = printable(", ".join(map(str, request.outputs())))
    notes = counted(summary.notes, "note", "notes")
    out.print(f"{notes}, {summary.seconds:.1f} s: wrote {files}", markup=False)


def _show_velocity(told: VelocitySummary) -> None:
    counts = zip(told.classes, told.written, told.expected, strict=True)
    rows = [(name, f"{written:,}", f"{expected:,}") for name, written, expected in counts]
    rows.append(("mean class (1 to 6)", f"{told.mean_written:.2f}", f"{told.mean_expected:.2f}"))
    out = console()
    out.print(table(("velocity", "notes written", "notes expected"), rows))
    out.print(
        f"{percent(told.same)} of the notes have the velocity that is likeliest", markup=False
    )
