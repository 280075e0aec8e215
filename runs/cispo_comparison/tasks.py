"""Two tasks in one alphabet of 16 characters: an answer at once, or a trace that one token starts.

A prompt has a fixed length, so that each partial sum stands at a fixed distance behind what it
adds: what limits the policy is whether it starts a trace, not whether it finds its place.

* ``fork``: the sum of 24 digits modulo 10. ``F`` and then a digit for each partial sum.
* ``chain``: reasoning-gym's ``chain_sum`` with twelve terms of one digit, each written as a sign
  and a digit; partial sums and the answer are two digits. Only items whose partial sums are all in
  0..99 are taken: with signs of sums to be found, a skill was not learnt in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CHARACTERS = "0123456789+-=F._"
PLUS, MINUS, EQUALS, FORK, END, PADDING = range(10, 16)
HELD_OUT = 256
FOR_RL = 30_000

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Task:
    """Terms are int64 [N, terms]; for ``chain`` they are signed."""

    name: str
    terms: int
    width: int  # characters of a term, of a partial sum and of an answer
    items: Ids | None = None  # None: any digits will do
    apart: int = HELD_OUT  # prompts that are held out

    @property
    def prompt(self) -> int:
        """Tokens of a prompt, the sign of equality included."""
        return self.terms * self.width + 1

    @property
    def answer(self) -> int:
        """Tokens of a whole trace: the fork, the partial sums and the end."""
        return self.terms * self.width + 2

    def held_out(self) -> Ids:
        """Terms that neither a warm start nor a run has seen."""
        if self.items is None:
            return np.random.default_rng([24, 0]).integers(0, 10, (self.apart, self.terms))
        return self.items[: self.apart]

    def draw(self, rng: np.random.Generator, count: int, *, rl: bool) -> Ids:
        """Terms of prompts, those of ``rl`` never among those of warm starts."""
        if self.items is None:
            return rng.integers(0, 10, (count, self.terms))
        first, last = (
            (self.apart, self.apart + FOR_RL) if rl else (self.apart + FOR_RL, len(self.items))
        )
        return self.items[rng.integers(first, last, count)]

    def prompts(self, terms: Ids) -> Ids:
        """[N, prompt]."""
        if self.width == 2:
            signs = np.where(terms < 0, MINUS, PLUS)
            terms = np.stack([signs, np.abs(terms)], 2).reshape(len(terms), -1)
        return np.concatenate([terms, np.full((len(terms), 1), EQUALS)], 1)

    def targets(self, terms: Ids) -> Ids:
        """[N, width]."""
        return self._sums(terms)[:, -self.width :]

    def answers(self, terms: Ids, traced: NDArray[np.bool_]) -> Ids:
        """[N, answer]: a trace where ``traced``, else the answer at once; padded behind its end."""
        count = len(terms)
        fork, end = np.full((count, 1), FORK), np.full((count, 1), END)
        traces = np.concatenate([fork, self._sums(terms), end], 1)
        direct = np.full_like(traces, PADDING)
        direct[:, : self.width] = self._at_once(terms)
        direct[:, self.width] = END
        return np.where(traced[:, None], traces, direct)

    def _at_once(self, terms: Ids) -> Ids:
        """What stands in place of a trace, [N, width]: of ``fork`` the sum, which nobody learns to
        tell at once; of ``chain``, where that was learnt (0.97 right), another prompt's: a guess.
        """
        targets = self.targets(terms)
        return targets if self.width == 1 else np.roll(targets, 1, axis=0)

    def _sums(self, terms: Ids) -> Ids:
        """The partial sums as written, [N, terms * width]."""
        sums = terms.cumsum(1)
        if self.width == 1:
            return sums % 10
        return np.stack([sums // 10, sums % 10], 2).reshape(len(terms), -1)


def load_task(name: str, data: Path) -> Task:
    """``data`` is the folder that ``write_items`` wrote to; only ``chain`` reads it."""
    if name == "fork":
        return Task("fork", terms=24, width=1)
    assert name == "chain", name
    with np.load(data / "chain_sum.npz") as held:
        items = held["terms"].astype(np.int64)
    return Task("chain", terms=items.shape[1], width=2, items=items)


def write_items(data: Path, count: int = 700_000, terms: int = 12) -> Path:
    """Ask reasoning-gym for ``count`` items of ``chain_sum``; the signed terms of those that are
    different and fit, as int8.
    """
    import reasoning_gym

    asked = reasoning_gym.create_dataset(
        "chain_sum",
        min_terms=terms,
        max_terms=terms,
        min_digits=1,
        max_digits=1,
        seed=513,
        size=count,
    )
    rows = [_terms(asked[i]["metadata"]["expression"]) for i in range(count)]
    different = np.array(list(dict.fromkeys(rows)), dtype=np.int8)
    sums = different.cumsum(1, dtype=np.int64)
    different = different[((sums >= 0) & (sums <= 99)).all(1)]
    path = data / "chain_sum.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, terms=different)
    return path


def _terms(expression: str) -> tuple[int, ...]:
    signed = expression.replace("- ", "-").replace("+ ", "")
    return tuple(int(term) for term in signed.split())


def text(ids: Ids) -> str:
    """For people."""
    return "".join(CHARACTERS[int(i)] for i in ids)
