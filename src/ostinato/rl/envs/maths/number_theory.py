"""Number theory: divisors, congruences, powers modulo a number, bases, digits."""

from __future__ import annotations

from math import gcd, isqrt, lcm, prod
from random import Random

from ostinato.rl.envs.maths.family import INTEGER, MathsFamily, Problem, listed

_PRIMES = [n for n in range(2, 200) if all(n % k for k in range(2, isqrt(n) + 1))]


def common_divisor(rng: Random, level: int) -> Problem:
    """The greatest common divisor, from level 3 of three numbers."""
    common = rng.randint(2 + level, 12 * 3**level)
    count = 2 if level < 3 else 3
    numbers = [common * n for n in rng.sample(range(2, 11 + 10 * level), count)]
    return Problem(
        f"What is the greatest common divisor of {listed(numbers)}?",
        str(gcd(*numbers)),
        INTEGER,
        {"numbers": numbers},
    )


def common_multiple(rng: Random, level: int) -> Problem:
    """The least common multiple."""
    count = 2 if level < 3 else 3
    common = rng.randint(2, 6 * level)
    numbers = [common * n for n in rng.sample(range(2, 9 + 4 * level), count)]
    return Problem(
        f"What is the least common multiple of {listed(numbers)}?",
        str(lcm(*numbers)),
        INTEGER,
        {"numbers": numbers},
    )


def modular_power(rng: Random, level: int) -> Problem:
    """The remainder of a power, at higher levels of a tower or a sum of two."""
    modulus = rng.randint(10 + 10 * level, 30 + 60 * level)
    base, power = (
        rng.randint(2, 10 + 20 * level),
        rng.randint(5, 10 ** (1 + level // 2 + level % 2)),
    )
    other, lift = rng.randint(2, 10 + 20 * level), rng.randint(5, 50 * level)
    rest = pow(base, power, modulus)
    text = f"{base}^{power}"
    if level >= 4:
        rest = (rest + pow(other, lift, modulus)) % modulus
        text += f" + {other}^{lift}"
    given = {"base": base, "power": power, "modulus": modulus}
    if level >= 4:
        given |= {"other": other, "lift": lift}
    return Problem(
        f"What is the remainder when {text} is divided by {modulus}?", str(rest), INTEGER, given
    )


def inverse(rng: Random, level: int) -> Problem:
    """Of a number modulo another, or the solution of a linear congruence."""
    modulus = rng.randint(15 * level, 15 * 4**level)
    while True:
        a = rng.randint(3, modulus - 2)
        if gcd(a, modulus) == 1:
            break
    b = 1 if level < 3 else rng.randint(2, modulus - 1)
    return Problem(
        f"Find the integer x with 0 <= x < {modulus} for which {a} * x leaves the remainder {b} "
        f"when divided by {modulus}.",
        str(b * pow(a, -1, modulus) % modulus),
        INTEGER,
        {"a": a, "b": b, "modulus": modulus},
    )


def remainders(rng: Random, level: int) -> Problem:
    """The least number with given remainders, moduli prime to one another."""
    count = (2, 2, 3, 3, 4, 4)[level - 1]
    while True:
        moduli = [rng.randint(3 + level, 12 + 3 * level) for _ in range(count)]
        if lcm(*moduli) == prod(moduli):
            break
    secret = rng.randrange(1, prod(moduli))
    rests = [secret % modulus for modulus in moduli]
    words = [f"{rest} when divided by {m}" for rest, m in zip(rests, moduli, strict=True)]
    return Problem(
        f"What is the least positive integer that leaves the remainder {listed(words)}?",
        str(secret),
        INTEGER,
        {"moduli": moduli, "rests": rests},
    )


def divisor_count(rng: Random, level: int) -> Problem:
    """How many divisors, or their sum, of a number with several small prime factors."""
    primes = rng.sample(_PRIMES[: 4 + level], 2 + level // 2)
    powers = [rng.randint(1, 3 if prime < 8 else 1 + (level > 3)) for prime in primes]
    number = prod(prime**power for prime, power in zip(primes, powers, strict=True))
    if rng.randrange(4):
        total = prod((p ** (e + 1) - 1) // (p - 1) for p, e in zip(primes, powers, strict=True))
        return Problem(
            f"What is the sum of all positive divisors of {number}, including 1 and itself?",
            str(total),
            INTEGER,
            {"number": number, "sum": True},
        )
    return Problem(
        f"How many positive divisors has {number}, including 1 and itself?",
        str(prod(power + 1 for power in powers)),
        INTEGER,
        {"number": number, "sum": False},
    )


def base_conversion(rng: Random, level: int) -> Problem:
    """Between bases of at most ten."""
    source, target = rng.sample([2, 3, 4, 5, 6, 7, 8, 9, 10], 2)
    number = rng.randint(5 * 4**level, 20 * 6**level)
    return Problem(
        f"The numeral {_digits(number, source)} is written in base {source}. "
        f"Write the same number in base {target}.",
        _digits(number, target),
        "Write the digits only, without the base.",
        {"number": number, "source": source, "target": target},
    )


def digit_sums(rng: Random, level: int) -> Problem:
    """How many numbers of some digits have a given digit sum and a given remainder."""
    size = (2, 3, 3, 4, 4, 5)[level - 1]
    total = rng.randint(size + 2, 9 * size - 5)
    divisor = 1 if level < 3 else rng.choice([4, 5, 7, 8, 11])
    rest = rng.randrange(divisor)
    clause = f" and leave the remainder {rest} when divided by {divisor}" if divisor > 1 else ""
    return Problem(
        f"How many positive integers of exactly {size} digits (the first is not 0) have the digit "
        f"sum {total}{clause}?",
        str(_count_digits(size, total, divisor, rest)),
        INTEGER,
        {"size": size, "total": total, "divisor": divisor, "rest": rest},
    )


def trailing_zeros(rng: Random, level: int) -> Problem:
    """Of a factorial, in base ten or, from level 4, in another."""
    n = rng.randint(20 * 2**level, 60 * 4**level)
    base = 10 if level < 4 else rng.choice([6, 12, 14, 15, 18, 21, 22, 24])
    return Problem(
        f"How many zeros stand at the end of {n}! (the product of the integers from 1 to {n}) "
        f"written in base {base}?",
        str(min(_exponent(n, p) // e for p, e in _factors(base))),
        INTEGER,
        {"n": n, "base": base},
    )


def _digits(number: int, base: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = str(digit) + digits
    return digits or "0"


def _count_digits(size: int, total: int, divisor: int, rest: int) -> int:
    """Digit by digit, by sum and remainder."""
    ways = {(0, 0): 1}
    for place in range(size):
        after: dict[tuple[int, int], int] = {}
        for (so_far, left), count in ways.items():
            for digit in range(0 if place else 1, 10):
                key = (so_far + digit, (10 * left + digit) % divisor)
                after[key] = after.get(key, 0) + count
        ways = after
    return ways.get((total, rest), 0)


def _exponent(n: int, prime: int) -> int:
    """Of a prime in n!."""
    total = 0
    while n:
        n //= prime
        total += n
    return total


def _factors(number: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for prime in _PRIMES:
        power = 0
        while number % prime == 0:
            number //= prime
            power += 1
        if power:
            found.append((prime, power))
    return found


NUMBERS = MathsFamily(
    (
        common_divisor,
        common_multiple,
        modular_power,
        inverse,
        remainders,
        divisor_count,
        base_conversion,
        digit_sums,
        trailing_zeros,
    )
)
