"""How every kind of ``maths/equations`` is worked out."""

from __future__ import annotations

from fractions import Fraction

from ostinato.rl.envs.maths.family import row
from ostinato.rl.envs.question import Question
from ostinato.rl.traces.arithmetic import Work, operand
from ostinato.rl.traces.fractions import calculate, lowest
from ostinato.rl.traces.maths.answered import answered


def _one_unknown(work: Work, question: Question) -> Fraction:
    """Brackets first, then the unknown to the left and the rest to the right."""
    a, b, c, d, p, q = (question.data[key] for key in "abcdpq")
    work.say(_between(question, "Solve ", " for x"))
    left, rest = (a, b) if p == 1 else (work.multiply(p, a), work.multiply(p, b))
    slope, right = c, d
    if q:
        slope = work.add(c, q)
        right = work.add(d, work.multiply(q, -d))
    work.say(f"{_terms(left, rest)}={_terms(slope, right)}")
    return _linear(work, work.subtract(left, slope), work.subtract(right, rest))


def _with_fractions(work: Work, question: Question) -> Fraction:
    """Both sides times both denominators."""
    a, b, c, d, e, m, n = (question.data[key] for key in "abcdemn")
    work.say(_between(question, "Solve ", " for x"))
    work.say("x:")
    slope = work.add(work.multiply(a, n), work.multiply(c, m))
    work.say("left:")
    left = work.add(work.multiply(b, n), work.multiply(d, m))
    work.say("right:")
    right = work.multiply(work.multiply(e, m), n)
    return _linear(work, slope, work.subtract(right, left))


def _two_unknowns(work: Work, question: Question) -> str:
    """Cramer's rule."""
    (a, b, e), (c, d, f) = (map(Fraction, one) for one in question.data["rows"])
    work.say(_between(question, "system ", " for"))
    whole = _crossed(work, "D", (a, d), (b, c))
    x = _quotient(work, "x", _crossed(work, "X", (e, d), (b, f)), whole)
    y = _quotient(work, "y", _crossed(work, "Y", (a, f), (e, c)), whole)
    return row([x, y])


def _three_unknowns(work: Work, question: Question) -> str:
    """Elimination: a row is multiplied crosswise with the one that it loses an unknown to."""
    work.say(_between(question, "system ", " for"))
    rows = [list(map(int, one)) for one in question.data["rows"]]
    for number in range(3):
        _show(work, number, rows[number])
    for column in range(2):
        _bring_up(work, rows, column)
        pivot = rows[column]
        for below in range(column + 1, 3):
            if rows[below][column]:
                rows[below] = _eliminated(work, rows[below], pivot, column)
                _show(work, below, rows[below])
    found: dict[int, Fraction] = {}
    for column in (2, 1, 0):
        side = Fraction(rows[column][3])
        work.say(f"{'xyz'[column]}:")
        for known in range(2, column, -1):
            if rows[column][known]:
                side = calculate(
                    work, "-", side, calculate(work, "*", rows[column][known], found[known])
                )
        found[column] = _quotient(work, "xyz"[column], side, Fraction(rows[column][column]))
    return row([found[column] for column in range(3)])


def _no_solution(work: Work, question: Question) -> Fraction:
    """The left sides are multiples of each other: b (k + shift) = a d."""
    a, b, d, shift = (question.data[key] for key in ("a", "b", "d", "shift"))
    work.say(_between(question, "system ", " in x"))
    product = work.multiply(a, d)
    inside = f"(k+{operand(shift)})" if shift else "k"
    work.say(f"{b}{inside}={product}")
    factor = lowest(work, product, b)
    return calculate(work, "-", factor, shift) if shift else factor


def _absolute_sum(work: Work, question: Question) -> Fraction:
    """One root for either sign of the inside, if the right side is not negative there."""
    a, b, c, d = (question.data[key] for key in "abcd")
    work.say(_between(question, "solutions of ", "?"))
    roots: list[Fraction] = []
    for sign in (1, -1):
        slope, rest = sign * a, sign * b
        work.say(f"{_terms(slope, rest)}={_terms(c, d)}")
        slope = work.subtract(slope, c) if c else slope
        if slope == 0:
            continue
        root = _linear(work, slope, work.subtract(d, rest))
        if c and _right_side(work, c, d, root) < 0:
            work.say("no")
            continue
        roots.append(root)
    return calculate(work, "+", *roots)


def _right_side(work: Work, c: int, d: int, root: Fraction) -> Fraction:
    work.say(f"check {_terms(c, d)}")
    return calculate(work, "+", calculate(work, "*", c, root), d)


def _count_of_integers(work: Work, question: Question) -> int:
    """Multiples of the factor up to either bound; its sign only turns the solutions round."""
    a, b, low, high = (question.data[key] for key in ("a", "b", "low", "high"))
    work.say(_between(question, "satisfy ", "?"))
    least, most = work.subtract(low, b), work.subtract(high, b)
    work.say(f"{least}<{a}x<={most}")
    upper = work.divide(most, abs(a))[0]
    return work.subtract(upper, work.divide(least, abs(a))[0])


def _between(question: Question, before: str, after: str) -> str:
    """What the prompt says between two texts."""
    return question.prompt.partition(before)[2].partition(after)[0]


def _terms(slope: int, rest: int) -> str:
    """``2x-3``, or the rest alone."""
    return f"{slope}x{rest:+}" if slope else str(rest)


def _linear(work: Work, slope: int, side: int) -> Fraction:
    work.say(f"{slope}x={side}")
    root = lowest(work, side, slope)
    work.say(f"x={root}")
    return root


def _crossed(
    work: Work, name: str, one: tuple[Fraction, Fraction], two: tuple[Fraction, Fraction]
) -> Fraction:
    """The difference of two products."""
    texts = [f"{pair[0]}*{operand(pair[1])}" for pair in (one, two)]
    work.say(f"{name}: {texts[0]} - {texts[1]}")
    difference = calculate(work, "-", calculate(work, "*", *one), calculate(work, "*", *two))
    work.say(f"{name}={difference}")
    return difference


def _quotient(work: Work, name: str, top: Fraction, bottom: Fraction) -> Fraction:
    result = top if bottom == 1 else calculate(work, "/", top, bottom)
    work.say(f"{name}={result}")
    return result


def _show(work: Work, number: int, one: list[int]) -> None:
    work.say(f"{'ABC'[number]}: {' '.join(map(str, one))}")


def _bring_up(work: Work, rows: list[list[int]], column: int) -> None:
    """A row with this unknown to the place where it is used."""
    if rows[column][column]:
        return
    other = next(at for at in range(column + 1, 3) if rows[at][column])
    rows[column], rows[other] = rows[other], rows[column]
    work.say("swap")
    _show(work, column, rows[column])
    _show(work, other, rows[other])


def _eliminated(work: Work, one: list[int], pivot: list[int], column: int) -> list[int]:
    work.say(f"{pivot[column]}*({' '.join(map(str, one))})")
    work.say(f"-{operand(one[column])}*({' '.join(map(str, pivot))})")
    result = [0] * (column + 1)
    for at in range(column + 1, 4):
        first = work.multiply(pivot[column], one[at])
        result.append(work.subtract(first, work.multiply(one[column], pivot[at])))
    return result


EQUATIONS = answered(
    {
        "one_unknown": _one_unknown,
        "with_fractions": _with_fractions,
        "two_unknowns": _two_unknowns,
        "three_unknowns": _three_unknowns,
        "no_solution": _no_solution,
        "absolute_sum": _absolute_sum,
        "count_of_integers": _count_of_integers,
    }
)
