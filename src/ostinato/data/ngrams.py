"""N-grams of a batch of token windows: which, where, and the weights that inject them.

The same rule as ``music.lexicon.match``, for many windows at once and on any device. Matching
comes after masking: what is matched is what the model sees, so that no n-gram can tell it a
masked token (the published code matches before, and leaks).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.music.lexicon import Lexicon

NEVER = 1 << 62  # the rank of no match; a double holds it exactly


@dataclass(frozen=True, eq=False)
class Ngrams:
    """The n-grams of B windows of T tokens, at most K each, by start and then by length."""

    ids: Tensor  # int64 [B, K], lexicon row, 0 where the slot is unused
    start: Tensor  # int64 [B, K], first token, 0 where unused
    length: Tensor  # int64 [B, K], tokens, 0 where unused
    matrix: Tensor  # [B, T, K], weight of slot k for token t: a row sums to 1, or 0 uncovered


class NgramMatcher:
    """A lexicon as sorted integer keys on a device, one list per n-gram length.

    ``slots`` is K, the cap per window: the longest are kept, among them the most frequent,
    among them the first.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        *,
        vocab_size: int,
        slots: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        lengths = np.asarray(lexicon.length, dtype=np.int64)
        longest = int(lengths.max(initial=0))
        if vocab_size**longest >= 1 << 63:
            raise UserError(
                f"n-grams of {longest} among {vocab_size} tokens need more than 63 bits: "
                "use a smaller vocabulary or shorter n-grams."
            )
        self.slots = slots
        self._vocab_size = vocab_size
        self._dtype = dtype
        self._rows = len(lengths)
        self._longest = longest
        self._frequency = torch.as_tensor(np.asarray(lexicon.frequency, np.float32), device=device)
        self._keys: dict[int, tuple[Tensor, Tensor]] = {}
        for length in range(longest, 0, -1):
            rows = np.flatnonzero(lengths == length)
            rows = rows[rows > 0]
            if not len(rows):
                continue
            weights = vocab_size ** np.arange(length, dtype=np.int64)
            keys = np.asarray(lexicon.ngrams, np.int64)[rows, :length] @ weights
            order = np.argsort(keys)
            self._keys[length] = (
                torch.from_numpy(keys[order]).to(device),
                torch.from_numpy(rows[order]).to(device),
            )

    def __call__(self, tokens: Tensor) -> Ngrams:
        """The n-grams of windows [B, T]; a lexicon holds no special token, so none matches."""
        ids, start, length = self._select(self._candidates(tokens), tokens.shape[1])
        return Ngrams(ids, start, length, self._matrix(ids, start, length, tokens.shape[1]))

    def _candidates(self, tokens: Tensor) -> Tensor:
        """Rank of every match, int64 [B, lengths x T]: lower is better; ``NEVER`` is no match."""
        batch, width = tokens.shape
        place = torch.arange(width, device=tokens.device)
        found = [torch.full((batch, 0), NEVER, device=tokens.device)]
        for length, (keys, rows) in self._keys.items():
            rank = torch.full((batch, width), NEVER, device=tokens.device)
            if length <= width:
                key = _window_keys(tokens, length, self._vocab_size)
                at = torch.searchsorted(keys, key).clamp_(max=len(keys) - 1)
                order = (self._longest - length) * self._rows + rows[at]
                ranked = order * width + place[: key.shape[1]]
                rank[:, : key.shape[1]] = torch.where(keys[at] == key, ranked, NEVER)
            found.append(rank)
        return torch.cat(found, dim=1)

    def _select(self, rank: Tensor, width: int) -> tuple[Tensor, Tensor, Tensor]:
        """The best K of each window, unused slots last, then by start and length."""
        best = rank.sort(dim=1).values[:, : self.slots]
        best = torch.nn.functional.pad(best, (0, self.slots - best.shape[1]), value=NEVER)
        used = best != NEVER
        order = torch.where(used, best // width, 0)
        start = torch.where(used, best % width, 0)
        length = torch.where(used, self._longest - order // self._rows, 0)
        ids = torch.where(used, order % self._rows, 0)
        place = torch.where(used, start * (self._longest + 1) + length, NEVER)
        by_place = place.argsort(dim=1)
        return ids.gather(1, by_place), start.gather(1, by_place), length.gather(1, by_place)

    def _matrix(self, ids: Tensor, start: Tensor, length: Tensor, width: int) -> Tensor:
        after = torch.arange(width, device=ids.device)[None, :, None] - start[:, None]
        covers = (after >= 0) & (after < length[:, None])
        weight = self._frequency[ids][:, None] * covers
        return (weight / weight.sum(-1, keepdim=True).clamp(min=1)).to(self._dtype)


def _window_keys(tokens: Tensor, length: int, vocab_size: int) -> Tensor:
    """One integer per run of ``length`` tokens, int64 [B, T - length + 1]."""
    width = tokens.shape[1] - length + 1
    key = torch.zeros_like(tokens[:, :width])
    for offset in reversed(range(length)):
        key = key * vocab_size + tokens[:, offset : offset + width]
    return key
