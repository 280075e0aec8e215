"""Find the first wrong step in an account of how words are sorted."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.text_answers import grade_number
from ostinato.rl.envs.logic.words import WORDS
from ostinato.rl.envs.question import Question

_LEVELS = ((10, False), (12, False), (15, True), (20, True), (28, True), (40, True))
"""Words, whether the alphabet may be another one."""
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


class WordSortingMistake:
    """The number of the first step that went wrong; every step is as likely, and none at all."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        count, other_alphabet = _LEVELS[level - 1]
        words = rng.sample(WORDS, count)
        alphabet = _ALPHABET
        if other_alphabet and rng.random() < 0.7:
            alphabet = "".join(rng.sample(_ALPHABET, 26))
        wrong = rng.randint(0, count)
        insertion = rng.random() < 0.5
        if insertion:
            steps = _insertion(words, _key(alphabet), wrong, rng)
        else:
            steps = _selection(words, _key(alphabet), wrong, rng)
        lines = "\n".join(f"Step {i}: {line}" for i, line in enumerate(steps, start=1))
        order = (
            "in alphabetical order"
            if alphabet == _ALPHABET
            else f"in the order of another alphabet, in which the letters come like this: "
            f"{' '.join(alphabet)}"
        )
        prompt = (
            f"These words are to be sorted {order}:\n\n{', '.join(words)}\n\n"
            f"{_HOW[insertion]}\n\n{lines}\n\n"
            "Which step is the first that was not done as described? Answer with its number "
            "alone, for example: 12. If every step is right, answer 0."
        )
        return Question(prompt, str(wrong), {"wrong": wrong, "count": count})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        return grade_number(answer, question.data["wrong"])

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        return str(rng.randint(0, question.data["count"]))


_HOW = {
    True: "They are taken one by one in the order given, and each is put where it belongs in the "
    "sorted list of those taken before. Each step names the word and shows the whole list after "
    "it:",
    False: "Each step takes the first word in that order out of the words that remain, names it "
    "and shows what remains, still in the order given:",
}


def _key(alphabet: str) -> Callable[[str], list[int]]:
    """What words are sorted by."""
    return lambda word: [alphabet.index(letter) for letter in word]


def _insertion(
    words: list[str], key: Callable[[str], list[int]], wrong: int, rng: Random
) -> list[str]:
    """The steps of insertion, the one numbered ``wrong`` spoilt (0: none). What follows it goes
    on from the true list.
    """
    lines: list[str] = []
    for i, word in enumerate(words, start=1):
        shown = sorted(words[:i], key=key)
        if i == wrong:
            shown = _spoilt(shown, word, words[i:], rng)
        lines.append(f"{word} -> {', '.join(shown)}")
    return lines


def _spoilt(shown: list[str], word: str, later: list[str], rng: Random) -> list[str]:
    """A list that is not this one: a word at a wrong place, lost or exchanged."""
    at = shown.index(word)
    if len(shown) > 1 and rng.random() < 0.7:
        rest = [one for one in shown if one != word]
        near = [place for place in (at - 2, at - 1, at + 1, at + 2) if 0 <= place <= len(rest)]
        place = rng.choice(near)
        return [*rest[:place], word, *rest[place:]]
    lost = rng.randrange(len(shown))
    fill = [rng.choice(later)] if later and (len(shown) == 1 or rng.random() < 0.5) else []
    if len(shown) == 1 and not fill:
        return [word, word]
    return [*shown[:lost], *fill, *shown[lost + 1 :]]


def _selection(
    words: list[str], key: Callable[[str], list[int]], wrong: int, rng: Random
) -> list[str]:
    """The steps of selection, the one numbered ``wrong`` spoilt (0: none). What follows it goes
    on from what it shows.
    """
    left, lines = list(words), list[str]()
    for i in range(1, len(words) + 1):
        if not left:
            break
        order = sorted(left, key=key)
        taken = order[0]
        shown = [word for word in left if word != taken]
        if i == wrong and len(left) > 2 and rng.random() < 0.6:
            taken = order[rng.randint(1, min(3, len(order) - 1))]
            shown = [word for word in left if word != taken]
        elif i == wrong and len(shown) > 1:
            a, b = sorted(rng.sample(range(len(shown)), 2))
            shown[a], shown[b] = shown[b], shown[a]
        elif i == wrong:
            shown = [taken]
        lines.append(f"{taken} -> {', '.join(shown) or 'nothing'}")
        left = shown
    return lines
