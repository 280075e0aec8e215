"""What is minimised: the true token at masked places, the true label of notes and of pieces."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def target_budget(tokens: int, rate: float, pieces: int) -> int:
    """Places to reserve for the targets of ``tokens`` tokens, hidden at ``rate``.

    The mean and six deviations, for targets that come in groups of up to ``pieces``: more
    are never seen in practice, and what is over the budget is left out of the loss.
    """
    spread = 6 * math.sqrt(tokens * pieces * rate)
    return min(tokens, -(-int(tokens * rate + spread + 64) // 64) * 64)


def gather_targets(target: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Flat index of the true places of ``target`` [B, T], int64 [size], and which are in use.

    A static shape without asking the device how many there are; unused places point to 0.
    """
    flat = target.flatten()
    order = flat.cumsum(0) - 1
    slot = torch.where(flat & (order < size), order, size)
    place = torch.arange(len(flat), device=flat.device)
    index = torch.zeros(size + 1, dtype=torch.int64, device=flat.device).scatter_(0, slot, place)
    live = torch.arange(size, device=flat.device) <= order[-1]
    return torch.where(live, index[:size], 0), live


def masked_token_loss(logits: Tensor, truth: Tensor, live: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy in nats over the live targets [N], and the share told right."""
    losses = nn.functional.cross_entropy(logits.float(), truth, reduction="none")
    total = live.sum().clamp(min=1)
    right = ((logits.argmax(-1) == truth) & live).sum() / total
    return (losses * live).sum() / total, right


def note_label_loss(
    logits: Tensor, label: Tensor, *, smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy over rows [B, W] with a label 1..C, and the share told right.

    Rows of label 0 (no note, no label, or cut off) count for nothing.
    """
    flat, truth = logits.float().flatten(0, 1), label.flatten() - 1
    losses = nn.functional.cross_entropy(
        flat, truth, ignore_index=-1, reduction="none", label_smoothing=smoothing
    )
    total = (truth >= 0).sum().clamp(min=1)
    right = ((flat.argmax(-1) == truth) & (truth >= 0)).sum() / total
    return losses.sum() / total, right


def piece_label_loss(
    logits: Tensor, truth: Tensor, *, smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy over windows [B, C] with a class 0..C-1, and the share told right."""
    loss = nn.functional.cross_entropy(logits.float(), truth, label_smoothing=smoothing)
    return loss, (logits.argmax(-1) == truth).float().mean()
