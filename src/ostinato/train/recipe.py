"""What recipes share: the choice of a model, and how it is built and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import torch

from ostinato.data.batches import Batches, WindowConfig
from ostinato.data.ngrams import NgramMatcher
from ostinato.data.shards import Documents
from ostinato.data.vocabulary import Vocabulary, Window
from ostinato.data.words import WordTable, distinct_rows, word_table
from ostinato.models import midiformer
from ostinato.models.midiformer import HeadSpec, MidiformerConfig, MidiformerModel

DTypeName = Literal["float32", "float16", "bfloat16"]


@dataclass(frozen=True)
class ModelChoice:
    """A preset and what differs from it; what is left out is the preset's."""

    preset: Literal["base", "small"] = "small"
    hidden_size: int | None = None
    num_layers: int | None = None
    num_heads: int | None = None
    intermediate_size: int | None = None
    num_ngram_layers: int | None = None
    dropout: float | None = None
    compose_embeddings: bool | None = None
    token_rank: int | None = None
    positions: Literal["relative", "rotary"] | None = None

    def config(self, vocabulary: Vocabulary) -> MidiformerConfig:
        """The configuration for a vocabulary; an empty lexicon leaves out the n-gram branch."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        del given["preset"]
        changes = {name: value for name, value in given.items() if value is not None}
        if len(vocabulary.lexicon) == 1:
            changes["num_ngram_layers"] = 0
        compoundation = vocabulary.compoundation
        return MidiformerConfig.preset(
            self.preset,
            vocab_size=compoundation.vocab_size,
            lexicon_size=len(vocabulary.lexicon),
            symbol_count=compoundation.symbol_count,
            symbols_per_token=len(compoundation.vocab),
            **changes,
        )


def build_model(
    config: MidiformerConfig,
    vocabulary: Vocabulary,
    *,
    seed: int,
    device: torch.device,
    heads: Mapping[str, HeadSpec] | None = None,
    masked_token: bool = False,
) -> MidiformerModel:
    """A model with fresh weights, the same for the same seed on any device."""
    torch.manual_seed(seed)
    symbols = torch.from_numpy(vocabulary.compoundation.token_symbols)
    model = MidiformerModel(config, heads, token_symbols=symbols, masked_token=masked_token)
    return model.to(device)


def build_matcher(
    config: MidiformerConfig,
    vocabulary: Vocabulary,
    window: WindowConfig,
    device: torch.device,
) -> NgramMatcher | None:
    """The n-gram matcher of a model; None where it has no n-gram branch."""
    if not config.num_ngram_layers or not window.slots or len(vocabulary.lexicon) == 1:
        return None
    return NgramMatcher(
        vocabulary.lexicon,
        vocab_size=config.vocab_size,
        slots=window.slots,
        device=device,
        dtype=torch.bfloat16 if device.type == "cuda" else torch.float32,
    )


def save_model(
    folder: Path,
    model: MidiformerModel,
    vocabulary: Vocabulary,
    window: WindowConfig,
    dtype: DTypeName,
) -> None:
    """Write a whole model directory, but for its card."""
    vocabulary.save(folder, Window(window.rows, window.slots))
    midiformer.save(folder, model, dtype=getattr(torch, dtype))


def build_batches(
    documents: Documents,
    vocabulary: Vocabulary,
    window: WindowConfig,
    *,
    transpose: int,
    device: torch.device,
) -> Batches:
    """Windows of some documents, which may be transposed by up to so many semitones."""
    table = build_table(documents, vocabulary, transpose=transpose, device=device)
    return Batches(documents, table, rows=window.rows, device=device)


def build_table(
    documents: Documents, vocabulary: Vocabulary, *, transpose: int, device: torch.device
) -> WordTable:
    """The words of some documents in all their transpositions."""
    distinct = distinct_rows(documents.values, documents.header.vocab)
    return word_table(distinct, vocabulary.compoundation, transpose=transpose, device=device)
