"""The two attention blocks, the mixture of experts, and one layer around them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import silu

from ostinato.models.m1.cache import Cache
from ostinato.models.m1.config import M1Config
from ostinato.nn.norm import ExactLinear, Linear, RMSNorm
from ostinato.nn.ops.experts import Backend, mix_experts
from ostinato.nn.ops.lightning import lightning_attention
from ostinato.nn.ops.softmax import softmax_attention
from ostinato.nn.rotary import rotate

LIGHTNING_NORM_EPS = 1e-6  # a constant of the published code, whatever rms_norm_eps says


@dataclass(frozen=True, eq=False)
class Place:
    """Where the tokens at hand stand: made once for all layers."""

    rotation: tuple[Tensor, Tensor]
    cu_seqlens: Tensor | None  # on the CPU; None: one sequence a row
    bounds: tuple[int, ...]  # the same as numbers; empty where there are none
    cache: Cache | None
    slots: tuple[int, ...]  # of the sequences, in order
    before: tuple[int, ...]  # tokens that each sequence has seen

    @property
    def every(self) -> bool:
        """Whether the sequences are all of the cache's slots, in order."""
        return self.cache is not None and self.slots == tuple(range(self.cache.slots))


@dataclass(frozen=True, eq=False)
class Routing:
    """What a router said of N tokens."""

    probabilities: Tensor  # float32 [N, E]
    chosen: Tensor  # int64 [N, k]


def decay_rates(num_heads: int, layer: int, num_layers: int) -> Tensor:
    """The rate s of each head of a lightning layer, float32 [H]; a state shrinks by exp(-s).

    ALiBi's slopes 2 ** (-8 (h + 1) / H), times 1 - layer / (num_layers - 1) + 1e-5, where
    ``layer`` counts all layers. For an H that is no power of two: those of the power below,
    then every other slope of twice that (ALiBi, arXiv 2108.12409, as published; transformers
    takes the closed form for every H).
    """
    below = 2 ** int(math.log2(num_heads))
    slopes = _slopes(below) + _slopes(2 * below)[0::2][: num_heads - below]
    factor = 1 - layer / (num_layers - 1) + 1e-5 if num_layers > 1 else 1 + 1e-5
    return torch.tensor([slope * factor for slope in slopes], dtype=torch.float32)


def _slopes(heads: int) -> list[float]:
    return [2 ** (-8 * (head + 1) / heads) for head in range(heads)]


class LightningAttention(nn.Module):
    """SiLU on queries, keys and values, the recurrence, one norm over all heads, a gate."""

    def __init__(self, config: M1Config, layer: int) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        inner = config.num_heads * config.head_dim
        self.qkv_proj = Linear(config.hidden_size, 3 * inner)
        self.output_gate = Linear(config.hidden_size, inner)
        self.norm = RMSNorm(inner, LIGHTNING_NORM_EPS)
        self.out_proj = Linear(inner, config.hidden_size)
        self._rates = lambda: decay_rates(config.num_heads, layer, config.num_layers)
        self.register_buffer("decay", self._rates(), persistent=False)

    def forward(self, x: Tensor, place: Place, index: int) -> Tensor:
        """``index`` counts the lightning layers: whose state in the cache is this layer's."""
        # Head by head: the 3 D rows of a head are its query, key and value.
        q, k, v = silu(self.qkv_proj(x)).unflatten(-1, (self.num_heads, -1)).chunk(3, -1)
        cache = place.cache
        start = None
        if cache is not None:
            start = cache.states[index]
            start = start if place.every else start[list(place.slots)]
        out, state = lightning_attention(
            q, k, v, self.decay, initial_state=start, cu_seqlens=place.cu_seqlens
        )
        if cache is not None:
            if place.every:
                cache.states[index] = state
            else:
                cache.states[index, list(place.slots)] = state
        gated = torch.sigmoid(self.output_gate(x)) * self.norm(out.flatten(2))
        return self.out_proj(gated)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        """Rates are float32 on whatever device: in bfloat16 exp(-256 s) is up to 1.3 % off."""
        super()._apply(fn, recurse)
        if self.decay.device.type != "meta":
            self.decay = self._rates().to(self.decay.device)
        return self


