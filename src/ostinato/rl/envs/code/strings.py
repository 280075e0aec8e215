"""Problems about text: letters, runs, words, substrings."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from random import Random
from typing import Any

from ostinato.rl.envs.code.problem import Params, Problem

_WORDS = ("ash", "birch", "cedar", "elm", "fir", "larch", "maple", "oak", "pine", "yew")


def _sentences(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return ("".join(rng.choice("abcdefghijklmnopqrstuvwxyz ,.!") for _ in range(n)),)


def _shift_letters(text: str, *, k: int, which: str) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    shifted: list[str] = []
    for at, letter in enumerate(text):
        if which in ("even", "odd"):
            chosen = at % 2 == (0 if which == "even" else 1)
        else:
            chosen = (letter in "aeiou") == (which == "vowels")
        if chosen and letter in letters:
            letter = letters[(letters.index(letter) + k) % 26]
        shifted.append(letter)
    return "".join(shifted)


def _runs(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    text = ""
    while len(text) < n:
        text += rng.choice("abc") * rng.choice([1, 1, 2, 3, 4, 6])
    return (text[:n],)


def _squeeze(text: str, *, k: int, mark: str, place: str) -> str:
    parts: list[str] = []
    for letter, run in groupby(text):
        length = len(list(run))
        kept = letter * min(length, k)
        cut = mark if length > k else ""
        parts.append(cut + kept if place == "before" else kept + cut)
    return "".join(parts)


def _few_letters(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return ("".join(rng.choice("aaabbbccddefg") for _ in range(n)),)


def _longest_poor(text: str, *, k: int, tie: str) -> str:
    counts: Counter[str] = Counter()
    start, best = 0, (0, 0)
    for end, letter in enumerate(text, start=1):
        counts[letter] += 1
        while len(counts) > k:
            counts[text[start]] -= 1
            if not counts[text[start]]:
                del counts[text[start]]
            start += 1
        longer = end - start - (best[1] - best[0])
        if longer > 0 or (longer == 0 and tie == "last"):
            best = (start, end)
    return text[best[0] : best[1]]


def _lines_of_words(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    words = [rng.choice(_WORDS) for _ in range(n)]
    words = [word.upper() if rng.random() < 0.2 else word for word in words]
    lines = [" ".join(words[at : at + 8]) for at in range(0, n, 8)]
    return ("\n".join(lines) + "\n",)


def _word_ranks(text: str, *, order: str, tie: str, k: int) -> str:
    words = text.lower().split()
    counts = Counter(words)
    ranked = list(dict.fromkeys(words))
    if tie != "first":
        ranked.sort(reverse=tie == "backward")
    ranked.sort(key=lambda word: counts[word] if order == "rare" else -counts[word])
    return "\n".join(f"{word} {counts[word]}" for word in ranked[:k])


def _periodic(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    piece = "".join(rng.choice("ab") for _ in range(rng.randint(1, max(1, n // 3))))
    text = (piece * n)[:n]
    if rng.random() < 0.3:
        at = rng.randrange(n)
        text = text[:at] + "c" + text[at + 1 :]
    return (text,)


def _borders(text: str, *, what: str, m: int, r: int) -> int:
    longest = [0] * len(text)
    for at in range(1, len(text)):
        length = longest[at - 1]
        while length and text[at] != text[length]:
            length = longest[length - 1]
        longest[at] = length + (text[at] == text[length])
    found: list[int] = []
    length = longest[-1]
    while length:
        if length % m == r:
            found.append(length)
        length = longest[length - 1]
    return {"sum": sum(found), "count": len(found), "largest": max(found, default=0)}[what]


def _two_words(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    letters = rng.choice(["ab", "abc", "abcdef"])
    short = "".join(rng.choice(letters) for _ in range(max(1, n // 3)))
    return ("".join(rng.choice(letters) for _ in range(n)), short)


def _count_windows(text: str, word: str, *, spare: int, overlap: bool) -> int:
    found = at = 0
    while at + len(word) <= len(text):
        window = text[at : at + len(word)]
        common = sum((Counter(window) & Counter(word)).values())
        if len(word) - common <= spare:
            found += 1
            at += 1 if overlap else len(word)
        else:
            at += 1
    return found


PROBLEMS = (
    Problem(
        name="shift_letters",
        signature="(text: str) -> str",
        first=1,
        sizes=(20, 80, 500, 500),
        choices={"k": (2, 3, 5, 7, 11), "which": ("vowels", "others", "even", "odd")},
        words={
            "which": {
                "vowels": "every vowel (a, e, i, o, u)",
                "others": "every letter that is not a vowel (a, e, i, o, u)",
                "even": "every letter at an even index (the first character has index 0)",
                "odd": "every letter at an odd index (the first character has index 0)",
            }
        },
        statement="""\
