"""Mathematics: ten families of generated problems, each of several kinds, with exact answers."""

from __future__ import annotations

from ostinato.grading.answers import AnswerForm
from ostinato.rl.envs.maths.arithmetic import ARITHMETIC
from ostinato.rl.envs.maths.calculus import CALCULUS
from ostinato.rl.envs.maths.counting import COUNTING
from ostinato.rl.envs.maths.equations import EQUATIONS
from ostinato.rl.envs.maths.family import MathsFamily
from ostinato.rl.envs.maths.geometry import GEOMETRY
from ostinato.rl.envs.maths.number_theory import NUMBERS
from ostinato.rl.envs.maths.polynomials import POLYNOMIALS
from ostinato.rl.envs.maths.probability import PROBABILITY
from ostinato.rl.envs.maths.sequences import SEQUENCES
from ostinato.rl.envs.maths.words import WORDS
from ostinato.rl.envs.registry import Environment, of_questions

__all__ = ["MATHS"]

_FAMILIES: tuple[tuple[str, MathsFamily, str], ...] = (
    ("arithmetic", ARITHMETIC, "integers, fractions, decimals and percentages, step by step"),
    ("equations", EQUATIONS, "linear equations and systems, inequalities, absolute values"),
    ("polynomials", POLYNOMIALS, "roots, coefficients, remainders, interpolation"),
    ("numbers", NUMBERS, "divisors, congruences, powers modulo a number, bases, digits"),
    ("counting", COUNTING, "paths, arrangements, selections, tilings, inclusion and exclusion"),
    ("probability", PROBABILITY, "urns, dice, coins, causes, means, as exact fractions"),
    ("sequences", SEQUENCES, "arithmetic, geometric and recurrent sequences, sums, periods"),
    ("geometry", GEOMETRY, "points, lines, triangles, polygons, circles and solids, exactly"),
    ("calculus", CALCULUS, "derivatives, integrals, extrema and tangents of polynomials"),
    ("words", WORDS, "motion, work, mixtures, money and ages in several steps"),
)

MATHS: tuple[Environment, ...] = tuple(
    of_questions(
        f"maths/{name}",
        family,
        summary=summary,
        truth="computed exactly when the problem is made; answers are compared as numbers",
        form=AnswerForm.BOXED,
    )
    for name, family, summary in _FAMILIES
)
"""Every family of this package."""
