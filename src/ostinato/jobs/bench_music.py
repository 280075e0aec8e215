"""What ``ostinato bench music`` measures: MIDI bytes to notes, words and compounds on one core.

Times are of the process's CPU, the best of three passes over files that lie in memory; the
peers, MidiTok's CPWord and mido, read the same files in the same process. Nothing is timed
before the words of every file have passed ``check``.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ostinato.base.errors import UserError
from ostinato.music.compound_words import Scheme, decode, encode, snap
from ostinato.music.compoundation import Compoundation
from ostinato.music.midi import read_midi
from ostinato.music.score import Score

PASSES = 3
PEER_FILES = 24  # the peers take a hundred times as long: they read a sample
Step = Callable[[bytes], object]


@dataclass(frozen=True)
class Rate:
    """How fast one way of reading was. ``ours`` is the CPU time of cp4 on the same files."""

    name: str
    files: int
    notes: int
    seconds: float  # CPU, best pass
    ours: float

    @property
    def ratio(self) -> float:
        """How many times as long as bytes to cp4 words takes here."""
        return self.seconds / self.ours


@dataclass(frozen=True)
class Report:
    """The rates, the peers last, and the names of peers that are not installed."""

    rates: tuple[Rate, ...]
    missing: tuple[str, ...]


def measure(files: Sequence[bytes], compoundation: Compoundation) -> Report:
    """Check, then time, every step on ``files`` and the peers on an even sample of them."""
    notes = sum(check(data) for data in files)
    if not notes:
        raise UserError("the files hold no note to measure with; name a folder of MIDI with music")
    steps: dict[str, Step] = {
        "bytes to Score": read_midi,
        "bytes to cp4 words": lambda data: encode(read_midi(data)),
        "bytes to cp7 words": lambda data: encode(read_midi(data), "cp7"),
        "bytes to compounds": lambda data: compoundation.apply(encode(read_midi(data))),
    }
    seconds = {name: _best(step, files) for name, step in steps.items()}
    ours = seconds["bytes to cp4 words"]
    rates = [Rate(name, len(files), notes, taken, ours) for name, taken in seconds.items()]
    sample = files[:: -(-len(files) // PEER_FILES)]
    sample_notes = sum(len(read_midi(data)) for data in sample)
    sample_ours = _best(steps["bytes to cp4 words"], sample)
    peers, missing = _peers()
    for name, peer in peers.items():
        rates.append(Rate(name, len(sample), sample_notes, _best(peer, sample), sample_ours))
    return Report(tuple(rates), missing)


def check(data: bytes) -> int:
    """The number of notes of a file whose words are right; ``ValueError`` where they are not.

    Every note has one row, with its pitch; the words decode to the score on the grid; and
    what was decoded gives the same cp4 words again.
    """
    score = read_midi(data)
    for scheme in ("cp4", "cp7"):
        _check_scheme(score, scheme)
    return len(score)


def _check_scheme(score: Score, scheme: Scheme) -> None:
    words = encode(score, scheme)
    said = decode(words)
    note = words.note_index[words.note_index >= 0]
    snapped = snap(score, scheme).sorted_notes()
    decoded = said.sorted_notes()
    columns = slice(0, 4) if scheme == "cp7" else slice(0, 3)
    right = (
        np.array_equal(np.sort(note), np.arange(len(score)))
        and np.array_equal(said.pitch, score.pitch[note])
        and np.array_equal(decoded[:, columns], snapped[:, columns])
        and (scheme != "cp4" or np.array_equal(encode(said).values, words.values))
    )
    if not right:
        raise ValueError(f"{scheme} words do not say the notes of a file: nothing is measured")


def _best(step: Step, files: Sequence[bytes]) -> float:
    """CPU seconds of the fastest of ``PASSES`` passes over the files."""
    taken: list[float] = []
    for _ in range(PASSES):
        began = time.process_time()
        for data in files:
            step(data)
        taken.append(time.process_time() - began)
    return min(taken)


def _peers() -> tuple[dict[str, Step], tuple[str, ...]]:
    makers = {"miditok": _miditok, "mido": _mido}
    peers: dict[str, Step] = {}
    for name, make in makers.items():
        if find_spec(name):
            label, step = make()
            peers[label] = step
    return peers, tuple(name for name in makers if not find_spec(name))


def _miditok() -> tuple[str, Step]:
    """MidiTok's CPWord on our grid, from a file: it takes no bytes, so they lie in memory."""
    import miditok

    tokenizer: Any = miditok.CPWord(miditok.TokenizerConfig(beat_res={(0, 16): 4}))
    folder = Path("/dev/shm")
    place = folder if folder.is_dir() else None

    def tokens(data: bytes) -> object:
        with tempfile.NamedTemporaryFile(suffix=".mid", dir=place) as file:
            file.write(data)
            file.flush()
            return tokenizer(Path(file.name))

    return "MidiTok CPWord", tokens


def _mido() -> tuple[str, Step]:
    """Notes by mido: messages merged in time, a note-off paired with the oldest note-on."""
    import mido

    def notes(data: bytes) -> object:
        found: list[tuple[int, int, int, int]] = []
        sounding: dict[tuple[int, int], list[tuple[int, int]]] = {}
        now = 0
        read: Any = mido.MidiFile(file=io.BytesIO(data))
        for message in mido.merge_tracks(read.tracks):
            now += message.time
            if message.type not in ("note_on", "note_off"):
                continue
            key = (message.channel, message.note)
            if message.type == "note_on" and message.velocity:
                sounding.setdefault(key, []).append((now, message.velocity))
            elif sounding.get(key):
                onset, velocity = sounding[key].pop(0)
                found.append((onset, now - onset, message.note, velocity))
        return found

    return "mido, to notes", notes
