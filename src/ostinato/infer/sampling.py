"""From logits to the next token of each request."""

from __future__ import annotations

import random
import secrets

import torch
from torch import Tensor

from ostinato.infer.requests import Sampling


class Sampler:
    """The random numbers of one request: one for each token it draws, from its seed alone."""

    def __init__(self, sampling: Sampling) -> None:
        self.sampling = sampling
        seed = secrets.randbits(64) if sampling.seed is None else sampling.seed
        # Python's, not torch's: on the CPU torch looks at the last 32 bits of a seed only.
        self._random = random.Random(seed)

    def choose(self, logprobs: Tensor) -> int:
        """The next token by its log-probabilities, float32 [V]."""
        if self.sampling.temperature == 0:
            return int(logprobs.argmax())
        probabilities, order = filtered(logprobs, self.sampling)
        sums = probabilities.cumsum(0)
        share = sums[-1] * self._random.random()
        place = torch.searchsorted(sums, share[None], right=True)
        return int(order[place.clamp(max=len(order) - 1)])


def filtered(logprobs: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
    """Probabilities, float64 [n], falling, of the tokens that the filters leave, and their ids.

    They are not scaled to 1 again. The likeliest token always stays; of equals, the first do.
    """
    # The highest is 0 before it is divided, so that no temperature makes all of them infinite.
    scaled = (logprobs.double() - logprobs.max()) / sampling.temperature
    found, order = scaled.sort(descending=True, stable=True)
    if sampling.top_k:
        found, order = found[: sampling.top_k], order[: sampling.top_k]
    probabilities = found.softmax(-1)
    kept = probabilities >= sampling.min_p * probabilities[0]
    if sampling.top_p < 1:  # a rounded sum may reach 1 before the last token
        # A token stays if those before it have not reached the sum yet.
        kept &= probabilities.cumsum(0) - probabilities < sampling.top_p
    kept[0] = True
    return probabilities[kept], order[kept]
