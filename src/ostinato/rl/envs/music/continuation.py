"""Continue a melody over given chords: judged by rules that can be counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ostinato.grading.music import (
    MOST_IN_A_ROW,
    WIDEST_LEAP,
    Bar,
    Brief,
    Chord,
    Note,
    check_continuation,
    judge,
    write_bars,
)
from ostinato.grading.types import Grade
from ostinato.rl.envs.question import Question

KEYS = {  # tonics that a lead sheet writes, and whether with flats
    "C": (0, False), "G": (7, False), "D": (2, False), "A": (9, False), "E": (4, False),
    "F": (5, True), "Bb": (10, True), "Eb": (3, True), "Ab": (8, True), "Db": (1, True),
}  # fmt: skip
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
# Degrees (semitones above the tonic) and qualities of the chords of each mode, plain and sevenths.
CHORDS = {
    "major": ((0, "maj"), (2, "min"), (4, "min"), (5, "maj"), (7, "maj"), (9, "min")),
    "minor": ((0, "min"), (3, "maj"), (5, "min"), (7, "min"), (8, "maj"), (10, "maj")),
}
SEVENTHS = {
    "major": ((0, "maj7"), (2, "min7"), (4, "min7"), (5, "maj7"), (7, "7"), (9, "min7")),
    "minor": ((0, "min7"), (2, "hdim7"), (3, "maj7"), (5, "min7"), (8, "maj7"), (10, "7")),
}
METRES = {"2/4": 8, "3/4": 12, "4/4": 16, "6/8": 12}
LENGTHS = (2, 4, 6, 8, 12)  # bars to write, by level
SPANS = (19, 17, 16, 14, 12)  # semitones of the range, by level
GIVEN = (2, 2, 4, 4, 4)  # bars to go on from


@dataclass(frozen=True)
class Continuation:
    """The family of questions."""

    levels: int = 5

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        name, (tonic, flats) = rng.choice(list(KEYS.items()))
        mode = rng.choice(("major", "minor"))
        metre = rng.choice(list(METRES) if level > 1 else ["2/4", "4/4", "3/4"])
        scale = frozenset((tonic + i) % 12 for i in (MAJOR if mode == "major" else MINOR))
        lowest = rng.randint(55, 65)
        palette = CHORDS[mode] + (SEVENTHS[mode] if level > 2 else ())
        home = CHORDS[mode][0]
        degrees = [home, *(rng.choice(palette) for _ in range(GIVEN[level - 1] - 1))]
        degrees += [*(rng.choice(palette) for _ in range(LENGTHS[level - 1] - 1)), home]
        chords = [Chord((tonic + degree) % 12, quality) for degree, quality in degrees]
        given = GIVEN[level - 1]
        span = lowest, lowest + SPANS[level - 1]
        before = _melody(rng, _brief((), chords[:given], scale, tonic, METRES[metre], span))
        brief = _brief(before, chords[given:], scale, tonic, METRES[metre], span)
        prompt = _prompt(brief, f"{name} {mode}", metre, chords[:given], flats)
        answer = write_bars(_melody(rng, brief), flats=flats)
        return Question(prompt, answer, {"brief": brief, "flats": flats})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        return check_continuation(answer, _of(question.data))

    def guess(self, question: Question, rng: Random) -> str:
        """Bars of the right length, of any notes in range."""
        brief = _of(question.data)
        bars = tuple(
            tuple(Note(rng.randint(brief.lowest, brief.highest), 2) for _ in range(n // 2))
            for n in (brief.bar_steps for _ in brief.chords)
        )
        return write_bars(bars, flats=bool(question.data["flats"]))


def _of(data: Mapping[str, Any]) -> Brief:
    brief = data["brief"]
    assert isinstance(brief, Brief), "a question of this family"
    return brief


def _brief(
    before: tuple[Bar, ...],
    chords: list[Chord],
    scale: frozenset[int],
    tonic: int,
    steps: int,
    span: tuple[int, int],
) -> Brief:
    return Brief(before, tuple(chords), scale, tonic, steps, *span)


def _prompt(brief: Brief, key: str, metre: str, before: list[Chord], flats: bool) -> str:
    def named(chords: list[Chord]) -> str:
        return " | ".join(chord.name(flats=flats) for chord in chords)

    count = len(brief.chords)
    lowest, highest = (
        write_bars(((Note(pitch, 1),),), flats=flats).partition(":")[0]
        for pitch in (brief.lowest, brief.highest)
    )
    allowed = int(brief.repeated * count)
    return f"""Continue a melody in {key}, {metre} time, by {count} bars.

A bar is a line of notes with spaces between them. A note is its name with its octave (C4 is \
middle C), a colon and its length in sixteenths: G4:4 is a quarter note, R:2 an eighth rest. \
Every bar lasts {brief.bar_steps} sixteenths.

The melody begins, over the chords {named(before)}:
{write_bars(brief.before, flats=flats)}

Write the next {count} bars, over the chords {named(list(brief.chords))}, so that
- every bar lasts exactly {brief.bar_steps} sixteenths;
- every bar has at least {brief.notes} notes, and they sound for at least \
{brief.sounding:.0%} of it;
- all notes lie between {lowest} and {highest};
- at least {brief.in_key:.0%} of the sounding time is notes of the key of {key} (the natural \
scale);
- in each bar at least {brief.on_chord:.0%} of the sounding time is notes of its chord;
- no two neighbouring notes are more than {WIDEST_LEAP} semitones apart, from the last note \
that is given on;
- no pitch comes more than {MOST_IN_A_ROW} times in a row;
- at most {allowed} of your bars equal an earlier bar, given or yours;
- the last note is the tonic, in any octave.

The answer is {count} lines, one for each bar, and nothing else."""


def _melody(rng: Random, brief: Brief) -> tuple[Bar, ...]:
    """A melody that keeps the rules, by drawing until one does."""
    for _ in range(2_000):
        pitch = (brief.lowest + brief.highest) // 2
        earlier = [note.pitch for bar in brief.before for note in bar if note.pitch is not None]
        pitch = earlier[-1] if earlier else pitch
        bars: list[Bar] = []
        for number, chord in enumerate(brief.chords):
            bar, pitch = _bar(rng, brief, chord, pitch, last=number == len(brief.chords) - 1)
            bars.append(bar)
        if all(judge(tuple(bars), brief).values()):
            return tuple(bars)
    raise AssertionError("every brief has a melody that a few draws find")


def _bar(rng: Random, brief: Brief, chord: Chord, pitch: int, *, last: bool) -> tuple[Bar, int]:
    """Chord notes on even places, steps of the scale between them; the last one ends at home."""
    notes: list[Note] = []
    left = brief.bar_steps
    while left:
        steps = min(left, rng.choice((2, 2, 4, 4, 6, 8)))
        left -= steps
        if last and not left:
            classes = frozenset({brief.tonic})
        elif steps >= 4 or len(notes) % 2 == 0:
            classes = chord.classes & brief.scale or chord.classes
        else:
            classes = brief.scale
        pitch = _near(rng, pitch, classes, brief)
        notes.append(Note(pitch, steps))
    return tuple(notes), pitch


def _near(rng: Random, pitch: int, classes: frozenset[int], brief: Brief) -> int:
    """One of the nearest pitches of these classes within the range."""
    fitting = [p for p in range(brief.lowest, brief.highest + 1) if p % 12 in classes]
    fitting.sort(key=lambda p: (abs(p - pitch), p))
    return rng.choice(fitting[:3])
