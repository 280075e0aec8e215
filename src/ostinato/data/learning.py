"""What is learnt from documents before any gradient: their merges and their n-grams."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ostinato.base.errors import UserError
from ostinato.data.shards import Documents
from ostinato.data.vocabulary import Vocabulary
from ostinato.data.words import distinct_rows, token_stream
from ostinato.music.compoundation import Compoundation, learn
from ostinato.music.lexicon import Lexicon, count, empty_lexicon


@dataclass(frozen=True)
class CompoundationConfig:
    """How words are merged into tokens."""

    merges: int = 800  # 0: every symbol of a word is a token of its own
    file: str = ""  # a merges.txt to take instead of learning one


@dataclass(frozen=True)
class LexiconConfig:
    """Which n-grams the lexicon holds."""

    rank: Literal["count", "pmi", "none"] = "count"  # none: an empty lexicon
    threshold: int = 200  # an n-gram occurs at least this often
    max_length: int = 4  # tokens
    max_rows: int = 0  # the best ones only; 0: all
    file: str = ""  # a lexicon.txt to take instead of counting one


def learn_vocabulary(
    documents: Documents, merging: CompoundationConfig, ngrams: LexiconConfig
) -> Vocabulary:
    """Merges and n-grams of some documents, in their own keys."""
    header = documents.header
    distinct = distinct_rows(documents.values, header.vocab)
    if merging.file:
        compoundation = Compoundation.load(_existing(merging.file))
    else:
        compoundation = learn(
            distinct.values,
            distinct.count,
            merges=merging.merges,
            scheme=header.scheme,  # pyright: ignore[reportArgumentType]
            steps_per_quarter=header.steps_per_quarter,
            vocab=header.vocab,
        )
    if ngrams.file:
        return Vocabulary(
            header, compoundation, Lexicon.load(_existing(ngrams.file), compoundation)
        )
    if ngrams.rank == "none":
        return Vocabulary(header, compoundation, empty_lexicon())
    lexicon = count(
        token_stream(documents, distinct, compoundation),
        threshold=ngrams.threshold,
        max_length=ngrams.max_length,
        rank=ngrams.rank,
        most=ngrams.max_rows or None,
    )
    return Vocabulary(header, compoundation, lexicon)


def _existing(path: str | Path) -> Path:
    if not Path(path).is_file():
        raise UserError(f"{path} is missing: expected a file that pre-training has written.")
    return Path(path)
