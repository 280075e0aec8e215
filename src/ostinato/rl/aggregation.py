"""From one loss per token to one number: what the mean is taken over.

Every way is a weight for each row, the same for all its tokens; the weights follow from the
*whole* batch of an optimiser step. A `Normaliser` holds what they need. Made once, from the
lengths of all rows (of all ranks), and cut with `Normaliser.rows`, it makes micro-batches and
ranks add up to the same gradient; means of micro-batches' means do not. (Data parallelism that
averages gradients over ranks needs the loss times the number of ranks.)

- ``token``: one mean over all tokens of the batch. Every framework does this; DAPO's choice.
- ``prompt``: the mean over prompts of the mean over the tokens of the prompt's group. This is
  the report's eq. 4 read as written, and ScaleRL's "prompt average".
- ``sample``: the mean over rows of the mean over the row's tokens: GRPO's own.
- `blend`: a mixture of sample and token, which the report names against its instabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ostinato.base.errors import UserError


@dataclass(frozen=True)
class Blend:
    """``alpha`` of the sample mean and the rest of the token mean."""

    alpha: float

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise UserError(f"a blend's alpha lies in 0 (token) to 1 (sample); got {self.alpha}.")


Aggregate = Literal["token", "prompt", "sample"] | Blend


def blend(alpha: float) -> Blend:
    """``alpha`` of the sample mean and the rest of the token mean."""
    return Blend(alpha)


@dataclass(frozen=True)
class Normaliser:
    """For each row, [N], the denominators of the whole that it belongs to."""

    length: Tensor
    """Tokens of the row."""
    tokens: Tensor
    """Tokens of the whole."""
    samples: Tensor
    """Rows of the whole that have a token."""
    group_tokens: Tensor | None = None
    """Tokens of the row's group."""
    prompts: Tensor | None = None
    """Groups of the whole that have a token."""

    @classmethod
    def of(
        cls, lengths: Tensor, groups: Tensor | None = None, cells: Tensor | None = None
    ) -> Normaliser:
        """From the tokens of every row of the whole, int [N]: ``mask.sum(1)``.

        ``groups``, int64 [N], tells the prompt of each row; only ``prompt`` needs it. ``cells``,
        int64 [N], tells apart batches that merely share the tensors, such as the arms and seeds
        of an experiment: each is normalised by itself, and their losses are added. A group
        lies in one cell.
        """
        one = torch.zeros_like(lengths, dtype=torch.int64)
        cell = one if cells is None else _dense(cells)
        full = (lengths > 0).long()
        tokens, samples = _sums(lengths, cell)[cell], _sums(full, cell)[cell]
        if groups is None:
            return cls(lengths, tokens, samples)
        group = _dense(groups)
        by_group = _sums(lengths, group)
        cell_of_group = one.new_zeros(len(by_group)).index_copy(0, group, cell)
        if not torch.equal(cell_of_group[group], cell):
            raise UserError("a group's rows lie in one cell; give each cell groups of its own.")
        prompts = _sums((by_group > 0).long(), cell_of_group, int(cell.max()) + 1)
        return cls(lengths, tokens, samples, by_group[group], prompts[cell])

    def rows(self, index: Tensor | slice) -> Normaliser:
        """For some of the rows: a micro-batch, or a rank's share."""
        groups, prompts = self.group_tokens, self.prompts
        return Normaliser(
            self.length[index],
            self.tokens[index],
            self.samples[index],
            None if groups is None else groups[index],
            None if prompts is None else prompts[index],
        )

    def weights(self, aggregate: Aggregate) -> Tensor:
        """What each row's sum over its tokens is multiplied with, float64 [N]."""
        if isinstance(aggregate, Blend):
            alpha = aggregate.alpha
            return alpha * self.weights("sample") + (1 - alpha) * self.weights("token")
        if aggregate == "token":
            return _over(self.tokens)
        if aggregate == "sample":
            return _over(self.samples * self.length)
        if aggregate != "prompt":
            raise UserError(f"aggregate is token, prompt, sample or a Blend; got {aggregate!r}.")
        if self.group_tokens is None or self.prompts is None:
            raise UserError(
                "aggregate 'prompt' must know which prompt each row belongs to:"
                " pass normaliser=Normaliser.of(lengths, groups)."
            )
        return _over(self.prompts * self.group_tokens)


def _over(denominator: Tensor) -> Tensor:
    """1 over it; whatever for a row without tokens, whose sum is 0."""
    return 1.0 / denominator.clamp(min=1).double()


def _dense(ids: Tensor) -> Tensor:
    """The same partition, numbered from 0."""
    return torch.unique(ids, return_inverse=True)[1]


def _sums(values: Tensor, index: Tensor, size: int | None = None) -> Tensor:
    count = int(index.max()) + 1 if size is None else size
    return values.new_zeros(count).index_add(0, index, values)
