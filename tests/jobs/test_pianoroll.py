"""The picture of a piece."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from ostinato.jobs.pianoroll import colours, draw
from ostinato.music.score import Score, Track

NAMES = ("melody", "bridge", "accompaniment")


def piece(bars: int, *, notes: bool = True, signature: tuple[int, int, int] | None = None) -> Score:
    count = 4 * bars if notes else 0
    return Score(
        ticks_per_quarter=480,
        onset=480 * np.arange(count, dtype=np.int32),
        duration=np.full(count, 400, dtype=np.int32),
        pitch=(48 + 12 * (np.arange(count) % 3)).astype(np.int16),
        velocity=np.full(count, 80, dtype=np.int16),
        track=np.zeros(count, dtype=np.int16),
        tracks=(Track("piano"),),
        time_signatures=np.array([signature] if signature else [], dtype=np.int32).reshape(-1, 3),
    )


def picture(path: Path, score: Score, labels: np.ndarray, **options: object) -> np.ndarray:
    draw(path, score, labels, NAMES, **options)  # pyright: ignore[reportArgumentType]
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    return imread(path)[:, :, :3]


def amount(image: np.ndarray, colour: str) -> int:
    return int((np.abs(image - to_rgb(colour)).max(axis=2) < 0.02).sum())


def test_every_label_has_its_colour(tmp_path: Path) -> None:
    score = piece(4, signature=(0, 4, 4))
    labels = np.arange(len(score)) % 3
    both = picture(tmp_path / "a.png", score, labels, title="A piece")
    without = picture(tmp_path / "b.png", score, np.where(labels == 0, 2, labels))
    melody, bridge, ground = colours(3)
    legend = amount(without, melody)
    assert 0 < legend < amount(both, melody) / 5
    assert amount(both, bridge) == amount(without, bridge)
    assert amount(without, ground) > amount(both, ground)


def test_doubtful_notes_are_pale(tmp_path: Path) -> None:
    score = piece(4)
    labels = np.zeros(len(score), dtype=np.int64)
    sure = picture(tmp_path / "a.png", score, labels, confidence=np.ones(len(score)))
    unsure = picture(tmp_path / "b.png", score, labels, confidence=np.full(len(score), 0.4))
    assert amount(unsure, colours(3)[0]) < amount(sure, colours(3)[0]) / 5


def test_long_pieces_take_several_rows(tmp_path: Path) -> None:
    heights = [
        picture(tmp_path / "a.png", piece(bars), np.zeros(4 * bars, dtype=np.int64)).shape[0]
        for bars in (16, 17, 160, 2000)
    ]
    assert heights[0] < heights[1] < heights[2] == heights[3]


@pytest.mark.parametrize(
    "score", [piece(1), piece(0, notes=False), piece(3, signature=(0, 7, 8))], ids=range(3)
)
def test_small_and_odd_pieces(tmp_path: Path, score: Score) -> None:
    picture(tmp_path / "deep" / "a.png", score, np.full(len(score), -1))


def test_any_title_and_notes_among_many_bars(tmp_path: Path) -> None:
    strange = "$a_{ \\frac $ 旋律 \udcff \x1b" + "long " * 90
    image = picture(tmp_path / "a.png", piece(4), np.zeros(16, dtype=np.int64), title=strange)
    assert image.shape[1] == 1680
    # A note is some pixels wide here: with an edge, little of it would be left.
    crowd = piece(600)
    image = picture(tmp_path / "b.png", crowd, np.zeros(len(crowd), dtype=np.int64))
    assert amount(image, colours(3)[0]) > 2 * len(crowd)


def test_colours_of_other_label_counts() -> None:
    assert len(set(colours(1))) == 1
    assert len(set(colours(6))) == 6
    assert len(colours(20)) == 20
