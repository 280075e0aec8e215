"""Conversations through the engine of static slots: greedy answers, many at once, on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ostinato.base.errors import UserError
from ostinato.chat.encode import encode_chat
from ostinato.chat.template import THINK, THINK_END
from ostinato.infer.engine import Engine, EngineConfig
from ostinato.infer.language import LanguageModel
from ostinato.infer.replier import Conversation, Written
from ostinato.infer.requests import Confidence, Finish
from ostinato.infer.writer import CLOSING

SLOTS = 256


@dataclass
class _Turn:
    """A turn that is being written."""

    index: int
    asked: Conversation
    room: int
    tokens: list[int] = field(default_factory=list[int])
    begun: int | None = None
    """Tokens up to the one that completes ``<think>``; None: it does not think yet."""
    closed: bool = False
    forced: int | None = None
    """Tokens of thinking that there were when the budget closed it."""

    @property
    def left(self) -> int:
        """Tokens that it may still have."""
        return self.room - len(self.tokens)

    @property
    def thought(self) -> int:
        """Tokens of thinking so far."""
        return 0 if self.begun is None else len(self.tokens) - self.begun


class EngineReplier:
    """A language model that takes part in conversations. See ``Replier``.

    Greedy alone. A thinking budget closes the first section of thinking; what a model opens
    after it is not closed, as `Writer` would.
    """

    def __init__(
        self, model: LanguageModel, *, context: int, slots: int = SLOTS, compiled: bool = False
    ) -> None:
        """``context``: tokens of a conversation at most."""
        self._tokenizer = model.tokenizer
        self._context = min(context, model.model.config.max_position_embeddings)
        self._ends = {model.tokenizer.eos, model.tokenizer.document_end}
        config = EngineConfig(
            slots=slots,
            capacity=self._context,
            temperature=0.0,
            confidence=Confidence(),
            compiled=compiled,
        )
        size = model.tokenizer.vocab_size
        self._engine = Engine(model.model, sorted(self._ends), size, config)
        self._closing = model.tokenizer.encode(CLOSING)

    def reply(self, conversations: Sequence[Conversation]) -> list[Written]:
        """The next turn of each, in their order."""
        found = [Written(text="", finish=Finish.LENGTH, overfull=True) for _ in conversations]
        going: dict[int, _Turn] = {}
        for index, one in enumerate(conversations):
            if one.sampling.temperature:
                raise UserError("the engine answers greedily: expected a temperature of 0")
            prompt = encode_chat(self._tokenizer, one.messages, one.tools)
            turn = _Turn(index, one, min(one.max_tokens, self._context - len(prompt)))
            if turn.room > 0:
                going[self._engine.begin(prompt, room=self._next(turn), seed=0)] = turn
        while going:
            for number, written in self._engine.advance():
                turn = going[number]
                self._add(turn, written.tokens)
                if written.finish is Finish.LENGTH and self._go_on(number, turn):
                    continue
                self._engine.end(number)
                found[turn.index] = self._settle(going.pop(number), written.finish)
        return found

    def _next(self, turn: _Turn) -> int:
        """Tokens that it writes before it is looked at again."""
        budget = turn.asked.thinking_budget
        if budget is None or turn.closed:
            return turn.left
        return max(1, min(turn.left, budget - turn.thought))

    def _go_on(self, number: int, turn: _Turn) -> bool:
        """Whether a turn that has come to the end of its room has more of it."""
        budget = turn.asked.thinking_budget
        read: list[int] = []
        thinking = turn.begun is not None and not turn.closed
        if budget is not None and thinking and turn.thought >= budget:
            if turn.left <= len(self._closing):
                return False
            read, turn.forced, turn.closed = self._closing, turn.thought, True
            turn.tokens += read
        if turn.left <= 0:
            return False
        self._engine.more(number, read, room=self._next(turn))
        return True

    def _add(self, turn: _Turn, tokens: Sequence[int]) -> None:
        turn.tokens += tokens
        text = self._tokenizer.decode(turn.tokens)
        if turn.begun is None and THINK in text:
            turn.begun = self._reach(turn.tokens, THINK)
        if turn.begun is not None and not turn.closed:
            turn.closed = THINK_END in text

    def _reach(self, tokens: Sequence[int], marker: str) -> int:
        """How many tokens there are up to the one that completes a marker."""
        low, high = 0, len(tokens)
        while low < high:
            middle = (low + high) // 2
            if marker in self._tokenizer.decode(tokens[:middle]):
                high = middle
            else:
                low = middle + 1
        return low

    def _settle(self, turn: _Turn, finish: Finish) -> Written:
        thought = turn.forced or 0
        if turn.begun is not None and turn.forced is None:
            last = self._reach(turn.tokens, THINK_END) if turn.closed else len(turn.tokens)
            thought = last - turn.begun
        return Written(
            text=self._tokenizer.decode(turn.tokens),
            tokens=len(turn.tokens),
            thinking_tokens=thought,
            finish=finish,
            budget_reached=turn.forced is not None,
        )
