r"""Is an answer to a question of mathematics the right one.

A right answer that is a number, a closed form of roots and pi, or a list, tuple, set or interval
of them is compared exactly, here; every other one (expressions with letters, functions,
equations, matrices) by math-verify in a process that can be killed.

* What is asked for must be worked out: a plain number is an integer, a decimal, a fraction in
  lowest terms or a percentage, never ``12+35``; it is equal or it is not, whatever is nearly so.
* 25% is 1/4, not 25. A unit may be left out, but not be another one.
* A list without brackets and a set have no order; a tuple has.
* An answer in the very words of the right one is right.
"""

from __future__ import annotations

import re

from ostinato.grading import maths_worker
from ostinato.grading.maths_forms import Exact, read_exact, read_like, same, tidy
from ostinato.grading.types import Grade, malformed, wrong
from ostinato.grading.types import right as correct

LONGEST = 1000  # letters of an answer, unless the right one is long itself
DEEPEST = 20  # brackets within brackets, of what goes to the library
LARGEST_POWER = 1000


def check_answer(given: str, right: str, *, seconds: float = 2.0) -> Grade:
    """The grade of ``given`` where ``right`` is right; nothing is raised for what it says.

    ``seconds`` bounds the work of the library. A ``UserError`` says that it is missing.
    """
    given, right = given.strip(), right.strip()
    if not given:
        return malformed("expected an answer, got an empty one")
    if given == right:
        return correct("the same text")
    if len(given) > LONGEST + 2 * len(right):
        return wrong("too long for this answer")
    exact = read_exact(right)
    if exact is not None:
        return _by_value(given, exact)
    if _letter(right):
        return correct("the same letter") if _letter(given) == _letter(right) else wrong("another")
    if _is_words(right):
        return correct("the same words") if _words(given) == _words(right) else wrong("other words")
    return _by_library(tidy(given), tidy(right), seconds)


def _by_value(given: str, right: Exact) -> Grade:
    read = read_like(given, right)
    if read is None:
        return wrong("expected a finished answer of the form of the right one")
    return correct("the same value") if same(read, right) else wrong("another value")


def _is_words(text: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d_]{2,}([ '.-]*[^\W\d_]+)*", _words(text)))


def _words(text: str) -> str:
    """Words without regard to case, spacing and text boxes."""
    return " ".join(_unboxed(text).rstrip(".").casefold().split())


def _letter(text: str) -> str:
    """The letter of a choice, in brackets or not."""
    found = re.fullmatch(r"\(?([a-zA-Z])\)?\.?", _unboxed(text).strip())
    return found[1] if found else ""


def _unboxed(text: str) -> str:
    return re.sub(r"\\(?:text|textbf|mathrm|mbox)\s*\{([^{}]*)\}", r"\1", text)


def _by_library(given: str, right: str, seconds: float) -> Grade:
    given, right = _same_side(given, right)
    reason = _suspicion(given, right)
    if reason:
        return wrong(reason)
    verdict = maths_worker.decide(given, right, seconds)
    return correct("equal") if verdict == "equal" else wrong(verdict)


_LEFT_SIDE = re.compile(r"([a-zA-Z])(?:\s*\(\s*[a-z]\s*\))?\s*=([^=<>]*)")


def _same_side(given: str, right: str) -> tuple[str, str]:
    """Both without ``y =`` where only one of them has it."""
    named = _LEFT_SIDE.fullmatch(given)
    if named and "=" not in right and named[1] not in named[2]:
        return named[2].strip(), right
    named = _LEFT_SIDE.fullmatch(right)
    if named and "=" not in given and named[1] not in named[2]:
        return given, named[2].strip()
    return given, right


_ALWAYS = frozenset(
    re.findall(
        r"\\(?:[a-z]+|.)",
        r"\frac\sqrt\pi\cdot\times\{\}\infty\le\leq\ge\geq\cup\in\pm\sin\cos\tan\ln\log\exp"
        r"\begin\end\\\,",
    )
)
_RELATION = re.compile(r"=|<|>|\\(?:leq?|geq?|lt|gt|neq?|in|approx|equiv|sim)(?![a-zA-Z])")
_POWER = re.compile(r"\^\s*\{?\s*-?(\d+)", re.ASCII)


def _suspicion(given: str, right: str) -> str | None:
    """Why an answer is not worth asking the library about."""
    commands, allowed = _commands(given), _ALWAYS | _commands(right)
    if not given.isascii() and not right.isascii():
        return "letters that are not read"
    checks = {
        "letters that are not read": not given.isascii() or "$" in given or "boxed" in given,
        "symbols that the right answer has not": not commands <= allowed
        or not set("!&|?'`\"#@_:") & set(given) <= set(right),
        "letters that the right answer has not": not _letters(given) <= _letters(right),
        "another number of items": _items(given) != _items(right),
        "another number of relations": len(_RELATION.findall(given))
        != len(_RELATION.findall(right)),
        "degrees on one side only": (r"\circ" in given) != (r"\circ" in right),
        "brackets too deep": _depth(given) > max(DEEPEST, _depth(right)),
        "a power of a power, or too large a one": _steep(given) and not _steep(right),
        "two powers in a row": "**" in given,
    }
    return next((reason for reason, found in checks.items() if found), None)


def _commands(text: str) -> set[str]:
    return set(re.findall(r"\\(?:[a-zA-Z]+|.)", text))


def _letters(text: str) -> set[str]:
    """Those of variables: not of commands, nor of the names of environments."""
    bare = re.sub(r"\\(?:begin|end)\s*\{[^{}]*\}|\\(?:[a-zA-Z]+|.)", " ", text)
    return set(re.findall(r"[a-zA-Z]", bare))


def _items(text: str) -> int:
    return len(re.findall(r"(?<!\\)[,;]", text))


def _depth(text: str) -> int:
    depth = deepest = 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _steep(text: str) -> bool:
    """Computing it could take longer than anybody waits."""
    if any(len(power) > 4 or int(power) > LARGEST_POWER for power in _POWER.findall(text)):
        return True
    return bool(re.search(r"\^\s*(?:\{[^{}]*\^|\w+\s*\^)", text)) or len(text) > 400
