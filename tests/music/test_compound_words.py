from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scores import Note, score_of, scores

from ostinato.base.errors import UserError
from ostinato.music import chords
from ostinato.music.compound_words import (
    CP4_COLUMNS,
    Words,
    columns,
    decode,
    encode,
    snap,
    vocabulary,
)
from ostinato.music.cp7 import COLUMNS as CP7_COLUMNS
from ostinato.music.cp7 import TEMPOS, VELOCITIES
from ostinato.music.grid import bars_from_signatures
from ostinato.music.score import Score

SCHEMES = ("cp4", "cp7")
RESOLUTIONS = (4, 12, 24)
EMPTY = (0, 192, 128, 64)

# Section 6.2 of the specification this is tested against: three tracks at 480 ticks.
EXAMPLE: list[Note] = [
    (0, 480, 72, 80, 0),
    (480, 240, 74, 64, 0),
    (1920, 960, 67, 96, 0),
    (0, 1920, 48, 60, 2),
    (0, 1920, 55, 60, 2),
    (5760, 480, 60, 31, 2),
]


def test_the_worked_example_of_cp4():
    words = encode(score_of(EXAMPLE))
    assert words.values.tolist() == [
        [0, 0, 48, 31],
        [1, 0, 55, 31],
        [1, 0, 72, 7],
        [1, 4, 74, 3],
        [0, 0, 67, 15],
        list(EMPTY),
        [0, 0, 60, 7],  # the last onset stays where it is
    ]
    assert words.note_index.tolist() == [3, 4, 0, 1, 2, -1, 5]
    assert words.vocab == (2, 193, 129, 65)


@pytest.mark.parametrize(
    ("ticks", "bin_"),
    [(0, 0), (59, 0), (60, 0), (90, 0), (91, 1), (120, 1), (240, 3), (480, 7), (960, 15)]
    + [(1920, 31), (3840, 63), (9999, 63)],
)
def test_duration_bins_of_cp4(ticks: int, bin_: int):
    assert encode(score_of([(0, ticks, 60, 64, 0)])).values[0, 3] == bin_


def test_longer_than_the_last_bin_is_clipped_and_counted():
    score = score_of([(0, 3870, 60, 64, 0), (0, 3871, 62, 64, 0), (0, 99_999, 64, 64, 0)])
    assert encode(score).clipped == 2
    assert encode(score, "cp7").clipped == 3


def test_the_worked_example_of_cp7():
    notes: list[Note] = [(0, 480, p, 80, 0) for p in (60, 64, 67)] + [(960, 480, 60, 80, 0)]
    words = encode(score_of(notes, tempos=[(0, 500_000)]), "cp7")
    tempo = int(np.flatnonzero(TEMPOS == 119)[0]) + 2
    velocity = int(np.flatnonzero(VELOCITIES == 80)[0]) + 1
    assert words.values[0].tolist() == [0, 0, 1, 1, 0, 0, 0]
    first = words.values[1].tolist()
    assert first[0] == tempo
    root, quality = divmod(first[1] - 3, len(chords.QUALITIES))
    assert (root, chords.QUALITIES[quality]) == (0, "maj")
    assert first[2:] == [2, 1, 0, 0, 0]
    assert words.values[2:5].tolist() == [[0, 0, 0, 2, p + 1, 5, velocity] for p in (67, 64, 60)]
    # The chord has not changed: CONTI, CONTI, Beat_8, Metrical.
    assert words.values[-4].tolist() == [1, 1, 10, 1, 0, 0, 0]
    assert words.values[-3].tolist() == [0, 0, 0, 2, 61, 5, velocity]
    assert words.values[-2:].tolist() == [[0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]]


@pytest.mark.parametrize(("ticks", "steps"), [(60, 0), (61, 1), (180, 2), (300, 2), (5000, 16)])
def test_duration_rounding_of_cp7(ticks: int, steps: int):
    words = encode(score_of([(0, ticks, 60, 64, 0)]), "cp7")
    assert words.values[words.note_index == 0, 5].tolist() == [steps + 1]


