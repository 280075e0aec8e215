"""The nouns of grading code: one case, and how an answer to it is compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ostinato.base.errors import UserError
from ostinato.grading.code.values import plain


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run of a candidate. What it is given enters the sandbox; what is expected never does."""

    args: tuple[Any, ...] | None = None
    """The arguments of a call: plain values (None, bool, int, finite float, str, lists, and dicts
    with str keys; a tuple is a list). None in a case for a program.
    """
    stdin: str | None = None
    """What a program reads. None in a case for a function."""
    expected: Any
    """The plain value that the call returns, or the text that the program prints."""

    def __post_init__(self) -> None:
        if (self.args is None) == (self.stdin is None):
            raise UserError("a case: expected either args or stdin, got both or neither")
        if self.stdin is not None and not isinstance(self.expected, str):
            raise UserError(f"a case: expected the output as text, got {self.expected!r}")
        if self.stdin is not None and not _encodable(self.stdin):
            raise UserError("a case: expected an input that is text, got halves of characters")
        if self.args is not None:
            object.__setattr__(self, "args", tuple(plain(value) for value in self.args))
        object.__setattr__(self, "expected", plain(self.expected))


def _encodable(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


Checker = Callable[[Case, Any], bool]
"""Whether a value (of a function) or an output (of a program, as text) is right, where several
are. It is ours and runs out here. The value is plain, but of any shape: a checker that trips over
it has refused it.
"""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How an answer is compared with what is expected."""

    tolerance: float = 0.0
    """What floats (of a program: tokens that are decimal numbers) may differ by, absolutely or
    relative to the expected one, whichever is more. Nothing else has a tolerance: an int is
    never a float.
    """
    exact: bool = False
    """A program's output is compared letter by letter, but for one line end at the end; else
    token by token, whatever space is between. Functions are always compared exactly.
    """
    checker: Checker | None = None
    """Decides instead, if given."""
