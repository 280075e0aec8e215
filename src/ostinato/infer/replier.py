"""Many conversations at once, each with its next turn: what plays a model in environments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ostinato.chat.messages import Message, Tool
from ostinato.chat.parse import parse
from ostinato.infer.language import LanguageModel
from ostinato.infer.requests import Finish, Request, Sampling

BATCH = {"cpu": 32, "cuda": 256}  # conversations that are written together


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """What was said so far, and how the next turn is to be written."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.0))
    max_tokens: int = 1024
    """Of this turn, thinking included."""
    thinking_budget: int | None = None
    """Of this turn; see `Request`."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A turn, as it was written."""

    text: str
    tokens: int = 0
    thinking_tokens: int = 0
    finish: Finish = Finish.EOS
    budget_reached: bool = False
    overfull: bool = False
    """The conversation itself fills the model's context: nothing was written."""

    @property
    def message(self) -> Message:
        """The turn, taken apart."""
        return parse(self.text).message()


class Replier(Protocol):
    """Whoever takes part in conversations."""

    def reply(self, conversations: Sequence[Conversation]) -> list[Written]:
        """The next turn of each, in their order. Each is what it would be alone."""
        ...


@dataclass(frozen=True, eq=False)
class ModelReplier:
    """A language model that takes part; ``batch`` bounds how many turns are written together."""

    model: LanguageModel
    batch: int | None = None
    """None: what suits the model's device."""

    def reply(self, conversations: Sequence[Conversation]) -> list[Written]:
        """See ``Replier``. Those of about one length are written together."""
        size = self.batch or BATCH[self.model.model.model.embed_tokens.weight.device.type]
        requests = [self._request(one) for one in conversations]
        limit = self.model.model.config.max_position_embeddings
        written = [
            Written(text="", finish=Finish.LENGTH, overfull=True) for _ in conversations
        ]  # until it is replaced
        fitting = [i for i, one in enumerate(requests) if len(one.prompt) < limit]
        fitting.sort(key=lambda i: len(requests[i].prompt), reverse=True)
        for first in range(0, len(fitting), size):
            chosen = fitting[first : first + size]
            found = self.model.generate([requests[i] for i in chosen])
            for i, one in zip(chosen, found, strict=True):
                written[i] = Written(
                    text=one.text,
                    tokens=len(one.tokens),
                    thinking_tokens=one.thinking_tokens,
                    finish=one.finish,
                    budget_reached=one.budget_reached,
                )
        return written

    def _request(self, asked: Conversation) -> Request:
        return self.model.chat_request(
            asked.messages,
            asked.tools,
            sampling=asked.sampling,
            max_tokens=asked.max_tokens,
            thinking_budget=asked.thinking_budget,
        )
