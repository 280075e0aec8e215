"""What an M1 costs: parameters, floating-point operations, bytes. Exact integers, no torch.

A multiplication and an addition are two operations (FLOPs). Norms, SiLU, softmax and sampling are
left out: each is a few operations for every number that a matrix needs thousands for.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal

from ostinato.models.m1.config import M1Config

Dtype = Literal["bf16", "int8", "fp8"]

BLOCK = 256
"""Tokens in a block of the published lightning attention."""


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Weights by part. ``lightning`` holds the norm of its heads, ``norms`` those of layers."""

    embedding: int
    lightning: int
    softmax: int
    routers: int
    experts: int
    norms: int
    head: int
    chosen_experts: int
    """The part of ``experts`` that a token goes through."""

    @property
    def total(self) -> int:
        return self.embedding + self.head + self.active - self.chosen_experts + self.experts

    @property
    def active(self) -> int:
        """What a token goes through in the layers: the report's 45.9 billion."""
        return self.lightning + self.softmax + self.routers + self.chosen_experts + self.norms

    @property
    def active_with_head(self) -> int:
        """What a generated token is multiplied with; the embedding is a look-up."""
        return self.active + self.head

    @property
    def active_with_both(self) -> int:
        return self.active_with_head + self.embedding

    def to_json(self) -> dict[str, int]:
        sums = ("total", "active", "active_with_head", "active_with_both")
        return asdict(self) | {name: getattr(self, name) for name in sums}


def parameters(config: M1Config) -> Parameters:
    """Count the weights of the published layout."""
    d, layers, width = config.hidden_size, config.num_layers, config.num_heads * config.head_dim
    expert = 3 * d * config.intermediate_size
    lightning = (3 + 1 + 1) * width * d + width  # qkv, gate, out; the norm of all heads
    softmax = 2 * width * d + 2 * config.num_kv_heads * config.head_dim * d
    return Parameters(
        embedding=config.vocab_size * d,
        lightning=lightning * _lightning_layers(config),
        softmax=softmax * config.softmax_layers,
        routers=config.num_experts * d * layers,
        experts=expert * config.num_experts * layers,
        norms=(2 * layers + 1) * d,
        head=config.vocab_size * d,
        chosen_experts=expert * config.experts_per_token * layers,
    )


def lightning_flops(config: M1Config, block: int | None = None) -> int:
    """FLOPs of lightning attention per token, all layers, projections apart.

    The recurrence decays the state (d^2), adds k^T v (2 d^2) and reads q S (2 d^2) in every head.
    In blocks of ``block`` tokens a token meets its whole block twice (4 * block * d) and the state
    twice (4 d^2); decays are then under a hundredth and left out.
    """
    d = config.head_dim
    head = 5 * d * d if block is None else 4 * block * d + 4 * d * d
    return _lightning_layers(config) * config.num_heads * head


def position_flops(config: M1Config) -> int:
    """FLOPs that a token spends on each token it sees, itself included: q k and p v of softmax."""
    return config.softmax_layers * 4 * config.num_heads * config.head_dim


def base_flops(config: M1Config) -> int:
    """FLOPs of a generated token at any position: weights (with the head) and recurrence."""
    return 2 * parameters(config).active_with_head + lightning_flops(config)


def token_flops(config: M1Config, position: int) -> int:
    """FLOPs of the token at ``position``, counted from 1."""
    return base_flops(config) + position_flops(config) * position


def generation_flops(config: M1Config, tokens: int, *, prompt: int = 0) -> int:
    """FLOPs of generating ``tokens`` after a prompt that is already in the cache."""
    seen = tokens * prompt + tokens * (tokens + 1) // 2
    return tokens * base_flops(config) + position_flops(config) * seen


def prefill_flops(config: M1Config, tokens: int, *, block: int | None = BLOCK) -> int:
    """FLOPs of reading a prompt, with logits of its last token only.

    ``block=None`` is the recurrence: fewer FLOPs, one token after the other.
    """
    weights = parameters(config)
    each = 2 * weights.active + lightning_flops(config, block)
    seen = tokens * (tokens + 1) // 2
    return tokens * each + position_flops(config) * seen + 2 * weights.head


def softmax_twin(config: M1Config) -> M1Config:
    """The same model with softmax attention in every layer."""
    return replace(config, attention=("softmax",) * config.num_layers)


def state_bytes(config: M1Config) -> int:
    """Bytes of a sequence's lightning state in fp32, whatever its length."""
    return _lightning_layers(config) * config.num_heads * config.head_dim**2 * 4


def kv_bytes(config: M1Config, tokens: int = 1) -> int:
    """Bytes of a sequence's keys and values in bf16, in the softmax layers alone."""
    return tokens * config.softmax_layers * 2 * config.num_kv_heads * config.head_dim * 2


def weight_bytes(config: M1Config, dtype: Dtype) -> int:
    """Bytes of all weights.

    ``bf16`` is the published checkpoint to the byte: two for each weight, four for the routers'.
    ``int8`` stores experts in one byte and nothing else, as the published way of serving does
    (vLLM's ``experts_int8``); ``fp8`` attention too. Scales are left out: one a row of thousands.
    """
    return _dense_bytes(config, dtype) + _expert_bytes(config, dtype) + _embedding_bytes(config)


def step_weight_bytes(config: M1Config, dtype: Dtype, batch: int) -> float:
    """Bytes of weights that one decoding step of ``batch`` sequences reads, on average."""
    share = touched_experts(config, batch) / config.num_experts
    return _dense_bytes(config, dtype) + share * _expert_bytes(config, dtype)


def touched_experts(config: M1Config, tokens: int) -> float:
    """Expected number of a layer's experts that ``tokens`` go to, if routers choose evenly."""
    missed = 1 - config.experts_per_token / config.num_experts
    return config.num_experts * (1 - missed**tokens)


def _lightning_layers(config: M1Config) -> int:
    return config.num_layers - config.softmax_layers


def _embedding_bytes(config: M1Config) -> int:
    return 2 * parameters(config).embedding


def _expert_bytes(config: M1Config, dtype: Dtype) -> int:
    return (2 if dtype == "bf16" else 1) * parameters(config).experts


def _dense_bytes(config: M1Config, dtype: Dtype) -> int:
    """What every step reads: all but the experts and the embedding."""
    part = parameters(config)
    attention = (1 if dtype == "fp8" else 2) * (part.lightning + part.softmax)
    return attention + 4 * part.routers + 2 * (part.norms + part.head)
