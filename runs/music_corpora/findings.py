"""All that the fingerprints of all corpora say, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from music_corpora.leaks import Leak, duplicates, leaks
from music_corpora.pieces import Item, corpora_at_hand, read_items
from ostinato.base.errors import UserError
from ostinato.music import splits
from ostinato.music.corpora import CORPORA
from ostinato.music.similarity import Link, links


@dataclass(frozen=True, eq=False)
class Findings:
    """What was read and what is the same in it."""

    corpora: dict[str, Path]
    items: list[Item]
    bad: list[str]  # a sentence on each document that could not be read
    links: list[Link]  # every two documents that share music, of whatever songs
    held: frozenset[tuple[str, str]]  # (corpus, song) that pre-training holds out by the splits
    leaks: list[Leak]
    trunks: dict[str, list[str]]  # the corpora of each
    duplicates: dict[str, dict[str, str]]  # of each trunk: what goes, and what stays for it

    def left_out(self, trunk: str) -> set[str]:
        """Keys of the documents that a trunk does without, beside the held-out songs."""
        return {leak.document.key for leak in self.leaks} | set(self.duplicates[trunk])


def study(data: Path, music21: Path | None, workers: int | None) -> Findings:
    """Read every corpus at hand and compare all documents."""
    corpora = corpora_at_hand(data, music21)
    if not corpora:
        raise UserError(f"{data}: expected the corpora of docs/music.md in it; none is there")
    items, bad = read_items(corpora, workers)
    found = list(links({item.key: item.prints for item in items}))
    held = splits.excluded(corpora)
    leaked = leaks(items, found, held)
    leaking = {leak.document.key for leak in leaked}
    free = [x for x in items if (x.corpus, x.song) not in held and x.key not in leaking]
    trunks = {
        "shipped": [name for name in corpora if CORPORA[name].commercial],
        "research": list(corpora),
    }
    gone = {
        trunk: duplicates([item for item in free if item.corpus in names], found)
        for trunk, names in trunks.items()
    }
    return Findings(corpora, items, bad, found, held, leaked, trunks, gone)
