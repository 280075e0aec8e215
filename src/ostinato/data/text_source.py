"""Corpora of text as they come: files of prose, and JSON lines of texts or conversations."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from ostinato.base.errors import UserError
from ostinato.chat.messages import Message, Tool, from_openai, tools_from_openai

TextKind = Literal["text", "chat"]

SUFFIXES = {"text": (".txt", ".md", ".jsonl"), "chat": (".jsonl",)}


@dataclass(frozen=True)
class Conversation:
    """What an assistant is to learn from."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()


@dataclass(frozen=True)
class Item:
    """A file of prose, or one line of a file of JSON lines."""

    number: int  # of all, from 0
    path: Path
    line: int | None  # from 1; None: the whole file
    size: int  # bytes
    content: str | Conversation | None  # None: there is none, or it was not asked for
    error: str = ""  # why there is none


def find_texts(paths: Sequence[Path], kind: TextKind) -> list[Path]:
    """The files of a corpus in order: those named, and those in the folders named."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            files = [file for file in path.rglob("*") if _visible(file.relative_to(path))]
            found += sorted(f for f in files if f.suffix in SUFFIXES[kind] and f.is_file())
        elif not path.is_file():
            raise UserError(f"{path}: there is no such file or folder")
        elif path.suffix not in SUFFIXES[kind]:
            raise UserError(f"{path}: expected a file of type {' or '.join(SUFFIXES[kind])}")
        else:
            found.append(path)
    if not found:
        names = ", ".join(map(str, paths))
        raise UserError(f"{names}: no file of type {' or '.join(SUFFIXES[kind])} in there")
    return found


def read_items(files: Iterable[Path], kind: TextKind, *, first: int = 0) -> Generator[Item]:
    """Every item in order; those before number ``first`` without their content."""
    number = 0
    for path in files:
        if path.suffix != ".jsonl":
            if number < first:
                yield Item(number, path, None, path.stat().st_size, None)
            else:
                yield _item(number, path, None, path.read_bytes(), kind)
            number += 1
            continue
        with path.open("rb") as lines:
            for line, raw in enumerate(lines, start=1):
                if not raw.strip():
                    continue
                if number < first:
                    yield Item(number, path, line, len(raw), None)
                else:
                    yield _item(number, path, line, raw, kind)
                number += 1


def _item(number: int, path: Path, line: int | None, raw: bytes, kind: TextKind) -> Item:
    try:
        content = _content(raw, kind, whole=line is None)
    except UserError as reason:
        return Item(number, path, line, len(raw), None, str(reason))
    return Item(number, path, line, len(raw), content)


def _content(raw: bytes, kind: TextKind, *, whole: bool) -> str | Conversation:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"expected UTF-8, but {error.reason} at byte {error.start}") from None
    if whole:
        return _text(text)
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"expected a JSON object, but {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"expected a JSON object, got {type(found).__name__}")
    row = cast("dict[str, Any]", found)
    if kind == "text":
        if not isinstance(row.get("text"), str):
            raise UserError("expected the field text")
        return _text(row["text"])
    if "messages" not in row:
        raise UserError("expected the field messages")
    tools = tools_from_openai(row.get("tools") or ())
    return Conversation(from_openai(row["messages"]), tools)


def _text(text: str) -> str:
    if not text.strip():
        raise UserError("no text")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in set(text)):
        raise UserError("expected Unicode, but it holds half of a surrogate pair")
    return text


def _visible(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts)
