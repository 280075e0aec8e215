"""Updates of a stack: the loss by each model's own token rule, and AdamW for all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ostinato.rl.token_rule import TokenRule

from .stack import Captured, Stack
from .tasks import FORK

BETA1, BETA2, EPS = 0.9, 0.95, 1e-15
CLIP = 1.0
TOKENS = 120_000  # of all models together that are computed at once, at most
COUNTS = ("tokens", "masked", "capped", "forks", "forks_masked", "ratio", "norm", "steps")


@dataclass(frozen=True, eq=False)
class Batch:
    """Rollouts of M models, N rows each."""

    ids: Tensor  # int64 [M, N, prompt + answer]
    mask: Tensor  # bool [M, N, answer]: written by the policy, in a group that is kept
    advantages: Tensor  # [M, N]
    old: Tensor  # [M, N, answer] log-probabilities before the first update


class Learner:
    """Steps on mini-batches of ``rows`` rows per model, in parts where memory asks for it."""

    def __init__(
        self,
        stack: Stack,
        rules: Sequence[TokenRule],
        shape: tuple[int, int, int],
        *,
        graphs: bool = False,
        tokens: int = TOKENS,
    ) -> None:
        """``shape``: rows of a mini-batch, tokens of a prompt, tokens of an answer."""
        self.stack = stack
        rows, self.prompt, self.answer = shape
        self.part = _divisor(rows, max(1, tokens // (stack.count * (self.prompt + self.answer))))
        device, count, part = stack.device, stack.count, self.part
        of_row = torch.arange(count, device=device).repeat_interleave(part)
        self._rule = TokenRule.by_row(list(rules), of_row)
        self._ids = torch.zeros(count, part, sum(shape[1:]), dtype=torch.int64, device=device)
        self._mask = torch.zeros(count, part, self.answer, dtype=torch.bool, device=device)
        self._advantages = torch.zeros(count, part, device=device)
        self._old = torch.zeros(count, part, self.answer, device=device)
        self._total = torch.ones(count, device=device)
        self._logprobs, self._entropy = torch.zeros_like(self._old), torch.zeros_like(self._old)
        self.loss = torch.zeros(count, device=device)
        self.grad = torch.zeros_like(stack.flat)
        self._grads = stack.cut(self.grad)
        self.rate = torch.zeros(count, 1, device=device)
        self.first, self.second = torch.zeros_like(stack.flat), torch.zeros_like(stack.flat)
        self.time = torch.zeros(count, 1, device=device)
        self.counts = torch.zeros(len(COUNTS), count, device=device)
        kept = [self.grad, self.counts, self.loss]
        self._accumulate = Captured(self._backward, kept, graphs=graphs)
        kept = [stack.flat, self.first, self.second, self.time, self.counts, self.grad]
        self._apply = Captured(self._adamw, kept, graphs=graphs)
        self._look = Captured(self._observe, [], graphs=graphs)

    def observe(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities of answers [M, N, answer] and entropies in nats, without gradient.

        In parts of the same shape as updates: the first ratios of a batch are exactly 1.
        """
        parts: list[tuple[Tensor, Tensor]] = []
        for some in ids.split(self.part, 1):
            self._ids.copy_(some)
            self._look()
            parts.append((self._logprobs.clone(), self._entropy.clone()))
        one, two = zip(*parts, strict=True)
        return torch.cat(one, 1), torch.cat(two, 1)

    def update(self, batch: Batch, rows: Tensor) -> None:
        """One step on the rows [M, n]; a model without a token that counts stays as it is."""
        mask = _take(batch.mask, rows)
        self._total.copy_(mask.sum((1, 2)))
        for some in rows.split(self.part, 1):
            self._ids.copy_(_take(batch.ids, some))
            self._mask.copy_(_take(batch.mask, some))
            self._advantages.copy_(batch.advantages.gather(1, some))
            self._old.copy_(_take(batch.old, some))
            self._accumulate()
        self._apply()

    def _forward(self) -> Tensor:
        """Of the answers' tokens, all log-probabilities [M, R, answer, V]."""
        hidden = self.stack.hidden(self._ids[..., :-1])
        return self.stack.logprobs(hidden[:, :, self.prompt - 1 :])

    @torch.no_grad()
    def _observe(self) -> None:
        every = self._forward()
        self._logprobs.copy_(self._of_answers(every))
        self._entropy.copy_(-(every.exp() * every).sum(-1))

    def _of_answers(self, every: Tensor) -> Tensor:
        return every.gather(-1, self._ids[..., self.prompt :, None])[..., 0]

    def _backward(self) -> None:
        """Add to the gradient: minus the token mean of weight * A * log pi, model by model."""
        logprobs = self._of_answers(self._forward())
        wide = self._advantages[..., None].expand_as(logprobs)
        flat = [x.flatten(0, 1) for x in (logprobs.detach(), self._old, wide, self._mask)]
        weighed = self._rule.weigh(*flat)
        weight, ratio, masked, capped = (
            x.view_as(logprobs)
            for x in (weighed.weight, weighed.ratio, weighed.masked, weighed.capped)
        )
        factor = weight * wide / self._total.clamp(min=1)[:, None, None]
        loss = -(factor * torch.where(self._mask, logprobs, 0.0)).sum((1, 2))
        names = list(self._grads)
        found = torch.autograd.grad(loss.sum(), [self.stack.views[name] for name in names])
        for name, grad in zip(names, found, strict=True):
            self._grads[name].add_(grad)
        forks = self._mask & (self._ids[..., self.prompt :] == FORK)
        told = (self._mask, masked, capped, forks, forks & masked, ratio * self._mask)
        self.counts[:6].add_(torch.stack([x.sum((1, 2), dtype=torch.float32) for x in told]))
        self.loss.copy_(loss.detach())

    @torch.no_grad()
    def _adamw(self) -> None:
        """Decoupled weight decay 0; each model's gradient is clipped to norm 1 by itself."""
        norm = torch.linalg.vector_norm(self.grad, dim=1, keepdim=True)
        active = ((self._total[:, None] > 0) & norm.isfinite()).float()
        grad = self.grad.nan_to_num_(0.0, 0.0, 0.0)
        grad.mul_((CLIP / (norm + 1e-6)).clamp(max=1.0).nan_to_num_(0.0))
        self.time.add_(active)
        share = active * (1 - BETA1)
        self.first.mul_(1 - share).add_(grad * share)
        share = active * (1 - BETA2)
        self.second.mul_(1 - share).addcmul_(grad * share, grad)
        turn = self.time.clamp(min=1)
        size = (self.second.sqrt() / (1 - BETA2**turn).sqrt()).add_(EPS)
        rate = self.rate * active / (1 - BETA1**turn)
        self.stack.flat.sub_(self.first / size * rate)
        self.counts[6].add_((norm * active).nan_to_num_(0.0, 0.0, 0.0)[:, 0])
        self.counts[7].add_(active[:, 0])
        self.grad.zero_()


def _take(values: Tensor, rows: Tensor) -> Tensor:
    """Rows [M, n] of [M, N, T]."""
    index = rows[..., None].expand(*rows.shape, values.shape[-1])
    return values.gather(1, index)


def _divisor(number: int, most: int) -> int:
    """The largest divisor that is not above ``most``."""
    return next(d for d in range(min(number, most), 0, -1) if number % d == 0)
