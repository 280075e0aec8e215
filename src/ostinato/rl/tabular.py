"""The smallest experiment in which the token rules differ: a table policy and a rare token.

An episode is a chain of decisions, each to *reflect* or to *give up*; the policy is a table of
two logits for each decision, and reflecting starts out rare. Success is certain if it reflected
every time, and ten times as rare for each time that it did not; without any there is none. So
progress hangs on tokens whose ratio rises fast: those that a clipped surrogate drops first
(report, section 3.1). The chances of success are chosen so that a batch tells little at first.

All arms and seeds run side by side; arms see the same random numbers, so that they differ by
their rule alone. Advantages are eq. 2's, groups without variance weigh nothing, Adam is the
report's (0.9, 0.95, 1e-15), float64 on the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.rl.advantages import advantages
from ostinato.rl.aggregation import Normaliser
from ostinato.rl.losses import unified
from ostinato.rl.token_rule import TokenRule


@dataclass(frozen=True)
class Chain:
    """The task, and what the policy starts from."""

    success: tuple[float, ...] = (0.0, 0.01, 0.1, 1.0)
    """By how often it reflected; so there is one decision less."""
    start: float = 0.02
    """P(reflect) of every decision before the first update."""

    @property
    def decisions(self) -> int:
        """Tokens of an episode."""
        return len(self.success) - 1


@dataclass(frozen=True)
class Schedule:
    """How a batch is used. Updates per batch are ``mini_batches * epochs``."""

    mini_batches: int = 64
    epochs: int = 1
    learning_rate: float = 0.1
    batches: int = 30
    samples: int = 512
    """Episodes of a batch."""
    group: int = 16
    """Episodes that are compared with each other."""

    def __post_init__(self) -> None:
        if self.samples % self.mini_batches or self.samples % self.group:
            raise UserError(
                f"mini_batches and group divide samples, {self.samples};"
                f" got {self.mini_batches} and {self.group}."
            )


@dataclass(frozen=True)
class Outcome:
    """What came of the arms, each with every seed."""

    reflect: Tensor
    """The least P(reflect) of the decisions before each batch and after the last,
    [batches + 1, arms, seeds].
    """
    wanted: Tensor
    """Reflect tokens with A > 0 that were trained on while ``reflect`` was below 0.9,
    [arms, seeds]; a token counts at each update that it is part of.
    """
    masked: Tensor
    """Those of them that the rule dropped."""

    def batches_to(self, level: float = 0.9) -> Tensor:
        """Batches until ``reflect`` is at least ``level``, [arms, seeds]; NaN where it never is."""
        reached = self.reflect >= level
        first = reached.double().argmax(0).double()
        return torch.where(reached.any(0), first, torch.nan)

    def masked_share(self) -> Tensor:
        """Of the wanted tokens, the share that was dropped, [arms]."""
        return self.masked.sum(1) / self.wanted.sum(1).clamp(min=1)


def run(
    arms: Sequence[TokenRule],
    schedule: Schedule,
    seeds: Sequence[int],
    chain: Chain = Chain(),
) -> Outcome:
    """Train a table for each arm and seed."""
    trial = _Trial(arms, schedule, seeds, chain)
    curve = [trial.least()]
    for _ in range(schedule.batches):
        trial.batch()
        curve.append(trial.least())
    return Outcome(torch.stack(curve), trial.wanted, trial.masked)


@dataclass(frozen=True)
class _Batch:
    """Episodes [cells, samples, decisions], or mini-batches of them."""

    actions: Tensor
    sampled_logprobs: Tensor
    advantages: Tensor
    """[cells, samples]"""

    def take(self, index: Tensor) -> _Batch:
        """Some of each cell's episodes; ``index`` is [cells, n]."""
        tokens = index[..., None].expand(-1, -1, self.actions.shape[2])
        return _Batch(
            self.actions.gather(1, tokens),
            self.sampled_logprobs.gather(1, tokens),
            self.advantages.gather(1, index),
        )


