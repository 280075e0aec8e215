"""Rollouts of a stack: prompts read once, a group of answers each, all of one number of steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .stack import Captured, Stack
from .tasks import END, FORK, Task


@dataclass(frozen=True, eq=False)
class Rollout:
    """What M models wrote to their prompts, B answers each, a group side by side."""

    ids: Tensor  # int64 [M, B, prompt + answer]
    written: Tensor  # bool [M, B, answer]: up to the end, which counts
    logprobs: Tensor  # [M, B, answer] of what was drawn
    fork: Tensor  # [M, B] probability that the first token is the fork
    reward: Tensor  # [M, B]


class Sampler:
    """``prompts`` at a time for each model, ``group`` answers to each."""

    def __init__(
        self, stack: Stack, task: Task, prompts: int, group: int, *, graphs: bool = False
    ) -> None:
        self.stack, self.task, self.prompts, self.group = stack, task, prompts, group
        count, device, rows = stack.count, stack.device, prompts * group
        self._prompt = torch.zeros(count, prompts, task.prompt, dtype=torch.int64, device=device)
        self._index = torch.zeros(1, dtype=torch.int64, device=device)
        self._early = stack.memory(prompts, task.prompt + task.answer)
        self._late = stack.memory(rows, task.prompt + task.answer)
        self._noise = torch.zeros(task.answer, count, rows, device=device)
        self._token = torch.zeros(count, rows, dtype=torch.int64, device=device)
        self._forced = torch.zeros((), dtype=torch.bool, device=device)
        shape = (task.answer, count, rows)
        self._tokens = torch.zeros(shape, dtype=torch.int64, device=device)
        self._logprobs, self._fork = (
            torch.zeros(shape, device=device),
            torch.zeros(shape, device=device),
        )
        held = [*vars(self._early).values(), self._index]
        self._read = Captured(self._read_one, held, graphs=graphs)
        held = [*vars(self._late).values(), self._index, self._token]
        self._write = Captured(self._write_one, held, graphs=graphs)

    def run(
        self, prompts: Tensor, targets: Tensor, noise: Tensor, *, forced: bool = False
    ) -> Rollout:
        """``prompts`` [M, n, prompt], ``targets`` [M, n, width], ``noise`` [answer, M, B] uniform.

        A token is where its noise falls among the cumulated probabilities: policies that are
        alike draw alike. ``forced`` writes the fork first, whatever was drawn.
        """
        with torch.no_grad():
            self._prompt.copy_(prompts)
            self._noise.copy_(noise)
            self._forced.fill_(forced)
            self._index.zero_()
            for state in vars(self._early).values():
                state.zero_()
            for _ in range(self.task.prompt - 1):
                self._read()
            for name, state in vars(self._late).items():
                state.copy_(getattr(self._early, name).repeat_interleave(self.group, 2))
            self._index.zero_()
            self._token.copy_(self._prompt[..., -1].repeat_interleave(self.group, 1))
            for _ in range(self.task.answer):
                self._write()
            return self._finish(targets)

    def _read_one(self) -> None:
        with torch.no_grad():
            token = self._prompt.index_select(2, self._index)[..., 0]
            self.stack.step(token, self._index.expand(token.shape), self._early)
            self._index.add_(1)

    def _write_one(self) -> None:
        with torch.no_grad():
            at = (self._index + (self.task.prompt - 1)).expand(self._token.shape)
            every = self.stack.logprobs(self.stack.step(self._token, at, self._late))
            noise = self._noise.index_select(0, self._index)[0]
            below = every.exp().cumsum(-1) < noise[..., None]
            drawn = below.sum(-1).clamp(max=every.shape[-1] - 1)
            drawn = torch.where(self._forced & (self._index == 0), FORK, drawn)
            chosen = every.gather(-1, drawn[..., None])[..., 0]
            self._tokens.index_copy_(0, self._index, drawn[None])
            self._logprobs.index_copy_(0, self._index, chosen[None])
            self._fork.index_copy_(0, self._index, every[None, ..., FORK])
            self._token.copy_(drawn)
            self._index.add_(1)

    def _finish(self, targets: Tensor) -> Rollout:
        tokens = self._tokens.permute(1, 2, 0)
        asked = self._prompt.repeat_interleave(self.group, 1)
        written = (tokens == END).cumsum(-1) - (tokens == END).long() == 0
        reward = graded(tokens, targets.repeat_interleave(self.group, 1))
        return Rollout(
            torch.cat([asked, tokens], -1),
            written,
            self._logprobs.permute(1, 2, 0).clone(),
            self._fork[0].exp(),
            reward,
        )


def graded(tokens: Tensor, targets: Tensor) -> Tensor:
    """1 where the characters right before the first end are the target [..., width], else 0."""
    width = targets.shape[-1]
    ends = tokens == END
    end = ends.int().argmax(-1)
    place = end[..., None] - width + torch.arange(width, device=tokens.device)
    found = tokens.gather(-1, place.clamp(min=0))
    right = (found == targets).all(-1) & ends.any(-1) & (end >= width)
    return right.float()