class SoftmaxAttention(nn.Module):
    """Grouped-query attention with rotary positions on the leading dimensions."""

    def __init__(self, config: M1Config) -> None:
        super().__init__()
        self.head_dim = config.head_dim
        inner, outer = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
        self.q_proj = Linear(config.hidden_size, inner)
        self.k_proj = Linear(config.hidden_size, outer)
        self.v_proj = Linear(config.hidden_size, outer)
        self.o_proj = Linear(inner, config.hidden_size)

    def forward(self, x: Tensor, place: Place, index: int) -> Tensor:
        """``index`` counts the softmax layers."""
        q, k, v = (
            proj(x).unflatten(-1, (-1, self.head_dim))
            for proj in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = rotate(q, *place.rotation), rotate(k, *place.rotation)
        if place.cache is None:
            out = softmax_attention(q, k, v, cu_seqlens=place.cu_seqlens)
        elif place.cu_seqlens is None:
            out = self._with_cache(q, k, v, place, index)
        else:
            out = self._packed_with_cache(q, k, v, place, index)
        return self.o_proj(out.flatten(2))

    def _with_cache(self, q: Tensor, k: Tensor, v: Tensor, place: Place, index: int) -> Tensor:
        cache = place.cache
        assert cache is not None
        ends = [before + k.shape[1] for before in place.before]
        most = max(ends)
        keys, values = cache.keys[index], cache.values[index]
        k, v = k.to(keys.dtype), v.to(values.dtype)
        slots = list(place.slots)
        lengths: Tensor | None = None
        if min(place.before) == max(place.before):
            where = slice(None) if place.every else slots
            keys[where, :, place.before[0] : most] = k.transpose(1, 2)
            values[where, :, place.before[0] : most] = v.transpose(1, 2)
        else:
            lengths = torch.tensor(ends, device=q.device)
            row = torch.tensor(slots, device=q.device)[:, None]
            at = torch.tensor(place.before, device=q.device)[:, None]
            at = at + torch.arange(k.shape[1], device=q.device)
            keys[row, :, at], values[row, :, at] = k, v
        keys, values = (
            (x[:, :, :most] if place.every else x[slots, :, :most]).transpose(1, 2)
            for x in (keys, values)
        )
        return softmax_attention(q, keys, values, key_lengths=lengths)

    def _packed_with_cache(
        self, q: Tensor, k: Tensor, v: Tensor, place: Place, index: int
    ) -> Tensor:
        cache = place.cache
        assert cache is not None
        parts: list[Tensor] = []
        for n, (slot, before) in enumerate(zip(place.slots, place.before, strict=True)):
            a, b = place.bounds[n : n + 2]
            if a == b:
                continue
            end = before + b - a
            keys, values = cache.keys[index, slot], cache.values[index, slot]
            keys[:, before:end] = k[0, a:b].transpose(0, 1)
            values[:, before:end] = v[0, a:b].transpose(0, 1)
            held = (x[:, :end].transpose(0, 1)[None] for x in (keys, values))
            parts.append(softmax_attention(q[:, a:b], *held))
        return torch.cat(parts, 1) if parts else torch.zeros_like(q)


class SparseMoe(nn.Module):
    """The router, in float32, and its experts. No drops, no bias, no scaling."""

    def __init__(self, config: M1Config) -> None:
        super().__init__()
        self.experts_per_token = config.experts_per_token
        self.backend: Backend | None = None  # None: the usual one
        self.gate = ExactLinear(config.hidden_size, config.num_experts)
        shape = (config.num_experts, 2 * config.intermediate_size, config.hidden_size)
        self.gate_up = nn.Parameter(torch.empty(shape))
        shape = (config.num_experts, config.hidden_size, config.intermediate_size)
        self.down = nn.Parameter(torch.empty(shape))

    def forward(self, x: Tensor) -> tuple[Tensor, Routing]:
        """The mixture for tokens [N, d], and what the router said."""
        probabilities = self.gate(x).softmax(-1)
        weights, chosen = probabilities.topk(self.experts_per_token)
        weights = weights / weights.sum(-1, keepdim=True)
        kind = x.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
        gate_up, down = self.gate_up.to(dtype), self.down.to(dtype)
        mixed = mix_experts(x.to(dtype), gate_up, down, chosen, weights, backend=self.backend)
        return mixed.to(x.dtype), Routing(probabilities, chosen)


class Layer(nn.Module):
    """Attention and experts; the residual is the normed value, never the raw stream."""

    def __init__(self, config: M1Config, number: int, index: int) -> None:
        """``number`` counts all layers, ``index`` those of this layer's kind of attention."""
        super().__init__()
        self.index = index
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn: LightningAttention | SoftmaxAttention
        if config.attention[number] == "lightning":
            self.self_attn = LightningAttention(config, number)
            self.alpha, self.beta = config.lightning_alpha, config.lightning_beta
        else:
            self.self_attn = SoftmaxAttention(config)
            self.alpha, self.beta = config.softmax_alpha, config.softmax_beta
        self.mlp_alpha, self.mlp_beta = config.mlp_alpha, config.mlp_beta
        self.block_sparse_moe = SparseMoe(config)

    def forward(
        self, x: Float[Tensor, "b t d"], place: Place
    ) -> tuple[Float[Tensor, "b t d"], Routing]:
        """Out = a u + b MoE(u), where u = norm(a' h + b' Attn(h)) and h = norm(x)."""
        h = self.input_layernorm(x)
        y = self.alpha * h + self.beta * self.self_attn(h, place, self.index)
        u = self.post_attention_layernorm(y)
        mixed, routing = self.block_sparse_moe(u.flatten(0, 1))
        return self.mlp_alpha * u + self.mlp_beta * mixed.view_as(u), routing
