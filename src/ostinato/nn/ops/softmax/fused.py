"""Softmax attention through PyTorch's fused kernels, never holding a whole mask."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from ostinato.nn.ops.plain import is_plain

ANY_LENGTH = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
QUERIES = 256  # that share a mask, where one is needed: it bounds the memory by 256 x S


def softmax_fused(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_lengths: Tensor | None = None,
    cu_seqlens: Tensor | None = None,
) -> Tensor:
    """As ``softmax_attention``."""
    if cu_seqlens is not None:
        return _packed(query, key, value, cu_seqlens)
    q_BHTD, k_BGSD, v_BGSD = (x.transpose(1, 2) for x in (query, key, value))
    return _attend(q_BHTD, k_BGSD, v_BGSD, key_lengths).transpose(1, 2)


def _packed(query: Tensor, key: Tensor, value: Tensor, cu_seqlens: Tensor) -> Tensor:
    """One call per sequence; a single one where all are of one length."""
    lengths = cu_seqlens.diff()
    if bool((lengths == lengths[0]).all()):
        shape = (len(lengths), -1)
        q, k, v = (x[0].unflatten(0, shape).transpose(1, 2) for x in (query, key, value))
        return _attend(q, k, v, None).transpose(1, 2).flatten(0, 1)[None]
    if query.is_cuda:
        return _in_buckets(query, key, value, lengths.tolist(), cu_seqlens.tolist())
    q, k, v = (x.transpose(1, 2) for x in (query, key, value))
    # cuDNN plans anew for every length, which takes longer than the attention: leave it out.
    with sdpa_kernel(ANY_LENGTH):
        parts = [
            _attend(q[:, :, a:b], k[:, :, a:b], v[:, :, a:b], None)
            for a, b in pairwise(cu_seqlens.tolist())
            if a < b
        ]
    return torch.cat(parts, 2).transpose(1, 2)


def _in_buckets(
    query: Tensor, key: Tensor, value: Tensor, lengths: list[int], bounds: list[int]
) -> Tensor:
    """Sequences of about equal lengths in one call, the shorter ones padded at their end, where
    no query sees the padding: a few calls in place of one for each sequence.
    """
    buckets: dict[int, list[int]] = {}
    for i, length in enumerate(lengths):
        if length:
            buckets.setdefault((length - 1).bit_length(), []).append(i)
    out = torch.empty_like(query)
    for members in buckets.values():
        most = max(lengths[i] for i in members)
        first = torch.tensor([[bounds[i], lengths[i]] for i in members])
        place = torch.arange(most)
        held = place < first[:, 1:]
        index = (first[:, :1] + place * held).to(query.device)
        q, k, v = (x[0][index].transpose(1, 2) for x in (query, key, value))
        with sdpa_kernel(ANY_LENGTH):  # as below
            found = _attend(q, k, v, None).transpose(1, 2)
        held = held.to(query.device)
        out = out.index_put((out.new_zeros((), dtype=torch.int64), index[held]), found[held])
    return out


def _attend(q_BHTD: Tensor, k_BGSD: Tensor, v_BGSD: Tensor, key_lengths: Tensor | None) -> Tensor:
    grouped = q_BHTD.shape[1] != k_BGSD.shape[1]
    queries, keys = q_BHTD.shape[2], k_BGSD.shape[2]
    if queries == 1 and grouped:
        # The heads that share keys become the queries of one head: keys are read once.
        folded = q_BHTD.reshape(len(q_BHTD), k_BGSD.shape[1], -1, q_BHTD.shape[3])
        mask = None
        if key_lengths is not None:
            ends = key_lengths.to(q_BHTD.device)[:, None, None, None]
            mask = torch.arange(keys, device=q_BHTD.device) < ends
        out = scaled_dot_product_attention(folded, k_BGSD, v_BGSD, attn_mask=mask)
        return out.reshape(q_BHTD.shape)
    if grouped and q_BHTD.is_cuda:
        # In float32 no fused kernel shares keys: the one that does holds every score.
        shared = q_BHTD.shape[1] // k_BGSD.shape[1]
        k_BGSD, v_BGSD = (x.repeat_interleave(shared, 1) for x in (k_BGSD, v_BGSD))
        grouped = False
    if key_lengths is None and queries in (1, keys):
        causal = queries > 1
        return scaled_dot_product_attention(
            q_BHTD, k_BGSD, v_BGSD, is_causal=causal, enable_gqa=grouped
        )
    if key_lengths is None and is_plain(q_BHTD, k_BGSD, v_BGSD):
        return _after(q_BHTD, k_BGSD, v_BGSD)
    device = q_BHTD.device
    ends = torch.tensor([keys], device=device) if key_lengths is None else key_lengths.to(device)
    parts: list[Tensor] = []
    for first in range(0, queries, QUERIES):
        part = q_BHTD[:, :, first : first + QUERIES]
        last = first + part.shape[2]
        most = keys - queries + last if key_lengths is None else keys
        place = torch.arange(first, last, device=device) + (ends[:, None] - queries)
        seen_B1TS = (torch.arange(most, device=device) <= place[..., None])[:, None]
        parts.append(
            scaled_dot_product_attention(
                part,
                k_BGSD[:, :, :most],
                v_BGSD[:, :, :most],
                attn_mask=seen_B1TS,
                enable_gqa=grouped,
            )
        )
    return parts[0] if len(parts) == 1 else torch.cat(parts, 2)


def _after(q_BHTD: Tensor, k_BGSD: Tensor, v_BGSD: Tensor) -> Tensor:
    """Queries that go on after keys which all of them see: those keys without a mask and read
    once for the heads that share them, their own by the causal kernel, weighed by their sums.
    """
    flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default
    (batch, heads, queries, width), groups = q_BHTD.shape, k_BGSD.shape[1]
    before = k_BGSD.shape[2] - queries
    shared = q_BHTD.unflatten(1, (groups, -1)).flatten(2, 3)
    old, old_sum = flash(shared, k_BGSD[:, :, :before], v_BGSD[:, :, :before])
    own = (x[:, :, before:].repeat_interleave(heads // groups, 1) for x in (k_BGSD, v_BGSD))
    new, new_sum = flash(q_BHTD, *own, 0.0, True)
    share = torch.sigmoid(old_sum.reshape(batch, heads, queries, 1) - new_sum[..., None])
    return torch.lerp(new, old.reshape(batch, heads, queries, width), share)
