"""Each rule refuses what breaks it and nothing else; melodies are read and written back."""

from __future__ import annotations

from random import Random

import pytest

from ostinato.grading.music import (
    Brief,
    Chord,
    Note,
    check_continuation,
    judge,
    read_bars,
    write_bars,
)
from ostinato.rl.envs.music.continuation import Continuation

C_MAJOR = frozenset({0, 2, 4, 5, 7, 9, 11})
BRIEF = Brief(
    before=((Note(67, 8), Note(64, 8)),),
    chords=(Chord(0, "maj"), Chord(7, "7"), Chord(0, "maj")),
    scale=C_MAJOR,
    tonic=0,
    bar_steps=16,
    lowest=55,
    highest=76,
)
GOOD = "E4:8 G4:4 R:4\nG4:4 F4:4 D4:8\nE4:4 D4:4 C4:8"


def test_a_melody_that_keeps_the_rules_is_right() -> None:
    assert check_continuation(GOOD, BRIEF).correct


@pytest.mark.parametrize(
    ("broken", "melody"),
    [
        ("filled", "E4:8 G4:4 R:4\nG4:4 R:12\nE4:4 D4:4 C4:8"),
        ("filled", "E4:8 G4:4 R:4\nG4:2 F4:2 R:12\nE4:4 D4:4 C4:8"),
        ("metre", "E4:8 G4:4 R:3\nG4:4 F4:4 D4:8\nE4:4 D4:4 C4:8"),
        ("range", "E4:8 C4:4 E3:4\nD4:4 F4:4 G4:8\nE4:4 D4:4 C4:8"),
        ("key", "E4:8 G4:4 F#4:4\nG4:4 F#4:4 D4:8\nE4:4 D4:4 C4:8"),
        ("chords", "E4:8 G4:8\nE4:4 C4:4 A4:4 D4:4\nE4:4 D4:4 C4:8"),
        ("leaps", "E4:8 G3:4 E5:4\nG4:4 F4:4 D4:8\nE4:4 D4:4 C4:8"),
        ("repeated notes", "E4:2 E4:2 E4:2 E4:2 E4:8\nD4:8 F4:8\nE4:4 D4:4 C4:8"),
        ("repeated bars", "G4:8 E4:8\nG4:8 E4:8\nE4:4 D4:4 C4:8"),
        ("ending", "E4:8 G4:4 R:4\nG4:4 F4:4 D4:8\nE4:4 D4:4 E4:8"),
    ],
)
def test_each_rule_refuses_what_breaks_it(broken: str, melody: str) -> None:
    bars = read_bars(melody, 3)
    assert not isinstance(bars, str)
    assert [rule for rule, holds in judge(bars, BRIEF).items() if not holds] == [broken]
    assert check_continuation(melody, BRIEF).score == pytest.approx(8 / 9)


@pytest.mark.parametrize(
    "text",
    ["", "E4:8 G4:8", GOOD + "\nC4:16", GOOD.replace("E4:8", "E4"), GOOD.replace("R:4", "H4:4"),
     GOOD.replace("E4:8", "E4:0"), GOOD.replace("E4:8", "E4:-8"), "R:16\n\nR:16", "x" * 5000],
)  # fmt: skip
def test_what_is_no_melody_is_malformed(text: str) -> None:
    assert not check_continuation(text, BRIEF).well_formed


def test_silence_earns_nothing() -> None:
    grade = check_continuation("R:16\nR:16\nR:16", BRIEF)
    assert grade.score == 0
    assert grade.well_formed


def test_bars_are_written_and_read_back() -> None:
    bars = ((Note(60, 4), Note(None, 12)), (Note(73, 8), Note(58, 8)))
    for flats in (False, True):
        assert read_bars(write_bars(bars, flats=flats), 2) == bars
    assert write_bars(bars, flats=True) == "C4:4 R:12\nDb5:8 Bb3:8"
    assert Chord(10, "hdim7").name(flats=True) == "Bbm7b5"
    assert Chord(9, "min").classes == {9, 0, 4}


@pytest.mark.parametrize("level", range(1, 6))
def test_every_level_has_an_answer_and_a_copy_of_the_beginning_is_none(level: int) -> None:
    family = Continuation()
    for seed in range(20):
        question = family.make(level, Random(seed))
        assert family.check(question, question.answer).correct
        assert family.make(level, Random(seed)) == question
        brief = question.data["brief"]
        copied = (brief.before * len(brief.chords))[: len(brief.chords)]
        copy = write_bars(copied, flats=False)
        assert not family.check(question, copy).correct
