"""Make the package's split files anew: ``python runs/make_splits.py DATA``.

DATA holds the corpora and ``splits/``, the published roles. The clean splits follow from names
and melodies alone, so that the same data give the same files.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ostinato.music import splits
from ostinato.music.corpora.asap import ASAP
from ostinato.music.corpora.emopia import CLIP, EMOPIA
from ostinato.music.corpora.pianist8 import PIANIST8
from ostinato.music.corpora.pop909 import POP909
from ostinato.music.corpora.types import midi_files
from ostinato.music.midi import read_midi
from ostinato.music.score import Int
from ostinato.music.similarity import fingerprint, links, near_duplicates

OUT = Path(splits.__file__).parent / "splits_data"
RANK: dict[str, int] = {side: number for number, side in enumerate(splits.SIDES)}  # from train


def main(data: Path) -> None:
    """Write every split file."""
    roles = {path.stem: published(path) for path in sorted((data / "splits").glob("*.csv"))}
    clips = roles["emopia_midibert_clip"]
    write("emopia_midibert_clip", ((clip, song_of_clip(clip), clips[clip]) for clip in clips))
    write("emopia_song", emopia_song(data / "EMOPIA", roles["emopia_song"]))
    for name in ("pianist8_midibert", "pop909_midibert"):
        write(name, ((song, song, side) for song, side in roles[name].items()))
    write("pop909_song", pop909_song(data / "POP909", roles["pop909_midibert"]))
    write("pianist8_song", pianist8_song(data / "Pianist8", roles["pianist8_midibert"]))
    write("nottingham_tune", nottingham_tune(data / "Nottingham"))
    write("asap_piece", asap_piece(data / "ASAP"))


def published(path: Path) -> dict[str, str]:
    """Name, without its suffix, to side."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        return {(row.get("file") or row["song"]).removesuffix(".mid"): row["split"] for row in rows}


def write(name: str, rows: Iterable[tuple[str, str, str]]) -> None:
    """One split file, sorted by name."""
    with (OUT / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("name", "song", "side"))
        writer.writerows(sorted(rows))


def song_of_clip(clip: str) -> str:
    """The YouTube id in the name of an EMOPIA clip."""
    found = CLIP.fullmatch(clip)
    assert found, clip
    return found["song"]


def emopia_song(folder: Path, roles: dict[str, str]) -> list[tuple[str, str, str]]:
    """The given roles of videos, but those whose clips are near-duplicates go together to the side
    farthest from train.
    """
    prints = {
        d.name: fingerprint(read_midi(d.path)) for d in EMOPIA.documents(folder) if d.name in roles
    }
    pairs = [(song_of_clip(link.first), song_of_clip(link.second)) for link in links(prints)]
    side = {song_of_clip(clip): role for clip, role in roles.items()}
    while apart := [pair for pair in pairs if side[pair[0]] != side[pair[1]]]:
        for pair in apart:
            side |= dict.fromkeys(pair, max((side[song] for song in pair), key=RANK.__getitem__))
    return [(clip, song_of_clip(clip), side[song_of_clip(clip)]) for clip in roles]


def pop909_song(folder: Path, roles: dict[str, str]) -> list[tuple[str, str, str]]:
    """The published roles, but songs of one melody go together to the side farthest from train."""
    melodies = {d.song: melody(d.path) for d in POP909.documents(folder) if d.song in roles}
    return repaired(splits.melody_groups(melodies, run=40), roles)


def pianist8_song(folder: Path, roles: dict[str, str]) -> list[tuple[str, str, str]]:
    """The published roles, but near-duplicates go together to the side farthest from train."""
    prints = {d.name: fingerprint(read_midi(d.path)) for d in PIANIST8.documents(folder)}
    return repaired(near_duplicates(prints), roles)


def repaired(group: Mapping[str, str], roles: dict[str, str]) -> list[tuple[str, str, str]]:
    """Roles by which no group stands on two sides."""
    side = dict.fromkeys(group.values(), "train")
    for song, role in roles.items():
        side[group[song]] = max(side[group[song]], role, key=RANK.__getitem__)
    return [(song, song, side[group[song]]) for song in roles]


def nottingham_tune(folder: Path) -> list[tuple[str, str, str]]:
    """80/10/10 within each dance; tunes that share a run of melody are one song."""
    melodies = {name: melody(path) for name, path in midi_files(folder / "MIDI", "*.mid")}
    group = splits.melody_groups(melodies)
    dance = {song: re.sub(r"[0-9]+$|(?<=reels).*", "", song) for song in group.values()}
    side = splits.assign(group, dance)
    return [(name, song, side[name]) for name, song in group.items()]


def asap_piece(folder: Path) -> list[tuple[str, str, str]]:
    """80/10/10 of the pieces of each composer, whose scores and performances go with them.

    A piece with and without its repeats is one.
    """
    pieces = sorted({document.song for document in ASAP.documents(folder)})
    group = {piece: re.sub("(_no)?_repeat$", "", piece) for piece in pieces}
    composer = {song: song.split("/")[0] for song in group.values()}
    side = splits.assign(group, composer)
    return [(piece, piece, side[piece]) for piece in pieces]


def melody(path: Path) -> Int:
    """Pitches of the first track, in time."""
    score = read_midi(path)
    first = np.flatnonzero(score.track == 0)
    order = np.lexsort((score.pitch[first], score.onset[first]))
    return score.pitch[first][order].astype(np.int64)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
