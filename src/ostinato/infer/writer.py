"""One answer while it is being written: text, stop texts, the thinking budget, the end."""

from __future__ import annotations

from collections import deque

from ostinato.chat.detokenizer import Detokenizer
from ostinato.chat.template import THINK, THINK_END
from ostinato.chat.tokenizer import Tokenizer
from ostinato.infer.requests import Completion, Delta, Finish, Request, completion

CLOSING = f"\n{THINK_END}\n"


class Writer:
    """Takes the tokens of one request one by one; says when it is over.

    Thinking is found in the text, where its markers are several tokens. The budget counts the
    tokens after the one that completes ``<think>``, up to the one that completes ``</think>``;
    once it is reached, the closing marker is written in the model's place (``forced``).
    """

    def __init__(self, request: Request, tokenizer: Tokenizer, *, room: int) -> None:
        """``room``: tokens that the context has left."""
        self.request = request
        self.deltas: list[Delta] = []
        self.thinking_tokens = 0
        self.budget_reached = False
        self._eos = tokenizer.eos
        self._detokenizer = Detokenizer(tokenizer)
        self._most = min(request.max_tokens, room)
        self._closing = tokenizer.encode(CLOSING)
        self._queue: deque[int] = deque()
        self._held = ""  # text that may begin a stop text
        self._seen = tokenizer.decode(_own_part(request.prompt, tokenizer.bos))
        self._thinking = _is_open(self._seen)
        self._answered = False
        self._seen = self._seen[-len(THINK_END) :]
        self._confident = 0
        self._plan_closing()

    @property
    def finished(self) -> bool:
        return bool(self.deltas) and self.deltas[-1].finish is not None

    def forced(self) -> int | None:
        """The token that must come next, if the budget says so."""
        return self._queue[0] if self._queue else None

    def accept(self, token: int, logprob: float, probable: bool) -> Delta:
        """Add a token; ``probable``: whether it was above the request's confidence."""
        assert not self.finished, "the answer is over"
        forced = bool(self._queue)
        if forced:
            assert token == self._queue.popleft(), "the budget decides this token"
        self._confident = self._confident + 1 if probable and not forced else 0
        finish: Finish | None = None
        text = ""
        if token == self._eos:
            finish = Finish.EOS
        else:
            text = self._detokenizer.push(token)
            self._follow_thinking(text)
        text, stopped = self._settle(text)
        if stopped:
            finish = Finish.STOP
        elif finish is None:
            finish = self._end()
        if finish is not None and not stopped:
            rest, stopped = self._settle(self._detokenizer.flush())
            text += rest
            if stopped:
                finish = Finish.STOP
            else:
                text, self._held = text + self._held, ""
        delta = Delta(token, text, logprob, forced, finish)
        self.deltas.append(delta)
        return delta

    def completion(self) -> Completion:
        """The answer, once it is over."""
        return completion(self.deltas, self.thinking_tokens, self.budget_reached)

    def _end(self) -> Finish | None:
        confidence = self.request.confidence
        if confidence is not None and self._confident >= confidence.tokens:
            return Finish.CONFIDENT
        return Finish.LENGTH if len(self.deltas) + 1 >= self._most else None

    def _settle(self, text: str) -> tuple[str, bool]:
        """Text that can be given away, and whether a stop text ends it."""
        self._held += text
        found = [at for stop in self.request.stop if (at := self._held.find(stop)) >= 0]
        if found:
            given, self._held = self._held[: min(found)], ""
            return given, True
        kept = max((_overlap(self._held, stop) for stop in self.request.stop), default=0)
        given = self._held[: len(self._held) - kept]
        self._held = self._held[len(given) :]
        return given, False

    def _follow_thinking(self, text: str) -> None:
        if self._answered:
            return
        counts = self._thinking
        self._seen += text
        if not self._thinking and THINK in self._seen:
            self._thinking = True
            self._seen = self._seen.partition(THINK)[2]
            counts = False
        if self._thinking and THINK_END in self._seen:
            self._thinking, self._answered = False, True
            counts = counts and not self.budget_reached
        if counts and not self.budget_reached:
            self.thinking_tokens += 1
        self._seen = self._seen[-len(THINK_END) :]
        self._plan_closing()

    def _plan_closing(self) -> None:
        budget = self.request.thinking_budget
        if budget is None or not self._thinking or self.budget_reached:
            return
        if self.thinking_tokens >= budget:
            self.budget_reached = True
            self._queue.extend(self._closing)


def _own_part(prompt: tuple[int, ...], begin: int) -> list[int]:
    """The end of a prompt, from where the turn at hand begins: what users wrote opens nothing."""
    turn = len(prompt) - prompt[::-1].index(begin) if begin in prompt else 0
    return list(prompt[turn:])


def _is_open(text: str) -> bool:
    """Whether the prompt has opened a thinking part that it does not close."""
    return text.rfind(THINK) > text.rfind(THINK_END)


def _overlap(text: str, stop: str) -> int:
    """How much of the end of a text may be the beginning of a stop text."""
    most = min(len(text), len(stop) - 1)
    return next((n for n in range(most, 0, -1) if text.endswith(stop[:n])), 0)
