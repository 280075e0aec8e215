"""What fingerprints give away: leaks into pre-training, leaks inside splits, and duplicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from music_corpora.pieces import FOLDERS, Item, by_key
from ostinato.music import splits
from ostinato.music.similarity import Link

COPY = 0.5  # a document that has so much of its own in a larger one of another song is left out


@dataclass(frozen=True)
class Leak:
    """A document that would give away another one, which is held out."""

    document: Item
    held: Item
    share: float
    common: int


def leaks(
    items: Sequence[Item], found: Iterable[Link], held: Collection[tuple[str, str]]
) -> list[Leak]:
    """Documents of no held-out (corpus, song), beside the held-out one that is most like each.

    Where one document of a work leaks, all do, whatever their corpus: another part or performance
    of it need share no run with what is held out, and tells of it all the same.
    """
    known = by_key(items)
    nearest: dict[str, Leak] = {}
    for link in found:
        pair = known[link.first], known[link.second]
        for document, other in (pair, pair[::-1]):
            if (document.corpus, document.song) in held or (other.corpus, other.song) not in held:
                continue
            leak = Leak(document, other, link.share, link.common)
            if document.key not in nearest or nearest[document.key].share < link.share:
                nearest[document.key] = leak
    of_work: dict[tuple[str, str], Leak] = {}
    for leak in nearest.values():
        work = leak.document.work
        if work not in of_work or of_work[work].share < leak.share:
            of_work[work] = leak
    return [
        nearest.get(item.key) or replace(of_work[item.work], document=item)
        for item in items
        if item.work in of_work and (item.corpus, item.song) not in held
    ]


def duplicates(items: Sequence[Item], found: Iterable[Link]) -> dict[str, str]:
    """Documents to leave out since another song's document, which stays, has most of their music.

    From the largest to the smallest, and of equal ones in the order of the corpora: so the one
    that goes is always the part, and the one that stays the whole. Versions of one song stay.
    """
    known = by_key(items)
    like: defaultdict[str, list[str]] = defaultdict(list)
    for link in found:
        first, second = known.get(link.first), known.get(link.second)
        if first and second and first.work != second.work and link.share >= COPY:
            like[link.first].append(link.second)
            like[link.second].append(link.first)
    rank = {corpus: place for place, corpus in enumerate(FOLDERS)}
    order = sorted(items, key=lambda item: (-len(item.prints), rank[item.corpus], item.name))
    kept: set[str] = set()
    gone: dict[str, str] = {}
    for item in order:
        whole = [key for key in like[item.key] if key in kept]
        if whole:
            gone[item.key] = max(whole, key=lambda key: (len(known[key].prints), key))
        else:
            kept.add(item.key)
    return gone


def inside_splits(items: Sequence[Item], found: Sequence[Link]) -> dict[str, list[Leak]]:
    """For each split, its test documents that share music with one of its training documents.

    ``document`` is that of the training side which is most like the test document, ``held``.
    """
    known = by_key(items)
    nearest: dict[str, dict[str, Leak]] = {name: {} for name in splits.CORPORA}
    for link in found:
        pair = known[link.first], known[link.second]
        for one, other in (pair, pair[::-1]):
            of = dict(one.sides)
            for split, side in other.sides:
                scored = splits.CORPORA[split][0]  # versions and corrected files are not scored
                if side != "test" or of.get(split) != "train" or other.corpus != scored:
                    continue
                if one.corpus == scored:
                    leak = Leak(one, other, link.share, link.common)
                    before = nearest[split].get(other.key)
                    if before is None or before.share < link.share:
                        nearest[split][other.key] = leak
    return {split: [rows[key] for key in sorted(rows)] for split, rows in nearest.items()}
