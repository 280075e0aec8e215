"""The score of the bundled example: "Auld Lang Syne", set for piano as a ballad.

The tune is traditional (in print with Burns's words since 1799) and in the public domain;
the setting is this project's. ``python -m ostinato.examples.auld_lang_syne [FOLDER]`` writes
the MIDI file and its labels again, byte for byte: nothing here depends on chance or time.

One line of text is one 4/4 bar: ``pitch/quarters`` (``-`` is a rest); for chords
``name/quarters``.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from ostinato.base.files import write_text
from ostinato.music.midi import write_midi
from ostinato.music.score import Score, Track

TITLE = "Auld Lang Syne"
QUARTER = 480  # ticks
BAR = 4 * QUARTER
MELODY, BRIDGE, ACCOMPANIMENT = 1, 2, 3

VERSE_1 = """
F4/1.5 F4/.5 F4/1 A4/1
G4/1.5 F4/.5 G4/1 A4/1
F4/1.5 F4/.5 A4/1 C5/1
D5/2.5 -/.5 D5/1
C5/1.5 A4/.5 A4/1 F4/1
G4/1.5 F4/.5 G4/1 A4/.5 G4/.5
F4/1.5 D4/.5 D4/1 C4/1
F4/2.5 -/.5 D5/1
C5/1.5 A4/.5 A4/1 F4/1
G4/1.5 F4/.5 G4/1 D5/1
C5/1.5 A4/.5 A4/1 C5/1
D5/2.5 -/.5 D5/1
C5/1.5 A4/.5 A4/1 F4/1
G4/1.5 F4/.5 G4/1 A4/.5 G4/.5
F4/1.5 D4/.5 D4/1 C4/1
F4/2.5 -/.5 C4/1
"""

VERSE_2 = """
F4/1.5 F4/.5 F4/.5 G4/.5 A4/1
G4/1 -/.5 F4/.5 G4/.5 A4/1.5
F4/1.5 F4/.5 A4/.5 Bb4/.5 C5/1
D5/2.5 -/.5 F5/.5 D5/.5
C5/1.5 A4/.5 A4/.5 G4/.5 F4/1
G4/1.5 F4/.5 G4/.5 A4/1 G4/.5
F4/1 -/.5 D4/.5 D4/.5 C4/1.5
F4/2.5 -/.5 D5/.5 E5/.5
F5/1 D5/.5 C5/.5 A4/1 F4/1
G4/1.5 F4/.5 G4/.5 A4/.5 D5/1
C5/1.5 A4/.5 A4/.5 Bb4/.5 C5/1
D5/2.5 -/.5 F5/.5 D5/.5
C5/1.5 A4/.5 A4/.5 G4/.5 F4/1
G4/1.5 F4/.5 G4/1 A4/.5 G4/.5
F4/1.5 D4/.5 D4/1 C4/1
F4/2.5 -/.5 A4/.5 G4/.5
"""

MELODY_BARS = f"""
-/4
-/4
-/4
-/3 C4/1
{VERSE_1.strip()}
{VERSE_2.strip()}
F4/1.5 D4/.5 D4/1 C4/1
F4/4
-/4
-/4
"""

BRIDGE_BARS = """
-/1 A5/.5 G5/.5 F5/1 C5/1
D5/1.5 E5/.5 F5/2
-/1 D5/.5 F5/.5 E5/1 Bb4/1
C5/2.5 -/1.5
-/4
-/4
-/4
-/1 Bb4/.5 F5/.5 Bb5/.5 A5/.5 F5/1
-/4
-/4
-/4
-/1 A4/.5 C5/.5 F5/.5 E5/.5 -/1
-/4
-/4
-/4
-/1 F5/.5 G5/.5 A5/.5 Bb5/.5 -/1
-/4
-/4
-/4
-/.5 C5/.5 A4/.5 Bb4/.5 A4/.5 G4/.5 E4/.5 -/.5
A4/2 C5/1 C5/1
Bb4/2 E5/2
C5/2 Eb5/2
-/1 F5/.5 Bb5/.5 Ab5/.5 F5/.5 -/1
F5/2 D5/1 -/1
Bb4/2 -/2
-/4
-/1 F5/.5 A5/.5 C6/.5 A5/.5 -/1
-/4
-/4
-/4
-/1 Bb5/.5 A5/.5 Ab5/.5 F5/.5 -/1
-/4
-/4
-/4
-/1 C5/.5 F5/.5 A5/.5 G5/.5 -/1
-/4
-/1 F5/.5 G5/.5 Bb5/.5 A5/.5 F5/1
D5/1 F5/1 C5/2
-/2 A5/2
"""

CHORD_BARS = """
F/4
Dm/4
Gm7/2 C7/2
F/2 C7/2
F/4
C7/4
F/2 F~A/2
Bb/4
F~A/2 Dm/2
Gm7/2 C7/2
Bb/2 Gm7/1 C7/1
F/4
F/2 Dm/2
Gm7/2 C7/2
F/2 F7/2
Bb/4
F~A/2 Dm/2
Gm7/2 C7/2
Bb/2 Gm7/1 C7/1
F/2 C7/2
F/2 Dm/2
Gm7/2 C7/2
F/2 F7/2
Bb/2 Bdim7/2
F~C/2 Dm/2
Gm7/2 C7/2
Bb/2 Gm7/1 C7/1
F/4
Dm/2 F~A/2
Bb/2 C7/2
F/2 F7/2
Bb/2 Bdim7/2
F~C/2 Dm/2
Gm7/2 C7/2
Bb/2 Gm7/1 C7/1
Dm/2 F~C/2
Gm7/2 C7/2
F/4
Bb~F/2 F/2
F/4
"""

# Bass, then the four notes above it from the lowest.
CHORDS = {
    "F": "F2 C3 F3 A3 C4",
    "F~A": "A2 C3 F3 A3 C4",
    "F~C": "C3 F3 A3 C4 F4",
    "F7": "F2 C3 Eb3 A3 C4",
    "Dm": "D2 A2 F3 A3 D4",
    "Bb": "Bb1 F2 Bb2 D3 F3",
    "Bb~F": "F2 D3 F3 Bb3 D4",
    "Bdim7": "B1 F2 B2 D3 Ab3",
    "Gm7": "G2 D3 F3 Bb3 D4",
    "C7": "C2 G2 E3 Bb3 C4",
}

# Start and length in quarters, then which notes of the chord; a chord of fewer than four
# quarters takes the beginning.
FIGURES = {
    "broken": "0 2 0|.5 .5 1|1 .5 2|1.5 .5 3|2 2 4|2.5 .5 3|3 .5 2|3.5 .5 1",
    "off-beat": "0 2 0|.5 .5 1|1 .5 2,3,4|1.5 .5 1|2 2 0|2.5 .5 1|3 .5 2,3,4|3.5 .5 3",
    "blocks": "0 1.5 0|0 1 2,3,4|1 1 2,3,4|1.5 .5 0|2 1.5 0|2 1 2,3,4|3 1 2,3,4|3.5 .5 1",
    "flowing": "0 2 0|.25 .25 1|.5 .25 2|.75 .25 3|1 .5 4|1.25 .25 3|1.5 .25 2|1.75 .25 3"
    "|2 2 0|2.25 .25 1|2.5 .25 2|2.75 .25 3|3 .5 4|3.25 .25 3|3.5 .25 2|3.75 .25 1",
    "final": "0 4 0|.06 4 1|.12 4 2|.18 4 3|.24 4 4",
}
# The last bar (not included) of each stretch and its figure.
SECTIONS = (
    (12, "broken"),
    (20, "off-beat"),
    (28, "blocks"),
    (36, "flowing"),
    (39, "broken"),
    (40, "final"),
)

# Bar, quarter inside it, quarters per minute: held back before the second verse, then the end.
TEMPOS = (
    (0, 0, 76), (19, 2, 72), (19, 3, 66), (20, 0, 78), (36, 0, 72), (37, 0, 66),
    (38, 0, 60), (38, 2, 54), (39, 0, 46),
)  # fmt: skip


@dataclass(frozen=True)
class Note:
    """A note as written: ticks from the beginning; velocity before it is humanised."""

    onset: int
    end: int
    pitch: int
    velocity: int
    label: int


def pitch_number(name: str) -> int:
    """MIDI's number of a note name: C4 is 60, Bb3 is 58."""
    letter, octave = name[:-1], int(name[-1])
    return "C D EF G A B".index(letter[0]) - letter.count("b") + 12 * (octave + 1)


