"""Tokens of text on disk, memory-mapped: a corpus may be far larger than the memory.

A folder holds the tokenizer, ``text.json`` (a ``TextHeader``) and ``shard-00000.safetensors``
and so on, each with ``tokens`` uint16 or uint32 [n], in a chat corpus ``weights`` uint8 [n] (1
where a token is to be learnt), ``document`` int64 [d + 1], the offsets of its d documents, and
``digest`` uint64 [d], which is equal for equal documents. Documents never span two shards.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from ostinato.base.config import from_dict
from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write, write_json

Int64 = NDArray[np.int64]
Tokens = NDArray[np.uint16 | np.uint32]

HEADER = "text.json"
MAX_SHARD_TOKENS = 1 << 25


@dataclass(frozen=True)
class TextHeader:
    """What every token of a folder has in common."""

    kind: Literal["text", "chat"]
    vocab_size: int
    tokenizer: str  # digest of tokenizer.json: ids of another one mean other text


class TextWriter:
    """Writes a folder of tokens, one whole shard at a time; opened again, it goes on.

    ``items`` says how many items of the source the shards on disk cover: those after them
    must be added again, in the same order.
    """

    def __init__(
        self, folder: Path, header: TextHeader, *, max_tokens: int = MAX_SHARD_TOKENS
    ) -> None:
        self._folder, self._header, self._max_tokens = folder, header, max_tokens
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / HEADER).exists() and read_text_header(folder) != header:
            raise UserError(f"{folder} holds shards of other tokens: choose an empty folder.")
        paths = _shard_paths(folder)
        self._shards = len(paths)
        self.items = int(_map_shard(paths[-1])[1]["items"]) if paths else 0
        self._buffer = _Buffer()
        write_json(folder / HEADER, asdict(header))

    def add(self, item: int, tokens: Sequence[int], weights: Sequence[int] | None = None) -> None:
        """Append a document, made from item number ``item`` of the source."""
        kind = np.uint16 if self._header.vocab_size <= 1 << 16 else np.uint32
        values = np.asarray(tokens, dtype=np.int64)
        assert len(values) > 0
        assert (weights is not None) == (self._header.kind == "chat")
        if values.min() < 0 or values.max() >= self._header.vocab_size:
            raise UserError(
                f"the tokenizer gives ids up to {values.max()}, and its vocabulary has "
                f"{self._header.vocab_size}: it is damaged."
            )
        buffer = self._buffer
        if buffer.count and buffer.count + len(values) > self._max_tokens:
            self.flush()
            buffer = self._buffer
        buffer.tokens.append(values.astype(kind))
        if weights is not None:
            assert len(weights) == len(values)
            buffer.weights.append(np.asarray(weights, dtype=np.uint8))
        buffer.count += len(values)
        buffer.items = item + 1

    def flush(self) -> None:
        """Write the documents added since the last shard as a shard of their own."""
        buffer = self._buffer
        if not buffer.count:
            return
        lengths = [len(values) for values in buffer.tokens]
        tensors: dict[str, NDArray[Any]] = {
            "tokens": np.concatenate(buffer.tokens),
            "document": np.cumsum([0, *lengths], dtype=np.int64),
            "digest": np.array([_digest(values) for values in buffer.tokens], np.uint64),
        }
        if buffer.weights:
            tensors["weights"] = np.concatenate(buffer.weights)
        with atomic_write(self._folder / f"shard-{self._shards:05d}.safetensors") as path:
            save_file(tensors, path, metadata={"items": str(buffer.items)})
        self._shards += 1
        self.items = buffer.items
        self._buffer = _Buffer()

    def __enter__(self) -> TextWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.flush()


@dataclass
class _Buffer:
    tokens: list[Tokens] = field(default_factory=list[Tokens])
    weights: list[NDArray[np.uint8]] = field(default_factory=list[NDArray[np.uint8]])
    count: int = 0
    items: int = 0


@dataclass(frozen=True, eq=False)
class TextDocuments:
    """Documents of one or several folders; their tokens stay on disk until they are read."""

    vocab_size: int
    tokenizer: str
    shards: tuple[tuple[Tokens, NDArray[np.uint8] | None], ...]  # tokens and weights, mapped
    shard: Int64  # of each document
    start: Int64  # of each document in its shard
    lengths: Int64
    digest: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def tokens(self) -> int:
        """How many tokens there are in all."""
        return int(self.lengths.sum())

    def learns(self) -> bool:
        """Whether any token is to be learnt; the first of a document follows from nothing."""
        for document, length in enumerate(self.lengths.tolist()):
            _, weights = self.read(document, 0, length)
            if weights is None or weights[1:].any():
                return True
        return False

    def read(self, document: int, first: int, last: int) -> tuple[Tokens, NDArray[np.uint8] | None]:
        """Tokens ``first`` to ``last`` (excluded) of a document, and which are to be learnt
        (None: all).
        """
        tokens, weights = self.shards[self.shard[document]]
        begin = self.start[document]
        found = tokens[begin + first : begin + last]
        if found.size and int(found.max()) >= self.vocab_size:
            raise UserError(
                f"a shard holds token {int(found.max())}, and its vocabulary has "
                f"{self.vocab_size}: prepare it anew."
            )
        return found, None if weights is None else weights[begin + first : begin + last]

    def hold_out(self, share: float) -> tuple[TextDocuments, TextDocuments]:
        """The documents to train on, and about ``share`` of them to validate on.

        The side follows from a document's tokens alone: equal documents are on one side,
        and on the same one whatever else the corpus holds.
        """
        if not 0 <= share < 1:
            raise UserError(f"valid_share lies in 0..1 (excluded); got {share}.")
        bound = min(round(share * float(1 << 32)), (1 << 32) - 1)
        held = self.digest < np.uint64(bound << 32)
        if held.all():
            raise UserError("every document is held out: set valid_share=0 to train on them.")
        return self._select(~held), self._select(held)

    def clipped(self, length: int) -> TextDocuments:
        """The same documents, of each at most the first ``length`` tokens."""
        return replace(self, lengths=np.minimum(self.lengths, length))

    def _select(self, chosen: NDArray[np.bool_]) -> TextDocuments:
        return replace(
            self,
            shard=self.shard[chosen],
            start=self.start[chosen],
            lengths=self.lengths[chosen],
            digest=self.digest[chosen],
        )


def read_text(folders: Iterable[Path]) -> TextDocuments:
    """All documents of some folders, which must share one tokenizer."""
    paths = [Path(folder) for folder in folders]
    if not paths:
        raise UserError("expected at least one folder of shards made by `prepare text`.")
    header = read_text_header(paths[0])
    shards: list[tuple[Tokens, NDArray[np.uint8] | None]] = []
    starts: list[Int64] = []
    lengths: list[Int64] = []
    digests: list[NDArray[np.uint64]] = []
    for folder in paths:
        if read_text_header(folder).tokenizer != header.tokenizer:
            raise UserError(
                f"{paths[0]} and {folder} have different tokenizers: prepare one of them anew "
                "with --tokenizer."
            )
        for path in _shard_paths(folder):
            tensors, _ = _map_shard(path)
            shards.append((tensors["tokens"], tensors.get("weights")))
            offsets = np.array(tensors["document"])
            starts.append(offsets[:-1])
            lengths.append(np.diff(offsets))
            digests.append(np.array(tensors["digest"]))
    if not shards:
        raise UserError(f"{paths[0]} holds no shards: make them with `prepare text`.")
    return TextDocuments(
        header.vocab_size,
        header.tokenizer,
        tuple(shards),
        np.repeat(np.arange(len(shards)), [len(part) for part in lengths]),
        np.concatenate(starts),
        np.concatenate(lengths),
        np.concatenate(digests),
    )


def read_text_header(folder: Path) -> TextHeader:
    """``text.json`` of a folder."""
    path = folder / HEADER
    if not path.is_file():
        raise UserError(
            f"{folder} is no folder of tokens (no {HEADER}): make one with `prepare text`."
        )
    try:
        return from_dict(TextHeader, json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise UserError(f"{path} is damaged: make the shards anew with `prepare text`.") from error


def tokenizer_digest(folder: Path) -> str:
    """What tells the tokenizer of one folder from another's."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise UserError(f"{path} is missing: expected a folder with a tokenizer.")
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def copy_tokenizer(source: Path, target: Path) -> None:
    """The tokenizer's files as they are: its digest stays the same."""
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        if (source / name).is_file():
            with atomic_write(target / name) as temporary:
                temporary.write_bytes((source / name).read_bytes())


