"""The nouns of generation: what is asked of a language model, and what it answers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from ostinato.base.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the next token is chosen. The filters apply in the order top_k, top_p, min_p."""

    temperature: float = 1.0
    """0 is greedy: the likeliest token, the first of equals."""
    top_p: float = 0.95
    """The likeliest tokens whose probabilities reach this sum; 1 keeps all."""
    top_k: int = 0
    """The likeliest so many tokens; 0 keeps all."""
    min_p: float = 0.0
    """Tokens at least this many times as probable as the likeliest; 0 keeps all."""
    seed: int | None = None
    """The same seed writes the same text, whatever else is in the batch; None: a fresh one."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < math.inf:
            raise UserError(f"temperature must be at least 0 and finite, got {self.temperature}")
        if not 0 < self.top_p <= 1 or not 0 <= self.min_p <= 1 or self.top_k < 0:
            raise UserError(
                "expected top_p in 0..1 (0 excluded), min_p in 0..1 and top_k at least 0; got "
                f"{self.top_p}, {self.min_p} and {self.top_k}"
            )
        if self.seed is not None and self.seed < 0:
            raise UserError(f"a seed must be at least 0, got {self.seed}")


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """Stop where a text goes round in circles: so many tokens in a row, each so probable."""

    tokens: int = 3000
    probability: float = 0.99
    """Of MiniMax-M1's report, section 3.2: 3,000 tokens above 0.99."""

    def __post_init__(self) -> None:
        if self.tokens < 1 or not 0 <= self.probability < 1:
            raise UserError(
                "a confident stop takes at least 1 token and a probability in 0..1 (1 excluded), "
                f"got {self.tokens} and {self.probability}"
            )


@dataclass(frozen=True, kw_only=True)
class Request:
    """One prompt and how it is to be answered."""

    prompt: tuple[int, ...]
    """Token ids, at least one."""
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int = 1024
    """Tokens that are written at most, thinking included."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer, in its thinking too, and are no part of it, wherever the borders
    of tokens lie. The one that is complete first counts; of two at once the longer."""
    thinking_budget: int | None = None
    """Tokens of thinking, of all sections together, after which it is closed, so that the answer
    follows; None: no end."""
    confidence: Confidence | None = field(default_factory=Confidence)
    """None: never stop for confidence."""

    def __post_init__(self) -> None:
        if not self.prompt:
            raise UserError("the prompt is empty: a model needs at least one token to go on from")
        if self.max_tokens < 1:
            raise UserError(f"max_tokens must be at least 1, got {self.max_tokens}")
        if isinstance(self.stop, str):
            raise UserError(f"stop takes several texts: give ({self.stop!r},) in place of one")
        if not all(self.stop):
            raise UserError("a stop text is empty: it would end every answer before it begins")
        if self.thinking_budget is not None and self.thinking_budget < 0:
            raise UserError(f"a thinking budget is at least 0, got {self.thinking_budget}")


class Finish(StrEnum):
    """Why an answer ended."""

    EOS = "eos"
    """The model wrote its end of sentence, or of the document."""
    STOP = "stop"
    """A stop text came."""
    LENGTH = "length"
    """max_tokens were written, or the context is full."""
    CONFIDENT = "confident"
    """Too many probable tokens in a row: see `Confidence`."""


@dataclass(frozen=True)
class Delta:
    """What one token adds to an answer."""

    token: int
    text: str
    """What is settled by it: what may begin a stop text, or half a character, is held back."""
    logprob: float
    """Natural logarithm of the token's probability by the model: at temperature 1, before any
    filter, whoever wrote the token."""
    forced: bool
    """Whether the budget wrote it and not the model."""
    finish: Finish | None = None


@dataclass(frozen=True)
class Completion:
    """A whole answer."""

    tokens: tuple[int, ...]
    """Those that were written: the end of sentence included, and those of a stop text."""
    text: str
    logprobs: tuple[float, ...]
    forced: tuple[bool, ...]
    finish: Finish
    thinking_tokens: int
    """Tokens after ``<think>``, those that spell the model's own ``</think>`` included."""
    budget_reached: bool
    """Whether thinking was closed by its budget."""


def completion(deltas: list[Delta], thinking_tokens: int, budget_reached: bool) -> Completion:
    """The answer that an answer's deltas make."""
    finish = deltas[-1].finish
    assert finish is not None, "an answer ends"
    return Completion(
        tuple(delta.token for delta in deltas),
        "".join(delta.text for delta in deltas),
        tuple(delta.logprob for delta in deltas),
        tuple(delta.forced for delta in deltas),
        finish,
        thinking_tokens,
        budget_reached,
    )
