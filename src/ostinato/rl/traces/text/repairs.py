"""A module with a wrong line, gone through until it is found; as a repository is repaired."""

from __future__ import annotations

from random import Random

from ostinato.rl.traces.text.loops import Loop, arguments, loop
from ostinato.rl.traces.text.vocabulary import WORDS


def repair(rng: Random) -> str:
    """One to three functions, what one of them gives and should give, and its wrong line."""
    functions = [loop(rng) for _ in range(rng.randint(1, 3))]
    place = rng.randrange(len(functions))
    right, wrong, line, kind, (xs, k) = _bug(rng)
    call, wanted, got = f"{right.name}({xs}, {k})", right.run(xs, k)[0], wrong.run(xs, k)[0]
    functions[place] = wrong
    module: list[str] = []
    first = 1
    for number, function in enumerate(functions):
        if number:
            module += ["", ""]
        if number == place:
            first = len(module) + 1
        module += function.lines
    walked = [f"{first + at} {wrong.lines[at].strip()}" for at in range(line + 1)]
    return "\n".join(
        [
            f"{call} in {rng.choice(WORDS)}.py is wrong.",
            *(f"{number}\t{text}" for number, text in enumerate(module, start=1)),
            f"Wanted {wanted}",
            f"Got {got}",
            *walked,
            f"{kind.capitalize()}. Right:",
            right.lines[line].strip(),
            "",
        ]
    )


def _bug(rng: Random) -> tuple[Loop, Loop, int, str, tuple[list[int], int]]:
    """A function, the same with a mistake, index and kind of its line, and arguments that tell."""
    while True:
        right, given = loop(rng), arguments(rng)
        wrong, line, kind = right.broken(rng)
        if right.run(*given)[0] != wrong.run(*given)[0]:
            return right, wrong, line, kind, given
