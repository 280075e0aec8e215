"""What `chat` and `solve` share: how a model is to answer, and how its text is shown."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from ostinato.base.errors import UserError
from ostinato.chat.messages import Message
from ostinato.infer import directory
from ostinato.infer.language import LanguageModel, load_language_model
from ostinato.infer.requests import Request, Sampling

REASONER = "m1-reason"
"""The bundled language model, which answers where none is named."""


def reasoner() -> str | None:
    """The name of the bundled language model; None where the package has none."""
    return REASONER if REASONER in directory.bundled() else None


@dataclass(frozen=True, kw_only=True)
class Answering:
    """Which model answers, and how; what cannot be is refused before a model is loaded."""

    model: str | None  # None: the bundled one
    system: str | None = None
    thinking_budget: int | None = None
    temperature: float = 1.0
    top_p: float = 0.95
    max_tokens: int = 4096
    seed: int | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        Request(prompt=(0,), **self.options())

    def options(self, turn: int = 0) -> dict[str, Any]:
        """The fields of a `Request`; each turn of a conversation draws other numbers."""
        seed = None if self.seed is None else self.seed + turn
        return {
            "sampling": Sampling(temperature=self.temperature, top_p=self.top_p, seed=seed),
            "max_tokens": self.max_tokens,
            "thinking_budget": self.thinking_budget,
        }

    def load(self) -> LanguageModel:
        """The model that is named, or the bundled one."""
        name = reasoner() if self.model is None else self.model
        if name is None:
            raise UserError(
                "expected a model: no language model comes with the package yet, so name a model "
                "directory (chat MODEL, solve QUESTION --model MODEL)"
            )
        return load_language_model(name, device=self.device)

    @property
    def single(self) -> bool:
        """Whether each question is asked by itself: the bundled reasoner was taught no other."""
        return self.model is None or (self.model == REASONER and reasoner() is not None)

    def opening(self) -> list[Message]:
        """What stands before the first question."""
        return [] if self.system is None else [Message("system", self.system)]


def say(out: Console, text: str, *, style: str = "", end: str = "\n") -> None:
    """Print what a model wrote, without the control characters that would steer the terminal."""
    safe = "".join(
        "\ufffd" if unicodedata.category(one) == "Cc" and one not in "\n\t" else one for one in text
    )
    out.print(Text(safe, style=style), end=end, soft_wrap=True)
