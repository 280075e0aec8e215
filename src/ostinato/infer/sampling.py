"""From logits to the next token of each request."""

from __future__ import annotations

import secrets

import torch
from torch import Tensor

from ostinato.infer.requests import Sampling


class Sampler:
    """The random numbers of one request: one for each token, from its own seed alone."""

    def __init__(self, sampling: Sampling) -> None:
        self.sampling = sampling
        seed = secrets.randbits(62) if sampling.seed is None else sampling.seed
        self._generator = torch.Generator().manual_seed(seed)

    def choose(self, logprobs: Tensor) -> int:
        """The next token by its log-probabilities, float32 [V]."""
        if self.sampling.temperature == 0:
            return int(logprobs.argmax())
        probabilities, order = filtered(logprobs, self.sampling)
        share = torch.rand((), generator=self._generator, dtype=torch.float64)
        sums = probabilities.double().cumsum(0)
        place = torch.searchsorted(sums, (share.to(sums.device) * sums[-1])[None], right=True)
        return int(order[place.clamp(max=len(order) - 1)])


def filtered(logprobs: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
    """Probabilities, falling, of the tokens that the filters leave, and which these are [n].

    They are not scaled to 1 again. The likeliest token always stays.
    """
    scaled = (logprobs / sampling.temperature).log_softmax(-1)
    if sampling.top_k:
        found, order = scaled.topk(min(sampling.top_k, len(scaled)))
    else:
        found, order = scaled.sort(descending=True, stable=True)
    probabilities = found.softmax(-1)
    # A token stays if those before it have not reached the sum yet.
    before = probabilities.double().cumsum(0) - probabilities
    kept = (before < sampling.top_p) & (probabilities >= sampling.min_p * probabilities[0])
    kept[0] = True
    return probabilities[kept], order[kept]
