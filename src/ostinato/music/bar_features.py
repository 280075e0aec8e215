"""What similar pieces share, as numbers: pitch classes by cell, and transposition-free patches.

A *cell* is a part of a bar of about a quarter note: a bar of q quarters is cut into round(q)
equal cells, at least one. So every cell belongs to one bar, and files that count the same music
in 1/4 and in 4/4 still agree. A *patch* is the two-dimensional Fourier magnitude of some cells
by pitch class (Ellis and Bertin-Mahieux 2012, "Large-scale cover song recognition using the 2D
Fourier transform magnitude"): moving the music to another key leaves it as it is, and moving
it by a few cells nearly so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ostinato.base.errors import UserError
from ostinato.music.grid import bars_from_signatures
from ostinato.music.score import Int, Score

Float = NDArray[np.float32]
UInt8 = NDArray[np.uint8]

HALVES = 2  # of a cell, each with its own pitch classes
PITCH_CLASSES = 12
LAYERS = 2  # all notes, and the top line
WIDTH = LAYERS * HALVES * PITCH_CLASSES
MAX_CELLS = 4096  # 34 minutes at 120; the cost of aligning two pieces is its square
PATCH_CELLS, PATCH_STEP = 32, 8
FREQUENCIES = 7  # of 12 pitch classes: the others mirror these
PATCH_WIDTH = LAYERS * (PATCH_CELLS // 2 + 1) * FREQUENCIES
VERSION = 1  # of what the numbers mean; an index of another version is refused

_LONGEST = 4  # quarters that a note counts for: a pedal point must not drown the rest


class TooLongError(UserError):
    """A piece has more than ``MAX_CELLS`` cells at the pace asked for."""


@dataclass(frozen=True, eq=False)
class Cells:
    """A piece in cells, from tick 0 through its last note."""

    values: UInt8  # [c, 48]: layer, half and pitch class; each layer's square root, norm 255
    bar: NDArray[np.int32]  # [c], bar of the score's own metre that the cell begins in
    seconds: Float  # [c + 1], where each cell begins, and where the last one ends

    def __len__(self) -> int:
        return len(self.values)


def find_cells(score: Score, *, pace: float = 1.0) -> Cells:
    """The cells of a score's notes but its drums.

    With a ``pace`` of 2 a cell is half as long as it would be by the file's own quarters: for
    music that another file counts at half the speed. Raises ``UserError`` where there is no note
    but drums, and ``TooLongError`` where there are more than ``MAX_CELLS``.
    """
    notes = score.select(~score.is_drum)
    if not len(notes):
        raise UserError("no notes" + (" but drums" if len(score) else ""))
    paced = _paced(notes, pace)
    edges = _edges(paced)
    fine = _divide(edges)
    layers = [_sounding(paced, fine), _sounding(paced.select(top_line(paced)), fine)]
    rows = np.stack(layers, axis=1).reshape(len(edges) - 1, HALVES, LAYERS, PITCH_CLASSES)
    values = np.sqrt(rows.transpose(0, 2, 1, 3)).reshape(len(rows), LAYERS, -1)
    values /= np.maximum(np.linalg.norm(values, axis=2, keepdims=True), 1e-6)
    ticks = np.rint(edges / pace).astype(np.int64)
    starts = bars_from_signatures(notes, end=int(max(ticks[-1] - 1, notes.onset.max()))).start
    bar = np.maximum(np.searchsorted(starts, ticks[:-1], side="right") - 1, 0)
    return Cells(
        np.rint(values.reshape(len(rows), WIDTH) * 255).astype(np.uint8),
        bar.astype(np.int32),
        score.seconds(ticks).astype(np.float32),
    )


def _paced(score: Score, pace: float) -> Score:
    """The score with every time multiplied."""
    if pace == 1.0:
        return score
    signatures = score.time_signatures.astype(np.float64)
    signatures[:, 0] *= pace
    return replace(
        score,
        onset=np.rint(score.onset * pace).astype(np.int64),
        duration=np.rint(score.duration * pace).astype(np.int64),
        time_signatures=np.rint(signatures).astype(np.int64),
    )


def _edges(score: Score) -> NDArray[np.float64]:
    """Where each cell begins and the last one ends, in ticks, float64 [c + 1]."""
    bars = bars_from_signatures(score)
    count = np.maximum(np.rint(bars.length / bars.quarter), 1).astype(np.int64)
    if count.sum() > MAX_CELLS:
        raise TooLongError(
            f"the piece lasts {int(count.sum()):,} quarter notes, at most {MAX_CELLS:,} are "
            "compared; cut it into its movements"
        )
    bar = np.repeat(np.arange(len(bars)), count)
    place = np.arange(len(bar)) - np.repeat(np.cumsum(count) - count, count)
    begin = bars.start[bar] + place * bars.length[bar] / count[bar]
    return np.append(begin, bars.start[-1] + bars.length[-1])


def _divide(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = edges[:-1, None] + np.diff(edges)[:, None] * np.arange(HALVES) / HALVES
    return np.append(inside.ravel(), edges[-1])


def _sounding(score: Score, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of each stretch between edges in which a pitch class sounds, float64 [s, 12].

    Notes of one pitch class add up. Each reaches from its onset's stretch on.
    """
    last = len(edges) - 2
    found = np.zeros((last + 1, PITCH_CLASSES))
    longest = _LONGEST * score.ticks_per_quarter
    onset = score.onset.astype(np.float64)
    end = onset + np.clip(score.duration, 1, longest)
    first = np.clip(np.searchsorted(edges, onset, side="right") - 1, 0, last)
    stop = np.clip(np.searchsorted(edges, end, side="left"), first + 1, last + 1)
    count = stop - first
    note = np.repeat(np.arange(len(onset)), count)
    stretch = np.arange(len(note)) - np.repeat(np.cumsum(count) - count - first, count)
    shared = np.minimum(end[note], edges[stretch + 1]) - np.maximum(onset[note], edges[stretch])
    share = np.maximum(shared, 0) / (edges[stretch + 1] - edges[stretch])
    np.add.at(found, (stretch, score.pitch[note] % PITCH_CLASSES), share)
    return found


