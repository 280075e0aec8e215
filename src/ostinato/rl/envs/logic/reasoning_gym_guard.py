"""What stands between an answer and the scorers of reasoning-gym.

They trust the answer: some evaluate it as code, some find the right one among others, some take
"not a number" for a match. An answer that is the stored one is right. Any other goes to a scorer
only if it has the form asked for, and never to one that would run it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ostinato.grading.types import Grade, malformed, right, wrong
from ostinato.rl.envs.logic.expressions import exact, is_antiderivative, polynomial
from ostinato.rl.envs.logic.reasoning_gym_answers import frees_car_a

Entry = dict[str, Any]

COMPARED = frozenset(
    """
    ab acre aiw arc_1d arc_agi base_conversion basic_arithmetic bf binary_alternation
    binary_matrix caesar_cipher circuit_logic color_cube_rotation count_bits count_primes
    course_schedule dice emoji_mystery family_relationships figlet_font game_of_life_halting gcd
    isomorphic_strings largest_island lcm leg_counting letter_counting letter_jumble
    list_functions mahjong_puzzle manipulate_matrix maze modulo_grid needle_haystack
    number_filtering number_sequence path_star ransom_note rearc rotate_matrix rotten_oranges
    self_reference sentence_reordering simple_equations simple_geometry spell_backward
    spiral_matrix string_insertion string_manipulation string_splitting string_synthesis survo
    syllogism tsumego word_sequence_reversal word_sorting zebra_puzzles
    """.split()  # noqa: SIM905, a list of fifty names reads better so
)
"""One answer is right, and the scorer has nothing to add: it compares, gives credit to a text that
contains the answer, takes everything (``game_of_life_halting``), or calls ``eval`` on the answer
(``binary_matrix``, ``spiral_matrix``, ``string_insertion``).
"""
CAPPED = frozenset({"futoshiki", "mini_sudoku", "sudoku"})
"""One answer is right; the scorer's share counts for others of as many lines, never as right."""

_NUMBER = r"[-+]?[0-9]{1,60}(?:\.[0-9]{1,60})?"
_COMMAS = r"[-+]?[0-9,]{1,60}(?:\.[0-9]{1,60})?"
_CLOCK = r"[0-9]{1,3}(?::[0-9]{1,2}){1,2}(?:\.[0-9]{1,6})?"
_ROLE = "[A-Z][a-z]+ is an? [a-z]+"
SHAPES = {
    "advanced_geometry": rf"{_NUMBER}°?|\(?{_NUMBER}, *{_NUMBER}\)?",
    "bitwise_arithmetic": r"[-+]?(?:0x[0-9A-Fa-f]{1,60}|[0-9]{1,60})",
    "calendar_arithmetic": r"[A-Za-z]{2,12}|[-+]?[0-9]{1,9}",
    "chain_sum": _COMMAS,
    "coin_flip": rf"{_NUMBER}|[0-9]{{1,30}}/[0-9]{{1,30}}",
    "complex_arithmetic": r"[-+0-9.ij() ]{1,80}",
    "countdown": r"[0-9+\-*/() ]+",
    "cryptarithm": r"[A-Z] ?= ?[0-9](?: ?, ?[A-Z] ?= ?[0-9])*",
    "decimal_arithmetic": _NUMBER,
    "decimal_chain_sum": _NUMBER,
    "fraction_simplification": r"\$?(?:\\d?frac\{[0-9]{1,30}\}\{[0-9]{1,30}\}|"
    r"[0-9]{1,30} ?/ ?[0-9]{1,30})\$?",
    "futoshiki": r"[0-9 \n<>\u2227\u2228]+",
    "game_of_life": r"[\[\]01, \n]+",
    "gsm_symbolic": _NUMBER,
    "kakurasu": r"[01 \n]+",
    "knights_knaves": rf"{_ROLE}(?:(?:,| and|, and) {_ROLE})*\.?",
    "mini_sudoku": r"[0-9 \n]+",
    "n_queens": r"[Q_ \n]+",
    "number_format": rf"{_COMMAS}(?:[eE][-+]?[0-9]{{1,3}})?",
    "number_sorting": r"\[[-+0-9., '\"]+\]",
    "palindrome_generation": r"[a-zA-Z]+",
    "polynomial_equations": rf"{_NUMBER}(?: ?, ?{_NUMBER})*",
    "pool_matrix": r"[-0-9. \n]+",
    "power_function": rf"{_NUMBER}(?:[eE][-+]?[0-9]{{1,3}})?",
    "prime_factorization": r"[0-9]{1,30}(?: ?× ?[0-9]{1,30})*",
    "products": _COMMAS,
    "propositional_logic": r"[A-Z()¬∧∨→↔ ]+",
    "puzzle24": r"[0-9+\-*/() ]+",
    "quantum_lock": r"[A-C](?: ?→ ?[A-C])*",
    "rectangle_count": r"[0-9]{1,9}",
    "rubiks_cube": r"[UDLRFB]'?2?(?: [UDLRFB]'?2?)*",
    "rush_hour": r"[A-Z][-+][0-9](?: [A-Z][-+][0-9])*",
    "shortest_path": r"(?:up|down|left|right|infeasible)(?: (?:up|down|left|right))*",
    "sokoban": r"[UDLR]+",
    "sudoku": r"[0-9 \n]+",
    "time_intervals": rf"[0-9]{{1,7}}(?: days?)?|{_CLOCK}|[0-9]{{1,7}} days?, {_CLOCK}",
    "tower_of_hanoi": r"(?:Move disk [0-9]{1,2} from Peg [0-9]{1,2} to Peg [0-9]{1,2}\s*)+",
    "word_ladder": r"[A-Za-z]+(?: ?, ?[A-Za-z]+)*",
}
"""What a whole answer must look like to be given to a scorer."""