that replaces {which} by the letter {k} places further on in the alphabet a to z, which begins \
again after z. All other characters stay as they are; they keep their places and count for the \
index.

The text has 1 to {n} characters: small letters a to z, spaces and , . !""",
        generate=_sentences,
        solve=_shift_letters,
    ),
    Problem(
        name="squeeze",
        signature="(text: str) -> str",
        first=1,
        sizes=(20, 80, 500, 500),
        choices={"k": (1, 2, 3), "mark": ("*", "+", "~"), "place": ("before", "after")},
        statement="""\
that shortens runs. A run is as many equal characters in a row as there are. A run of more than \
{k} is cut to {k}, and the character {mark} is put directly {place} what is left of it. Shorter \
runs stay as they are.

The text has 1 to {n} letters, each a, b or c.""",
        generate=_runs,
        solve=_squeeze,
    ),
    Problem(
        name="longest_poor",
        signature="(text: str) -> str",
        first=2,
        sizes=(15, 40, 300, 20_000),
        choices={"k": (1, 2, 3), "tie": ("first", "last")},
        statement="""\
that returns the longest part of the text (characters in a row) with at most {k} different \
letters in it. If several parts are longest, return the one that begins {tie}.

The text has 1 to {n} letters from a to g.""",
        last="There is no time to look at every part.",
        generate=_few_letters,
        solve=_longest_poor,
    ),
    Problem(
        name="word_ranks",
        first=2,
        sizes=(12, 40, 200, 3000),
        choices={
            "order": ("often", "rare"),
            "tie": ("forward", "backward", "first"),
            "k": (2, 3, 4),
        },
        words={
            "order": {"often": "the most frequent first", "rare": "the least frequent first"},
            "tie": {
                "forward": "in alphabetical order",
                "backward": "in reverse alphabetical order",
                "first": "in the order in which they first come up in the input",
            },
        },
        statement="""\
The input is lines of words, with one space between words. Capital and small letters are the \
same: Oak and OAK are the word oak. Print the words with their frequencies, one word a line as \
in "oak 3", {order}; words of the same frequency stand {tie}. Print only the first {k} of these \
lines, or all if there are fewer.

The input has 1 to {n} words.""",
        generate=_lines_of_words,
        solve=_word_ranks,
    ),
    Problem(
        name="count_windows",
        signature="(text: str, word: str) -> int",
        first=3,
        sizes=(15, 40, 120, 600),
        choices={"spare": (0, 1, 2), "overlap": (False, True)},
        words={
            "overlap": {
                False: "Go through the starts from left to right; after a match, go on behind its "
                "last letter, so that matches never overlap",
                True: "Every start counts, so that matches may overlap",
            }
        },
        statement="""\
that counts the matches of the word in the text. The {spare}-match rule: the part of the text \
from some start on, of the length of the word, is a match if at most {spare} of its letters have \
to be replaced by other letters, after which its letters can be put in an order that makes it \
the word. {overlap}.

The text has 1 to {n} letters from a to f; the word has at least one letter and at most a third \
as many as the text (or one).""",
        generate=_two_words,
        solve=_count_windows,
    ),
    Problem(
        name="borders",
        signature="(text: str) -> int",
        first=3,
        sizes=(12, 40, 300, 20_000),
        choices={"what": ("sum", "count", "largest"), "m": (2, 3), "r": (0, 1)},
        words={
            "what": {
                "sum": "the sum of these lengths (0 if there are none)",
                "count": "how many such lengths there are",
                "largest": "the largest such length (0 if there is none)",
            }
        },
        statement="""\
that looks for lengths L with 0 < L < len(text) for which the first L letters of the text are \
the same as its last L letters (the two may overlap), and L leaves the remainder {r} when \
divided by {m}. Return {what}.

The text has 1 to {n} letters, each a, b or c.""",
        generate=_periodic,
        solve=_borders,
        example_size=9,
    ),
)
