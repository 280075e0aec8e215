"""Broken MIDI files: each gives a result or one clear error, in short time and little memory."""

from __future__ import annotations

import resource
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tiny_midi import END, meta, midi, off, on, random_file

from ostinato.base.errors import UserError
from ostinato.music import pairing, smf
from ostinato.music.compound_words import encode
from ostinato.music.midi import read_midi
from ostinato.music.score import Score
from ostinato.music.score_bytes import midi_bytes
from ostinato.music.separate import separate
from ostinato.music.unchanged import verify

SECONDS = 10  # for one file; it takes milliseconds
MEMORY = 1 << 30
GAP = b"\xff\xff\xff\x7f"  # the longest time between two events


@contextmanager
def limits(seconds: int = SECONDS, memory: int = MEMORY) -> Iterator[None]:
    """Make a hang a TimeoutError and an explosion a MemoryError."""

    def too_long(*_: object) -> None:
        raise TimeoutError

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory, hard))
    handler = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))


def damage(draw: np.random.Generator, data: bytes) -> bytes:
    """Cut, flip, insert, zero, delete or repeat a few bytes."""
    at = int(draw.integers(max(1, len(data) if draw.random() < 0.8 else min(len(data), 40))))
    size = int(draw.integers(1, 9))
    noise = draw.bytes(size)
    flipped = bytes(byte ^ 1 << int(draw.integers(8)) for byte in data[at : at + 1])
    often = ["flip", "overwrite", "insert", "zero"] * 3
    return {
        "cut": data[:at],
        "flip": data[:at] + flipped + data[at + 1 :],
        "overwrite": data[:at] + noise + data[at + size :],
        "insert": data[:at] + noise + data[at:],
        "zero": data[:at] + bytes(size) + data[at + size :],
        "delete": data[:at] + data[at + size :],
        "repeat": data[: at + size] + data[at:],
        "long": data[:at] + GAP + data[at + 1 :],
    }[str(draw.choice(["cut", "long", "delete", "repeat", *often]))]


def mutate(draw: np.random.Generator, data: bytes) -> bytes:
    """Damage a whole file, or one chunk and then let the file tell the chunk's new length."""
    for _ in range(int(draw.integers(1, 4))):
        if draw.random() < 0.4:
            data = damage(draw, data)
        else:
            start = 14
            for _ in range(int(draw.integers(3))):
                end = start + 8 + int.from_bytes(data[start + 4 : start + 8], "big")
                start = end if end + 8 < len(data) else start
            end = start + 8 + int.from_bytes(data[start + 4 : start + 8], "big")
            body = damage(draw, data[start + 8 : end])
            data = data[: start + 4] + len(body).to_bytes(4, "big") + body + data[end:]
    return data


def refused(error: UserError) -> bool:
    """One sentence for a user."""
    message = str(error)
    assert 15 < len(message) < 300, message
    assert "\n" not in message, message
    return True


def attempt(data: bytes) -> str:
    """How far a file comes; raises for anything but a result or a ``UserError``."""
    try:
        score = read_midi(data)
    except UserError as error:
        return "unread" if refused(error) else ""
    outcome = "read"
    try:
        separated = separate(data, score, np.arange(len(score)) % 4)
        verify(data, separated.data)
        outcome = "separated"
    except UserError as error:
        refused(error)
        agree(data, score)
    works = [midi_bytes, encode, lambda s: encode(s, "cp7")]
    for work in works:
        try:
            work(score)
        except UserError as error:
            refused(error)
    return outcome


def agree(data: bytes, score: Score) -> None:
    """Where our reader takes a file, it has the library's notes, or ``match`` has said so."""
    try:
        notes = pairing.find_notes(smf.read(data))
        pairing.match(notes, score)
    except UserError:
        return
    assert sorted(notes.onset.tolist()) == sorted(score.onset.tolist())


def check(originals: list[bytes], count: int, seed: int) -> Counter[str]:
    draw = np.random.default_rng(seed)
    outcomes: Counter[str] = Counter()
    for number in range(count):
        data = mutate(draw, originals[number % len(originals)])
        try:
            with limits():
                outcomes[attempt(data)] += 1
        except BaseException:
            sys.stderr.write(f"mutant {number} of seed {seed}: {data[:2000].hex()}\n")
            raise
    return outcomes