class _Trial:
    """The state of a run; a cell is an arm with a seed, in this order."""

    def __init__(
        self, arms: Sequence[TokenRule], schedule: Schedule, seeds: Sequence[int], chain: Chain
    ) -> None:
        self.arms, self.seeds, self.schedule, self.chain = len(arms), len(seeds), schedule, chain
        self.random = [torch.Generator().manual_seed(seed) for seed in seeds]
        cells = self.arms * self.seeds
        self.table = torch.zeros(cells, chain.decisions, 2, dtype=torch.float64)
        self.table[..., 1] = math.log(chain.start / (1 - chain.start))
        self.table.requires_grad_()
        rate = schedule.learning_rate
        self.adam = torch.optim.Adam([self.table], lr=rate, betas=(0.9, 0.95), eps=1e-15)
        rows = schedule.samples // schedule.mini_batches
        cell = torch.arange(cells).repeat_interleave(rows)
        self.rule = TokenRule.by_row(arms, cell // self.seeds)
        self.normaliser = Normaliser.of(torch.full_like(cell, chain.decisions), cells=cell)
        self.wanted = torch.zeros(self.arms, self.seeds, dtype=torch.int64)
        self.masked = torch.zeros_like(self.wanted)

    def least(self) -> Tensor:
        """The least P(reflect) of each cell, [arms, seeds]."""
        chances = self.table.detach().softmax(-1)[..., 1]
        return chances.amin(-1).view(self.arms, self.seeds)

    def batch(self) -> None:
        """Sample episodes and learn from them."""
        learning = self.least() < 0.9
        batch = self.sample()
        for _ in range(self.schedule.epochs):
            order = self.draw(self.schedule.samples).argsort(-1)
            for index in order.chunk(self.schedule.mini_batches, dim=1):
                self.update(batch.take(index), learning)

    def sample(self) -> _Batch:
        """Episodes of the policy as it is."""
        samples, group = self.schedule.samples, self.schedule.group
        with torch.no_grad():
            chances = self.table.softmax(-1)[:, None, :, 1]
            draws = self.draw(samples, self.chain.decisions)
            actions = (draws < chances).long()
            success = torch.tensor(self.chain.success, dtype=torch.float64)[actions.sum(-1)]
            rewards = (self.draw(samples) < success).double()
            groups = torch.arange(rewards.numel()) // group
            found = advantages(rewards.flatten(), groups).view_as(rewards)
            return _Batch(actions, self.logprobs(actions), found)

    def update(self, batch: _Batch, learning: Tensor) -> None:
        """One step of Adam, and what its rule dropped."""
        tokens = batch.actions.flatten(0, 1)
        every = torch.ones_like(tokens, dtype=torch.bool)
        logprobs = self.logprobs(batch.actions).flatten(0, 1)
        sampled, gains = batch.sampled_logprobs.flatten(0, 1), batch.advantages.reshape(-1, 1)
        loss, _ = unified(
            logprobs, sampled, gains, every, rule=self.rule, normaliser=self.normaliser
        )
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        wanted = (tokens == 1) & (gains > 0)
        dropped = self.rule.weigh(logprobs.detach(), sampled, gains, every).masked
        for tally, what in ((self.wanted, wanted), (self.masked, wanted & dropped)):
            tally += what.view(self.arms, self.seeds, -1).sum(-1) * learning

    def logprobs(self, actions: Tensor) -> Tensor:
        """Of actions [cells, samples, decisions]."""
        table = self.table.log_softmax(-1)[:, None].expand(*actions.shape, 2)
        return table.gather(-1, actions[..., None])[..., 0]

    def draw(self, *shape: int) -> Tensor:
        """Uniform numbers [cells, *shape], the same for all arms."""
        drawn = [torch.rand(shape, generator=g, dtype=torch.float64) for g in self.random]
        return torch.stack(drawn).repeat(self.arms, *(1 for _ in shape))
