"""The logic puzzles that are told in words."""

from __future__ import annotations

from ostinato.rl.envs.logic.boolean_expressions import BooleanExpressions
from ostinato.rl.envs.logic.buggy_tables import BuggyTables
from ostinato.rl.envs.logic.cipher import Cipher
from ostinato.rl.envs.logic.dyck_errors import DyckErrors
from ostinato.rl.envs.logic.dyck_language import DyckLanguage
from ostinato.rl.envs.logic.dyck_reasoning import DyckReasoning
from ostinato.rl.envs.logic.goods_exchange import GoodsExchange
from ostinato.rl.envs.logic.math_path import MathPath
from ostinato.rl.envs.logic.object_properties import ObjectProperties
from ostinato.rl.envs.logic.space_reasoning import SpaceReasoning
from ostinato.rl.envs.logic.space_reasoning_tree import SpaceReasoningTree
from ostinato.rl.envs.logic.time_sequence import TimeSequence
from ostinato.rl.envs.logic.web_of_lies import WebOfLies
from ostinato.rl.envs.logic.word_sorting_mistake import WordSortingMistake
from ostinato.rl.envs.registry import Environment, of_questions

PUZZLES: tuple[Environment, ...] = (
    of_questions(
        "logic/boolean_expressions",
        BooleanExpressions(),
        summary="the truth of several nested expressions",
        truth="known by construction; one answer",
    ),
    of_questions(
        "logic/buggy_tables",
        BuggyTables(),
        summary="a number from a table as it was before a stated bug spoilt it",
        truth="computed from the true table; one answer",
    ),
    of_questions(
        "logic/cipher",
        Cipher(),
        summary="decipher a text, method and key known",
        truth="the text that was enciphered; one answer",
    ),
    of_questions(
        "logic/dyck_errors",
        DyckErrors(),
        summary="the first wrong bracket of a sequence",
        truth="the sequence, read with a stack; one answer",
    ),
    of_questions(
        "logic/dyck_language",
        DyckLanguage(),
        summary="the brackets that complete a sequence",
        truth="the brackets that are open at the end; one answer",
    ),
    of_questions(
        "logic/dyck_reasoning",
        DyckReasoning(),
        summary="the wrong steps in an account of how brackets are matched",
        truth="the sequence, read with a stack; one answer",
    ),
    of_questions(
        "logic/goods_exchange",
        GoodsExchange(),
        summary="who has what after swaps",
        truth="the swaps, carried out; one answer",
    ),
    of_questions(
        "logic/math_path",
        MathPath(),
        summary="fill numbers and operators into a path of calculations",
        truth="the path, calculated; any filling that holds",
    ),
    of_questions(
        "logic/object_properties",
        ObjectProperties(),
        summary="colours, sizes, places and counts of things after changes",
        truth="the changes, carried out; one answer",
    ),
    of_questions(
        "logic/space_reasoning",
        SpaceReasoning(),
        summary="where people stand on a grid after walking",
        truth="the moves, carried out; one answer",
    ),
    of_questions(
        "logic/space_reasoning_tree",
        SpaceReasoningTree(),
        summary="the only way between two rooms of a house",
        truth="the doors of the house; one answer",
    ),
    of_questions(
        "logic/time_sequence",
        TimeSequence(),
        summary="a time at which everybody can meet",
        truth="the appointments; any free slot, or the earliest where it is asked for",
    ),
    of_questions(
        "logic/web_of_lies",
        WebOfLies(),
        summary="who lies, from what people say of each other",
        truth="the only solution, by trying all; one answer",
    ),
    of_questions(
        "logic/word_sorting_mistake",
        WordSortingMistake(),
        summary="the first wrong step in an account of how words are sorted",
        truth="known by construction; one answer",
    ),
)