def read_bars(text: str) -> list[list[tuple[float, float, str]]]:
    """Bars of (start, length, name), start and length in quarters, start from the bar line."""
    bars: list[list[tuple[float, float, str]]] = []
    for line in text.split("\n"):
        at, bar = 0.0, list[tuple[float, float, str]]()
        for name, length in (word.split("/") for word in line.split()):
            bar.append((at, float(length), name))
            at += float(length)
        if bar:
            assert at == 4, f"bar {len(bars)} holds {at} quarters: {line}"
            bars.append(bar)
    return bars


def sung(text: str, label: int, loudness: int) -> list[Note]:
    """A part of single notes, swelling towards the middle of each four-bar phrase."""
    notes: list[Note] = []
    for number, bar in enumerate(read_bars(text)):
        for at, length, name in bar:
            if name != "-":
                swell = 5 - 2 * abs(number % 4 - 1.5) + (3 if at in (0, 2) else 0)
                onset = number * BAR + round(at * QUARTER)
                end = onset + round(length * QUARTER * 0.94)
                notes.append(Note(onset, end, pitch_number(name), loudness + round(swell), label))
    return notes


def accompaniment() -> list[Note]:
    """Every chord in the figure of its section; the bass a little louder."""
    notes: list[Note] = []
    for number, bar in enumerate(read_bars(CHORD_BARS)):
        figure = next(FIGURES[name] for last, name in SECTIONS if number < last)
        for at, length, chord in bar:
            tones = [pitch_number(name) for name in CHORDS[chord].split()]
            for stroke in figure.split("|"):
                start, held, which = stroke.split()
                if float(start) >= length:
                    continue
                onset = number * BAR + round((at + float(start)) * QUARTER)
                longest = number * BAR + round((at + length) * QUARTER) - 12
                end = min(onset + round(float(held) * QUARTER * 0.96), longest)
                for tone in map(int, which.split(",")):
                    loudness = 58 if tone == 0 else 50
                    notes.append(Note(onset, end, tones[tone], loudness, ACCOMPANIMENT))
    return notes