def _digest(tokens: Tokens) -> int:
    wide = tokens.astype(np.uint32)  # equal documents are equal in either width
    return int.from_bytes(hashlib.blake2b(wide.tobytes(), digest_size=8).digest(), "little")


def _shard_paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("shard-*.safetensors"))


def _map_shard(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays of a shard without reading them, and its metadata.

    The safetensors library would copy them: the layout is the length of a JSON header
    (8 bytes, little-endian), the header, and the arrays where the header says.
    """
    kinds = {"U8": np.uint8, "U16": np.uint16, "U32": np.uint32, "U64": np.uint64, "I64": np.int64}
    try:
        raw = np.asarray(np.memmap(path, np.uint8, "r"))
        size = int.from_bytes(raw[:8].tobytes(), "little")
        described = json.loads(raw[8 : 8 + size].tobytes())
        metadata = described.pop("__metadata__")
        arrays: dict[str, NDArray[Any]] = {}
        for name, one in described.items():
            first, last = (8 + size + offset for offset in one["data_offsets"])
            arrays[name] = raw[first:last].view(kinds[one["dtype"]]).reshape(one["shape"])
        if arrays["document"][-1] != len(arrays["tokens"]) or "items" not in metadata:
            raise ValueError("its arrays do not fit each other")
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise UserError(f"{path} is damaged: make the shards anew with `prepare`.") from error
    return arrays, metadata
