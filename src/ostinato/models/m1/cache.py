"""What an M1 remembers of its sequences, one slot each: states, keys and values.

A lightning layer keeps a float32 state of constant size; only softmax layers grow with the
tokens. A slot that is reused must be reset: a stale state is silent. Going back is a snapshot
and a restore, since a state cannot be unwound (dividing by the decay amplifies the error).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from ostinato.models.m1.config import M1Config

ROOM = 256  # tokens that keys and values grow by, at least
GROWTH = 1.25


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A copy of one slot."""

    length: int
    states: Tensor  # float32 [lightning layers, H, D, D]
    keys: Tensor  # [softmax layers, G, length, D]
    values: Tensor


class Cache:
    """The memory of ``slots`` sequences; ``lengths`` says how many tokens each has seen."""

    def __init__(
        self,
        config: M1Config,
        slots: int,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        capacity: int = 0,
    ) -> None:
        """``dtype`` is that of keys and values; ``capacity`` tokens are reserved for each slot."""
        softmax = config.softmax_layers
        lightning = config.num_layers - softmax
        exact = torch.promote_types(dtype, torch.float32)
        heads, width = config.num_heads, config.head_dim
        self.lengths = [0] * slots
        shape = (softmax, slots, config.num_kv_heads, capacity, width)
        with _ordinary():
            self.states = torch.zeros(
                lightning, slots, heads, width, width, dtype=exact, device=device
            )
            self.keys = torch.zeros(shape, dtype=dtype, device=device)
            self.values = torch.zeros(shape, dtype=dtype, device=device)

    @property
    def slots(self) -> int:
        return len(self.lengths)

    @property
    def capacity(self) -> int:
        """Tokens that keys and values have room for in each slot."""
        return self.keys.shape[3]

    @property
    def nbytes(self) -> int:
        """All the memory that the cache takes, reserved room included."""
        return self.states.nbytes + self.keys.nbytes + self.values.nbytes

    def reserve(self, length: int) -> None:
        """Make room for ``length`` tokens in each slot."""
        if length <= self.capacity or not len(self.keys):
            return
        more = max(length, int(self.capacity * GROWTH))
        more = -(-more // ROOM) * ROOM
        with _ordinary():
            for name in ("keys", "values"):
                held = getattr(self, name)
                grown = held.new_zeros(*held.shape[:3], more, held.shape[4])
                grown[:, :, :, : held.shape[3]] = held
                setattr(self, name, grown)

    def reset(self, slots: Sequence[int] | None = None) -> None:
        """Forget the sequences of some slots (all of them by default)."""
        chosen = range(self.slots) if slots is None else slots
        for slot in chosen:
            self.lengths[slot] = 0
            self.states[:, slot] = 0

    def snapshot(self, slot: int) -> Snapshot:
        """A copy of a slot as it is now, for ``restore`` into any slot."""
        length = self.lengths[slot]
        return Snapshot(
            length,
            self.states[:, slot].clone(),
            self.keys[:, slot, :, :length].clone(),
            self.values[:, slot, :, :length].clone(),
        )

    def restore(self, slot: int, snapshot: Snapshot) -> None:
        """Put a slot back, bit for bit."""
        self.reserve(snapshot.length)
        self.lengths[slot] = snapshot.length
        self.states[:, slot] = snapshot.states
        self.keys[:, slot, :, : snapshot.length] = snapshot.keys
        self.values[:, slot, :, : snapshot.length] = snapshot.values

    def fork(self, source: int, target: int) -> None:
        """Let a second slot go on from where the first one is."""
        self.restore(target, self.snapshot(source))

    def reorder(self, sources: Sequence[int]) -> None:
        """Slot i goes on from slot ``sources[i]``: what a beam search does."""
        index = torch.tensor(list(sources), device=self.states.device)
        self.lengths = [self.lengths[source] for source in sources]
        with _ordinary():
            self.states = self.states[:, index]
            self.keys, self.values = self.keys[:, index], self.values[:, index]


@contextmanager
def _ordinary() -> Generator[None]:
    """Tensors made in inference mode could not be written outside of it, where slots are reset."""
    with torch.inference_mode(False), torch.no_grad():
        yield
