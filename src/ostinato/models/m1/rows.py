"""Rows of tokens without a shape that depends on what they hold: for graphs and for training.

``encode`` packs, counts and grows; what is here never reads a tensor back, so that a GPU is not
waited for, a step can be captured in a CUDA graph, and ``torch.func.vmap`` can run many models.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import silu

from ostinato.models.m1.layers import Layer, LightningAttention, Place, Routing, SoftmaxAttention
from ostinato.models.m1.model import M1, Encoded
from ostinato.nn.ops.softmax.decode import decode_attention
from ostinato.nn.rotary import rotate, rotation


@runtime_checkable
class Memory(Protocol):
    """States, keys and values as a `Cache` holds them; a step writes into them."""

    @property
    def states(self) -> Tensor:
        """Float32 [lightning layers, B, H, D, D]."""
        ...

    @property
    def keys(self) -> Tensor:
        """[softmax layers, B, G, capacity, D]."""
        ...

    @property
    def values(self) -> Tensor:
        """As ``keys``."""
        ...


def encode_rows(model: M1, input_ids: Int[Tensor, "b t"]) -> Encoded:
    """Hidden states of rows that begin at position 0.

    Padding stands at the end of a row, where nothing that counts can see it; what it becomes
    itself, and what its router says, means nothing.
    """
    config = model.config
    positions = torch.arange(input_ids.shape[1], device=input_ids.device)[None]
    cosines, sines = (
        angle.expand(len(input_ids), -1, -1, -1)
        for angle in rotation(positions, config.rotary_dim, config.rope_theta)
    )
    place = Place((cosines, sines), None, (), None, (), ())
    hidden = model.model.embed_tokens(input_ids)
    routing: list[Routing] = []
    for layer in model.model.layers:
        hidden, said = layer(hidden, place)
        routing.append(said)
    return Encoded(model.model.norm(hidden), tuple(routing))


def decode_rows(
    model: M1,
    tokens: Int[Tensor, " b"],
    at: Int[Tensor, " b"],
    active: Bool[Tensor, " b"],
    memory: Memory,
    *,
    span: int | None,
    compiled: bool = False,
) -> Float[Tensor, "b d"]:
    """Hidden states after one more token a row, which stands at position ``at``.

    ``memory`` moves on for the rows that are ``active``; the others are left as they are.
    ``span`` is the number of keys that are looked at: every ``at`` must be below it; None as in
    ``decode_attention``. With ``compiled`` a lightning layer becomes a few kernels, the same for
    all of them.
    """
    config = model.config
    turn = rotation(at[:, None], config.rotary_dim, config.rope_theta)
    hidden = model.model.embed_tokens(tokens)[:, None]
    for layer in model.model.layers:
        assert isinstance(layer, Layer)
        if isinstance(layer.self_attn, LightningAttention):
            run = _compiled(_lightning_layer) if compiled else _lightning_layer
            hidden = run(layer, hidden, active, memory.states[layer.index])
        else:
            held = memory.keys[layer.index], memory.values[layer.index]
            hidden = _softmax_layer(layer, hidden, turn, at, held, span)
    return model.model.norm(hidden)[:, 0]


@cache
def _compiled(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return torch.compile(function, dynamic=False)


def _lightning_layer(layer: Layer, hidden: Tensor, active: Tensor, state: Tensor) -> Tensor:
    h = layer.input_layernorm(hidden)
    attention = layer.self_attn
    assert isinstance(attention, LightningAttention)
    return _mixture(layer, h, _lightning(attention, h, active, state))


def _softmax_layer(
    layer: Layer,
    hidden: Tensor,
    turn: tuple[Tensor, Tensor],
    at: Tensor,
    held: tuple[Tensor, Tensor],
    span: int | None,
) -> Tensor:
    h = layer.input_layernorm(hidden)
    attention = layer.self_attn
    assert isinstance(attention, SoftmaxAttention)
    return _mixture(layer, h, _softmax(attention, h, turn, at, held, span))


def _mixture(layer: Layer, h: Tensor, mixed: Tensor) -> Tensor:
    u = layer.post_attention_layernorm(layer.alpha * h + layer.beta * mixed)
    mixture, _ = layer.block_sparse_moe(u[:, 0])
    return layer.mlp_alpha * u + layer.mlp_beta * mixture[:, None]


def _lightning(attention: LightningAttention, x: Tensor, active: Tensor, state: Tensor) -> Tensor:
    """The recurrence S = exp(-s) S + k^T v in place; where not ``active`` S stays."""
    q, k, v = (
        one.to(state.dtype)[:, 0]
        for one in silu(attention.qkv_proj(x)).unflatten(-1, (attention.num_heads, -1)).chunk(3, -1)
    )
    keep = torch.where(active[:, None], torch.exp(-attention.decay), 1.0)
    k = k * active[:, None, None]
    state.mul_(keep[..., None, None]).add_(k[..., None] * v[..., None, :])
    out = (q[..., None, :] @ state).flatten(1)[:, None].to(x.dtype)
    return attention.out_proj(torch.sigmoid(attention.output_gate(x)) * attention.norm(out))


def _softmax(
    attention: SoftmaxAttention,
    x: Tensor,
    turn: tuple[Tensor, Tensor],
    at: Tensor,
    held: tuple[Tensor, Tensor],
    span: int | None,
) -> Tensor:
    """Attention to the keys up to ``at``, of which none lies at ``span`` or behind.

    A row that is not active writes the key of a token that is read again later, in its place.
    """
    q, k, v = (
        proj(x).unflatten(-1, (-1, attention.head_dim))
        for proj in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    q, k = rotate(q, *turn), rotate(k, *turn)
    for new, old in zip((k, v), held, strict=True):
        old[torch.arange(len(at), device=at.device), :, at] = new[:, 0].to(old.dtype)
    keys, values = held
    # The heads that share keys are the queries of one head: keys are read once.
    folded = q.view(len(x), keys.shape[1], -1, attention.head_dim).to(keys.dtype)
    out = decode_attention(folded, keys, values, at, span=span)
    return attention.o_proj(out.reshape(len(x), 1, -1).to(x.dtype))
