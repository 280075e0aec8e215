"""The bundled example: it is the tune, every note has its label, the file can be remade."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ostinato.examples import auld_lang_syne as made
from ostinato.examples import example_labels, example_path
from ostinato.music.midi import read_midi
from ostinato.music.score import Score

# The tune in sol-fa, sung as it is known: upbeat, then a line to a phrase of the words.
TUNE = """
s, d d d m r d r m d d m s l
l s m m d r d r m r d l, l, s, d
l s m m d r d r l s m m s l
l s m m d r d r m r d l, l, s, d
"""
DEGREES = {"s,": 60, "l,": 62, "d": 65, "r": 67, "m": 69, "s": 72, "l": 74}


def test_the_file_is_remade_byte_for_byte(tmp_path: Path) -> None:
    made.write(tmp_path)
    for name in ("auld_lang_syne.mid", "auld_lang_syne.labels.json"):
        assert (tmp_path / name).read_bytes() == example_path().with_name(name).read_bytes()


def test_the_first_verse_is_the_tune() -> None:
    verse = ["-/3 C4/1", *made.VERSE_1.strip().split("\n")[:-1], "F4/4"]
    sung = [note.pitch for note in made.sung("\n".join(verse), made.MELODY, 80)]
    assert sung == [DEGREES[syllable] for syllable in TUNE.split()]


def test_every_part_has_forty_bars_of_four_quarters() -> None:
    for text in (made.MELODY_BARS, made.BRIDGE_BARS, made.CHORD_BARS):
        bars = made.read_bars(text)
        assert len(bars) == 40
        assert all(sum(length for _, length, _ in bar) == 4 for bar in bars)
    with pytest.raises(AssertionError, match=r"holds 3\.5 quarters"):
        made.read_bars("C4/1 D4/2.5")


def test_it_is_one_piano_track_with_its_maps() -> None:
    score = read_midi(example_path())
    assert len(set(score.track.tolist())) == 1
    track = score.tracks[score.track[0]]
    assert (track.name, track.program, track.is_drum) == ("Auld Lang Syne", 0, False)
    assert score.time_signatures.tolist() == [[0, 4, 4]]
    assert score.key_signatures.tolist() == [[0, -1, 0]]
    last_bars = score.tempos[score.tempos[:, 0] >= 36 * made.BAR, 1]
    assert len(last_bars) == 5 and (np.diff(last_bars) > 0).all()
    assert len(score.pedals) == sum(map(len, made.read_bars(made.CHORD_BARS)))
    assert 39 * made.BAR < score.end <= 40 * made.BAR + made.QUARTER


def test_every_note_has_its_label() -> None:
    score, labels = read_midi(example_path()), example_labels()
    notes = list(zip(score.onset.tolist(), score.pitch.tolist(), strict=True))
    assert len(set(notes)) == len(notes)
    assert set(notes) == set(labels)
    counts = np.bincount(list(labels.values()), minlength=4)
    assert counts.tolist() == [0, 133, 66, 472]


def test_no_key_is_struck_while_it_is_held() -> None:
    score = read_midi(example_path())
    order = np.lexsort((score.onset, score.pitch))
    onset, end = score.onset[order], (score.onset + score.duration)[order]
    same = np.diff(score.pitch[order]) == 0
    assert (onset[1:][same] > end[:-1][same]).all()


def test_the_hands_move_a_little_but_stay_on_the_grid() -> None:
    score = read_midi(example_path()).select(slice(0, -5))  # the last chord is rolled
    sixteenth = made.QUARTER // 4
    off = (score.onset + sixteenth // 2) % sixteenth - sixteenth // 2
    assert np.abs(off).mean() > 2 and np.abs(off).max() <= 7
    labels = example_labels()
    melody = [score.velocity[i] for i, key in enumerate(_keys(score)) if labels[key] == 1]
    below = [score.velocity[i] for i, key in enumerate(_keys(score)) if labels[key] == 3]
    assert len(set(melody)) > 10 and min(melody) > max(below)


def _keys(score: Score) -> list[tuple[int, int]]:
    return list(zip(score.onset.tolist(), score.pitch.tolist(), strict=True))
