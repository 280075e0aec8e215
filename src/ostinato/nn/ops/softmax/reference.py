"""The definition: every score written out, in float64."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor


def softmax_reference(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_lengths: Tensor | None = None,
    cu_seqlens: Tensor | None = None,
) -> Tensor:
    """As ``softmax_attention``; the arithmetic is float64, the result is cast at the end."""
    if cu_seqlens is not None:
        bounds = pairwise(cu_seqlens.tolist())
        parts = [tuple(x[:, a:b] for x in (query, key, value)) for a, b in bounds]
        return torch.cat([softmax_reference(*part) for part in parts], 1)
    queries, group = query.shape[1], query.shape[2] // key.shape[2]
    out: list[Tensor] = []
    for row in range(len(query)):
        keys = key.shape[1] if key_lengths is None else int(key_lengths[row])
        q_HTD = query[row].double().transpose(0, 1)
        k_HSD, v_HSD = (
            x[row, :keys].double().transpose(0, 1).repeat_interleave(group, 0) for x in (key, value)
        )
        scores_HTS = q_HTD @ k_HSD.transpose(1, 2) / math.sqrt(query.shape[3])
        seen_TS = torch.ones(queries, keys, dtype=torch.bool, device=query.device)
        seen_TS = seen_TS.tril(keys - queries)
        weights_HTS = scores_HTS.masked_fill(~seen_TS, -math.inf).softmax(-1)
        out.append((weights_HTS @ v_HSD).transpose(0, 1))
    return torch.stack(out).to(query.dtype)
