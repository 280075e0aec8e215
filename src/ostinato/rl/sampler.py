"""What reinforcement learning needs of whoever writes: conversations, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ostinato.rl.types import StopReason

STOPS = {
    "eos": StopReason.TURN,
    "stop": StopReason.TURN,
    "length": StopReason.LENGTH,
    "confident": StopReason.CONFIDENT,
}
"""The reasons that a sampler gives, as ours."""


class Turn(Protocol):
    """What a policy wrote in one turn."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """The end of the turn included, where it came."""
        ...

    @property
    def logprobs(self) -> tuple[float, ...]:
        """Of each token, by the distribution that it was drawn from."""
        ...

    @property
    def entropies(self) -> tuple[float, ...]:
        """Of those distributions, in nats."""
        ...

    @property
    def finish(self) -> str:
        """A key of ``STOPS``."""
        ...


class Sampler(Protocol):
    """Writes turns of many conversations at once. The memory of a conversation carries over from
    turn to turn: nothing is read twice.
    """

    def begin(self, prompt: Sequence[int], *, room: int, seed: int) -> int:
        """A new conversation by its number; its first turn has ``room`` tokens at most."""
        ...

    def more(self, conversation: int, read: Sequence[int], *, room: int) -> None:
        """After a turn: read tokens, and write another turn of ``room`` tokens at most."""
        ...

    def end(self, conversation: int) -> None:
        """Forget a conversation."""
        ...

    def advance(self) -> Sequence[tuple[int, Turn]]:
        """Write until at least one turn is over; those that are. Empty: none is being written."""
        ...
