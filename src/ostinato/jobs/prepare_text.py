"""``ostinato prepare text`` and ``prepare chat``: a corpus to shards of tokens.

An interrupted run goes on where its last whole shard ended, and ends with the same files as one
that was never interrupted. What cannot be read is listed in ``quarantine.jsonl`` with the reason.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.markup import escape

from ostinato.base.errors import UserError
from ostinato.base.log import progress
from ostinato.chat.encode import encode_training
from ostinato.chat.tokenizer import Tokenizer, check_size, learn
from ostinato.data.text import (
    TextHeader,
    TextWriter,
    copy_tokenizer,
    read_text,
    tokenizer_digest,
)
from ostinato.data.text_source import Conversation, Item, TextKind, find_texts, read_items
from ostinato.infer.directory import named
from ostinato.jobs.preparing import claim, quarantine, read_quarantine
from ostinato.jobs.show import console, counted, print_json, printable

LEARN_BYTES = 200_000_000  # of text that merges are counted in; more changes them little
BATCH_BYTES = 4_000_000  # of text that is encoded at once, on all cores
DEFAULT_VOCAB_SIZE = 8192


@dataclass(frozen=True)
class PrepareTextRequest:
    """What the user asked for. ``tokenizer`` None: learn one of at most ``vocab_size`` tokens."""

    kind: TextKind
    paths: tuple[Path, ...]
    out: Path
    tokenizer: Path | None = None
    vocab_size: int = DEFAULT_VOCAB_SIZE
    as_json: bool = False


@dataclass(frozen=True)
class TextSummary:
    """What the shards hold now."""

    kind: str
    out: str
    files: int
    bytes: int
    documents: int
    tokens: int
    learnt_tokens: int  # chat: what the assistant wrote
    vocabulary: int
    quarantined: int
    resumed: int  # items that an earlier run had done
    seconds: float
    warnings: tuple[str, ...]


def prepare_text(request: PrepareTextRequest) -> TextSummary:
    """Write the shards and say what is in them."""
    began = time.monotonic()
    files = find_texts(request.paths, request.kind)
    if request.kind == "chat" and request.tokenizer is None:
        raise UserError(
            "conversations are encoded for a model that is there: expected --tokenizer with the "
            "folder of that model, or of the shards it is trained on."
        )
    if request.tokenizer is None:
        check_size(request.vocab_size)  # before the folder is claimed for it
    else:
        request = replace(request, tokenizer=named(request.tokenizer))
    claim(request.out, _plan(request, files))
    tokenizer = _tokenizer(request, files)
    digest = tokenizer_digest(request.out)
    header = TextHeader(request.kind, tokenizer.vocab_size, digest)
    with TextWriter(request.out, header) as writer:
        resumed = writer.items
        _write(request, files, tokenizer, writer)
    summary = _summarise(request, files, resumed, time.monotonic() - began)
    if request.as_json:
        print_json(asdict(summary))
    else:
        _show(summary)
    return summary


def _plan(request: PrepareTextRequest, files: Sequence[Path]) -> dict[str, object]:
    listed = "".join(f"{path}\t{path.stat().st_size}\n" for path in files)
    given = request.tokenizer
    return {
        "corpus": request.kind,
        "tokenizer": request.vocab_size if given is None else tokenizer_digest(given),
        "files": hashlib.blake2b(os.fsencode(listed), digest_size=16).hexdigest(),
    }


def _tokenizer(request: PrepareTextRequest, files: Sequence[Path]) -> Tokenizer:
    """The tokenizer of the shards, which lies in their folder afterwards."""
    if not (request.out / "tokenizer.json").exists():
        if request.tokenizer is not None:
            copy_tokenizer(request.tokenizer, request.out)
        else:
            learn(_sample(files), request.vocab_size).save(request.out)
    return Tokenizer.load(request.out)


def _sample(files: Sequence[Path]) -> Generator[str]:
    """Texts to learn a tokenizer from: all, or of a large corpus every so many-th."""
    size = sum(path.stat().st_size for path in files)
    every = -(-size // LEARN_BYTES)
    with progress(_megabytes(size), "learn the tokenizer (MB)") as advance:
        seen = 0
        for item in read_items(files, "text"):
            if isinstance(item.content, str) and item.number % every == 0:
                yield item.content
            seen += item.size
            advance(_megabytes(seen) - _megabytes(seen - item.size))


def _write(
    request: PrepareTextRequest, files: Sequence[Path], tokenizer: Tokenizer, writer: TextWriter
) -> None:
    first = writer.items
    bad = len(read_quarantine(request.out, lambda row: row["item"] < first))
    size = sum(path.stat().st_size for path in files)
    with progress(_megabytes(size), f"prepare {request.kind} (MB)") as advance:
        seen = 0
        for batch in _batches(read_items(files, request.kind, first=first)):
            todo = [item for item in batch if item.number >= first]
            for item, encoded in zip(todo, _encode(tokenizer, todo), strict=True):
                if isinstance(encoded, str):
                    bad += 1
                    row = {"item": item.number, "file": str(item.path), "line": item.line}
                    quarantine(request.out, {**row, "reason": encoded})
                else:
                    writer.add(item.number, *encoded)
            before, seen = seen, seen + sum(item.size for item in batch)
            note = f"{bad} bad" if bad else ""
            advance(_megabytes(seen) - _megabytes(before), note=note)


Encoded = tuple[list[int], list[bool] | None]


def _encode(tokenizer: Tokenizer, items: Sequence[Item]) -> list[Encoded | str]:
    """Tokens of each item and which of them are to be learnt, or why there are none."""
    texts = [item.content for item in items if isinstance(item.content, str)]
    encoded = iter(tokenizer.encode_batch(texts))
    begin, end = tokenizer.document_begin, tokenizer.document_end
    results: list[Encoded | str] = []
    for item in items:
        if item.content is None:
            results.append(item.error)
        elif isinstance(item.content, Conversation):
            results.append(_encode_conversation(tokenizer, item.content))
        else:
            results.append(([begin, *next(encoded), end], None))
    return results


def _encode_conversation(tokenizer: Tokenizer, conversation: Conversation) -> Encoded | str:
    try:
        tokens, learnt = encode_training(tokenizer, conversation.messages, conversation.tools)
    except UserError as error:
        return str(error)
    return (tokens, learnt) if any(learnt) else "nothing in it is the assistant's"


def _batches(items: Iterable[Item]) -> Generator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += item.size
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _summarise(
    request: PrepareTextRequest, files: Sequence[Path], resumed: int, seconds: float
) -> TextSummary:
    bad = len(read_quarantine(request.out))
    reasons = request.out / "quarantine.jsonl"
    if not any(request.out.glob("shard-*")):
        raise UserError(f"{request.out}: nothing could be read; the reasons are in {reasons}")
    documents = read_text([request.out])
    learnt = sum(int(weights.sum()) for _, weights in documents.shards if weights is not None)
    warnings = [f"{counted(bad, 'item', 'items')} could not be read: reasons are in {reasons}"]
    return TextSummary(
        kind=request.kind,
        out=str(request.out),
        files=len(files),
        bytes=sum(path.stat().st_size for path in files),
        documents=len(documents),
        tokens=documents.tokens,
        learnt_tokens=learnt,
        vocabulary=documents.vocab_size,
        quarantined=bad,
        resumed=resumed,
        seconds=round(seconds, 2),
        warnings=tuple(warnings if bad else ()),
    )


def _show(summary: TextSummary) -> None:
    out = console()
    counts = [
        counted(summary.documents, "document", "documents"),
        counted(summary.tokens, "token", "tokens"),
    ]
    folder = escape(printable(summary.out))
    out.print(f"{', '.join(counts)} in {folder} ({summary.seconds:,.1f} s)")
    out.print(
        f"  {counted(summary.files, 'file', 'files')}, {summary.bytes:,} bytes: "
        f"{summary.bytes / summary.tokens:.2f} to a token; vocabulary {summary.vocabulary:,}"
    )
    if summary.kind == "chat":
        out.print(f"  {counted(summary.learnt_tokens, 'token', 'tokens')} to learn")
    if summary.resumed:
        out.print(f"  {summary.resumed:,} items were there from an earlier run")
    for warning in summary.warnings:
        out.print(f"  [yellow]![/] {escape(printable(warning))}")


def _megabytes(size: int) -> int:
    return size // 1_000_000
