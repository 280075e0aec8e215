"""Scripted agents: what every environment is proved with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ostinato.chat.messages import Message
from ostinato.rl.types import Action, Observation


@dataclass
class Script:
    """Says its lines in order, whatever it hears; then it says nothing."""

    lines: Sequence[Message]
    _said: int = field(default=0, init=False)

    def act(self, observation: Observation) -> Action:
        """See ``Agent``."""
        del observation
        self._said += 1
        if self._said > len(self.lines):
            return Action(Message("assistant"))
        return Action(self.lines[self._said - 1])


def says(content: str) -> Script:
    """Says one thing."""
    return Script((Message("assistant", content),))
