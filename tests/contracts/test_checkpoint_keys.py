"""The names and shapes of published weights, written down: changing one breaks every file."""

from __future__ import annotations

from dataclasses import fields

import torch

from ostinato.models.m1 import M1, M1Config
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
        "positions",
        "rope_theta",
        "compose_embeddings",
        "token_rank",
        "layer_norm_eps",
        "initial_std",
    ]


M1_LIGHTNING = {
    "input_layernorm.weight": (64,),
    "post_attention_layernorm.weight": (64,),
    "self_attn.qkv_proj.weight": (192, 64),
    "self_attn.output_gate.weight": (64, 64),
    "self_attn.norm.weight": (64,),
    "self_attn.out_proj.weight": (64, 64),
    "block_sparse_moe.gate.weight": (4, 64),
    "block_sparse_moe.gate_up": (4, 128, 64),
    "block_sparse_moe.down": (4, 64, 64),
}

M1_SOFTMAX = {
    **{name: shape for name, shape in M1_LIGHTNING.items() if not name.startswith("self_attn")},
    "self_attn.q_proj.weight": (64, 64),
    "self_attn.k_proj.weight": (32, 64),
    "self_attn.v_proj.weight": (32, 64),
    "self_attn.o_proj.weight": (64, 64),
}


def test_m1_keys() -> None:
    with torch.device("meta"):
        model = M1(M1Config.preset("tiny"))
    expected = {
        "model.embed_tokens.weight": (512, 64),
        "model.norm.weight": (64,),
        "lm_head.weight": (512, 64),
    }
    for layer in range(8):
        keys = M1_SOFTMAX if layer == 7 else M1_LIGHTNING
        expected |= {f"model.layers.{layer}.{key}": shape for key, shape in keys.items()}
    assert {name: tuple(t.shape) for name, t in model.state_dict().items()} == expected


def test_m1_config_fields() -> None:
    """A new field needs a reason, and a key in every dialect of ``config.json``."""
    assert [field.name for field in fields(M1Config)] == [
        "vocab_size",
        "hidden_size",
        "attention",
        "num_heads",
        "num_kv_heads",
        "head_dim",
        "rotary_dim",
        "intermediate_size",
        "num_experts",
        "experts_per_token",
        "max_position_embeddings",
        "rope_theta",
        "softmax_alpha",
        "softmax_beta",
        "lightning_alpha",
        "lightning_beta",
        "mlp_alpha",
        "mlp_beta",
        "rms_norm_eps",
        "router_aux_loss_coef",
        "initializer_range",
        "bos_token_id",
        "eos_token_id",
    ]
