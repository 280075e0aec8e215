"""The definition: one token after the other, in float64."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor


def lightning_reference(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    decay: Tensor,
    initial_state: Tensor | None = None,
    cu_seqlens: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """As ``lightning_attention``; the arithmetic is float64, the results are cast at the end."""
    if cu_seqlens is not None:
        bounds = list(pairwise(cu_seqlens.tolist()))
        rows = [tuple(x[:, a:b] for x in (query, key, value)) for a, b in bounds]
    else:
        rows = [tuple(x[i : i + 1] for x in (query, key, value)) for i in range(len(query))]
    shrink_H11 = torch.exp(-decay.double())[:, None, None]
    outputs: list[Tensor] = []
    states: list[Tensor] = []
    for n, (q, k, v) in enumerate(rows):
        shape = (q.shape[2], q.shape[3], v.shape[3])
        state_HDE = q.new_zeros(shape, dtype=torch.float64)
        if initial_state is not None:
            state_HDE = initial_state[n].double()
        out: list[Tensor] = []
        for q_HD, k_HD, v_HE in zip(q[0].double(), k[0].double(), v[0].double(), strict=True):
            state_HDE = shrink_H11 * state_HDE + k_HD[:, :, None] * v_HE[:, None, :]
            out.append(torch.einsum("hd,hde->he", q_HD, state_HDE))
        outputs.append(torch.stack(out) if out else v[0].double())
        states.append(state_HDE)
    joined = torch.cat(outputs)[None] if cu_seqlens is not None else torch.stack(outputs)
    kept = torch.float64 if query.dtype == torch.float64 else torch.float32
    return joined.to(value.dtype), torch.stack(states).to(kept)