@pytest.mark.parametrize(("velocity", "said"), [(1, 40), (41, 40), (63, 62), (127, 126)])
def test_velocity_of_cp7(velocity: int, said: int):
    assert decode(encode(score_of([(0, 480, 60, velocity, 0)]), "cp7")).velocity.tolist() == [said]


@pytest.mark.parametrize(("bpm", "said"), [(59, 59), (60, 59), (30, 32), (250, 224), (120, 119)])
def test_tempo_of_cp7(bpm: int, said: int):
    words = encode(score_of([(0, 480, 60, 64, 0)], tempos=[(0, round(6e7 / bpm))]), "cp7")
    assert TEMPOS[words.values[1, 0] - 2] == said


def test_no_tempo_is_120():
    assert TEMPOS[encode(score_of([(0, 480, 60, 64, 0)]), "cp7").values[1, 0] - 2] == 119


def _oracle(score: Score, scheme: str, spq: int) -> list[tuple[int, int, int, int]]:
    """Each note on the grid, one at a time and in exact fractions."""
    half = -(-score.ticks_per_quarter // (2 * spq))  # a metre that begins so soon counts
    bars = bars_from_signatures(score, end=int(score.onset.max(initial=0)) + half)
    starts = bars.start.tolist() + [int(bars.start[-1] + bars.length[-1])]
    rows: list[tuple[int, int, int, int]] = []
    for onset, duration, pitch, velocity in zip(
        score.onset.tolist(),
        score.duration.tolist(),
        score.pitch.tolist(),
        score.velocity.tolist(),
        strict=True,
    ):
        step = Fraction(score.ticks_per_quarter, spq)
        bar = max(i for i, s in enumerate(starts[:-1]) if s <= onset)
        inside = round((onset - starts[bar]) / step)
        if inside >= (starts[bar + 1] - starts[bar]) / step:
            tick = starts[bar + 1]
        else:
            tick = min(starts[bar] + round(inside * step), starts[bar + 1] - 1)
        if scheme == "cp7":
            length = min(round(duration / step), 4 * spq) * step
            velocity = max(40, velocity - velocity % 2)
        else:
            halves = duration / step * 2
            low = halves.numerator // halves.denominator
            near = low if halves - low <= Fraction(1, 2) else low + 1
            length = min(max(near, 1), 16 * spq) * step / 2
        rows.append((tick, round(length), pitch, velocity))
    return sorted(rows)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("spq", RESOLUTIONS)
@given(score=scores())
def test_decoding_gives_the_score_on_the_grid(score: Score, scheme: str, spq: int):
    # 17/1 in 24ths has 1,632 steps: cut bars are tested by themselves below.
    if (bars_from_signatures(score).steps(spq) > 192).any():
        return
    words = encode(score, scheme, steps_per_quarter=spq)  # pyright: ignore[reportArgumentType]
    if scheme == "cp4":
        score = replace(score, velocity=np.full_like(score.velocity, 64))
    expected = _oracle(score, scheme, spq)
    assert list(map(tuple, decode(words).sorted_notes().tolist())) == expected
    snapped = snap(score, scheme, steps_per_quarter=spq)  # pyright: ignore[reportArgumentType]
    assert list(map(tuple, snapped.sorted_notes().tolist())) == expected


@pytest.mark.parametrize(
    "signatures",
    [
        [(21, 9, 8), (25, 9, 8)],  # at the edge of a bar of the same metre, and half a tick less
        [(0, 17, 16), (4, 17, 16)],  # a quarter of a tick less: two bars later it shows
        [(0, 17, 16), (4, 17, 16), (18, 17, 16), (20, 17, 16)],  # and a bar cut short
        [(3, 5, 8), (10, 5, 8), (17, 7, 16)],
    ],
)
def test_bars_of_fractions_of_ticks_come_back(signatures: list[tuple[int, int, int]]):
    notes: list[Note] = [(tick, 1, 60, 64, 0) for tick in range(60)]
    words = encode(score_of(notes, ticks_per_quarter=1, time_signatures=signatures))
    bars = bars_from_signatures(decode(words), end=59)
    for name in ("start", "length", "numerator", "denominator"):
        assert getattr(bars, name).tolist() == getattr(words.bars, name).tolist()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("spq", RESOLUTIONS)
@given(score=scores())
def test_encoding_again_changes_nothing(score: Score, scheme: str, spq: int):
    words = encode(score, scheme, steps_per_quarter=spq)  # pyright: ignore[reportArgumentType]
    again = encode(decode(words), scheme, steps_per_quarter=spq)  # pyright: ignore[reportArgumentType]
    assert again.bars.start.tolist() == words.bars.start.tolist()
    if scheme == "cp4":  # half a step may be less than a tick: then durations round twice
        says = 4 if score.ticks_per_quarter >= 2 * spq else 3
        assert again.values[:, :says].tolist() == words.values[:, :says].tolist()
    else:  # chords are recognised from the notes, and those have moved to the grid
        assert _without_chords(again) == _without_chords(words)


def _without_chords(words: Words) -> list[list[int]]:
    values = words.values.copy()
    values[:, 1] = 0
    says_more = (values[:, 0] != 1) | (values[:, 3] != 1)
    has_note = np.append(values[1:, 3] == 2, False)
    return values[says_more | has_note].tolist()


@pytest.mark.parametrize("scheme", SCHEMES)
@given(score=scores(), order=st.permutations([0, 1, 2]), data=st.data())
def test_tracks_and_file_order_do_not_matter(
    score: Score, order: list[int], data: st.DataObject, scheme: str
):
    words = encode(score, scheme)  # pyright: ignore[reportArgumentType]
    shuffled = data.draw(st.permutations(range(len(score))))
    other = replace(
        score.select(np.array(shuffled, dtype=np.int64)),
        track=np.array(order, dtype=np.int16)[score.track[shuffled]],
    )
    assert encode(other, scheme).values.tolist() == words.values.tolist()  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("spq", RESOLUTIONS)
@given(score=scores())
def test_every_note_has_one_row_and_every_column_its_range(score: Score, scheme: str, spq: int):
    words = encode(score, scheme, steps_per_quarter=spq)  # pyright: ignore[reportArgumentType]
    notes = words.note_index[words.note_index >= 0]
    assert sorted(notes.tolist()) == list(range(len(score)))
    assert words.values.shape == (len(words), len(columns(words.scheme)))
    assert (words.values >= 0).all()
    assert (words.values < np.array(words.vocab)).all()


@pytest.mark.parametrize("scheme", SCHEMES)
@given(score=scores(), factor=st.sampled_from([2, 3, 7, 10]))
def test_the_unit_of_time_does_not_matter(score: Score, factor: int, scheme: str):
    scale = np.array([factor, 1, 1])
    finer = replace(
        score,
        ticks_per_quarter=score.ticks_per_quarter * factor,
        onset=score.onset * factor,
        duration=score.duration * factor,
        tempos=score.tempos * scale[:2],
        time_signatures=score.time_signatures * scale,
    )
    _, numerator, denominator = score.time_signatures.T
    exact = numerator * 4 * score.ticks_per_quarter % denominator == 0
    if exact.all():  # where a bar ends inside a tick, more ticks do say more
        words = encode(score, scheme)  # pyright: ignore[reportArgumentType]
        assert encode(finer, scheme).values.tolist() == words.values.tolist()  # pyright: ignore[reportArgumentType]


@given(score=scores(), shift=st.integers(-24, 24))
def test_transposing_changes_the_pitch_column_only(score: Score, shift: int):
    moved = replace(score, pitch=np.clip(score.pitch + shift, 0, 127))
    if (moved.pitch - score.pitch == shift).all():
        words, other = encode(score), encode(moved)
        notes = words.note_index >= 0
        expected = words.values.copy()
        expected[notes, 2] += shift
        assert other.values.tolist() == expected.tolist()
        # cp7 has chords too, which move with the notes (but for ties): compare the rest.
        words, other = encode(score, "cp7"), encode(moved, "cp7")
        notes = words.note_index >= 0
        expected = words.values[notes]
        expected[:, 4] += shift
        assert other.values[other.note_index >= 0].tolist() == expected.tolist()
        assert other.note_index[other.note_index >= 0].tolist() == words.note_index[notes].tolist()


@pytest.mark.parametrize(("scheme", "longest"), [("cp4", 3840), ("cp7", 1920)])
@given(onset=st.integers(0, 20_000), duration=st.integers(60, 3840), velocity=st.integers(40, 127))
def test_a_note_moves_by_half_a_step_at_most(
    onset: int, duration: int, velocity: int, scheme: str, longest: int
):
    score = score_of([(onset, min(duration, longest), 60, velocity, 0)])
    said = decode(encode(score, scheme))  # pyright: ignore[reportArgumentType]
    assert abs(said.onset - score.onset) <= 60
    assert abs(said.duration - score.duration) <= (30 if scheme == "cp4" else 60)
    if scheme == "cp7":
        assert abs(said.velocity - score.velocity) <= 1


@given(score=scores(), bars=st.integers(0, 5))
def test_whole_bars_before_a_piece_are_empty_rows_before_its_words(score: Score, bars: int):
    tpq = score.ticks_per_quarter
    plain = replace(score, time_signatures=np.array([[0, 3, 4]], dtype=np.int32))
    later = replace(plain, onset=plain.onset + 3 * tpq * bars)
    before = [list(EMPTY)] * bars if len(score) else []
    assert encode(later).values.tolist() == before + encode(plain).values.tolist()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_odd_pieces_have_defined_words(scheme: str):
    cases: list[list[Note]] = [
        [],
        [(0, 480, 60, 64, 0)],
        [(0, 0, 0, 1, 0), (0, 0, 127, 127, 0)],
        [(1920, 480, 60, 64, 0)],
        [(0, 480, 60, 64, 0), (1919, 480, 60, 64, 0)],
    ]
    for notes in cases:
        words = encode(score_of(notes), scheme)  # pyright: ignore[reportArgumentType]
        assert np.count_nonzero(words.note_index >= 0) == len(notes)
        assert len(decode(words)) == len(notes)
    assert len(encode(score_of([]))) == 0


def test_bars_longer_than_the_grid_are_cut_at_a_stated_place():
    score = score_of([(0, 1, 60, 64, 0), (120 * 200, 1, 60, 64, 0)], time_signatures=[(0, 60, 4)])
    words = encode(score)
    assert words.values[:, :2].tolist() == [[0, 0], [0, 200 - 192]]
    assert decode(words).onset.tolist() == score.onset.tolist()


def test_exact_duplicates_keep_their_rows_and_are_counted():
    note: Note = (0, 480, 60, 64, 0)
    words = encode(score_of([note, note, (0, 480, 60, 64, 1), (0, 480, 60, 65, 0)]))
    assert len(words) == 4
    assert words.duplicates == 2


def test_unknown_schemes_and_resolutions_are_refused():
    with pytest.raises(UserError, match="cp4, cp7 or midibert"):
        encode(score_of([]), "remi")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match="one of"):
        encode(score_of([]), steps_per_quarter=5)


def test_columns_and_vocabulary_agree():
    assert len(vocabulary("cp4")) == len(CP4_COLUMNS)
    assert len(vocabulary("cp7")) == len(CP7_COLUMNS)
