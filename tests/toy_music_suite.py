"""Toy corpora in their published layouts, and splits of them, for the suite ``music``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato.music import splits
from ostinato.music.midi import write_midi
from ostinato.music.score import Score, Track
from tiny_model import random_score

SIDES = ("train", "train", "train", "valid", "test", "test")
TRACKS = (Track("MELODY"), Track("BRIDGE"), Track("PIANO"))
DANCES = ("jigs1", "reelsa-c2", "waltzes3", "jigs4", "reelsa-c5", "waltzes6")


def song(seed: int = 0, *, beats: int = 32) -> Score:
    """At each beat a melody note, two of the piano below; the first quarter of it is bridge."""
    draw = np.random.default_rng(seed)
    beat = np.arange(1, beats + 1, dtype=np.int32)
    track = np.repeat([0, 2, 2], beats)
    track[: beats // 4] = 1
    high = 76 + draw.integers(0, 5, beats)
    pitch = np.concatenate([high, np.full(beats, 50), np.full(beats, 55)])
    return replace(
        random_score(3 * beats),
        onset=np.concatenate([beat, beat, beat]) * 480,
        duration=np.full(3 * beats, 240, dtype=np.int32),
        pitch=pitch.astype(np.int16),
        velocity=(20 + 16 * draw.integers(0, 6, 3 * beats)).astype(np.int16),
        track=track.astype(np.int16),
        tracks=TRACKS,
    )


def write_corpora(data: Path) -> Path:
    """POP909 of six songs and Nottingham of six tunes, below ``data``."""
    for number in range(1, 7):
        folder = data / "POP909" / f"00{number}"
        folder.mkdir(parents=True)
        write_midi(song(number), folder / f"00{number}.mid")
        times = [beat / 2 for beat in range(40)]
        pairs = [f"{t:.6f} {float(i % 2 == 0)} {float(i % 4 == 0)}" for i, t in enumerate(times)]
        places = [f"{t:.6f} {i % 4 + 1}" for i, t in enumerate(times)]
        (folder / "beat_midi.txt").write_text("\n".join(pairs))
        (folder / "beat_audio.txt").write_text("\n".join(places))
    (data / "Nottingham" / "MIDI").mkdir(parents=True)
    for number, name in enumerate(DANCES):
        write_midi(song(number), data / "Nottingham" / "MIDI" / f"{name}.mid")
    return data


def toy_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every split one of the toy corpora; no song is on two sides."""

    def names(split: str) -> list[str]:
        return list(DANCES) if split.startswith("nottingham") else [f"00{n}" for n in range(1, 7)]

    def load(split: str) -> dict[str, str]:
        return dict(zip(names(split), SIDES, strict=True))

    def songs(split: str) -> dict[str, str]:
        return {name: name for name in names(split)}

    monkeypatch.setattr(splits, "load", load)
    monkeypatch.setattr(splits, "songs", songs)
