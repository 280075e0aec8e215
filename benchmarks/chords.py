"""The claim: our chords agree with POP909's annotation better than a template matcher's.

    python benchmarks/chords.py --data POP909 [--split NAME] [--json]

scores the test songs against ``chord_midi.txt`` in seconds of agreement. ``root``: the roots
agree, or both say none. ``majmin``: only where the annotation is major, minor (sevenths and
sixths go with their triads) or none, and those three are compared, roots too. ``full``: root
and quality agree, the annotation's sixths taken as triads, its minor-major sevenths as minor
and its suspended sevenths as suspended. The matcher takes each beat for itself: the binary
template nearest by cosine to its pitch-class profile, none where nothing sounds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ostinato.eval.metrics import bootstrap
from ostinato.music import chords, splits
from ostinato.music.corpora.pop909 import read_beats
from ostinato.music.midi import read_midi
from ostinato.music.score import Bool, Int, Score

Float = NDArray[np.float64]
Recogniser = Callable[["Song"], chords.Chords]

MEASURES = ("root", "majmin", "full")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
NEAREST = {"maj6": "maj", "min6": "min", "minmaj7": "min", "sus4(b7)": "sus4"}
# Per quality: 0 major, 1 minor, 2 neither.
TRIAD = np.array([0, 1, 2, 2, 0, 0, 1, 2, 2, 2, 2])


@dataclass(frozen=True, eq=False)
class Song:
    """A song of POP909 with its beats and its annotation."""

    name: str
    score: Score
    beats: Int  # [k], ticks
    beat_seconds: Float  # [k]
    downbeat: Bool  # [k]
    start: Float  # [s], seconds, of the annotation's chords
    end: Float  # [s]
    root: Int  # [s], -1 none
    quality: Int  # [s]

    def chord_at(self, seconds: Float) -> tuple[Int, Int]:
        """The annotated root (-2 outside the annotation) and quality at each moment."""
        row = np.maximum(np.searchsorted(self.start, seconds, side="right") - 1, 0)
        outside = (seconds < self.start[row]) | (seconds >= self.end[row])
        return np.where(outside, -2, self.root[row]), self.quality[row]


@dataclass(frozen=True)
class Interval:
    """A share in 0..1, and its 95 % interval by songs resampled."""

    mean: float
    low: float
    high: float


def read_songs(data: Path, split: str, role: str, most: int | None = None) -> list[Song]:
    """The first ``most`` songs of a role (train, valid or test)."""
    names = sorted(song for song, side in splits.load(split).items() if side == role)
    return [read_song(data / name) for name in names[:most]]


def read_song(folder: Path) -> Song:
    """One folder of POP909."""
    score = read_midi(folder / f"{folder.name}.mid")
    quarters, downbeat = read_beats(folder / "beat_midi.txt", score)
    beats = np.rint(quarters * score.ticks_per_quarter).astype(np.int64)
    lines = (folder / "chord_midi.txt").read_text("utf-8").splitlines()
    rows = [line.split() for line in lines if line.strip()]
    root, quality = np.array([parse(label) for _, _, label in rows]).T
    return Song(
        name=folder.name,
        score=score,
        beats=beats,
        beat_seconds=score.seconds(beats),
        downbeat=downbeat,
        start=np.array([float(start) for start, _, _ in rows]),
        end=np.array([float(end) for _, end, _ in rows]),
        root=root,
        quality=quality,
    )


def parse(label: str) -> tuple[int, int]:
    """``G#:min7/b3`` -> root and quality; the bass is not used. ``N`` is (-1, 0)."""
    if label == "N":
        return -1, 0
    name, quality = label.split(":")
    quality = quality.split("/")[0]
    root = LETTERS[name[0]] + name.count("#") - name.count("b")
    return root % 12, chords.QUALITIES.index(NEAREST.get(quality, quality))


def ours(song: Song) -> chords.Chords:
    """The recogniser, knowing the bars."""
    return chords.recognise(song.score, song.beats, downbeat=song.downbeat)


def without_metre(song: Song) -> chords.Chords:
    """The recogniser, knowing the beats alone."""
    return chords.recognise(song.score, song.beats)


