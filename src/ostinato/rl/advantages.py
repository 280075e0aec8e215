"""From the rewards of a group's rollouts to advantages: one number for each rollout.

The report (arXiv 2506.13585, eq. 2) divides by a standard deviation and says neither which one
nor what happens where all rewards of a group are equal. Here it is the population's (over G,
not G - 1): the group is all there is, and the squares of its advantages have mean 1. Frameworks
take the sample's and add 1e-4 to 1e-6; theirs are smaller by sqrt((G - 1) / G), 3 % at G = 16.
We add nothing: a group of equal rewards gets exactly 0, by rule.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from ostinato.base.errors import UserError

Scheme = Literal["group", "batch", "none", "leave_one_out"]
"""What is subtracted and divided by.

- ``group``: minus the group's mean, over the group's standard deviation (eq. 2).
- ``batch``: minus the group's mean, over the standard deviation of what is left in the batch.
- ``none``: minus the group's mean (Dr. GRPO, arXiv 2503.20783).
- ``leave_one_out``: minus the mean of the *others* (RLOO, arXiv 2402.14740).
"""


def advantages(rewards: Tensor, groups: Tensor, scheme: Scheme = "group") -> Tensor:
    """Of each row, [N], in the dtype of ``rewards`` [N]; ``groups`` [N] are any integers.

    Reckoned in float64. A group of equal rewards, or for ``batch`` a batch of such groups, gets
    exactly 0. A group of one row is refused: it has nothing to be compared with.
    """
    if scheme not in get_args(Scheme):
        raise UserError(f"scheme is one of {', '.join(get_args(Scheme))}; got {scheme!r}.")
    index, size = _partition(rewards, groups)
    exact = rewards.double()
    mean = torch.zeros_like(size).index_add(0, index, exact) / size
    centred = torch.where(uniform(rewards, groups), 0.0, exact - mean[index])
    if scheme == "group":
        squares = torch.zeros_like(mean).index_add(0, index, centred.square())
        centred = _divided(centred, (squares / size).sqrt()[index])
    elif scheme == "batch":
        centred = _divided(centred, centred.square().mean().sqrt())
    elif scheme == "leave_one_out":
        centred = centred * (size / (size - 1))[index]
    return centred.to(rewards.dtype)


def uniform(rewards: Tensor, groups: Tensor) -> Tensor:
    """Whether all rewards of a row's group are equal, bool [N]: what dynamic sampling drops.

    Exactly equal: any spread, however small, is a preference.
    """
    index, size = _partition(rewards, groups)
    highest = rewards.new_empty(len(size)).scatter_reduce(
        0, index, rewards, "amax", include_self=False
    )
    lowest = rewards.new_empty(len(size)).scatter_reduce(
        0, index, rewards, "amin", include_self=False
    )
    return (highest == lowest)[index]


def _partition(rewards: Tensor, groups: Tensor) -> tuple[Tensor, Tensor]:
    """The group of each row, numbered from 0, and the groups' sizes in float64."""
    if rewards.ndim != 1 or rewards.shape != groups.shape:
        shapes = f"{list(rewards.shape)} and {list(groups.shape)}"
        raise UserError(f"rewards and groups are of one shape [N]; got {shapes}.")
    if not bool(torch.isfinite(rewards).all()):
        raise UserError("rewards are finite numbers; got NaN or infinity.")
    ids, index, size = torch.unique(groups, return_inverse=True, return_counts=True)
    if bool((size < 2).any()):
        alone = int(ids[size < 2][0])
        raise UserError(
            f"a group has at least 2 rollouts to compare; group {alone} has 1: sample more."
        )
    return index, size.double()


def _divided(centred: Tensor, deviation: Tensor) -> Tensor:
    """0 where there is nothing to divide by."""
    return torch.where(deviation > 0, centred / deviation.where(deviation > 0, 1.0), 0.0)