def grade(name: str, answer: str, entry: Entry, score: Callable[[str, Entry], float]) -> Grade:
    """The grade of an answer to a task of a generator; ``score`` is the generator's own."""
    stored: str = entry["answer"]
    if same(answer, stored):
        return right()
    if name in COMPARED:
        return wrong(f"expected {stored[:80]}")
    if len(answer) > 4 * len(stored) + 400:
        return malformed("much longer than an answer")
    if name in CAPPED and len(_lines(answer)) != len(_lines(stored)):
        return malformed("not in the form asked for")
    if name in SHAPES and not re.fullmatch(SHAPES[name], answer):
        return malformed("not in the form asked for")
    if name in _CHECKS:
        return right() if _CHECKS[name](answer, entry) else wrong(f"as right: {stored[:80]}")
    share = _share(score, answer, entry)
    if share >= 1 and name not in CAPPED:
        return right()
    return Grade(min(share, 0.99), f"right is, for one: {stored[:80]}")


def same(answer: str, stored: str) -> bool:
    """Whether two answers differ in nothing but case and the amount of space between words."""
    return _lines(answer) == _lines(stored)


def _lines(text: str) -> list[list[str]]:
    return [line.casefold().split() for line in text.strip().splitlines() if line.strip()]


def _share(score: Callable[[str, Entry], float], answer: str, entry: Entry) -> float:
    """The scorer's share; 0 where it fails."""
    copy = {**entry, "metadata": dict(entry["metadata"])}  # some scorers write into it
    try:
        share = float(score(answer, copy))
    except Exception:  # noqa: BLE001, a stranger's code at odds with an odd answer: it is not right
        return 0.0
    return min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0


def _numbers(text: str) -> list[int]:
    return sorted(int(one) for one in re.findall("[0-9]{1,9}", text))


def _check_coins(answer: str, entry: Entry) -> bool:
    """Theirs takes the first digits of a probability for all of them, "0" for "0.125"."""
    try:
        return abs(Fraction(answer) - Fraction(entry["answer"])) <= Fraction(1, 10_000)
    except (ValueError, ZeroDivisionError):
        return False


def _check_countdown(answer: str, entry: Entry) -> bool:
    metadata = entry["metadata"]
    used = _numbers(answer) == sorted(metadata["numbers"])
    return used and exact(answer) == metadata["target"]


def _check_puzzle24(answer: str, entry: Entry) -> bool:
    """Theirs takes any four numbers, and what 24 is the whole part of."""
    return _numbers(answer) == sorted(entry["metadata"]["numbers"]) and exact(answer) == 24


def _check_integral(answer: str, entry: Entry) -> bool:
    """Theirs parses the answer with sympy, which evaluates it."""
    metadata = entry["metadata"]
    verdict = is_antiderivative(answer, metadata["integrand"], metadata["variable"])
    return verdict is True


def _check_candidate(answer: str, entry: Entry) -> bool:
    """Theirs takes what is off by 0.01, where candidates differ in the third decimal."""
    try:
        return abs(float(answer.replace(",", "")) - float(entry["answer"])) < 0.0005
    except ValueError:
        return False


def _check_pools(answer: str, entry: Entry) -> bool:
    """Theirs takes numbers that are off by a hundredth of themselves."""
    given, stored = _lines(answer), _lines(entry["answer"])
    if [len(line) for line in given] != [len(line) for line in stored]:
        return False
    ours, theirs = answer.split(), entry["answer"].split()
    try:
        return all(abs(float(a) - float(b)) < 0.0051 for a, b in zip(ours, theirs, strict=True))
    except ValueError:
        return False


def _check_polynomial(answer: str, entry: Entry) -> bool:
    """Theirs parses the answer with sympy, which evaluates it."""
    given = polynomial(answer)
    return given is not None and given == polynomial(entry["answer"])


def _check_queens(answer: str, entry: Entry) -> bool:
    """Theirs evaluates the answer."""
    boards: list[str] = entry["metadata"]["valid_answers"]
    return any(same(answer, board) for board in boards)


def _check_rush_hour(answer: str, entry: Entry) -> bool:
    """Theirs passes over moves that are not possible."""
    return frees_car_a(answer, entry["metadata"]["board_config"])


def _check_sorting(answer: str, entry: Entry) -> bool:
    """Theirs takes numbers that are off by one, and "not a number"."""
    try:
        given = [float(one) for one in json.loads(answer.replace("'", '"'))]
    except (ValueError, TypeError, RecursionError):
        return False
    return given == [float(one) for one in json.loads(entry["answer"].replace("'", '"'))]


_CHECKS: dict[str, Callable[[str, Entry], bool]] = {
    "coin_flip": _check_coins,
    "countdown": _check_countdown,
    "intermediate_integration": _check_integral,
    "n_queens": _check_queens,
    "number_format": _check_candidate,
    "number_sorting": _check_sorting,
    "polynomial_multiplication": _check_polynomial,
    "pool_matrix": _check_pools,
    "puzzle24": _check_puzzle24,
    "rush_hour": _check_rush_hour,
    "simple_integration": _check_integral,
}
"""Checks of ours in place of scorers that run the answer or take wrong ones."""
