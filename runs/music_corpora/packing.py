"""Shard folders in one small file, to travel: bytes by column, compressed by LZMA."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write
from ostinato.data.shards import Documents, Entry, Header, ShardWriter, read_shards


def pack(documents: Documents, path: Path, licences: Mapping[str, str]) -> int:
    """Documents as one file; returns its size in bytes. ``licences`` are those of its corpora."""
    names = [*licences]
    many = len(names) > 1
    header = Header(
        documents.header.scheme,
        documents.header.steps_per_quarter,
        documents.header.vocab,
        path.name.partition(".")[0] if many else names[0],
        "; ".join(f"{n}: {of}" for n, of in licences.items()) if many else licences[names[0]],
    )
    narrow = np.uint8 if max(header.vocab) <= 256 else np.uint16
    about = json.dumps(
        {"header": asdict(header), "entries": [asdict(e) for e in documents.entries]}
    )
    arrays: dict[str, Any] = {
        "about": np.frombuffer(about.encode(), dtype=np.uint8),
        "values": np.ascontiguousarray(documents.values.T.astype(narrow)),  # [F, n]
        "label": documents.label.astype(np.uint8),
    }
    raw = io.BytesIO()
    np.savez(raw, **arrays)
    with atomic_write(path) as temporary:
        temporary.write_bytes(lzma.compress(raw.getvalue(), preset=6))
    return path.stat().st_size


def without_copies(documents: Documents) -> Documents:
    """The documents but those whose rows are all those of an earlier one."""
    seen: set[bytes] = set()
    fresh: set[tuple[str, str]] = set()
    for entry, place in documents.places():
        rows = hashlib.blake2b(documents.values[place].tobytes(), digest_size=16).digest()
        if rows not in seen:
            seen.add(rows)
            fresh.add((entry.corpus, entry.name))
    return documents.select(lambda entry: (entry.corpus, entry.name) in fresh)


def unpack(path: Path, folder: Path) -> Documents:
    """Write the shard folder that a packed file holds, and return what is in it."""
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder}: expected an empty folder, or none, to unpack to")
    try:
        with np.load(io.BytesIO(lzma.decompress(path.read_bytes()))) as arrays:
            about = json.loads(arrays["about"].tobytes())
            values = np.ascontiguousarray(arrays["values"].T, dtype=np.int16)
            label = arrays["label"].astype(np.int8)
    except (OSError, lzma.LZMAError, EOFError, ValueError, KeyError) as error:
        raise UserError(f"{path}: expected a file of packed shards ({error})") from error
    given: dict[str, Any] = about["header"]
    given["vocab"] = tuple(given["vocab"])
    header = Header(**given)
    end = 0
    with ShardWriter(folder, header) as writer:
        for row in about["entries"]:
            entry = Entry(**row)
            begin, end = end, end + entry.rows
            writer.add(entry, values[begin:end], label[begin:end])
    return read_shards([folder])
