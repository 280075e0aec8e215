"""Every document of the corpora at hand, with its fingerprint and its side in every split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.base.log import progress
from ostinato.base.workers import available_cores, run_each
from ostinato.music import splits
from ostinato.music.corpora import CORPORA, Document, read_document
from ostinato.music.similarity import Prints, fingerprint

# Below DATA, in the order in which a duplicate is kept: the first that has the music keeps it.
FOLDERS = {
    "pop909": "POP909",
    "pop909-versions": "POP909",
    "pop909-cl": "POP909-CL",
    "nottingham": "Nottingham",
    "giantmidi": "GiantMIDI-Piano-preview",
    "music21": "music21",
    "pianist8": "Pianist8",
    "emopia": "EMOPIA",
    "asap": "ASAP",
    "giantmidi-compared": "GiantMIDI-Piano-preview",
    "music21-silent": "music21",
}
FAMILIES = {  # corpora that share their songs
    "pop909-versions": "pop909",
    "pop909-cl": "pop909",
    "giantmidi-compared": "giantmidi",
}
SECONDS_PER_FILE = 60.0


@dataclass(frozen=True, eq=False)
class Item:
    """One document. ``sides`` are (split, side) of those splits that name it or its song."""

    corpus: str
    name: str
    song: str
    notes: int
    prints: Prints
    sides: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        """Its name among all documents of all corpora."""
        return f"{self.corpus}:{self.name}"

    @property
    def work(self) -> tuple[str, str]:
        """Its song among those of all corpora."""
        return FAMILIES.get(self.corpus, self.corpus), self.song

    @property
    def held(self) -> tuple[str, ...]:
        """The splits that have it in valid or test."""
        return tuple(split for split, side in self.sides if side != "train")


def corpora_at_hand(data: Path, music21: Path | None) -> dict[str, Path]:
    """The folder of each corpus that is there."""
    found: dict[str, Path] = {}
    for name, below in FOLDERS.items():
        folder = music21 if below == "music21" and music21 else data / below
        try:
            CORPORA[name].documents(folder)
        except UserError as error:
            print(f"without {name}: {error}")
        else:
            found[name] = folder
    return found


def read_items(corpora: dict[str, Path], workers: int | None) -> tuple[list[Item], list[str]]:
    """Every readable document, by corpus and name, and one sentence on each of the others."""
    documents = [d for name, folder in corpora.items() for d in CORPORA[name].documents(folder)]
    sides = {name: _sides(name) for name in corpora}
    items: list[Item] = []
    bad: list[str] = []
    work = run_each(
        _read, documents, workers=workers or available_cores(), seconds=SECONDS_PER_FILE
    )
    with progress(len(documents), "fingerprints") as advance, closing(work) as outcomes:
        for outcome in outcomes:
            document = outcome.item
            if outcome.result is None:
                bad.append(f"{document.corpus}:{document.name}: {outcome.error}")
            else:
                notes, prints = outcome.result
                of = tuple(_of(sides[document.corpus], document))
                row = Item(document.corpus, document.name, document.song, notes, prints, of)
                items.append(row)
            advance()
    return items, bad


def _read(document: Document) -> tuple[int, Prints]:
    score = read_document(document).score
    return len(score), fingerprint(score)


def _sides(corpus: str) -> list[tuple[str, dict[str, str]]]:
    about = [name for name, corpora in splits.CORPORA.items() if corpus in corpora]
    return [(name, {**splits.load(name)}) for name in about]


def _of(
    sides: Iterable[tuple[str, dict[str, str]]], document: Document
) -> Iterator[tuple[str, str]]:
    for split, side in sides:
        found = side.get(document.name) or side.get(document.song)
        if found:
            yield split, found


def by_key(items: Sequence[Item]) -> dict[str, Item]:
    """The items by their keys."""
    return {item.key: item for item in items}
