"""From episodes to padded arrays: the mini-batches of a step's updates, and their parts.

Shapes: N rows (episodes), T tokens. Padding stands at the end of a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ostinato.rl.rollout import Episode

MULTIPLE = 32  # lengths are filled up to one: fewer shapes, and whole blocks


@dataclass(frozen=True, eq=False)
class Rows:
    """Episodes as arrays."""

    tokens: NDArray[np.int64]
    """[N, T], 0 where there is none."""
    learnt: NDArray[np.bool_]
    """[N, T]: the policy wrote this token."""
    real: NDArray[np.bool_]
    """[N, T]: no padding."""
    logprobs: NDArray[np.float32]
    """[N, T], the sampler's; 0 where not learnt."""
    advantages: NDArray[np.float32]
    """[N]."""
    index: NDArray[np.int64]
    """[N], of the rows within their mini-batch."""


def rows_of(episodes: Sequence[Episode], advantages: Sequence[float], index: Sequence[int]) -> Rows:
    """The episodes of that ``index`` as arrays."""
    chosen = [episodes[i] for i in index]
    longest = max(len(one.tokens) for one in chosen)
    shape = len(chosen), -(-longest // MULTIPLE) * MULTIPLE
    tokens, logprobs = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
    learnt, real = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for row, one in enumerate(chosen):
        length = len(one.tokens)
        tokens[row, :length] = one.tokens
        learnt[row, :length] = one.learnt
        logprobs[row, :length] = one.logprobs
        real[row, :length] = True
    own = np.array([advantages[i] for i in index], np.float32)
    return Rows(tokens, learnt, real, logprobs, own, np.array(index, np.int64))


def mini_batches(count: int, parts: int, seed: int, epoch: int) -> list[list[int]]:
    """``count`` rows in ``parts`` of equal size (within one), each row in one of them; drawn
    anew in each epoch.
    """
    order = np.random.default_rng((seed, epoch)).permutation(count)
    return [part.tolist() for part in np.array_split(order, parts) if len(part)]


def micro_batches(
    episodes: Sequence[Episode], index: Sequence[int], max_tokens: int
) -> Iterator[list[int]]:
    """The rows of a mini-batch in parts of at most ``max_tokens``, padding included, of about
    equal lengths; a longer row is a part of its own.
    """
    order = sorted(index, key=lambda i: len(episodes[i].tokens))
    part: list[int] = []
    for i in order:
        width = -(-len(episodes[i].tokens) // MULTIPLE) * MULTIPLE
        if part and width * (len(part) + 1) > max_tokens:
            yield part
            part = []
        part.append(i)
    if part:
        yield part
