"""How every kind of ``maths/sequences`` is worked out."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from ostinato.rl.envs.question import Question
from ostinato.rl.traces.arithmetic import Work
from ostinato.rl.traces.fractions import calculate, lowest
from ostinato.rl.traces.maths.answered import answered


def _arithmetic_term(work: Work, question: Question) -> int:
    i, a, j, b, n = (question.data[key] for key in "iajbn")
    work.say(f"a{i}={a} a{j}={b} a{n}?")
    work.say("step:")
    step = work.exact(work.subtract(b, a), work.subtract(j, i))
    work.say(f"step={step}")
    return work.add(b, work.multiply(work.subtract(n, j), step))


def _arithmetic_sum(work: Work, question: Question) -> int:
    """The first and the last term of those added, times half their number."""
    first, second = (int(term) for term in _begins(question)[:2])
    start, end = question.data["start"], question.data["end"]
    work.say(f"{first} {second}: {start} to {end}")
    work.say("step:")
    step = work.subtract(second, first)
    low = first if start == 1 else _term(work, first, step, start)
    high = _term(work, first, step, end)
    count = end if start == 1 else work.add(work.subtract(end, start), 1)
    work.say("sum:")
    return work.exact(work.multiply(work.add(low, high), count), 2)


def _term(work: Work, first: int, step: int, number: int) -> int:
    work.say(f"a{number}:")
    return work.add(first, work.multiply(work.subtract(number, 1), step))


def _geometric(work: Work, question: Question) -> Fraction:
    """``first / (1 - r)``; some terms are added over the denominator of the last one."""
    first, second = _begins(question)[:2]
    count = question.data["count"]
    work.say(f"{first} {second}: {count or 'all'}")
    work.say("r:")
    ratio = calculate(work, "/", second, first)
    work.say(f"r={ratio}")
    if count is None:
        return calculate(work, "/", first, calculate(work, "-", 1, ratio))
    top, power = 1, 1
    for number in range(2, count + 1):
        work.say(f"s{number}:")
        power = work.multiply(power, ratio.denominator)
        top = work.add(work.multiply(top, ratio.numerator), power)
        work.say(f"s{number}={top}/{power}")
    return calculate(work, "*", first, Fraction(top, power))


def _begins(question: Question) -> list[Fraction]:
    """The first terms, as the prompt shows them."""
    shown = re.search(r"begins ([-\d/, ]*\d)", question.prompt)
    assert shown is not None, "a sequence is shown by its first terms"
    return [Fraction(term) for term in shown[1].split(", ")]


def _recurrence(work: Work, question: Question) -> int:
    factors: list[int] = question.data["factors"]
    constant, n = question.data["constant"], question.data["n"]
    terms: list[int] = list(question.data["starts"])
    work.say(f"times {' '.join(map(str, factors))}{f' {constant:+}' if constant else ''}, a{n}?")
    for number, term in enumerate(terms, start=1):
        work.say(f"a{number}={term}")
    for number in range(len(terms) + 1, n + 1):
        parts = [
            work.multiply(factor, terms[-back]) for back, factor in enumerate(factors, start=1)
        ]
        terms.append(work.total([*parts, constant] if constant else parts))
        work.say(f"a{number}={terms[-1]}")
    return terms[-1]


def _polynomial_next(work: Work, question: Question) -> int:
    """Differences of differences, until they are constant; then back up, term by term."""
    rows: list[list[int]] = [list(question.data["shown"])]
    n = question.data["n"]
    degree = len(rows[0]) - 2
    work.say(f"degree {degree}, a{n}?")
    work.say(f"0: {' '.join(map(str, rows[0]))}")
    for depth in range(1, degree + 1):
        rows.append([work.subtract(b, a) for a, b in pairwise(rows[-1])])
        work.say(f"{depth}: {' '.join(map(str, rows[-1]))}")
    ends = [row[-1] for row in rows]
    for number in range(len(rows[0]) + 1, n + 1):
        for depth in range(degree - 1, -1, -1):
            ends[depth] = work.add(ends[depth], ends[depth + 1])
        work.say(f"a{number}={ends[0]} {' '.join(map(str, ends[1:]))}")
    return ends[0]


def _sum_of_values(work: Work, question: Question) -> int:
    """Sums of powers by their formulas, times the coefficients."""
    factors: list[int] = question.data["coefficients"]
    n = question.data["n"]
    work.say(f"{question.prompt.partition('sum of ')[2].partition(' over')[0]}, 1 to {n}")
    sums = [n]
    work.say("s1:")
    pair = work.multiply(n, work.add(n, 1))
    sums.append(work.exact(pair, 2))
    work.say(f"s1={sums[1]}")
    if len(factors) > 2:
        work.say("s2:")
        odd = work.add(work.multiply(2, n), 1)
        sums.append(work.exact(work.multiply(pair, odd), 6))
        work.say(f"s2={sums[2]}")
    if len(factors) > 3:
        work.say("s3:")
        sums.append(work.multiply(sums[1], sums[1]))
        work.say(f"s3={sums[3]}")
    work.say("sum:")
    return work.total([work.multiply(f, s) for f, s in zip(factors, reversed(sums), strict=True)])


def _telescoping(work: Work, question: Question) -> Fraction:
    """``(1/start - 1/last) / step``, which is ``count / (start last)``."""
    start, step = question.data["start"], question.data["step"]
    last = int(question.prompt.partition(")?")[0].rpartition(" ")[2])
    work.say(f"(1/{start}-1/{last})/{step}")
    count = work.exact(work.subtract(last, start), step)
    return lowest(work, count, work.multiply(start, last))


def _eventual_period(work: Work, question: Question) -> int:
    """Terms until one comes again; then the term asked for is one of those."""
    modulus, a, b, power, n = (question.data[key] for key in ("modulus", "a", "b", "power", "n"))
    terms: list[int] = [question.data["start"]]
    work.say(f"{a}x{'^2' if power == 2 else ''}+{b} mod {modulus}, x{n}?")
    work.multiples(modulus, 9 * modulus)
    work.say(f"x1={terms[0]}")
    while len(terms) < n:
        term = terms[-1]
        inside = work.multiply(term, term) if power == 2 else term
        after = work.divide(work.add(work.multiply(a, inside), b), modulus)[1]
        seen = terms.index(after) + 1 if after in terms else None
        terms.append(after)
        work.say(f"x{len(terms)}={after}{f' as x{seen}' if seen else ''}")
        if seen:
            period = work.subtract(len(terms), seen)
            rest = work.divide(work.subtract(n, seen), period)[1]
            place = work.add(seen, rest)
            work.say(f"x{n}=x{place}={terms[place - 1]}")
            return terms[place - 1]
    return terms[-1]


SEQUENCES = answered(
    {
        "arithmetic_term": _arithmetic_term,
        "arithmetic_sum": _arithmetic_sum,
        "geometric": _geometric,
        "recurrence": _recurrence,
        "polynomial_next": _polynomial_next,
        "sum_of_values": _sum_of_values,
        "telescoping": _telescoping,
        "eventual_period": _eventual_period,
    }
)