def humanised(notes: list[Note]) -> list[Note]:
    """The notes a few ticks and steps of velocity to and fro.

    Only ``random`` of ``Random`` is used: the method whose sequence Python promises to keep.
    """
    chance = random.Random(1788)
    moved: list[Note] = []
    for note in notes:
        shift = round((chance.random() - 0.5) * 14)
        louder = round((chance.random() + chance.random() - 1) * 8)
        onset = max(note.onset + shift, 0)
        moved.append(
            replace(note, onset=onset, end=note.end + shift, velocity=note.velocity + louder)
        )
    return moved


def playable(notes: list[Note]) -> list[Note]:
    """The notes as two hands can play them: equal pitches never overlap.

    A key that an upper part holds is not struck by a lower one, and a held key is let go
    before it is struck again.
    """
    kept: list[Note] = []
    for pitch in sorted({note.pitch for note in notes}):
        key: list[Note] = []
        for note in sorted(notes, key=lambda n: (n.label, n.onset)):
            if note.pitch == pitch and not any(
                other.onset - 60 <= note.onset < other.end for other in key
            ):
                key.append(note)
        key.sort(key=lambda n: n.onset)
        for note, following in pairwise(key):
            kept.append(replace(note, end=min(note.end, following.onset - 12)))
        kept.append(key[-1])
    return sorted(kept, key=lambda n: (n.onset, n.pitch))


def compose() -> list[Note]:
    """Every note of the example, by onset, then pitch."""
    melody = sung(MELODY_BARS, MELODY, 82)
    bridge = sung(BRIDGE_BARS, BRIDGE, 66)
    return playable(humanised([*melody, *bridge, *accompaniment()]))


def to_score(notes: list[Note]) -> Score:
    """One piano track, the pedal changed with every chord."""
    changes = [
        (number * BAR + round(at * QUARTER), number * BAR + round((at + length) * QUARTER))
        for number, bar in enumerate(read_bars(CHORD_BARS))
        for at, length, _ in bar
    ]
    controls = [
        event
        for start, end in changes
        for event in ((start + 30, 64, 127, 0), (end - 10, 64, 0, 0))
    ]
    tempos = [
        (bar * BAR + beat * QUARTER, round(60_000_000 / speed)) for bar, beat, speed in TEMPOS
    ]
    return Score(
        ticks_per_quarter=QUARTER,
        onset=np.array([n.onset for n in notes], np.int32),
        duration=np.array([n.end - n.onset for n in notes], np.int32),
        pitch=np.array([n.pitch for n in notes], np.int16),
        velocity=np.array([n.velocity for n in notes], np.int16),
        track=np.zeros(len(notes), np.int16),
        tracks=(Track(TITLE, program=0),),
        tempos=np.array(tempos, np.int32),
        time_signatures=np.array([[0, 4, 4]], np.int32),
        key_signatures=np.array([[0, -1, 0]], np.int32),
        controls=np.array(controls, np.int32),
    )


def labels_text(notes: list[Note]) -> str:
    """The labels as JSON, one note (onset tick, pitch, label) on a line."""
    rows = ",\n".join(f"[{n.onset}, {n.pitch}, {n.label}]" for n in notes)
    names = '["none", "melody", "bridge", "accompaniment"]'
    return f'{{"labels": {names},\n"notes": [\n{rows}\n]}}\n'


def write(folder: Path) -> None:
    """Write ``auld_lang_syne.mid`` and ``auld_lang_syne.labels.json`` into the folder."""
    notes = compose()
    write_midi(to_score(notes), folder / "auld_lang_syne.mid")
    write_text(folder / "auld_lang_syne.labels.json", labels_text(notes))


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
