"""``ostinato inspect``: what is in a MIDI file, and what is odd about it."""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape

from ostinato.base.errors import UserError
from ostinato.data.vocabulary import Vocabulary, load_vocabulary
from ostinato.infer.directory import MELODY, bundled, words_of
from ostinato.jobs.show import console, counted, naming, print_json, printable, table
from ostinato.music import smf
from ostinato.music.compound_words import Scheme, encode
from ostinato.music.grid import Bars, bars_from_signatures
from ostinato.music.lexicon import LONGEST, match
from ostinato.music.midi import read_bytes, read_midi
from ostinato.music.programs import instrument
from ostinato.music.score import Score

MAJOR = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
MINOR = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")


@dataclass(frozen=True)
class TrackFacts:
    """One track. ``lowest`` and ``highest`` are MIDI pitches, None without notes."""

    name: str
    program: int
    instrument: str
    notes: int
    lowest: int | None
    highest: int | None


@dataclass(frozen=True)
class Facts:
    """Everything that ``inspect`` tells of one file."""

    file: str
    bytes: int
    format: int
    ticks_per_quarter: int
    bars: int
    seconds: float
    tempo: tuple[float, float] | None  # slowest and fastest, quarters per minute; None: not given
    tempo_changes: int
    metre: tuple[str, ...]  # as "4/4 from bar 1"; the assumed one too
    metre_assumed: bool
    meaningless: int  # time signatures of no length and tempos of 0, which are passed over
    keys: tuple[str, ...]  # distinct ones, in order
    tracks: tuple[TrackFacts, ...]
    notes: int
    drum_notes: int
    duplicates: int  # notes equal to another in track, onset, duration, pitch and velocity
    overlaps: int  # notes that begin while the same pitch of the same track still sounds
    zero_length: int
    unended: int | None  # keys struck and never released: no notes; None: the bytes are illegal
    missing_tracks: int  # tracks that the header announces and the file does not hold
    clipped: int  # notes longer than the last duration of the scheme
    pedals: int  # times that the damper pedal is pressed
    controls: int
    pitch_bends: int
    scheme: str
    words: int
    compounds: int | None  # None: no model is bundled for this scheme
    ngrams: int | None

    def oddities(self) -> list[str]:
        """What a user should know before trusting anything computed from the file."""
        said = [
            (not self.notes, "no notes"),
            (self.metre_assumed, "no time signature: 4/4 assumed"),
            (self.tempo is None, "no tempo: 120 quarters per minute assumed"),
            (
                self.meaningless,
                counted(self.meaningless, "tempo or time signature", "tempos or time signatures")
                + " without a meaning, passed over",
            ),
            (
                self.missing_tracks,
                counted(self.missing_tracks, "track", "tracks")
                + " announced and not there: the file may be cut off",
            ),
            (
                self.unended,
                counted(self.unended or 0, "key", "keys")
                + " struck and never released: silent here, and in most players without end",
            ),
            (self.duplicates, counted(self.duplicates, "exact duplicate", "exact duplicates")),
            (
                self.overlaps,
                counted(self.overlaps, "note begins", "notes begin")
                + " while that pitch still sounds",
            ),
            (self.zero_length, counted(self.zero_length, "note", "notes") + " of no length"),
            (
                self.clipped,
                counted(self.clipped, "note", "notes")
                + f" longer than the last duration of {self.scheme}",
            ),
            (
                self.drum_notes,
                counted(self.drum_notes, "drum note", "drum notes") + ", which melody passes over",
            ),
        ]
        return [text for present, text in said if present]


def inspect(files: Sequence[Path], scheme: Scheme, as_json: bool) -> None:
    """Print what each file holds; one that cannot be read is named and the others go on."""
    vocabulary = _vocabulary(scheme)
    out = console()
    found: list[dict[str, object]] = []
    failed: list[UserError] = []
    for path in files:
        try:
            facts = examine(path, scheme, vocabulary)
        except UserError as error:
            failed.append(error)
            found.append({"file": str(path), "error": str(error)})
            if len(files) > 1 and not as_json:
                sys.stderr.write(f"{printable(str(error))}\n")
            continue
        found.append({**asdict(facts), "oddities": facts.oddities()})
        if not as_json:
            _show(out, facts)
    if as_json:
        print_json(found)
    if failed and len(files) == 1:
        raise failed[0]
    if failed:
        raise UserError(f"{len(failed)} of {len(files)} files could not be read")


