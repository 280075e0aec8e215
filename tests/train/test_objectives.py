"""Losses over a static number of targets are the losses over the targets."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from ostinato.train.objectives import (
    gather_targets,
    masked_token_loss,
    note_label_loss,
    target_budget,
)


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_gathered_targets_are_the_targets(share: float) -> None:
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(4, 30, generator=generator) < share
    index, live = gather_targets(target, 128)
    assert index.shape == live.shape == (128,)
    assert index[live].tolist() == target.flatten().nonzero()[:, 0].tolist()
    assert not index[~live].any()


def test_targets_over_the_budget_are_left_out() -> None:
    index, live = gather_targets(torch.ones(2, 10, dtype=torch.bool), 7)
    assert live.all()
    assert index.tolist() == list(range(7))


def test_the_budget_holds_what_is_drawn() -> None:
    generator = torch.Generator().manual_seed(0)
    size = target_budget(64 * 1024, 0.15, 4)
    assert size < 0.2 * 64 * 1024
    for _ in range(20):
        words = torch.rand(64 * 1024 // 4, generator=generator) < 0.15
        assert 4 * int(words.sum()) <= size
    assert target_budget(10, 0.15, 4) == 10


def test_masked_token_loss_is_the_mean_over_the_live() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(10, 5, generator=generator)
    truth = torch.randint(0, 5, (10,), generator=generator)
    live = torch.arange(10) < 6
    loss, accuracy = masked_token_loss(logits, truth, live)
    torch.testing.assert_close(loss, cross_entropy(logits[:6], truth[:6]))
    assert float(accuracy) == pytest.approx((logits[:6].argmax(1) == truth[:6]).float().mean())
    nothing, _ = masked_token_loss(logits, truth, torch.zeros(10, dtype=torch.bool))
    assert float(nothing) == 0


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_rows_without_a_label_count_for_nothing(smoothing: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 8, 3, generator=generator)
    label = torch.randint(0, 4, (3, 8), generator=generator)
    known = label > 0
    loss, accuracy = note_label_loss(logits, label, smoothing=smoothing)
    expected = cross_entropy(logits[known], label[known] - 1, label_smoothing=smoothing)
    torch.testing.assert_close(loss, expected)
    right = (logits[known].argmax(1) == label[known] - 1).float().mean()
    assert float(accuracy) == pytest.approx(float(right))
    assert float(note_label_loss(logits, torch.zeros_like(label))[0]) == 0
