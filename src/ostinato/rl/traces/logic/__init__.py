"""Logic puzzles, solved aloud."""

from __future__ import annotations

from ostinato.rl.traces.logic import (
    boolean_expressions,
    dyck_language,
    goods_exchange,
    squares,
    star_placement,
    web_of_lies,
)
from ostinato.rl.traces.logic.solution import tracer
from ostinato.rl.traces.types import Tracers

TRACERS: Tracers = {
    "logic/boolean_expressions": tracer(boolean_expressions.solve),
    "logic/calcudoku": tracer(squares.calcudoku),
    "logic/dyck_language": tracer(dyck_language.solve),
    "logic/goods_exchange": tracer(goods_exchange.solve),
    "logic/skyscrapers": tracer(squares.skyscrapers),
    "logic/star_placement": tracer(star_placement.solve),
    "logic/web_of_lies": tracer(web_of_lies.solve),
}

LEVELS: dict[str, int] = {
    "logic/boolean_expressions": 4,
    "logic/calcudoku": 3,
    "logic/dyck_language": 5,
    "logic/goods_exchange": 5,
    "logic/skyscrapers": 3,
    "logic/star_placement": 3,
    "logic/web_of_lies": 6,
}
"""The highest level that a tracer serves: nearly all its traces are shorter than 5,500
characters."""
