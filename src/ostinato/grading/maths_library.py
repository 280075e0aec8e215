r"""The program of the worker: answers that only computer algebra can compare.

``python -m ostinato.grading.maths_library`` reads requests from standard input and writes replies
to standard output, each one line of JSON. It is killed when it takes too long, and holds no more
memory than it is allowed. math-verify reads LaTeX and judges; because it takes nearly equal for
equal (six decimals, 15 digits), an exact proof is demanded as well.
"""

from __future__ import annotations

import json
import logging
import os
import re
import resource
import signal
import sys
from collections.abc import Sequence
from typing import Any, cast

MEMORY_BYTES = 1 << 30

_DECIMAL = re.compile(r"(?<![\d.])(\d*)\.(\d+)", re.ASCII)


def main() -> None:
    """Serve until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no reply
    logging.disable(logging.CRITICAL)
    import math_verify

    del math_verify
    replies.write('"ready"\n')
    replies.flush()
    for line in sys.stdin:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request["seconds"])  # should nobody be left to kill us
        replies.write(json.dumps(decide(request["given"], request["right"])) + "\n")
        replies.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)


def decide(given: str, right: str) -> str:
    """``equal``, or why not."""
    # Fault line: sympy and the parser raise anything for odd input, and none of it is equal.
    try:
        gold, answer = _parsed(right), _parsed(given)
        if gold is None:
            return "the right answer cannot be read"
        if answer is None:
            return "the answer cannot be read"
        return "equal" if _verified(gold, answer) and _proved(gold, answer) else "not equal"
    except Exception as error:  # noqa: BLE001
        return f"not decided: {type(error).__name__}"


def _parsed(text: str) -> Any:
    """What sympy makes of it; None if nothing. Decimals become fractions: nothing is rounded."""
    from math_verify import LatexExtractionConfig, parse

    found = cast(
        "Sequence[Any]",
        parse(
            f"${_DECIMAL.sub(_fraction, text)}$",
            [LatexExtractionConfig(boxed_match_priority=-1)],
            fallback_mode="no_fallback",
            extraction_mode="first_match",
            parsing_timeout=cast(int, None),  # its own is made of signals
            raise_on_error=True,
        ),
    )
    return found[0] if found else None


def _fraction(decimal: re.Match[str]) -> str:
    whole, rest = decimal.groups()
    # without braces around it: alone in them, it would be a set
    return rf"\frac{{{int(whole + rest)}}}{{{10 ** len(rest)}}}"


def _verified(gold: Any, answer: Any) -> bool:
    """The library's verdict; it is not symmetric: the right answer comes first."""
    from math_verify import verify

    return verify(gold, answer, timeout_seconds=None)


def _proved(gold: Any, answer: Any) -> bool:
    """Equal beyond any rounding, and of one kind."""
    from sympy import Expr, FiniteSet, Interval, MatrixBase, Set, Tuple
    from sympy.core.relational import Relational
    from sympy.logic.boolalg import BooleanFunction

    pair = (gold, answer)
    if all(isinstance(one, FiniteSet) for one in pair):
        return _proved_in_some_order(list(gold.args), list(answer.args))
    if all(isinstance(one, Interval) for one in pair):
        ends = (gold.left_open, gold.right_open) == (answer.left_open, answer.right_open)
        return bool(ends) and _all_proved(gold.args[:2], answer.args[:2])
    if all(isinstance(one, MatrixBase) for one in pair):
        return gold.shape == answer.shape and _all_proved(gold.flat(), answer.flat())
    if all(isinstance(one, Relational) for one in pair):
        return _proved_relation(gold, answer)
    if all(isinstance(one, (Tuple, BooleanFunction)) for one in pair):
        return type(gold) is type(answer) and _all_proved(gold.args, answer.args)
    if all(isinstance(one, Set) for one in pair):
        return bool(gold == answer)
    if all(isinstance(one, Expr) for one in pair):
        return _proved_equal(gold, answer)
    return False


def _all_proved(gold: Sequence[Any], answer: Sequence[Any]) -> bool:
    return len(gold) == len(answer) and all(map(_proved, gold, answer))


def _proved_in_some_order(gold: list[Any], answer: list[Any]) -> bool:
    for item in answer:
        match = next((other for other in gold if _proved(other, item)), None)
        if match is None:
            return False
        gold.remove(match)
    return not gold


def _proved_relation(gold: Any, answer: Any) -> bool:
    """One is the other times a number: of any sign in an equation, else of the right one."""
    from sympy import Eq, Ne, simplify

    one, two = gold.lhs - gold.rhs, answer.lhs - answer.rhs
    if _proved_equal(one, two):
        return type(gold) is type(answer)
    factor = simplify(one / two)
    if not factor.is_number or not factor.is_finite or factor.is_zero is not False:
        return False
    if factor.is_negative and not isinstance(gold, (Eq, Ne)):
        return type(gold) is type(answer.reversed)
    return type(gold) is type(answer)


def _proved_equal(one: Any, two: Any) -> bool:
    if one == two:
        return True
    difference = (one - two).doit()
    if difference.expand().is_zero is True:
        return True
    return difference.equals(0) is True


if __name__ == "__main__":
    main()
