"""The corpora that ``prepare`` reads, one file each, in the layouts of their publication."""

from __future__ import annotations

from ostinato.base.errors import UserError
from ostinato.music.corpora.asap import ASAP
from ostinato.music.corpora.emopia import EMOPIA
from ostinato.music.corpora.folder import FOLDER
from ostinato.music.corpora.giantmidi import COMPARED, GIANTMIDI
from ostinato.music.corpora.music21 import MUSIC21, SILENT
from ostinato.music.corpora.nottingham import NOTTINGHAM
from ostinato.music.corpora.pianist8 import PIANIST8
from ostinato.music.corpora.pop909 import CL, POP909, VERSIONS
from ostinato.music.corpora.types import (
    Corpus,
    Document,
    Piece,
    original,
    segment,
    stretch,
    stretched,
)
from ostinato.music.corpora.vienna4x22 import VIENNA4X22

__all__ = [
    "CORPORA",
    "Corpus",
    "Document",
    "Piece",
    "find_corpus",
    "original",
    "read_document",
    "segment",
    "stretched",
]

_ALL = (
    POP909,
    VERSIONS,
    CL,
    PIANIST8,
    EMOPIA,
    NOTTINGHAM,
    ASAP,
    GIANTMIDI,
    COMPARED,
    VIENNA4X22,
    MUSIC21,
    SILENT,
    FOLDER,
)
CORPORA = {corpus.name: corpus for corpus in _ALL}


def find_corpus(name: str) -> Corpus:
    """The corpus of a name, or a ``UserError`` that lists the names."""
    if name not in CORPORA:
        raise UserError(f"expected a corpus among {', '.join(CORPORA)}; got {name!r}")
    return CORPORA[name]


def read_document(document: Document) -> Piece:
    """Score, bars and labels of a document; ``UserError`` where its file is damaged."""
    piece = CORPORA[document.corpus].read(document)
    if document.stretch == 1.0:
        return piece
    assert piece.bars is None, "what has bars of its own is not played in free time"
    return piece._replace(score=stretch(piece.score, document.stretch))
