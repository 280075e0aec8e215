"""Fractions and decimals on paper, by way of whole numbers."""

from __future__ import annotations

from fractions import Fraction

from ostinato.rl.envs.maths.family import decimal
from ostinato.rl.traces.arithmetic import Work, operand


def lowest(work: Work, top: int, bottom: int) -> Fraction:
    """``top / bottom`` in lowest terms."""
    result = Fraction(top, bottom)
    if bottom < 0:
        work.say(f"{top}/({bottom})={-top}/{-bottom}")
        top, bottom = -top, -bottom
    if bottom == 1 or top == 0:
        return result
    work.say(f"lowest {top}/{bottom}")
    rest = abs(top)
    if rest >= bottom:
        rest = work.divide(rest, bottom)[1]
    common = work.gcd(bottom, rest) if rest else bottom
    if 1 < common < bottom:
        work.exact(top, common)
        work.exact(bottom, common)
    if common > 1:
        work.say(f"{top}/{bottom}={result}")
    return result


def calculate(work: Work, sign: str, one: Fraction | int, two: Fraction | int) -> Fraction:
    """``one sign two``, where the sign is one of ``+-*/``."""
    a, b = Fraction(one), Fraction(two)
    if sign == "/":
        return _over(work, a, b)
    if a.denominator == b.denominator == 1:
        return Fraction(_whole(work, sign, int(a), int(b)))
    head = f"{a}{sign}{operand(b)}"
    work.say(f"{head}:")
    result = _times(work, a, b) if sign == "*" else _sum(work, sign, a, b)
    work.say(f"{head}={result}")
    return result


def calculate_decimals(work: Work, sign: str, one: Fraction, two: Fraction) -> Fraction:
    """The same for decimals, by way of whole numbers; without division."""
    first, second = decimal(one), decimal(two)
    places = _places(first), _places(second)
    if sign != "*":
        places = (max(places),) * 2
    if not any(places):
        return Fraction(_whole(work, sign, int(one), int(two)))
    a, b = int(one * 10 ** places[0]), int(two * 10 ** places[1])
    ready = f"{_padded(first, places[0])}{sign}{operand(_padded(second, places[1]))}"
    head = f"{first}{sign}{operand(second)}"
    if ready != head:
        work.say(f"{head}={ready}")
    whole = _whole(work, sign, a, b)
    after = sum(places) if sign == "*" else places[0]
    result = Fraction(whole, 10**after)
    work.say(f"places {after}: {head}={decimal(result)}")
    return result


def _whole(work: Work, sign: str, a: int, b: int) -> int:
    return {"+": work.add, "-": work.subtract, "*": work.multiply}[sign](a, b)


def _sum(work: Work, sign: str, a: Fraction, b: Fraction) -> Fraction:
    one, two, bottom = a.numerator, b.numerator, a.denominator
    if a.denominator != b.denominator:
        one = _scaled(work, one, b.denominator)
        two = _scaled(work, two, a.denominator)
        bottom = _scaled(work, a.denominator, b.denominator)
    return lowest(work, _whole(work, sign, one, two), bottom)


def _times(work: Work, a: Fraction, b: Fraction) -> Fraction:
    top = work.multiply(a.numerator, b.numerator)
    return lowest(work, top, _scaled(work, a.denominator, b.denominator))


def _over(work: Work, a: Fraction, b: Fraction) -> Fraction:
    if a.denominator == b.denominator == 1:
        return lowest(work, int(a), int(b))
    upside = 1 / b
    divisor = f"({b})" if b.denominator > 1 or b < 0 else str(b)
    work.say(f"{a}/{divisor}={a}*{operand(upside)}")
    return calculate(work, "*", a, upside)


def _scaled(work: Work, number: int, by: int) -> int:
    """A product that is not worth a line where one factor is 1."""
    return number * by if 1 in (number, by) else work.multiply(number, by)


def _places(text: str) -> int:
    return len(text.partition(".")[2])


def _padded(text: str, places: int) -> str:
    missing = places - _places(text)
    return f"{text}{'' if '.' in text or not missing else '.'}{'0' * missing}"
