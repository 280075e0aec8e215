"""One cell: rollouts, and updates by each member's rule, for all members in lockstep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .cells import ARMS, GROUP, PROMPTS, Cell
from .learner import COUNTS, Batch, Learner
from .sampler import Rollout, Sampler
from .stack import Stack, make_config
from .tasks import Task
from .warm import held_out

METRICS = (
    "accuracy",  # mean reward of the rollouts, before the updates of their batch
    "fork",  # probability that the first token is the fork, mean over prompts
    "forks_masked",  # share of the fork tokens that updates saw whose gradient the mask removed
    "masked",  # the same of all tokens
    "capped",  # share of all tokens whose weight is the cap
    "length",  # mean tokens written
    "entropy",  # nats per token written, before the updates
    "norm",  # mean gradient norm before clipping
    "kept",  # share of groups whose rewards differ
    "mismatch",  # mean |log-probability when drawn - before the updates|, per token
    "spread",  # largest difference of a parameter from the first arm's, same warm start and seed
)


@dataclass
class Played:
    """What came of a cell; ``metrics`` are float32 [batches, members] each."""

    metrics: dict[str, list[NDArray[np.float32]]] = field(
        default_factory=lambda: {name: [] for name in METRICS}
    )
    seconds: list[float] = field(default_factory=list)
    held_out: list[float] | None = None

    @property
    def batches(self) -> int:
        return len(self.seconds)


class Game:
    """A cell that is under way."""

    def __init__(
        self,
        cell: Cell,
        task: Task,
        starts: Sequence[dict[str, Tensor]],
        *,
        device: str,
        graphs: bool,
        prompts: int = PROMPTS,
        group: int = GROUP,
        changes: dict[str, Any] | None = None,
    ) -> None:
        self.cell, self.task, self.prompts, self.group = cell, task, prompts, group
        self.device = torch.device(device)
        self.rows = prompts * group
        assert self.rows % cell.updates == 0, "mini-batches are of one size"
        config = make_config(cell.attention, **(changes or {}))
        self.stack = Stack(config, len(cell.members), device)
        for place, member in enumerate(cell.members):
            self.stack.load(place, starts[member.warm])
        self.sampler = Sampler(self.stack, task, prompts, group, graphs=graphs)
        rules = [ARMS[member.arm] for member in cell.members]
        shape = (self.rows // cell.updates, task.prompt, task.answer)
        self.learner = Learner(self.stack, rules, shape, graphs=graphs)
        rates = [[member.rate] for member in cell.members]
        self.learner.rate.copy_(torch.tensor(rates))
        pairs = [(member.warm, member.seed) for member in cell.members]
        self._pairs = list(dict.fromkeys(pairs))
        of = torch.tensor([self._pairs.index(pair) for pair in pairs], device=self.device)
        self._of = of
        self._first = torch.tensor([pairs.index(pair) for pair in pairs], device=self.device)

    def batch(self, number: int) -> dict[str, Tensor]:
        """Roll out and learn; metrics [M]."""
        rollout, turns = self.roll_out(number)
        batch, entropy, kept = self.look(rollout)
        self.learn(batch, turns, self.cell.updates)
        return self._measured(rollout, batch.old, entropy, kept)

    def look(self, rollout: Rollout) -> tuple[Batch, Tensor, Tensor]:
        """What is learnt from, entropies [M, N, answer], and which groups are kept."""
        shaped = rollout.reward.unflatten(1, (self.prompts, self.group))
        advantages, kept = group_advantages(shaped)
        old, entropy = self.learner.observe(rollout.ids)
        mask = rollout.written & kept.repeat_interleave(self.group, 1)[..., None]
        return Batch(rollout.ids, mask, advantages.flatten(1), old), entropy, kept

    def learn(self, batch: Batch, turns: Tensor, updates: int) -> None:
        """The first ``updates`` of the mini-batches into which ``turns`` is cut."""
        self.learner.counts.zero_()
        for rows in turns.chunk(self.cell.updates, 1)[:updates]:
            self.learner.update(batch, rows.contiguous())

    def roll_out(self, number: int) -> tuple[Rollout, Tensor]:
        """And the order of rows. Arms of one warm start and seed share prompts, noise, order."""
        made: list[tuple[np.ndarray, ...]] = []
        for warm, seed in self._pairs:
            rng = np.random.default_rng([513, warm, seed, number])
            terms = self.task.draw(rng, self.prompts, rl=True)
            noise = rng.random((self.task.answer, self.rows), dtype=np.float32)
            asked = self.task.prompts(terms), self.task.targets(terms)
            made.append((*asked, noise, rng.permutation(self.rows)))
        prompts, targets, noise, turns = (
            torch.from_numpy(np.stack(one)).to(self.device)[self._of]
            for one in zip(*made, strict=True)
        )
        return self.sampler.run(prompts, targets, noise.transpose(0, 1)), turns

    def _measured(
        self, rollout: Rollout, old: Tensor, entropy: Tensor, kept: Tensor
    ) -> dict[str, Tensor]:
        counts = dict(zip(COUNTS, self.learner.counts, strict=True))
        written = rollout.written.sum((1, 2))
        tokens = counts["tokens"].clamp(min=1)
        flat = self.stack.flat
        return {
            "accuracy": rollout.reward.mean(1),
            "fork": rollout.fork.mean(1),
            "forks_masked": counts["forks_masked"] / counts["forks"].clamp(min=1),
            "masked": counts["masked"] / tokens,
            "capped": counts["capped"] / tokens,
            "length": written / rollout.reward.shape[1],
            "entropy": (entropy * rollout.written).sum((1, 2)) / written,
            "norm": counts["norm"] / counts["steps"].clamp(min=1),
            "kept": kept.float().mean(1),
            "mismatch": ((rollout.logprobs - old).abs() * rollout.written).sum((1, 2)) / written,
            "spread": torch.stack(
                [(flat[m] - flat[first]).abs().max() for m, first in enumerate(self._first)]
            ),
        }

    def play(
        self, *, until: float = float("inf"), clock: Callable[[], float] = time.monotonic
    ) -> Iterator[Played]:
        """Yield after each batch what there is so far, the last time with the held-out score.

        Stops where the next batch would end after ``until`` on the ``clock``.
        """
        played = Played()
        for number in range(self.cell.batches):
            begin = clock()
            recent = played.seconds[-1] if played.batches > 1 else 0.0
            if begin + recent > until:
                return
            found = self.batch(number)
            values = torch.stack([found[name] for name in METRICS]).cpu().numpy()
            for name, row in zip(METRICS, values, strict=True):
                played.metrics[name].append(row)
            played.seconds.append(clock() - begin)
            if played.batches == self.cell.batches:
                played.held_out = held_out(self.sampler, self.task)
            yield played


def group_advantages(rewards: Tensor) -> tuple[Tensor, Tensor]:
    """Of rewards [M, groups, G]: (R - mean) / population std, exactly 0 where all are equal; and
    which groups are kept, those that differ.
    """
    kept = rewards.amax(-1) != rewards.amin(-1)
    centred = rewards - rewards.mean(-1, keepdim=True)
    deviation = centred.square().mean(-1, keepdim=True).sqrt()
    safe = torch.where(kept[..., None], deviation, 1.0)
    return torch.where(kept[..., None], centred / safe, 0.0), kept
