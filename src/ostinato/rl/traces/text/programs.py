"""Small Python functions, a call, and the value that the call gives."""

from __future__ import annotations

from random import Random

from ostinato.rl.traces.text.loops import arguments, function_name, loop
from ostinato.rl.traces.text.vocabulary import WORDS


def program(rng: Random) -> str:
    """A function and a call of it; what happens on the way, where there is a way."""
    make = rng.choice((_loop, _loop, _digits, _divisor, _letters, _expression, _expression))
    return "\n".join([*make(rng), ""])


def _loop(rng: Random) -> list[str]:
    function = loop(rng)
    lines = [*function.lines, ""]
    for _ in range(rng.randint(1, 3)):
        xs, k = arguments(rng)
        value, steps = function.run(xs, k)
        lines += [f"{function.name}({xs}, {k})", *steps, f"= {value}"]
    return lines


def _digits(rng: Random) -> list[str]:
    name, base = function_name(rng), rng.choice((2, 3, 5, 10))
    number = rng.randrange(base, base**5)
    lines = [
        f"def {name}(n):",
        "    total = 0",
        "    while n > 0:",
        f"        total += n % {base}",
        f"        n //= {base}",
        "    return total",
        "",
        f"{name}({number})",
    ]
    total = 0
    while number:
        number, digit = divmod(number, base)
        total += digit
        lines.append(f"total={total} n={number}")
    return [*lines, f"= {total}"]


def _divisor(rng: Random) -> list[str]:
    name, factor = function_name(rng), rng.randint(1, 12)
    a, b = factor * rng.randint(2, 12), factor * rng.randint(2, 12)
    lines = [
        f"def {name}(a, b):",
        "    while b:",
        "        a, b = b, a % b",
        "    return a",
        "",
        f"{name}({a}, {b})",
    ]
    while b:
        a, b = b, a % b
        lines.append(f"a={a} b={b}")
    return [*lines, f"= {a}"]


def _letters(rng: Random) -> list[str]:
    name, word = function_name(rng), rng.choice(WORDS)
    chosen = "".join(rng.sample(sorted({*word}), min(2, len({*word}))))
    head = [f"def {name}(text):", '    found = ""', "    for letter in text:"]
    if rng.random() < 0.5:
        steps = [word[: end + 1][::-1] for end in range(len(word))]
        body = ["        found = letter + found"]
    else:
        steps = ["".join(c for c in word[: end + 1] if c not in chosen) for end in range(len(word))]
        body = [f'        if letter not in "{chosen}":', "            found += letter"]
    lines = [f"{letter}: found={step!r}" for letter, step in zip(word, steps, strict=True)]
    call = f'{name}("{word}")'
    return [*head, *body, "    return found", "", call, *lines, f"= {steps[-1]!r}"]


def _expression(rng: Random) -> list[str]:
    name = function_name(rng)
    xs, k = arguments(rng)
    k = min(k, len(xs) - 1)
    ordered = sorted(xs)
    values: dict[str, object] = {
        "sum(xs)": sum(xs),
        "sum(xs[:k])": sum(xs[:k]),
        "sum(xs[k:])": sum(xs[k:]),
        "max(xs) - min(xs)": max(xs) - min(xs),
        "xs[k]": xs[k],
        "xs[:k]": xs[:k],
        "xs[k:]": xs[k:],
        "xs[::-1]": xs[::-1],
        "xs[-1] * k": xs[-1] * k,
        "sorted(xs)": ordered,
        "sorted(xs)[k]": ordered[k],
        "len(xs) + k": len(xs) + k,
        "[x + k for x in xs]": [x + k for x in xs],
        "[x for x in xs if x > k]": [x for x in xs if x > k],
        "k in xs": k in xs,
        "xs.count(xs[k])": xs.count(xs[k]),
        "list(enumerate(xs))[k]": (k, xs[k]),
        "{x: x % 2 for x in xs[:k]}": {x: x % 2 for x in xs[:k]},
    }
    text = rng.choice(list(values))
    return [f"def {name}(xs, k):", f"    return {text}", "", f"{name}({xs}, {k}) = {values[text]}"]
