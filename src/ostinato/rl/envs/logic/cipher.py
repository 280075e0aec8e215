"""Read what was enciphered by a classic method with a known key."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ostinato.grading.types import Grade, malformed, right, wrong
from ostinato.rl.envs.logic.words import KEY_WORDS, WORDS
from ostinato.rl.envs.question import Question

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_LEVELS = ((1, 2, 1), (3, 3, 1), (4, 5, 1), (6, 6, 1), (8, 6, 2), (12, 6, 3))
"""Words, how many of the methods may occur, methods one after the other."""


class Cipher:
    """The plain text is a few everyday words written together; the method and its key are told."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        words, methods, times = _LEVELS[level - 1]
        plain = "".join(rng.sample(WORDS, words))
        text, told = plain, list[str]()
        for method in rng.sample(_METHODS[:methods], times):
            text, how = method(text, rng)
            told.append(how)
        steps = "\n".join(f"{i}. {how}" for i, how in enumerate(told, start=1))
        prompt = (
            "A message in small letters a to z was enciphered"
            + (", step by step, each step on the result of the one before" if times > 1 else "")
            + f":\n\n{steps}\n\nThis came out:\n\n{text}\n\n"
            f"What was the message? It is made of {words} English "
            + ("word" if words == 1 else "words written together without spaces")
            + ". Give it in small letters without spaces, in a form such as: winterhouse"
        )
        return Question(prompt, plain, {"plain": plain})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        given, plain = answer.lower(), question.data["plain"]
        if not given or not set(given) <= set(ALPHABET):
            return malformed("expected letters and nothing else")
        return right() if given == plain else wrong(f"expected {plain}")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        text, size = "", len(question.data["plain"])
        while len(text) < size:
            text += rng.choice(WORDS)
        return text


def shifted(text: str, amounts: list[int]) -> str:
    """Each letter moved on in the alphabet by the next amount, round and round."""
    return "".join(
        ALPHABET[(ALPHABET.index(letter) + amounts[i % len(amounts)]) % 26]
        for i, letter in enumerate(text)
    )


def keyed_alphabet(key: str) -> str:
    """The letters of the key, each once, then the others in order."""
    return "".join(dict.fromkeys(key + ALPHABET))


def rail_order(length: int, rails: int) -> list[int]:
    """The places of a text in the order in which a fence of rails is read."""
    period = 2 * (rails - 1)
    rail = [min(i % period, period - i % period) for i in range(length)]
    return sorted(range(length), key=lambda i: (rail[i], i))


def column_order(length: int, key: str) -> list[int]:
    """The places of a text in the order in which columns under a key are read."""
    order = sorted(range(len(key)), key=lambda i: (key[i], i))
    return [place for column in order for place in range(column, length, len(key))]


def _shift(text: str, rng: Random) -> tuple[str, str]:
    amount = rng.randint(1, 5)
    how = "place" if amount == 1 else "places"
    return (
        shifted(text, [amount]),
        f"Each letter is replaced by the one {amount} {how} later in the alphabet, with a after z.",
    )


def _mirror(text: str, rng: Random) -> tuple[str, str]:
    del rng
    return (
        "".join(ALPHABET[25 - ALPHABET.index(letter)] for letter in text),
        "Each letter is replaced by its mirror image in the alphabet: a by z, b by y, and so on "
        "to z by a.",
    )


def _rail_fence(text: str, rng: Random) -> tuple[str, str]:
    rails = rng.randint(2, 4)
    last = "down and up again" if rails > 2 else "up and down in turn"
    return (
        "".join(text[i] for i in rail_order(len(text), rails)),
        f"Rail fence: the letters are written in a zigzag over {rails} lines, starting on the top "
        f"line, {last}, one letter to a column; then the lines are read one after the other from "
        "the top.",
    )


def _keyed(text: str, rng: Random) -> tuple[str, str]:
    key = rng.choice(KEY_WORDS)
    target = keyed_alphabet(key)
    return (
        "".join(target[ALPHABET.index(letter)] for letter in text),
        f'Key word "{key}": under the alphabet a to z stands another one that starts with the '
        "letters of the key word in order, each only at its first occurrence, and goes on with "
        "all other letters in alphabetical order; each letter is replaced by the one under it.",
    )


def _vigenere(text: str, rng: Random) -> tuple[str, str]:
    key = rng.choice(KEY_WORDS)[: rng.randint(3, 5)]
    return (
        shifted(text, [ALPHABET.index(letter) for letter in key]),
        f'Vigenere with the key "{key}", repeated as often as needed: each letter moves on in the '
        "alphabet (with a after z) by the number of its key letter, where a is 0, b is 1, and so "
        "on to z, which is 25.",
    )


def _columns(text: str, rng: Random) -> tuple[str, str]:
    key = rng.choice(KEY_WORDS)[: rng.randint(3, 6)]
    key = "".join(dict.fromkeys(key))
    return (
        "".join(text[i] for i in column_order(len(text), key)),
        f'Columns: the letters are written in rows under the letters of the key "{key}", one '
        "column to a key letter, the last row possibly shorter; then the columns are read from "
        "top to bottom, in the alphabetical order of their key letters.",
    )


_Method = Callable[[str, Random], tuple[str, str]]
_METHODS: tuple[_Method, ...] = (_shift, _mirror, _rail_fence, _keyed, _vigenere, _columns)
