"""Whole numbers on paper: every sum is taken apart into sums of single digits.

One layout for all: a column line names the sum, goes through the digits from the right, and ends
with the result, as in ``347+85: 7+5+0=12 4+8+1=13 3+0+1=4 -> 432``. The last summand of a column is
what the column before carried; in a difference, the last number is what it borrowed. Sums of two
numbers of at most ten, and products of two digits, are known by heart.
"""

from __future__ import annotations

from dataclasses import dataclass, field


def operand(number: object) -> str:
    """A number on the right of a sign: in brackets if it is negative."""
    text = str(number)
    return f"({text})" if text.startswith("-") else text


@dataclass
class Work:
    """Calculations line by line; each method writes its way and returns the result."""

    lines: list[str] = field(default_factory=list[str])
    _multiples: dict[int, list[int]] = field(default_factory=dict[int, list[int]], init=False)

    def say(self, line: str) -> None:
        """One more line."""
        self.lines.append(line)

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)

    def add(self, a: int, b: int) -> int:
        """The sum, of any signs."""
        return self._signed(f"{a}+{operand(b)}", a, b)

    def subtract(self, a: int, b: int) -> int:
        """The difference, of any signs."""
        return self._signed(f"{a}-{operand(b)}", a, -b)

    def multiply(self, a: int, b: int) -> int:
        """The product, of any signs: digit by digit of the shorter number, then added up."""
        if max(abs(a), abs(b)) < 10 or _round(a) or _round(b) or 0 in (a, b):
            self.say(f"{a}*{operand(b)}={a * b}")
            return a * b
        if a < 0 or b < 0:
            self.multiply(abs(a), abs(b))
            self.say(f"{a}*{operand(b)}={a * b}")
            return a * b
        if len(str(b)) > len(str(a)):
            a, b = b, a
        if b < 10:
            self.say(_product(a, b))
            return a * b
        total = 0
        for place, digit in enumerate(reversed(str(b))):
            if digit == "0":
                continue
            part = a * int(digit)
            self.say(f"{a}*1={a}" if digit == "1" else _product(a, int(digit)))
            total = self.add(total, part * 10**place) if total else part * 10**place
        self.say(f"{a}*{b}={total}")
        return total

    def divide(self, a: int, by: int) -> tuple[int, int]:
        """Quotient, rounded down, and remainder; ``by`` is positive."""
        assert by > 0
        if a < 0:
            quotient, rest = self.divide(-a, by)
            if rest:
                quotient, rest = quotient + 1, self.subtract(by, rest)
            self.say(f"{a}={by}*({-quotient})+{rest}")
            return -quotient, rest
        quotient, rest = divmod(a, by)
        if by > 9 and not _round(by) and a >= by:
            self._divide_long(a, by)
        elif by > 1 and a >= 10 * by and not _round(by):
            self.say(f"{a}/{by}: {_short(a, by)}")
        self.say(f"{a}={by}*{quotient}+{rest}")
        return quotient, rest

    def exact(self, a: int, by: int) -> int:
        """A quotient without remainder, of any signs."""
        assert a % by == 0
        if by == 1 or a == by:
            return a // by
        self.divide(abs(a), abs(by))
        if a < 0 or by < 0:
            self.say(f"{a}/{operand(by)}={a // by}")
        return a // by

    def gcd(self, a: int, b: int) -> int:
        """The greatest common divisor of two positive numbers, by Euclid's algorithm."""
        self.say(f"gcd({a},{b})?")
        greater, less = max(a, b), min(a, b)
        while less > 1:
            greater, less = less, self.divide(greater, less)[1]
        found = greater if less == 0 else 1
        self.say(f"gcd({a},{b})={found}")
        return found

    def total(self, numbers: list[int]) -> int:
        """The sum of some numbers, one after the other."""
        result = numbers[0]
        for number in numbers[1:]:
            result = self.add(result, number)
        return result

    def multiples(self, of: int, reach: int) -> list[int]:
        """The multiples of a number up to the first that is at least ``reach``; those that have
        been written before are not written again.
        """
        known = self._multiples.setdefault(of, [0, of])
        while known[-1] < reach:
            self.say(_product(of, len(known)))
            known.append(of * len(known))
        return known

    def _signed(self, head: str, a: int, b: int) -> int:
        """``a + b``, written as ``head``: the sizes are added or subtracted, the sign is set."""
        one, two, total = abs(a), abs(b), a + b
        if max(one, two) <= 10 or 0 in (a, b, total):
            self.say(f"{head}={total}")
            return total
        same = (a < 0) == (b < 0)
        line = _columns(one, two) if same else _borrowing(max(one, two), min(one, two))
        inner = line.partition(":")[0]
        if inner == head:
            self.say(line)
            return total
        self.say(f"{head}=-({inner})" if total < 0 else f"{head}={inner}")
        self.say(line)
        self.say(f"{head}={total}")
        return total

    def _divide_long(self, a: int, by: int) -> None:
        """Digit by digit of ``a``, with multiples of ``by`` as far as they are needed. Digits that
        wait stand behind an apostrophe.
        """
        digits = str(a)
        size = next(n for n in range(1, len(digits) + 1) if int(digits[:n]) >= by)
        rest = int(digits[:size])
        for at in range(size, len(digits) + 1):
            waiting = f"'{digits[at:]}" if at < len(digits) else ""
            self.say(f"{rest}{waiting}/{by}")
            after = self._part(rest, by)
            if len(digits) > size:
                self.say(f"{rest}={by}*{rest // by}+{after}")
            if at < len(digits):
                rest = 10 * after + int(digits[at])

    def _part(self, part: int, by: int) -> int:
        """What remains of a number of at most nine multiples of ``by``."""
        if part < by:
            return part
        below = self.multiples(by, part)
        if part in below:
            return 0
        quotient = part // by
        self.say(f"{below[quotient]}<{part}<{below[quotient + 1]}")
        return self.subtract(part, below[quotient])


