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
    once it is reached, the closing marker is written in the model's place (``forced``). Whatever
    the model opens after that is closed at once.
    """

    def __init__(self, request: Request, tokenizer: Tokenizer, *, room: int) -> None:
        """``room``: tokens that the context has left."""
        self.request = request
        self.deltas: list[Delta] = []
        self.thinking_tokens = 0
        self.budget_reached = False
        self._ends = {tokenizer.eos, tokenizer.document_end}
        self._detokenizer = Detokenizer(tokenizer)
        self._most = min(request.max_tokens, room)
        self._closing = tokenizer.encode(CLOSING)
        self._queue: deque[int] = deque()
        self._held = ""  # text that may begin a stop text
        self._confident = 0  # tokens in a row
        self._thinking = False
        self._seen = ""  # the end of the text, in which a marker of thinking may begin
        self._pass_markers(tokenizer.decode(_own_part(request.prompt, tokenizer.bos)))
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
            planned = self._queue.popleft()
            assert token == planned, "the budget decides this token"
        self._confident = self._confident + 1 if probable and not forced else 0
        finish: Finish | None = None
        text = ""
        if token in self._ends:
            finish = Finish.EOS
        else:
            text = self._detokenizer.push(token)
            self.thinking_tokens += self._thinking and not forced
            self._pass_markers(text)
            self._plan_closing()
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
        # The first to be complete, as it would be if the characters came one by one.
        ends = [
            (at + len(stop), at) for stop in self.request.stop if (at := self._held.find(stop)) >= 0
        ]
        if ends:
            given, self._held = self._held[: min(ends)[1]], ""
            return given, True
        kept = max((_overlap(self._held, stop) for stop in self.request.stop), default=0)
        given = self._held[: len(self._held) - kept]
        self._held = self._held[len(given) :]
        return given, False

    def _pass_markers(self, text: str) -> None:
        """Open and close thinking by the markers that ``text`` completes."""
        self._seen += text
        marker = THINK_END if self._thinking else THINK
        while marker in self._seen:
            self._seen = self._seen.partition(marker)[2]
            self._thinking = not self._thinking
            marker = THINK_END if self._thinking else THINK
        self._seen = self._seen[1 - len(marker) :]

    def _plan_closing(self) -> None:
        budget = self.request.thinking_budget
        if budget is None or not self._thinking or self._queue:
            return
        if self.thinking_tokens >= budget:
            self.budget_reached = True
            self._queue.extend(self._closing)


def _own_part(prompt: tuple[int, ...], begin: int) -> list[int]:
    """The end of a prompt, from where the turn at hand begins: what users wrote opens nothing."""
    turn = len(prompt) - prompt[::-1].index(begin) if begin in prompt else 0
    return list(prompt[turn:])


def _overlap(text: str, stop: str) -> int:
    """How much of the end of a text may be the beginning of a stop text."""
    most = min(len(text), len(stop) - 1)
    return next((n for n in range(most, 0, -1) if text.endswith(stop[:n])), 0)
