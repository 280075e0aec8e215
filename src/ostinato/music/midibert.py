"""MidiBERT-Piano's arrays as published (arXiv 2107.05223), defects included.

The scheme is for comparing with published numbers and for nothing else. Its defects, all kept:

- the file's ticks are read as 480 to a quarter note and 1,920 to a bar, whatever the file says
  (Pianist8 and EMOPIA have 384: a published bar of theirs is five quarters);
- the grid of onsets ends before the last one, so the notes of the last onset move a 16th earlier;
- bars without a note leave no trace, and neither does the distance between bars;
- simultaneous notes are ordered by track, which in POP909 gives the melody away;
- a pitch outside 22..107 has no symbol;
- notes of the last bar are lost where the last note has no length and begins the bar.

``compound_words.encode`` with ``cp4`` is the scheme done right.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ostinato.base.errors import UserError
from ostinato.music.score import Int, Score

VOCAB = (4, 18, 88, 66)  # bar, position, pitch, duration, each with a PAD and a MASK at its end
PAD = (2, 16, 86, 64)
LOWEST, HIGHEST = 22, 107
STEP, BAR, DURATION_STEP, DURATIONS = 120, 1920, 60, 64
VELOCITY_EDGES = (0, 32, 48, 64, 80, 96, 128)


def encode_midibert(score: Score) -> tuple[Int, Int]:
    """Rows (bar, position, pitch, duration), int16 [n, 4], and each row's note, int32 [n].

    Raises ``UserError`` for a pitch outside 22..107, and where tick 0 is the only onset: the
    published code knows no such pitch and no such grid.
    """
    if not len(score):
        return np.zeros((0, 4), dtype=np.int16), np.zeros(0, dtype=np.int32)
    _check(score)
    note = np.lexsort((score.pitch, score.track, score.onset)).astype(np.int32)
    onset = score.onset[note].astype(np.int64)
    grid_points = -(-onset[-1] // STEP)
    start = np.minimum((onset + STEP // 2 - 1) // STEP, grid_points - 1) * STEP
    end_of_bars = -(-(start[-1] + score.duration[note[-1]]) // BAR) * BAR
    kept = start < end_of_bars
    note, start = note[kept], start[kept]
    values = np.empty((len(note), 4), dtype=np.int16)
    values[:, 0] = start // BAR == np.append(-1, start[:-1] // BAR)
    values[:, 1] = start % BAR // STEP
    values[:, 2] = score.pitch[note] - LOWEST
    half = DURATION_STEP // 2
    length = (score.duration[note].astype(np.int64) - half - 1) // DURATION_STEP
    values[:, 3] = np.clip(length, 0, DURATIONS - 1)
    return values, note


def _check(score: Score) -> None:
    outside = score.pitch[(score.pitch < LOWEST) | (score.pitch > HIGHEST)]
    if len(outside):
        raise UserError(
            f"midibert knows the pitches {LOWEST} to {HIGHEST}; got {outside[0]}: "
            "transpose the piece, or encode it as cp4, which knows all 128"
        )
    if not score.onset.max():
        raise UserError(
            "midibert needs an onset after tick 0; all notes of this piece begin at 0: "
            "encode it as cp4"
        )


def cut(rows: Int, *, length: int = 512, shortest: int = 1) -> Int:
    """A piece's rows [n, 4], or its labels [n], as segments [k, length, ...], the last one padded.

    Rows are padded with ``PAD`` and labels with 0. A last segment of fewer than ``shortest``
    is dropped: the published composer task asks for 256.
    """
    over = len(rows) % length
    if over and over < shortest:
        rows, over = rows[:-over], 0
    pad = np.array(PAD if rows.ndim == 2 else 0, dtype=rows.dtype)
    filled = np.broadcast_to(pad, (-over % length, *rows.shape[1:]))
    return np.concatenate([rows, filled]).reshape(-1, length, *rows.shape[1:])


def velocity_labels(velocity: Int) -> Int:
    """The published velocity classes, int8: 1 (below 32) to 6 (96 and above)."""
    return np.searchsorted(VELOCITY_EDGES, velocity, side="right").astype(np.int8)


def retime(score: Score, beats: NDArray[np.float64], number: NDArray[np.float64]) -> Score:
    """A POP909 song moved to the beats of its recording, as MidiBERT prepared it for cutting.

    ``beats`` are seconds and ``number`` their place in the bar from 1, the columns of
    ``beat_audio.txt``. A note goes to a 16th of the beat it begins in, its duration is rounded to
    16ths of that beat; no length, or an onset outside the beats, drops it. The first downbeat
    falls on a bar line. The result has 480 ticks to a quarter note, its notes in order of
    velocity: so did the MIDI files of that preparation order the equal ones. (Those files also
    changed the durations of notes that overlap one of their own pitch; here they stay.)
    """
    begin, end = _seconds(score, score.onset), _seconds(score, score.onset + score.duration)
    gap = np.append(np.diff(beats), beats[-1] - beats[-2])
    beat = np.clip(np.searchsorted(beats, begin, side="left") - 1, 0, len(beats) - 1)
    early = begin < beats[0]
    pulled = early & (begin >= beats[0] - 0.1) & (end - begin > 0.2)
    begin = np.where(pulled, beats[0], begin)
    late = (beat == len(beats) - 1) & (begin - beats[-1] > gap[-1])
    duration = np.rint((end - begin) / gap[beat] * 4).astype(np.int32) * STEP
    downbeat = np.flatnonzero(number[:4] == 1)
    first = -downbeat[0] % 4 if len(downbeat) else 0
    onset = np.rint((begin - beats[beat]) / gap[beat] * 4).astype(np.int32) * STEP
    onset += ((first + beat) * 4 * STEP).astype(np.int32)
    kept = (duration > 0) & ~late & (pulled | ~early)
    moved = replace(score, ticks_per_quarter=480, onset=onset, duration=duration)
    return moved.select(np.flatnonzero(kept)[np.argsort(score.velocity[kept], kind="stable")])


def _seconds(score: Score, ticks: Int) -> NDArray[np.float64]:
    """``score.seconds`` with the published order of operations.

    Many POP909 durations are exactly half a 16th; the last bit decides which notes vanish.
    """
    given = score.tempos if len(score.tempos) else np.array([[0, 500_000]])
    table = given[np.argsort(given[:, 0], kind="stable")]
    change, per_quarter = table[:, 0], 60.0 / (6e7 / table[:, 1])
    stretch = per_quarter[:-1] * np.diff(change) / score.ticks_per_quarter
    at = np.append(0.0, np.cumsum(stretch))
    segment = np.searchsorted(change, ticks, side="left") - 1
    passed = per_quarter[segment] * (ticks - change[segment]) / score.ticks_per_quarter
    return at[segment] + passed
