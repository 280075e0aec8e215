"""What a model's ids mean: the compoundation, and the lexicon of n-grams over its tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.data.shards import Documents, Header
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


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Tokens and n-grams; ``header`` says which words they are made of."""

    header: Header
    compoundation: Compoundation
    lexicon: Lexicon

    def save(self, folder: Path, *, rows: int, slots: int) -> None:
        """Write ``words.json``, ``merges.txt`` and ``lexicon.txt`` of a model directory.

        ``rows`` is the window that the model was trained on and ``slots`` its cap of n-grams.
        """
        folder.mkdir(parents=True, exist_ok=True)
        words = {
            "scheme": self.header.scheme,
            "steps_per_quarter": self.header.steps_per_quarter,
            "vocab": list(self.header.vocab),
            "window": {"rows": rows, "slots": slots},
        }
        write_json(folder / "words.json", words)
        self.compoundation.save(folder / "merges.txt")
        self.lexicon.save(folder / "lexicon.txt", self.compoundation)


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


def load_vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary of a model directory."""
    words = json.loads(_existing(folder / "words.json").read_text(encoding="utf-8"))
    header = Header(words["scheme"], words["steps_per_quarter"], tuple(words["vocab"]))
    compoundation = Compoundation.load(_existing(folder / "merges.txt"))
    return Vocabulary(
        header, compoundation, Lexicon.load(_existing(folder / "lexicon.txt"), compoundation)
    )


def _existing(path: str | Path) -> Path:
    if not Path(path).is_file():
        raise UserError(f"{path} is missing: expected a file that pretraining has written.")
    return Path(path)