def synthetic() -> list[bytes]:
    return [random_file(np.random.default_rng(seed), events=30) for seed in range(20)]


def real(shared: Path) -> list[bytes]:
    """The smallest few of each corpus."""
    files = list[Path]()
    for corpus in ("POP909", "Pianist8", "ASAP", "EMOPIA", "Nottingham", "Vienna4x22"):
        of_corpus = (shared / "data" / corpus).rglob("*.mid")
        files += sorted(of_corpus, key=lambda path: (path.stat().st_size, path))[:6]
    return [path.read_bytes() for path in files]


def test_three_hundred_mutants() -> None:
    outcomes = check(synthetic(), 300, seed=1)
    assert outcomes["unread"] > 60
    assert outcomes["separated"] > 40


def test_mutants_of_real_files(shared: Path) -> None:
    assert check(real(shared), 60, seed=2)["separated"] > 3


@pytest.mark.long
def test_three_thousand_mutants(shared: Path) -> None:
    outcomes = check(synthetic(), 1500, seed=3) + check(real(shared), 1500, seed=4)
    assert outcomes.total() == 3000
    assert min(outcomes["unread"], outcomes["separated"]) > 500


@pytest.mark.parametrize("size", range(0, 60, 3))
def test_a_file_cut_anywhere(size: int) -> None:
    data = midi(meta(0, 3, b"a") + on(0, 60) + off(96, 60) + END)
    assert attempt(data[:size]) == ("separated" if size >= len(data) else "unread")


def test_one_note() -> None:
    assert attempt(midi(on(0, 60) + off(96, 60) + END)) == "separated"


def test_no_notes() -> None:
    assert attempt(midi(END)) == "separated"
    assert attempt(midi()) == "separated"


@pytest.mark.parametrize("ticks", [2**28 - 1, 2**31 - 200, 2**31 - 1, 2**31, 2**32, 2**32 + 500])
def test_ticks_at_the_limit(ticks: int) -> None:
    whole, rest = divmod(ticks, 2**28 - 1)
    bridge = (GAP + meta(0, 6, b"a")[1:]) * whole
    last = bytes(
        (0x80 | rest >> 21, 0x80 | rest >> 14 & 0x7F, 0x80 | rest >> 7 & 0x7F, rest & 0x7F)
    )
    data = midi(on(0, 60) + bridge + last + off(0, 60)[1:] + on(0, 60) + off(0, 60) + END)
    with limits():
        outcome = attempt(data)
    assert outcome == ("separated" if ticks < 2**31 else "unread")


@pytest.mark.parametrize("signature", [(0, 2), (1, 255), (255, 0), (1, 7), (4, 2)])
def test_signatures_and_tempos_at_the_limit(signature: tuple[int, int]) -> None:
    metre = meta(0, 0x58, bytes((*signature, 24, 8)))
    for tempo in (b"\0\0\0", b"\0\0\1", b"\xff\xff\xff"):
        body = metre + meta(0, 0x51, tempo) + on(0, 60) + GAP + off(0, 60)[1:] + END
        with limits():
            assert attempt(midi(body)) != "unread"


@pytest.mark.parametrize("division", [1, 32_767])
def test_resolutions_at_the_limit(division: int) -> None:
    body = on(0, 60) + off(96, 60) + GAP + on(0, 60)[1:] + off(96, 60) + END
    with limits():
        assert attempt(midi(body, division=division)) == "separated"


@pytest.mark.long
def test_sixty_thousand_tracks() -> None:
    body = on(0, 60) + off(96, 60) + END
    with limits(60):
        assert attempt(midi(*[body] * 32_000)) == "separated"
        assert attempt(midi(*[body] * 60_000)) == "unread"


@pytest.mark.long
def test_a_million_notes() -> None:
    draw = np.random.default_rng(0)
    pitch = draw.integers(20, 110, 1_000_000)
    body = b"".join(on(1, p) + bytes((1, p, 0)) for p in pitch.tolist())
    with limits(100, 6 << 30):
        assert attempt(midi(body + END)) == "separated"
