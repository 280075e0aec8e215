"""Tokens sorted by expert, one matrix product for each expert that has any."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import silu

from ostinato.nn.ops.linear import linear


def experts_grouped(
    tokens: Tensor, gate_up: Tensor, down: Tensor, chosen: Tensor, weights: Tensor
) -> Tensor:
    """As ``mix_experts``. Loads are read by the host: a GPU is waited for once a layer."""
    if len(tokens) == 1:
        return _one(tokens, gate_up, down, chosen, weights)
    k = chosen.shape[1]
    flat = chosen.flatten()
    order = flat.argsort(stable=True)
    bounds = [0, *torch.bincount(flat, minlength=len(gate_up)).cumsum(0).tolist()]
    # Unbound once: indexing would cost the backward pass a whole stack for each expert.
    gate_ups, downs = gate_up.unbind(), down.unbind()
    sorted_tokens = tokens.index_select(0, order // k)
    parts = [
        _expert(sorted_tokens[a:b], gate_ups[expert], downs[expert])
        for expert, (a, b) in enumerate(pairwise(bounds))
        if a < b
    ]
    if not parts:
        return torch.zeros_like(tokens)
    # Back in the tokens' own order, so that a token's k parts are added in a fixed order.
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order), device=order.device)
    mixed = torch.cat(parts).index_select(0, back).unflatten(0, (-1, k))
    return (mixed * weights[..., None].to(tokens.dtype)).sum(1)


def _one(token: Tensor, gate_up: Tensor, down: Tensor, chosen: Tensor, weights: Tensor) -> Tensor:
    """A single token needs no sorting."""
    parts = [_expert(token, gate_up[expert], down[expert]) for expert in chosen[0].tolist()]
    return weights.to(token.dtype) @ torch.cat(parts)


def _expert(tokens: Tensor, gate_up: Tensor, down: Tensor) -> Tensor:
    gate, up = linear(tokens, gate_up).chunk(2, -1)
    return linear(silu(gate) * up, down)