def top_line(score: Score) -> Int:
    """Which notes are the highest of their 16th and below no higher one that still sounds."""
    sixteenth = score.ticks_per_quarter / 4
    step = np.rint(score.onset / sixteenth).astype(np.int64)
    order = np.lexsort((-score.pitch.astype(np.int64), step))
    highest = order[np.append(True, step[order][1:] != step[order][:-1])[: len(order)]]
    kept: list[int] = []
    sounding_until, sounding = -1.0, -1
    ends = score.onset.astype(np.int64) + score.duration
    for note in highest.tolist():
        pitch, onset = int(score.pitch[note]), int(score.onset[note])
        if pitch < sounding and onset < sounding_until - sixteenth:
            continue
        sounding_until, sounding = float(ends[note]), pitch
        kept.append(note)
    return np.array(kept, dtype=np.int64)


def unit_cells(values: UInt8) -> Float:
    """Cells as vectors float32 [c, 48] of length 1 (less where a layer is silent)."""
    return values.astype(np.float32) * np.float32(1 / (255 * LAYERS**0.5))


def transpose_cells(vectors: Float, semitones: int) -> Float:
    """Cells [c, 48] of the same music moved by some semitones."""
    parts = vectors.reshape(len(vectors), LAYERS * HALVES, PITCH_CLASSES)
    return np.roll(parts, semitones, axis=2).reshape(len(vectors), WIDTH)


def find_patches(values: UInt8, *, step: int = PATCH_STEP) -> Float:
    """Patches float32 [p, 238] of ``PATCH_CELLS`` cells, one each ``step``; silent ones left out.

    A piece that is shorter than one patch is filled up with silence; what is left at the end
    has a patch that ends there.
    """
    layers = values.reshape(-1, LAYERS, HALVES, PITCH_CLASSES).astype(np.float32).mean(2) / 255
    missing = max(0, PATCH_CELLS - len(layers))
    layers = np.pad(layers, ((0, missing), (0, 0), (0, 0)))
    final = len(layers) - PATCH_CELLS
    begin = np.append(np.arange(0, final, step), final)
    windows = layers[begin[:, None] + np.arange(PATCH_CELLS)]  # [p, cells, layers, 12]
    windows = windows[windows.any(axis=(1, 2, 3))]
    spectrum = _magnitude(windows)
    return spectrum.reshape(len(windows), PATCH_WIDTH)


def _magnitude(windows: Float) -> Float:
    """Root of the 2D Fourier magnitude, the half that real input determines by time."""
    by_pitch = np.fft.fft(windows, axis=3)[..., :FREQUENCIES]
    both = np.fft.fft(by_pitch, axis=1)[:, : PATCH_CELLS // 2 + 1]
    return np.sqrt(np.abs(both)).transpose(0, 2, 1, 3).astype(np.float32)