def examine(path: Path, scheme: Scheme, vocabulary: Vocabulary | None) -> Facts:
    """Read and count one file; compounds and n-grams by ``vocabulary`` where there is one."""
    data = read_bytes(path)
    score = read_midi(data, name=path)
    with naming(path):
        bars = bars_from_signatures(score)
        words = encode(score, scheme, bars=bars)
    tempo = 6e7 / score.tempos[score.tempos[:, 1] > 0, 1]
    compounds = ngrams = None
    if vocabulary is not None:
        tokens = vocabulary.compoundation.apply(words).tokens
        compounds = len(tokens)
        ngrams = len(match(tokens, vocabulary.lexicon, slots=LONGEST * len(tokens)).id)
    return Facts(
        file=str(path),
        bytes=len(data),
        format=struct.unpack(">H", data[8:10])[0],
        ticks_per_quarter=score.ticks_per_quarter,
        bars=len(bars),
        seconds=round(float(score.seconds(np.array([score.end]))[0]), 3),
        tempo=(round(float(tempo.min()), 2), round(float(tempo.max()), 2)) if len(tempo) else None,
        tempo_changes=max(0, len(tempo) - 1),
        metre=_metres(bars),
        metre_assumed=bars.assumed,
        meaningless=count_meaningless(score),
        keys=tuple(dict.fromkeys(_key(*key) for key in score.key_signatures[:, 1:].tolist())),
        tracks=_tracks(score),
        notes=len(score),
        drum_notes=int(score.is_drum.sum()),
        duplicates=count_duplicates(score),
        overlaps=count_overlaps(score),
        zero_length=int((score.duration == 0).sum()),
        unended=count_unended(data, len(score)),
        missing_tracks=count_missing_tracks(data),
        clipped=words.clipped,
        pedals=len(score.pedals),
        controls=len(score.controls),
        pitch_bends=len(score.pitch_bends),
        scheme=scheme,
        words=len(words.values),
        compounds=compounds,
        ngrams=ngrams,
    )


def count_duplicates(score: Score) -> int:
    """Notes beyond the first of equal track, onset, duration, pitch and velocity."""
    rows = np.stack([score.track, score.onset, score.duration, score.pitch, score.velocity], axis=1)
    return len(rows) - len(np.unique(rows, axis=0)) if len(rows) else 0


def count_overlaps(score: Score) -> int:
    """Notes that begin before the end of an earlier note of the same track and pitch."""
    order = np.lexsort((score.duration, score.onset, score.pitch, score.track))
    voice = score.track.astype(np.int64) * 128 + score.pitch
    begin = (voice << 33) + score.onset
    latest_end = np.maximum.accumulate((begin + score.duration)[order])
    begin, voice = begin[order], voice[order]
    return int(((begin[1:] < latest_end[:-1]) & (voice[1:] == voice[:-1])).sum())


def count_meaningless(score: Score) -> int:
    """Tempos of 0, and time signatures n/d of which a bar would last no whole tick."""
    n, d = score.time_signatures[:, 1].astype(np.int64), score.time_signatures[:, 2]
    sound = (n > 0) & (d > 0) & (n * 4 * score.ticks_per_quarter >= d)
    return int((score.tempos[:, 1] <= 0).sum() + (~sound).sum())


def count_unended(data: bytes, notes: int) -> int | None:
    """Note-ons that no note-off ends, where ``notes`` are ended; None if the bytes break rules."""
    try:
        file = smf.read(data)
    except UserError:
        return None
    struck = (file.events.kind == smf.NOTE_ON) & (file.data(1) > 0)
    return max(0, int(struck.sum()) - notes)