def _round(number: int) -> bool:
    """One, ten, a hundred and so on: nothing has to be worked out."""
    return str(abs(number)).rstrip("0") == "1"


def _pairs(a: int, b: int) -> list[tuple[int, int]]:
    """The digits of two numbers by columns, from the right."""
    size = max(len(str(a)), len(str(b)))
    one, two = str(a).zfill(size)[::-1], str(b).zfill(size)[::-1]
    return [(int(x), int(y)) for x, y in zip(one, two, strict=True)]


def _columns(a: int, b: int) -> str:
    steps: list[str] = []
    carry = 0
    for x, y in _pairs(a, b):
        total = x + y + carry
        steps.append(f"{x}+{y}+{carry}={total}")
        carry = total // 10
    return f"{a}+{b}: {' '.join(steps)} -> {a + b}"


def _borrowing(a: int, b: int) -> str:
    steps: list[str] = []
    borrow = 0
    for x, y in _pairs(a, b):
        top = x if x >= y + borrow else x + 10
        steps.append(f"{top}-{y}-{borrow}={top - y - borrow}")
        borrow = int(top > x)
    return f"{a}-{b}: {' '.join(steps)} -> {a - b}"


def _product(a: int, digit: int) -> str:
    if a < 10:
        return f"{a}*{digit}={a * digit}"
    steps: list[str] = []
    carry = 0
    for x in map(int, reversed(str(a))):
        total = x * digit + carry
        steps.append(f"{x}*{digit}+{carry}={total}")
        carry = total // 10
    return f"{a}*{digit}: {' '.join(steps)} -> {a * digit}"


def _short(a: int, by: int) -> str:
    """Division by one digit, each remainder before the next digit."""
    steps: list[str] = []
    rest = 0
    for digit in map(int, str(a)):
        part = 10 * rest + digit
        rest = part % by
        if steps or part >= by:
            steps.append(f"{part}={by}*{part // by}+{rest}")
    return " ".join(steps)
