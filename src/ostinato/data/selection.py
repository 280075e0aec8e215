"""Which documents may be trained on: by song, in all its versions, never by file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.data.shards import Documents, Entry
from ostinato.music import splits
from ostinato.music.corpora.types import original


@dataclass(frozen=True)
class Split:
    """The side (train, valid, test) of documents, named by themselves or by their song."""

    sides: Mapping[str, str]
    corpora: tuple[str, ...] | None  # whose names these are; None: any corpus's
    held: frozenset[str] = frozenset()  # songs of a file that it has on its valid or test side

    def side(self, entry: Entry) -> str | None:
        """The side of a document; None where the split does not speak of it. A stretched copy
        stands where its original does.
        """
        if self.corpora is not None and entry.corpus not in self.corpora:
            return None
        names = (entry.name, original(entry.name), entry.song)
        return next((self.sides[name] for name in names if name in self.sides), None)


def load_split(name: str) -> Split:
    """A split of the package by its name, or a CSV file with the columns name, song, side."""
    if not name.endswith(".csv"):
        return Split(splits.load(name), splits.CORPORA[name])
    path = Path(name)
    if not path.is_file():
        raise UserError(f"{path}: expected a CSV file with the columns name,song,side.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path}: expected a CSV file in UTF-8; save it anew as that.") from None
    rows = splits.parse(text, name)
    held = frozenset(song for _, song, side in rows if side != "train")
    return Split({document: side for document, _, side in rows}, None, held)


def held_out(entries: Iterable[Entry], extra: Sequence[str] = ()) -> set[tuple[str, str]]:
    """(corpus, song) of all that pre-training must not see.

    That is every song that any split of the package, or one of ``extra``, has on its valid
    or test side: with all its documents.
    """
    known = list(entries)
    found = set(splits.excluded({entry.corpus for entry in known}))
    for split in map(load_split, extra):
        found |= {
            (e.corpus, e.song)
            for e in known
            if split.side(e) in ("valid", "test") or e.song in split.held
        }
    return found


def side_of(documents: Documents, split: Split, side: str) -> Documents:
    """The documents on one side of a split."""
    return documents.select(lambda entry: split.side(entry) == side)