def count_missing_tracks(data: bytes) -> int:
    """How many chunks of events fewer there are than the header says."""
    found, position = 0, 14
    while position + 8 <= len(data):
        found += data[position : position + 4] == b"MTrk"
        position += 8 + int.from_bytes(data[position + 4 : position + 8], "big")
    return max(0, int.from_bytes(data[10:12], "big") - found)


def _vocabulary(scheme: str) -> Vocabulary | None:
    folder = bundled().get(MELODY)
    if folder is None:
        return None
    vocabulary = load_vocabulary(words_of(folder))
    return vocabulary if vocabulary.compoundation.scheme == scheme else None


def _tracks(score: Score) -> tuple[TrackFacts, ...]:
    found: list[TrackFacts] = []
    for number, track in enumerate(score.tracks):
        pitch = score.pitch[score.track == number]
        found.append(
            TrackFacts(
                name=track.name,
                program=track.program,
                instrument=instrument(track.program, is_drum=track.is_drum),
                notes=len(pitch),
                lowest=int(pitch.min()) if len(pitch) else None,
                highest=int(pitch.max()) if len(pitch) else None,
            )
        )
    return tuple(found)


def _metres(bars: Bars) -> tuple[str, ...]:
    """Where the metre changes; a signature that says again what holds already is no change."""
    if bars.assumed:
        return ("4/4 (assumed)",)
    metre = np.stack([bars.numerator, bars.denominator], axis=1)
    changes = np.flatnonzero(np.append(True, (metre[1:] != metre[:-1]).any(axis=1)))
    return tuple("{}/{} from bar {:,}".format(*metre[bar], bar + 1) for bar in changes)


def _key(sharps: int, minor: int) -> str:
    if not -7 <= sharps <= 7:
        return f"{sharps} sharps"
    return f"{MINOR[sharps + 7]} minor" if minor else f"{MAJOR[sharps + 7]} major"


def _some(values: Sequence[str], most: int = 4) -> str:
    """The first few of a list and how many follow."""
    more = len(values) - most
    return ", ".join(values[:most]) + (f" and {more:,} more" if more > 0 else "")


def _show(out: Console, facts: Facts) -> None:
    out.print(f"[bold]{escape(printable(facts.file))}[/]")
    slow, fast = map(_figure, facts.tempo or (120.0, 120.0))
    tempo = slow if slow == fast else f"{slow} to {fast}"
    out.print(
        f"  format {facts.format}, {facts.bytes:,} bytes, {facts.ticks_per_quarter} ticks per "
        f"quarter; {counted(facts.bars, 'bar', 'bars')}, {facts.seconds:,.1f} s"
    )
    out.print(
        f"  tempo {tempo} quarters per minute ({counted(facts.tempo_changes, 'change', 'changes')})"
    )
    out.print(f"  metre {_some(facts.metre)}; key {_some(facts.keys) or 'not given'}")
    rows = [
        (t.name or "-", t.instrument, f"{t.notes:,}", _range(t.lowest, t.highest))
        for t in facts.tracks
    ]
    if rows:
        out.print(table(("track", "instrument", "notes", "pitches"), rows, left=("instrument",)))
    counts = [
        counted(facts.notes, "note", "notes"),
        counted(facts.pedals, "pedal press", "pedal presses"),
        counted(facts.controls, "control", "controls"),
        counted(facts.pitch_bends, "pitch bend", "pitch bends"),
    ]
    out.print("  " + ", ".join(counts))
    words = [counted(facts.words, f"{facts.scheme} word", f"{facts.scheme} words")]
    if facts.compounds is not None and facts.ngrams is not None:
        words.append(counted(facts.compounds, "compound", "compounds"))
        words.append(counted(facts.ngrams, "n-gram match", "n-gram matches"))
    out.print("  " + ", ".join(words))
    for oddity in facts.oddities():
        out.print(f"  [yellow]![/] {oddity}")
    out.print()


def _figure(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _range(lowest: int | None, highest: int | None) -> str:
    return "-" if lowest is None else f"{lowest}..{highest}"
