"""Lightning attention in blocks of tokens: matrix products instead of a recurrence.

Within a block the definition unrolls to a masked product; across blocks each block's
key-value product is carried on by a decay (Lightning Attention-2, algorithm 1, with any block
length). Every exponent is a distance times -s, so none is positive: exp(-s(i - j)) is never
factored into exp(-s i) exp(s j), which overflows float32 after 96 tokens at s = 0.92.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

BLOCK = 128  # tokens at most; the result does not depend on it
SHORT = 32  # tokens at least, on a CPU
SEGMENT = 32  # blocks whose carried states are one matrix product


def lightning_chunked(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    decay: Tensor,
    initial_state: Tensor | None = None,
    cu_seqlens: Tensor | None = None,
    *,
    block: int | None = None,
) -> tuple[Tensor, Tensor]:
    """As ``lightning_attention``; differentiable in all but ``cu_seqlens``, on any device."""
    exact = torch.promote_types(query.dtype, torch.float32)
    rate_H = decay.to(query.device, exact)
    start = None if initial_state is None else initial_state.to(exact)
    bounds = (0, query.shape[1]) if cu_seqlens is None else tuple(cu_seqlens.tolist())
    # Autocast would round the products that make the states.
    kind = query.device.type
    with torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext():
        if not query.shape[1]:
            states = len(query) * (len(bounds) - 1), *query.shape[2:], value.shape[3]
            return value.clone(), query.new_zeros(states, dtype=exact) if start is None else start
        if cu_seqlens is None and query.shape[1] == 1:
            return _step(query, key, value, rate_H, start)
        block = min(block or _block(query), query.shape[1])
        layout = _lay_out(bounds, block, query.device)
        q, k, v = (layout.cut(x, exact) for x in (query, key, value))
        if layout.valid is not None:
            k = k * layout.valid[..., None]
        out, final = _blocks(q, k, v, rate_H, start, layout)
        return layout.join(out).to(value.dtype), final


def _block(query: Tensor) -> int:
    """On a CPU the products within blocks cost about as much as those between them where a block
    is as long as a head is wide; a GPU wants few and large ones.
    """
    return BLOCK if query.is_cuda else min(BLOCK, max(SHORT, query.shape[3]))


@dataclass(frozen=True, eq=False)
class _Layout:
    """How tokens [B, T] lie in nb blocks of C; the last block of a sequence may be short."""

    start: Tensor  # [nb] first token of each block
    end: Tensor  # [nb] the token after its last
    sequence: Tensor  # [nb] which sequence it belongs to, never falling
    bounds: Tensor  # [S + 1] of the sequences of a row
    index: Tensor | None  # [nb, C] token of each place; None: blocks lie side by side as they are
    valid: Tensor | None  # [nb, C] whether a place is a token; None: all are
    tokens: Tensor | None  # [T] the place of each token among the nb C; None: in order

    @property
    def count(self) -> int:
        return len(self.start)

    def cut(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        """[B, T, H, D] to [B, H, nb, C, D]."""
        x = x.to(dtype)
        if self.index is not None:
            x = x.index_select(1, self.index.flatten())
        x = x.unflatten(1, (self.count, -1))
        return x.permute(0, 3, 1, 2, 4)

    def join(self, x: Tensor) -> Tensor:
        """[B, H, nb, C, E] to [B, T, H, E]."""
        x = x.permute(0, 2, 3, 1, 4).flatten(1, 2)
        return x if self.tokens is None else x.index_select(1, self.tokens)


@lru_cache(maxsize=8)
def _lay_out(of: tuple[int, ...], block: int, device: torch.device) -> _Layout:
    """Made once for all layers that see the same tokens."""
    # Also where nothing is tracked: training may see the same tokens later.
    with torch.inference_mode(False):
        bounds = torch.tensor(of)
        sizes = bounds.diff()
        counts = (sizes + block - 1) // block
        sequence = torch.repeat_interleave(torch.arange(len(sizes)), counts)
        rank = torch.arange(len(sequence)) - (counts.cumsum(0) - counts)[sequence]
        start = bounds[:-1][sequence] + rank * block
        end = torch.minimum(start + block, bounds[1:][sequence])
        index = valid = tokens = None
        if bool((end - start != block).any()):
            place = start[:, None] + torch.arange(block)
            valid = place < end[:, None]
            index = torch.where(valid, place, 0)
            tokens = valid.flatten().nonzero()[:, 0].to(device)
            index, valid = index.to(device), valid.to(device)
        start, end, sequence, bounds = (x.to(device) for x in (start, end, sequence, bounds))
        return _Layout(start, end, sequence, bounds, index, valid, tokens)


def _shrink(rate_H: Tensor, distance: Tensor, seen: Tensor) -> Tensor:
    """exp(-s distance) [H, ...] where ``seen``, else 0; distances are cut off below 0."""
    steps = distance.clamp(min=0).to(rate_H.dtype)
    shape = (-1, *(1 for _ in steps.shape))
    return torch.exp(-rate_H.view(shape) * steps) * seen


def _blocks(
    q: Tensor, k: Tensor, v: Tensor, rate_H: Tensor, initial: Tensor | None, layout: _Layout
) -> tuple[Tensor, Tensor]:
    size = q.shape[3]
    place = torch.arange(size, device=q.device)
    behind = place[:, None] - place
    mask_HCC = _shrink(rate_H, behind, behind >= 0)
    scores = (q @ k.transpose(-1, -2)) * mask_HCC[:, None]
    out = scores @ v
    left = (layout.end - layout.start)[:, None] - 1 - place
    carry_HnC = _shrink(rate_H, left, left >= 0)
    sums = (k * carry_HnC[..., None]).transpose(-1, -2) @ v
    before, final = _carry(sums, rate_H, initial, layout)
    enter_HC = _shrink(rate_H, place + 1, place >= 0)
    return out + (q * enter_HC[:, None, :, None]) @ before, final


def _carry(
    sums: Tensor, rate_H: Tensor, initial: Tensor | None, layout: _Layout
) -> tuple[Tensor, Tensor]:
    """States before each block [B, H, nb, D, E] and after each sequence [N, H, D, E].

    A state is a weighted sum of the products of earlier blocks of its sequence. The weights
    within each segment of blocks are one matrix; only the state between two segments is carried
    on in order.
    """
    batch, heads, count, rows, columns = sums.shape
    size = min(SEGMENT, count)
    segments = -(-count // size)
    start, end, owner = (
        _fill(x, segments * size) for x in (layout.start, layout.end, layout.sequence)
    )
    flat = sums.flatten(3)
    if segments * size > count:
        flat = torch.nn.functional.pad(flat, (0, 0, 0, segments * size - count))
    flat = flat.unflatten(2, (segments, size))
    # Within a segment: the state before each block, and after the last one.
    start, end, owner = (x.view(segments, size) for x in (start, end, owner))
    at = torch.cat([start, end[:, -1:]], 1)
    of = torch.cat([owner, owner[:, -1:]], 1)
    place = torch.arange(size + 1, device=sums.device)
    seen = (of[:, :, None] == owner[:, None]) & (place[:, None] > place[:-1])
    weights = _shrink(rate_H, at[:, :, None] - end[:, None], seen)
    found = weights @ flat
    # From outside: a sequence that began before the segment comes with the carried state.
    ended = torch.cat([layout.bounds[:1], end[:-1, -1]])
    before = torch.cat([owner.new_full((1,), -1), owner[:-1, -1]])
    old = of == before[:, None]
    kept = _shrink(rate_H, at - ended[:, None], old)
    if initial is not None:
        began = initial.view(batch, -1, heads, rows, columns).transpose(1, 2).flatten(3)
        first = _shrink(rate_H, at - layout.bounds[of], ~old)
        found = found + first[..., None] * began[:, :, of.flatten()].unflatten(2, of.shape)
    entry = found.new_zeros(batch, heads, rows * columns)
    entries = [entry]
    for segment in range(segments - 1):
        entry = found[:, :, segment, -1] + kept[:, segment, -1, None] * entry
        entries.append(entry)
    if segments > 1:
        found = found + kept[..., None] * torch.stack(entries, 2)[:, :, :, None]
    states = found[:, :, :, :-1].flatten(2, 3)[:, :, :count].unflatten(3, (rows, columns))
    return states, _finals(states, sums, rate_H, initial, layout)


def _fill(x: Tensor, length: int) -> Tensor:
    """A vector made longer by its last element."""
    return torch.cat([x, x[-1:].expand(length - len(x))]) if length > len(x) else x


def _finals(
    states: Tensor, sums: Tensor, rate_H: Tensor, initial: Tensor | None, layout: _Layout
) -> Tensor:
    """After a sequence: the state before its last block, decayed, and that block's product."""
    sequences = len(layout.bounds) - 1
    after = torch.arange(1, sequences + 1, device=sums.device)
    last = (torch.searchsorted(layout.sequence, after) - 1).clamp(min=0)
    span = layout.end[last] - layout.start[last]
    final = _shrink(rate_H, span, span >= 0)[..., None, None] * states[:, :, last]
    final = (final + sums[:, :, last]).transpose(1, 2).flatten(0, 1)
    filled = layout.bounds.diff() > 0
    began = torch.zeros_like(final) if initial is None else initial
    return torch.where(filled.repeat(len(states))[:, None, None, None], final, began)


def _step(
    query: Tensor, key: Tensor, value: Tensor, rate_H: Tensor, initial: Tensor | None
) -> tuple[Tensor, Tensor]:
    """One token: the recurrence itself."""
    exact = rate_H.dtype
    q, k, v = (x.to(exact).transpose(1, 2) for x in (query, key, value))
    state = k.mT * v
    if initial is not None:
        state = torch.addcmul(state, torch.exp(-rate_H).view(-1, 1, 1), initial)
    return (q @ state).transpose(1, 2).to(value.dtype), state