def matcher(qualities: Sequence[str]) -> Recogniser:
    """The template matcher with these qualities."""
    templates = np.zeros((12, len(qualities), 12))
    for index, name in enumerate(qualities):
        for root in range(12):
            tones = np.array(chords.INTERVALS[chords.QUALITIES.index(name)])
            templates[root, index, (root + tones) % 12] = len(tones) ** -0.5
    known = np.array([chords.QUALITIES.index(name) for name in qualities])

    def match(song: Song) -> chords.Chords:
        sounding = chords.profiles(song.score, song.beats)[:, 0] / chords.FULL
        beats = sounding / (4 * (1 - sounding))  # the saturation undone
        root, index = np.divmod(
            (beats @ templates.reshape(-1, 12).T).argmax(axis=1), len(qualities)
        )
        silent = ~beats.any(axis=1)
        return chords.Chords(
            tick=song.beats,
            root=np.where(silent, -1, root),
            quality=np.where(silent, 0, known[index]),
        )

    return match


def agreement(song: Song, found: chords.Chords) -> Float:
    """Seconds right and seconds counted of each measure, [3, 2], over the annotated time."""
    edges = np.unique(np.concatenate([song.start, song.end, song.beat_seconds]))
    length, middle = np.diff(edges), (edges[1:] + edges[:-1]) / 2
    root, quality = song.chord_at(middle)
    beat = np.searchsorted(song.beat_seconds, middle, side="right") - 1
    found_root = np.where(beat < 0, -1, found.root[np.maximum(beat, 0)])
    found_quality = np.where(found_root < 0, 0, found.quality[np.maximum(beat, 0)])
    known, none = root > -2, root == -1
    same = found_root == root
    triad, found_triad = TRIAD[quality], TRIAD[found_quality]
    plain = known & (none | (triad < 2))
    right = (
        (known, same),
        (plain, same & (none | (triad == found_triad))),
        (known, same & (quality == found_quality)),
    )
    return np.array([[(length * (c & r)).sum(), (length * c).sum()] for c, r in right])


def score_songs(songs: list[Song], recogniser: Recogniser = ours) -> dict[str, Interval]:
    """Each measure's share of the time of all songs together."""
    seconds = np.array([agreement(song, recogniser(song)) for song in songs])
    found: dict[str, Interval] = {}
    for index, name in enumerate(MEASURES):
        right, size = seconds[:, index].T
        found[name] = Interval(float(right.sum() / size.sum()), *bootstrap(right, size))
    return found


def speed(songs: list[Song]) -> dict[str, float]:
    """Milliseconds of one song: of the median over songs, the best of three runs."""
    taken: list[float] = []
    for song in songs:
        runs: list[float] = []
        for _ in range(3):
            started = time.perf_counter()
            ours(song)
            runs.append(1e3 * (time.perf_counter() - started))
        taken.append(min(runs))
    return {
        "median_ms": float(np.median(taken)),
        "median_notes": float(np.median([len(song.score) for song in songs])),
        "median_beats": float(np.median([len(song.beats) for song in songs])),
    }


def main() -> None:
    """Score the test songs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of POP909's songs")
    parser.add_argument("--split", default="pop909_midibert", help="a split of the package")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    songs = read_songs(options.data, options.split, "test")
    recognisers = {
        "ostinato": ours,
        "ostinato, bars unknown": without_metre,
        "templates, 11 qualities": matcher(chords.QUALITIES),
        "templates, major and minor": matcher(chords.QUALITIES[:2]),
    }
    scores = {name: score_songs(songs, recogniser) for name, recogniser in recognisers.items()}
    timing = speed(songs)
    if options.json:
        rows = {name: {m: asdict(i) for m, i in row.items()} for name, row in scores.items()}
        print(json.dumps({"songs": len(songs), "scores": rows, "speed": timing}, indent=2))
        return
    print(f"{len(songs)} test songs of POP909; % of the time that agrees [95 % interval]")
    print(f"{'':28}" + "".join(f"{name:>22}" for name in MEASURES))
    for name, row in scores.items():
        cells = (
            f"{100 * i.mean:.1f} [{100 * i.low:.1f}, {100 * i.high:.1f}]" for i in row.values()
        )
        print(f"{name:28}" + "".join(f"{cell:>22}" for cell in cells))
    print(
        f"{timing['median_ms']:.2f} ms for the median song "
        f"({timing['median_notes']:.0f} notes, {timing['median_beats']:.0f} beats)"
    )


if __name__ == "__main__":
    main()
