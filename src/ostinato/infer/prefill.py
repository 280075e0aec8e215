"""A prompt of any length into the cache, some tokens at a time: memory that does not grow."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ostinato.models.m1 import M1, Cache

CHUNK = {"cpu": 512, "cuda": 8192}  # tokens of all sequences together


@torch.inference_mode()
def prefill(
    model: M1,
    prompts: Sequence[Tensor],
    cache: Cache,
    slots: Sequence[int] | None = None,
    *,
    chunk: int | None = None,
) -> Tensor:
    """Let slots read their prompts (int64 [n] each); logits float32 [B, V] of the last tokens.

    The cache goes on from where the slots are, and the result does not depend on ``chunk``, the
    number of tokens that are computed at once.
    """
    chosen = list(range(len(prompts)) if slots is None else slots)
    assert all(len(prompt) for prompt in prompts), "a prompt has at least one token"
    device = model.model.embed_tokens.weight.device
    size = chunk or CHUNK[device.type]
    longest = max(cache.lengths[s] + len(p) for s, p in zip(chosen, prompts, strict=True))
    model.check_context(longest)
    cache.reserve(longest)
    at = [0] * len(prompts)
    last: list[Tensor | None] = [None] * len(prompts)
    while todo := [i for i, prompt in enumerate(prompts) if at[i] < len(prompt)]:
        share = max(1, size // len(todo))
        parts = [prompts[i][at[i] :][: _even(len(prompts[i]) - at[i], share)] for i in todo]
        bounds = torch.tensor([0, *(len(part) for part in parts)]).cumsum(0)
        tokens = torch.cat(list(parts)).to(device)[None]
        packed = bounds if len(todo) > 1 else None
        found = model.encode(
            tokens, cache=cache, slots=[chosen[i] for i in todo], cu_seqlens=packed
        )
        for n, i in enumerate(todo):
            at[i] += len(parts[n])
            if at[i] == len(prompts[i]):
                last[i] = found.hidden[0, int(bounds[n + 1]) - 1]
    return model.logits(torch.stack([hidden for hidden in last if hidden is not None]))


def _even(left: int, most: int) -> int:
    """The next of as few parts as there must be, all about equal: no small one comes last."""
    return -(-left // -(-left // most))


@torch.inference_mode()
def decode(model: M1, tokens: Tensor, cache: Cache, slots: Sequence[int] | None = None) -> Tensor:
    """One more token for each slot, int64 [B]; logits float32 [B, V] of the next ones."""
    found = model.encode(tokens[:, None], cache=cache, slots=slots)
    return model.logits(found.hidden[:, 0])
