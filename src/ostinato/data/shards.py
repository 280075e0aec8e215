"""A prepared corpus on disk: compound words and note labels of many documents.

A shard folder holds ``words.json`` (a ``Header``), ``documents.jsonl`` (one ``Entry`` per line,
in order) and ``shard-00000.safetensors`` and so on, each with ``values`` int16 [n, F],
``label`` int8 [n] (0 where a row has none) and ``document`` int64 [d + 1], the row offsets
of its d documents. Documents never span two shards.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write, write_json, write_text

Int16 = NDArray[np.int16]
Int8 = NDArray[np.int8]
Int64 = NDArray[np.int64]

MAX_SHARD_ROWS = 1 << 20


@dataclass(frozen=True)
class Header:
    """What every row of a shard folder has in common."""

    scheme: str
    steps_per_quarter: int
    vocab: tuple[int, ...]  # size of each column
    corpus: str = ""
    licence: str = ""

    def same_words(self, other: Header) -> bool:
        """Whether rows of the two folders mean the same."""
        return (self.scheme, self.steps_per_quarter, self.vocab) == (
            other.scheme,
            other.steps_per_quarter,
            other.vocab,
        )


@dataclass(frozen=True)
class Entry:
    """One document. ``song`` is equal for all versions of a song within a corpus family."""

    name: str
    song: str
    corpus: str
    rows: int
    notes: int


@dataclass
class _Buffer:
    values: list[Int16] = field(default_factory=list[Int16])
    label: list[Int8] = field(default_factory=list[Int8])
    rows: int = 0


class ShardWriter:
    """Writes a shard folder, one whole shard at a time; opened again, it goes on.

    ``done`` names the documents that an earlier run has completed. What a run had not yet
    written as a whole shard when it died is not among them and must be added again.
    """

    def __init__(self, folder: Path, header: Header, *, max_rows: int = MAX_SHARD_ROWS) -> None:
        self._folder = folder
        self._max_rows = max_rows
        self._buffer = _Buffer()
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "words.json").exists() and not read_header(folder).same_words(header):
            raise UserError(
                f"{folder} holds shards of another word scheme: choose an empty folder instead."
            )
        self._entries = read_entries(folder) if (folder / "documents.jsonl").exists() else []
        self._written = self._entries.copy()
        self._shards = _count_shards(folder, len(self._entries))
        for stale in _shard_paths(folder)[self._shards :]:
            stale.unlink()
        write_json(folder / "words.json", asdict(header))

    @property
    def done(self) -> set[str]:
        """Names of the documents that are safe on disk."""
        return {entry.name for entry in self._written}

    def add(self, entry: Entry, values: Int16, label: Int8 | None = None) -> None:
        """Append a document of ``values`` [n, F] with one label per row (none given: all 0)."""
        assert entry.rows == len(values)
        assert label is None or len(label) == len(values)
        if self._buffer.rows and self._buffer.rows + len(values) > self._max_rows:
            self.flush()
        self._entries.append(entry)
        self._buffer.values.append(np.ascontiguousarray(values, np.int16))
        self._buffer.label.append(
            np.zeros(len(values), np.int8) if label is None else label.astype(np.int8)
        )
        self._buffer.rows += len(values)

    def flush(self) -> None:
        """Write the documents added since the last shard as a shard of their own."""
        if not self._buffer.values:
            return
        offsets = np.cumsum([0, *(len(values) for values in self._buffer.values)])
        tensors = {
            "values": np.concatenate(self._buffer.values),
            "label": np.concatenate(self._buffer.label),
            "document": offsets.astype(np.int64),
        }
        with atomic_write(self._folder / f"shard-{self._shards:05d}.safetensors") as path:
            save_file(tensors, path)
        lines = (json.dumps(asdict(entry), ensure_ascii=False) for entry in self._entries)
        write_text(self._folder / "documents.jsonl", "".join(f"{line}\n" for line in lines))
        self._shards += 1
        self._written = self._entries.copy()
        self._buffer = _Buffer()

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.flush()


@dataclass(frozen=True, eq=False)
class Documents:
    """Rows of many documents, one after the other; document ``i`` is ``offset[i:i + 2]``."""

    header: Header
    entries: tuple[Entry, ...]
    values: Int16  # [n, F]
    label: Int8  # [n], 0 none
    offset: Int64  # [documents + 1]

    def __len__(self) -> int:
        return len(self.entries)

    def select(self, keep: Callable[[Entry], bool]) -> Documents:
        """The documents that ``keep`` says yes to, in the same order."""
        chosen = np.array([keep(entry) for entry in self.entries], dtype=np.bool_)
        lengths = np.diff(self.offset)
        rows = np.repeat(chosen, lengths)
        return Documents(
            self.header,
            tuple(entry for entry, yes in zip(self.entries, chosen, strict=True) if yes),
            self.values[rows],
            self.label[rows],
            _offsets(lengths[chosen]),
        )

    def labels_from(self, other: Documents) -> Int8:
        """The labels [n] that ``other`` has for these rows; 0 for documents that it has not.

        ``other`` holds no document but these, made of the same rows; both tell documents apart by
        corpus and name.
        """
        labels = np.zeros_like(self.label)
        own = {(entry.corpus, entry.name): place for entry, place in self.places()}
        for documents in (self, other):
            names = Counter((entry.corpus, entry.name) for entry in documents.entries)
            twice = next((name for name, count in names.items() if count > 1), None)
            if twice is not None:
                raise UserError(
                    f"{' '.join(filter(None, twice))}: the shards of one label hold two documents "
                    "of that name, so which of them other shards label is not known: prepare both "
                    "folders as one, or name the files apart."
                )
        for entry, place in other.places():
            name = (entry.corpus, entry.name)
            here = own.get(name)
            if here is None or not np.array_equal(self.values[here], other.values[place]):
                what = "no document" if here is None else "other words"
                raise UserError(
                    f"{' '.join(filter(None, name))}: other shards label it, and the first folder "
                    f"has {what} of that name: prepare the same files alike, and as cp4 where one "
                    "labels velocities, which words of cp7 hold."
                )
            labels[here] = other.label[place]
        return labels

    def places(self) -> Iterator[tuple[Entry, slice]]:
        """Each document, and where its rows are."""
        for entry, (first, last) in zip(self.entries, pairwise(self.offset.tolist()), strict=True):
            yield entry, slice(first, last)


def read_header(folder: Path) -> Header:
    """``words.json`` of a shard folder."""
    path = folder / "words.json"
    if not path.is_file():
        raise UserError(f"{folder} is no shard folder (no words.json): make one with `prepare`.")
    known = {item.name for item in fields(Header)}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        found["vocab"] = tuple(found["vocab"])
        return Header(**{key: value for key, value in found.items() if key in known})
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path} is damaged: make the shards anew with `prepare`.") from error


def read_entries(folder: Path) -> list[Entry]:
    """``documents.jsonl`` of a shard folder."""
    path = folder / "documents.jsonl"
    known = {item.name for item in fields(Entry)}
    try:
        # Names may hold what str.splitlines takes for the end of a line.
        with path.open(encoding="utf-8", newline="\n") as lines:
            return [Entry(**{key: row[key] for key in known}) for row in map(json.loads, lines)]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{path} is damaged or missing: make the shards anew with `prepare`."
        ) from error


def read_shards(
    folders: Iterable[Path], keep: Callable[[Entry], bool] = lambda _: True
) -> Documents:
    """The chosen documents of several shard folders, which must share one word scheme."""
    parts = [part for folder in folders for part in _read_folder(Path(folder), keep)]
    if not parts:
        raise UserError("no shard holds any document: expected shard folders made by `prepare`.")
    return _concatenate(parts)


def _read_folder(folder: Path, keep: Callable[[Entry], bool]) -> Iterable[Documents]:
    header = read_header(folder)
    entries = read_entries(folder)
    done = 0
    for path in _shard_paths(folder)[: _count_shards(folder, len(entries))]:
        tensors = load_file(path)
        count = len(tensors["document"]) - 1
        yield Documents(
            header,
            tuple(entries[done : done + count]),
            tensors["values"],
            tensors["label"],
            tensors["document"],
        ).select(keep)
        done += count


def _concatenate(parts: Sequence[Documents]) -> Documents:
    header = parts[0].header
    for part in parts:
        if not part.header.same_words(header):
            raise UserError(
                f"shards of {part.header.corpus or 'one folder'} and of "
                f"{header.corpus or 'another'} hold different words: prepare both alike."
            )
    lengths = np.concatenate([np.diff(part.offset) for part in parts])
    return Documents(
        header,
        tuple(entry for part in parts for entry in part.entries),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.label for part in parts]),
        _offsets(lengths),
    )


def _offsets(lengths: Int64) -> Int64:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def _shard_paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("shard-*.safetensors"))


def _count_shards(folder: Path, documents: int) -> int:
    """How many shards hold the first ``documents`` documents: the list is written last."""
    done = 0
    for index, path in enumerate(_shard_paths(folder)):
        if done == documents:
            return index
        with safe_open(path, framework="numpy") as shard:
            done += shard.get_slice("document").get_shape()[0] - 1
    if done != documents:
        raise UserError(
            f"{folder} lists {documents} documents but its shards hold {done}: prepare it anew."
        )
    return len(_shard_paths(folder))
