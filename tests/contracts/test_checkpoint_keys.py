"""The names and shapes of published weights, written down: changing one breaks every file."""

from __future__ import annotations

from dataclasses import fields

import torch

from ostinato.models.midiformer import HeadSpec, MidiformerConfig, MidiformerModel

LAYER = {
    "attention.content_bias": (5, 64),
    "attention.position_bias": (5, 64),
    "attention.query_key_value.weight": (960, 320),
    "attention.query_key_value.bias": (960,),
    "attention.output.weight": (320, 320),
    "attention.output.bias": (320,),
    "attention_norm.weight": (320,),
    "attention_norm.bias": (320,),
    "expand.weight": (1024, 320),
    "expand.bias": (1024,),
    "contract.weight": (320, 1024),
    "contract.bias": (320,),
    "output_norm.weight": (320,),
    "output_norm.bias": (320,),
}

REST = {
    "encoder.token_symbols": (1000, 4),
    "encoder.tokens.weight": (1000, 320),
    "encoder.symbols.weight": (390, 320),
    "encoder.norm.weight": (320,),
    "encoder.norm.bias": (320,),
    "encoder.ngrams.embedding.weight": (4000, 320),
    "encoder.ngrams.norm.weight": (320,),
    "encoder.ngrams.norm.bias": (320,),
    "heads.melody.dense.weight": (160, 320),
    "heads.melody.dense.bias": (160,),
    "heads.melody.classify.weight": (3, 160),
    "heads.melody.classify.bias": (3,),
    "heads.dance.pool.weight": (320, 320),
    "heads.dance.pool.bias": (320,),
    "heads.dance.classify.weight": (9, 320),
    "heads.dance.classify.bias": (9,),
    "masked_token.bias": (1000,),
    "masked_token.dense.weight": (320, 320),
    "masked_token.dense.bias": (320,),
    "masked_token.norm.weight": (320,),
    "masked_token.norm.bias": (320,),
}


def test_midiformer_keys() -> None:
    config = MidiformerConfig.preset("small", vocab_size=1000, lexicon_size=4000, symbol_count=390)
    heads = {
        "melody": HeadSpec("note", ("melody", "bridge", "accompaniment")),
        "dance": HeadSpec("sequence", tuple("abcdefghi")),
    }
    with torch.device("meta"):
        model = MidiformerModel(config, heads, masked_token=True)
    prefixes = [f"encoder.layers.{n}" for n in range(8)]
    prefixes += [f"encoder.ngrams.layers.{n}" for n in range(2)]
    layers = {f"{prefix}.{key}": shape for prefix in prefixes for key, shape in LAYER.items()}
    found = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert found == REST | layers


def test_midiformer_config_fields() -> None:
    """What ``config.json`` holds; a new field needs a reason."""
    assert [field.name for field in fields(MidiformerConfig)] == [
        "vocab_size",
        "lexicon_size",
        "symbol_count",
        "symbols_per_token",
        "hidden_size",
        "num_layers",
        "num_heads",
        "intermediate_size",
        "num_ngram_layers",
        "dropout",
        "attention_dropout",
        "compose_embeddings",
        "layer_norm_eps",
        "initial_std",
    ]
