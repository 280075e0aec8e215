"""Packed shards to folders of shards, as the recipes name them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from music_ablations.prepare import write_labels
from music_corpora import packing

from ostinato.base.errors import UserError
from ostinato.data.shards import Documents, Header, ShardWriter, read_shards
from ostinato.music.corpora import find_corpus

PACKED = ".npz.xz"
TRUNK, VERSIONS = "shipped", "pop909-versions"
LEAKS = "leaks.csv"


def unpack_all(packed: Path, shards: Path) -> Iterator[str]:
    """Unpack what is not there yet, and say what there is.

    POP909's versions, whose notes have labels too, are taken out of the trunk's shards: they are
    further training of the melody. The labels of pieces are what ``music_ablations.py`` reads.
    """
    found = sorted(packed.glob(f"*{PACKED}"))
    if not found or not (packed / LEAKS).exists():
        raise UserError(
            f"{packed}: expected packed shards (*{PACKED}) and {LEAKS}; "
            "`runs/music_corpora.py build` and `published` write them"
        )
    shards.mkdir(parents=True, exist_ok=True)
    shutil.copy(packed / LEAKS, shards / LEAKS)
    for path in found:
        name = path.name.removesuffix(PACKED)
        yield _make(shards / name, lambda folder, path=path: packing.unpack(path, folder))
    for scheme in ("", "-cp7"):
        trunk = shards / f"{TRUNK}{scheme}"
        if trunk.exists():
            yield _make(
                shards / f"{VERSIONS}{scheme}", lambda folder, trunk=trunk: _versions(trunk, folder)
            )
    write_labels(shards)


def _make(folder: Path, write: Callable[[Path], Documents]) -> str:
    """A folder of shards, whole or not at all."""
    if folder.exists():
        return f"{folder}: was there"
    scratch = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    documents = write(scratch)
    scratch.rename(folder)
    return f"{folder}: {len(documents):,} documents, {len(documents.values):,} rows"


def _versions(trunk: Path, folder: Path) -> Documents:
    """The versions among a trunk's documents whose notes have labels."""
    documents = read_shards([trunk], lambda entry: entry.corpus == VERSIONS)
    given, licence = documents.header, find_corpus(VERSIONS).licence
    header = Header(given.scheme, given.steps_per_quarter, given.vocab, VERSIONS, licence)
    with ShardWriter(folder, header) as writer:
        for entry, place in documents.places():
            if documents.label[place].any():
                writer.add(entry, documents.values[place], documents.label[place])
    return read_shards([folder])
