"""The logic puzzles on boards."""

from __future__ import annotations

from ostinato.rl.envs.logic.arrow_maze import ArrowMaze
from ostinato.rl.envs.logic.calcudoku import Calcudoku
from ostinato.rl.envs.logic.campsite import Campsite
from ostinato.rl.envs.logic.minesweeper import Minesweeper
from ostinato.rl.envs.logic.norinori import Norinori
from ostinato.rl.envs.logic.number_wall import NumberWall
from ostinato.rl.envs.logic.numbrix import Numbrix
from ostinato.rl.envs.logic.skyscrapers import Skyscrapers
from ostinato.rl.envs.logic.star_placement import StarPlacement
from ostinato.rl.envs.logic.wordscapes import Wordscapes
from ostinato.rl.envs.registry import Environment, of_questions

GRIDS: tuple[Environment, ...] = (
    of_questions(
        "logic/arrow_maze",
        ArrowMaze(),
        summary="fill a board with arrows that lead away from its numbers",
        truth="the rules, checked on the answer; one solution",
    ),
    of_questions(
        "logic/calcudoku",
        Calcudoku(),
        summary="fill a latin square from the results of its cages",
        truth="the rules, checked on the answer; one solution",
    ),
    of_questions(
        "logic/campsite",
        Campsite(),
        summary="pitch a tent beside each tree, no two tents touching",
        truth="the rules, checked on the answer; one solution",
    ),
    of_questions(
        "logic/minesweeper",
        Minesweeper(),
        summary="find all mines of a partly open board",
        truth="the numbers, checked on the answer; one solution",
    ),
    of_questions(
        "logic/norinori",
        Norinori(),
        summary="shade pairs of cells, two cells in each region",
        truth="the rules, checked on the answer; one solution",
    ),
    of_questions(
        "logic/number_wall",
        NumberWall(),
        summary="build a wall around islands of given sizes",
        truth="the rules, checked on the answer; one solution",
    ),
    of_questions(
        "logic/numbrix",
        Numbrix(),
        summary="number all cells along one way through the board",
        truth="the rules, checked on the answer; one solution",
    ),
    of_questions(
        "logic/skyscrapers",
        Skyscrapers(),
        summary="find the heights of buildings from how many can be seen",
        truth="the rules, checked on the answer; one solution",
    ),
    of_questions(
        "logic/star_placement",
        StarPlacement(),
        summary="place stars in rows, columns and regions, none touching",
        truth="the rules, checked on the answer; one solution",
    ),
    of_questions(
        "logic/wordscapes",
        Wordscapes(),
        summary="fit words of a list into a board so that they cross",
        truth="the list, checked on the answer; any solution",
    ),
)
