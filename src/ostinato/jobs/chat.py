"""``ostinato chat``: a conversation in the terminal, or one line of a pipe after the other."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from importlib import import_module

from rich.console import Console

from ostinato.base.errors import UserError
from ostinato.chat.messages import Message, ToolCall
from ostinato.chat.parse import Event, Parsed, StreamParser, ThinkingDelta
from ostinato.infer.language import Stream
from ostinato.infer.requests import Finish
from ostinato.jobs.show import console, printable
from ostinato.jobs.talking import REASONER, Answering, say

RESET, EXIT = "/reset", "/exit"


def chat(answering: Answering) -> None:
    """Read questions until the input ends; each answer knows those before it, but for those of a
    model that was taught single questions (``Answering.single``).

    At a terminal, Ctrl-C ends an answer and a mistake ends nothing; elsewhere both end the whole.
    """
    model = answering.load()
    out, typing, single = console(), sys.stdin.isatty(), answering.single
    if typing:
        forgets = f"{REASONER} takes each question by itself" if single else f"{RESET} forgets"
        say(out, f"{forgets}, {EXIT} leaves, Ctrl-C ends an answer", style="dim")
    history = answering.opening()
    for turn, line in enumerate(_lines(typing=typing)):
        if line == EXIT:
            return
        if line == RESET:
            history = answering.opening()
            continue
        asked = [*history, Message("user", line)]
        try:
            request = model.chat_request(asked, **answering.options(turn))
            reply = _answer(out, model.stream(request), interruptible=typing)
        except UserError as error:
            if not typing:
                raise
            say(out, f"{printable(str(error))} ({RESET} forgets what was said)", style="yellow")
            continue
        if not single:
            history = [*asked, reply.message()]


def _lines(*, typing: bool) -> Iterator[str]:
    """What the user says, but for empty lines."""
    if not typing and isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    for line in _typed() if typing else sys.stdin:
        if said := line.strip():
            yield said


def _typed() -> Iterator[str]:
    with contextlib.suppress(ImportError):  # some builds of Python are without
        import_module("readline")  # lines can be edited and called back

    with contextlib.suppress(EOFError):
        while True:
            yield input("> ")


def _answer(out: Console, stream: Stream, *, interruptible: bool) -> Parsed:
    """Print an answer while it is written; thinking is dim, and shown at a terminal only."""
    parser, printer = StreamParser(), _Printer(out)
    finish: Finish | None = None
    try:
        for delta in stream:
            printer.show(parser.feed(delta.text))
            finish = delta.finish
    except KeyboardInterrupt:
        if not interruptible:
            raise
    printer.show(parser.close())
    say(out, "")
    if finish is not Finish.EOS:
        say(out, f"({_ENDS[finish]})", style="dim")
    return parser.result()


_ENDS = {
    None: "interrupted",
    Finish.LENGTH: "cut off: --max-tokens were written, or the context is full",
    Finish.CONFIDENT: "ended: it had been going round in circles",
    Finish.STOP: "ended by a stop text",
}


class _Printer:
    """Puts a blank line between thinking and what follows it."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._thinking = False

    def show(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, ThinkingDelta):
                if self._out.is_terminal:
                    say(self._out, event.text, style="dim", end="")
                    self._thinking = True
                continue
            if self._thinking:
                say(self._out, "\n")
                self._thinking = False
            text = event.json_line() + "\n" if isinstance(event, ToolCall) else event.text
            say(self._out, text, end="")
