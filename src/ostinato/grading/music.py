"""Is a melody what was asked for: rules that can be counted, none about taste.

A melody is text, one bar on a line: ``C5:4 R:2 F#4:2``. A note is a letter, any ``#`` or ``b``,
an octave (C4 is MIDI 60) and its length in sixteenths; R is a rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby, pairwise

from ostinato.grading.types import Grade, malformed
from ostinato.music.chords import INTERVALS, QUALITIES

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
SUFFIXES = {"maj": "", "min": "m", "dim": "dim", "aug": "aug", "hdim7": "m7b5", "min7": "m7"}
MOST_IN_A_ROW = 4  # equal pitches
WIDEST_LEAP = 12  # semitones
LONGEST_LINE = 1_000  # characters of a bar

_NOTE = re.compile(r"(?:R|([A-G])(#{0,2}|b{0,2})(-?[0-9])):([1-9][0-9]?)")


@dataclass(frozen=True)
class Note:
    """A note or a rest."""

    pitch: int | None  # MIDI; None: a rest
    steps: int  # sixteenths


Bar = tuple[Note, ...]


@dataclass(frozen=True)
class Chord:
    """A root (0 is C) and a quality of ``music.chords.QUALITIES``."""

    root: int
    quality: str

    @property
    def classes(self) -> frozenset[int]:
        """Its pitch classes."""
        return frozenset((self.root + i) % 12 for i in INTERVALS[QUALITIES.index(self.quality)])

    def name(self, *, flats: bool) -> str:
        """As lead sheets write it: Am, G7, Fmaj7, Bm7b5."""
        root = (FLATS if flats else SHARPS)[self.root]
        return root + SUFFIXES.get(self.quality, self.quality)


@dataclass(frozen=True)
class Brief:
    """What a continuation has to be."""

    before: tuple[Bar, ...]  # the bars that are given
    chords: tuple[Chord, ...]  # of each bar to be written
    scale: frozenset[int]  # pitch classes of the key
    tonic: int
    bar_steps: int  # sixteenths of a bar
    lowest: int  # MIDI pitch
    highest: int
    in_key: float = 0.9  # share of the sounding time, at least
    on_chord: float = 0.5  # share of the sounding time of a bar, at least
    repeated: float = 0.5  # share of bars that repeat an earlier one, at most
    sounding: float = 0.5  # share of each bar that sounds, at least
    notes: int = 2  # of each bar, at least


def read_bars(text: str, count: int) -> tuple[Bar, ...] | str:
    """The bars of an answer, or what is wrong with its form."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) != count:
        return f"expected {count} lines, one for each bar, got {len(lines)}"
    bars: list[Bar] = []
    for line in lines:
        if len(line) > LONGEST_LINE:
            return "a line is too long"
        notes = [_NOTE.fullmatch(word) for word in line.split()]
        if not notes or not all(notes):
            return f"expected notes such as C5:4 or R:2, got {line[:40]!r}"
        bars.append(tuple(_note(*found.groups()) for found in notes if found))
    return tuple(bars)


def write_bars(bars: tuple[Bar, ...], *, flats: bool) -> str:
    """What `read_bars` reads."""
    names = FLATS if flats else SHARPS
    return "\n".join(
        " ".join(
            f"R:{note.steps}"
            if note.pitch is None
            else f"{names[note.pitch % 12]}{note.pitch // 12 - 1}:{note.steps}"
            for note in bar
        )
        for bar in bars
    )


def check_continuation(text: str, brief: Brief) -> Grade:
    """Every rule of the brief; the score is the share of rules that hold."""
    bars = read_bars(text, len(brief.chords))
    if isinstance(bars, str):
        return malformed(bars)
    broken = [rule for rule, holds in judge(bars, brief).items() if not holds]
    rules = len(judge(bars, brief))
    if not any(note.pitch is not None for bar in bars for note in bar):
        return Grade(0.0, "nothing sounds")
    return Grade(1 - len(broken) / rules, f"broken: {', '.join(broken)}" if broken else "")


def judge(bars: tuple[Bar, ...], brief: Brief) -> dict[str, bool]:
    """Each rule, and whether it holds."""
    notes = [note for bar in bars for note in bar if note.pitch is not None]
    pitches = [note.pitch for note in notes if note.pitch is not None]
    last = [note.pitch for bar in brief.before for note in bar if note.pitch is not None][-1:]
    earlier = list(brief.before)
    repeats = 0
    for bar in bars:
        repeats += bar in earlier
        earlier.append(bar)
    return {
        "metre": all(sum(note.steps for note in bar) == brief.bar_steps for bar in bars),
        "filled": all(
            len(_sounding(bar)) >= brief.notes
            and sum(note.steps for note in _sounding(bar)) >= brief.sounding * brief.bar_steps
            for bar in bars
        ),
        "range": all(brief.lowest <= pitch <= brief.highest for pitch in pitches),
        "key": _share(notes, brief.scale) >= brief.in_key,
        "chords": all(
            _share(_sounding(bar), chord.classes) >= brief.on_chord
            for bar, chord in zip(bars, brief.chords, strict=True)
        ),
        "leaps": all(abs(b - a) <= WIDEST_LEAP for a, b in pairwise([*last, *pitches])),
        "repeated notes": all(len(list(run)) <= MOST_IN_A_ROW for _, run in groupby(pitches)),
        "repeated bars": repeats <= brief.repeated * len(bars),
        "ending": bool(pitches) and pitches[-1] % 12 == brief.tonic,
    }


def _sounding(bar: Bar) -> list[Note]:
    return [note for note in bar if note.pitch is not None]


def _share(notes: list[Note], classes: frozenset[int]) -> float:
    """Of the sounding time, what lies in these pitch classes; silence has no share."""
    total = sum(note.steps for note in notes)
    good = sum(
        note.steps for note in notes if note.pitch is not None and note.pitch % 12 in classes
    )
    return good / total if total else 0.0


def _note(letter: str | None, accidental: str | None, octave: str | None, steps: str) -> Note:
    if letter is None:
        return Note(None, int(steps))
    shift = (accidental or "").count("#") - (accidental or "").count("b")
    return Note(LETTERS[letter] + shift + 12 * (int(octave or 0) + 1), int(steps))
