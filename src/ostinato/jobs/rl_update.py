"""The gradient's half of reinforcement learning: one batch of episodes to optimiser steps."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ostinato.jobs.rl_recipe import RlRecipe
from ostinato.models.m1 import M1, Encoded
from ostinato.models.m1.layers import Routing
from ostinato.models.m1.rows import encode_rows
from ostinato.rl.advantages import advantages
from ostinato.rl.aggregation import Normaliser
from ostinato.rl.batch import Rows, micro_batches, mini_batches, rows_of
from ostinato.rl.collect import Batch
from ostinato.rl.loss_stats import LossStats
from ostinato.rl.losses import unified
from ostinato.rl.monitors import pearson
from ostinato.rl.rollout import Episode
from ostinato.rl.token_rule import TokenRule
from ostinato.train.optimizer import learning_rate, make_optimizer


@dataclass(frozen=True)
class Care:
    """How careful an update is: what a window's stage may change."""

    clip_norm: float
    max_weight: float


class Updater:
    """Trains a policy on batches, with the probabilities of sampler and trainer side by side."""

    def __init__(self, model: M1, recipe: RlRecipe, vocab_size: int) -> None:
        """``vocab_size``: the tokenizer's; rows of the head behind it stand for no token."""
        self._model, self._recipe, self._vocab_size = model, recipe, vocab_size
        self._device = model.lm_head.weight.device
        self.optimizer = make_optimizer(model, recipe.update.optimizer)
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        self.updates = 0
        """Optimiser steps so far."""

    def train(self, batch: Batch, care: Care) -> dict[str, float]:
        """All updates on a batch; their metrics. Nothing is done with a batch of no episode."""
        began = time.monotonic()
        episodes = [one for group in batch.kept for one in group.episodes]
        if not episodes:
            return {"updates": 0, "seconds_train": 0.0}
        rewards = torch.tensor(
            [total for group in batch.kept for total in group.totals], dtype=torch.float64
        )
        groups = torch.tensor([i for i, group in enumerate(batch.kept) for _ in group.episodes])
        work = _Work(
            episodes, advantages(rewards, groups, self._recipe.loss.advantages).tolist(), groups
        )
        if self._recipe.loss.anchor == "trainer":
            self._recompute(work)
        update, scalars = self._recipe.update, _Scalars()
        self._model.train()
        for epoch in range(update.epochs):
            seed = self._recipe.seed * 1_000_003 + batch.step
            parts = list(mini_batches(len(episodes), update.mini_batches, seed, epoch))
            for part in parts:
                self._step(work, part, len(parts), care, scalars)
        self._model.eval()
        found = scalars.metrics()
        return {**found, "seconds_train": round(time.monotonic() - began, 3)}

    def _step(
        self, work: _Work, part: list[int], parts: int, care: Care, scalars: _Scalars
    ) -> None:
        """One optimiser step on a mini-batch of so many, as many rows at once as the memory has
        room for.
        """
        recipe, first = self._recipe, not scalars.updates
        rule = recipe.loss.rule(care.max_weight)
        whole, times = self._normaliser(work, part, parts)
        place = {i: row for row, i in enumerate(part)}
        tokens = sum(len(work.episodes[i].tokens) for i in part)
        for chosen in micro_batches(work.episodes, part, recipe.update.max_tokens):
            rows = rows_of(work.episodes, work.advantages, chosen)
            share = whole.rows(torch.tensor([place[i] for i in chosen]))
            logprobs, router = self.logprobs(rows)
            anchor = work.anchor(chosen, rows)
            loss, stats = self._loss(rows, logprobs, anchor, rule, share)
            weight = self._router_weight() * float(rows.real.sum()) / tokens
            (times * loss + weight * router).backward()
            scalars.add(loss, stats)
            if first:
                scalars.compare(rows, logprobs)
        self._move(care, scalars, first)

    def _normaliser(self, work: _Work, part: list[int], parts: int) -> tuple[Normaliser, float]:
        """The denominators of a mini-batch, and what its loss is multiplied with.

        A mini-batch has some rows of a group: of a mean over prompts it is a share, so that all
        mini-batches together make the mean over whole groups.
        """
        lengths = torch.tensor([one.length for one in work.episodes])
        if self._recipe.loss.way == "prompt":
            whole = Normaliser.of(lengths, work.groups)
            return whole.rows(torch.tensor(part)), float(parts)
        return Normaliser.of(lengths[part], work.groups[part]), 1.0

    def _move(self, care: Care, scalars: _Scalars, first: bool) -> None:
        config = self._recipe.update.optimizer
        if first:
            scalars.tiny = _share_below(self._parameters, config.eps)
        norm = nn.utils.clip_grad_norm_(self._parameters, care.clip_norm)
        if not math.isfinite(float(norm)):
            # A step on it would be the last: the weights would be lost.
            self.optimizer.zero_grad(set_to_none=True)
            scalars.skipped += 1
            return
        rate = learning_rate(config, self.updates, 0.0)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.updates += 1
        scalars.move(float(norm), rate)

    def _loss(
        self, rows: Rows, logprobs: Tensor, anchor: Tensor, rule: TokenRule, share: Normaliser
    ) -> tuple[Tensor, LossStats]:
        mask = self._put(rows.learnt)[:, 1:]
        advantage = self._put(rows.advantages)[:, None]
        return unified(
            logprobs,
            anchor.to(self._device)[:, 1:],
            advantage,
            mask,
            rule=rule,
            aggregate=self._recipe.loss.way,
            normaliser=share,
        )

    def logprobs(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Of each token but the first, [N, T - 1], 0 where it is not learnt, at the sampler's
        temperature; and the router's loss over the real tokens.
        """
        tokens = self._put(rows.tokens)
        learnt = self._put(rows.learnt)[:, 1:]
        encoded = encode_rows(self._model, tokens)
        logits = self._model.logits(encoded.hidden[:, :-1][learnt])[:, : self._vocab_size]
        told = (logits / self._recipe.sampler.temperature).log_softmax(-1)
        own = told.gather(1, tokens[:, 1:][learnt][:, None])[:, 0]
        found = own.new_zeros(learnt.shape).masked_scatter(learnt, own)
        return found, self._balance(encoded, self._put(rows.real))

    def _balance(self, encoded: Encoded, real: Tensor) -> Tensor:
        if not self._router_weight():
            return encoded.hidden.new_zeros(())
        kept = real.flatten()
        routing = tuple(
            Routing(one.probabilities[kept], one.chosen[kept]) for one in encoded.routing
        )
        return self._model.router_loss(Encoded(encoded.hidden, routing))

    def _router_weight(self) -> float:
        own = self._recipe.loss.router
        return self._model.config.router_aux_loss_coef if own is None else own

    @torch.no_grad()
    def _recompute(self, work: _Work) -> None:
        """The trainer's own log-probabilities, before any update."""
        every = range(len(work.episodes))
        for chosen in micro_batches(work.episodes, every, self._recipe.update.max_tokens):
            rows = rows_of(work.episodes, work.advantages, chosen)
            found, _ = self.logprobs(rows)
            for i, row in zip(chosen, found.cpu(), strict=True):
                work.own[i] = row[: len(work.episodes[i].tokens) - 1]

    def _put(self, array: object) -> Tensor:
        return torch.as_tensor(array).to(self._device)


@dataclass(eq=False)
class _Work:
    """A batch that is being trained on."""

    episodes: Sequence[Episode]
    advantages: list[float]
    groups: Tensor

    def __post_init__(self) -> None:
        self.own: dict[int, Tensor] = {}

    def anchor(self, chosen: Sequence[int], rows: Rows) -> Tensor:
        """What stands below the ratio, [N, T]."""
        found = torch.from_numpy(rows.logprobs).clone()
        for row, i in enumerate(chosen):
            if i in self.own:
                found[row, 1 : 1 + len(self.own[i])] = self.own[i]
        return found


class _Scalars:
    """Sums over the updates of a batch."""

    def __init__(self) -> None:
        self.updates = self.skipped = 0
        self.tiny = 0.0
        self._norms: list[float] = []
        self._rate = 0.0
        self._loss: list[Tensor] = []
        self._stats: LossStats | None = None
        self._pairs: list[tuple[Tensor, Tensor]] = []

    def add(self, loss: Tensor, stats: LossStats) -> None:
        self._loss.append(loss.detach())
        self._stats = stats if self._stats is None else self._stats + stats

    def move(self, norm: float, rate: float) -> None:
        self.updates += 1
        self._norms.append(norm)
        self._rate = rate

    def compare(self, rows: Rows, logprobs: Tensor) -> None:
        """Keep the probabilities of both sides, before the first update."""
        learnt = torch.from_numpy(rows.learnt)[:, 1:]
        sampled = torch.from_numpy(rows.logprobs)[:, 1:][learnt]
        self._pairs.append((logprobs.detach().cpu()[learnt].exp(), sampled.exp()))

    def metrics(self) -> dict[str, float]:
        assert self._stats is not None
        ours, theirs = (torch.cat(side).double() for side in zip(*self._pairs, strict=True))
        return {
            "updates": self.updates,
            "skipped": self.skipped,
            "loss": float(torch.stack(self._loss).sum()) / max(1, self.updates),
            "gradient_norm": sum(self._norms) / max(1, len(self._norms)),
            "gradient_tiny": self.tiny,
            "learning_rate": self._rate,
            "correlation": pearson(ours.tolist(), theirs.tolist()),
            "difference": float((ours - theirs).abs().max()),
            **self._stats.metrics(),
        }


def _share_below(parameters: Sequence[nn.Parameter], eps: float) -> float:
    """The share of the gradient's elements that are smaller than ``eps``, zeros included."""
    held = [p.grad for p in parameters if p.grad is not None]
    small = torch.stack([(grad.abs() < eps).sum() for grad in held]).sum()
    return float(small) / sum(grad.numel() for grad in held)
