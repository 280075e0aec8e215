"""What recipes of word encoders share: which model, of which words, how it is built and written.

A word encoder takes a Midiformer's place in batches, steps and scores: its tokens are whole words,
each of one piece, and it has no n-grams.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray

from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.data.batches import WindowConfig
from ostinato.data.shards import Header, read_header
from ostinato.data.vocabulary import Vocabulary
from ostinato.models import words
from ostinato.models.midiformer import HeadSpec, MidiformerModel
from ostinato.models.words import WordConfig, WordModel
from ostinato.music.compoundation import SPECIALS, Compoundation
from ostinato.music.lexicon import empty_lexicon
from ostinato.train.recipe import DTypeName
from ostinato.train.steps import Reader

_MULTIPLE = 8  # of tokens in a window: masked attention wants its rows aligned


@dataclass(frozen=True)
class WordWindow:
    """The size of a window: every row is one position, so that nothing is cut off."""

    rows: int = 512
    transpose: int = 6  # semitones either way, drawn anew for each window of training

    def __post_init__(self) -> None:
        if self.rows < 1 or self.transpose < 0:
            raise UserError(
                f"window: expected rows >= 1 and transpose >= 0; got {self.rows} and "
                f"{self.transpose}."
            )

    @property
    def config(self) -> WindowConfig:
        """The same for batches: with [CLS] and [SEP], and without n-grams."""
        tokens = -(-(self.rows + 2) // _MULTIPLE) * _MULTIPLE
        return WindowConfig(self.rows, tokens, 0, self.transpose)


@dataclass(frozen=True)
class WordChoice:
    """What differs from the defaults of ``WordConfig``."""

    positions: Literal["rotary", "relative"] = "rotary"
    column_size: int | None = None
    hidden_size: int | None = None
    num_layers: int | None = None
    num_heads: int | None = None
    intermediate_size: int | None = None
    max_distance: int | None = None
    dropout: float | None = None

    def config(self, header: Header) -> WordConfig:
        """The configuration for the words of some shards."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        changes = {name: value for name, value in given.items() if value is not None}
        return WordConfig(vocab=header.vocab, **changes)


@dataclass(frozen=True)
class WholeWords:
    """Every word as one token: its columns in mixed radix, behind the special tokens."""

    scheme: str
    vocab: tuple[int, ...]
    steps_per_quarter: int = 4

    def pieces(self, values: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Words [d, F] to tokens int64 [d, 1], and their number int8 [d], which is 1."""
        tokens = np.zeros(len(values), dtype=np.int64)
        for column, size in zip(values.T, self.vocab, strict=True):
            tokens = tokens * size + column
        return len(SPECIALS) + tokens[:, None], np.ones(len(values), dtype=np.int8)


def word_vocabulary(header: Header) -> Vocabulary:
    """What batches ask for the tokens of words: here each word is one."""
    if math.prod(header.vocab) > 2**31 - len(SPECIALS):
        raise UserError(
            f"{header.scheme} words are too many to be tokens each: prepare the shards with the "
            "scheme cp4."
        )
    whole = WholeWords(header.scheme, header.vocab, header.steps_per_quarter)
    # Of a compoundation, batches ask the scheme, the columns and the pieces of words.
    return Vocabulary(header, cast("Compoundation", whole), empty_lexicon())


def word_reader(model: WordModel, device: torch.device) -> Reader:
    """A word encoder where a Midiformer is read: it has the same verbs."""
    return Reader(cast("MidiformerModel", model), None, device)


def build_words(
    config: WordConfig,
    *,
    seed: int,
    device: torch.device,
    heads: Mapping[str, HeadSpec] | None = None,
    masked_word: bool = False,
) -> WordModel:
    """A model with fresh weights, the same for the same seed on any device."""
    torch.manual_seed(seed)
    return WordModel(config, heads, masked_word=masked_word).to(device)


def save_words(
    folder: Path, model: WordModel, header: Header, window: WordWindow, dtype: DTypeName
) -> None:
    """Write a whole model directory, but for its card."""
    folder.mkdir(parents=True, exist_ok=True)
    described = {
        "scheme": header.scheme,
        "steps_per_quarter": header.steps_per_quarter,
        "vocab": list(header.vocab),
        "window": {"rows": window.rows, "slots": 0},
    }
    write_json(folder / "words.json", described)
    words.save(folder, model, dtype=getattr(torch, dtype))


def load_words(folder: Path, header: Header, device: torch.device) -> WordModel:
    """The pre-trained model of a directory, which must speak the words of some shards."""
    model = words.load(folder, device=device)
    held = read_header(folder)
    if not held.same_words(header):
        raise UserError(
            f"{folder} speaks {held.scheme} with {held.steps_per_quarter} steps per quarter, the "
            f"shards {header.scheme} with {header.steps_per_quarter}: prepare anew."
        )
    return model
