"""Logic puzzles solved aloud: right, from the prompt alone, and short."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

import pytest

from ostinato.grading.answers import AnswerForm
from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.logic.brackets import PARTNER
from ostinato.rl.envs.question import QuestionTask
from ostinato.rl.episode import play
from ostinato.rl.traces.logic import LEVELS, TRACERS
from ostinato.rl.traces.logic.elimination import Elimination, Rule, distinct, fit
from ostinato.rl.traces.logic.solution import CHECKED

SERVED = [(name, level) for name in TRACERS for level in range(1, LEVELS[name] + 1)]
SEEDS = range(6)
EASY, HARD = 1_600, 9_000
"""Characters of thinking at the first level, and at any."""


def task_of(name: str, level: int, seed: int) -> QuestionTask:
    task = find(name).task(level, seed)
    assert isinstance(task, QuestionTask)
    return task


def told(name: str, task: QuestionTask, seed: int = 0) -> tuple[str, str]:
    """Thinking and content of the one turn."""
    trajectory = play(task.env(), TRACERS[name](task, Random(seed)))
    assert len(trajectory.transitions) == 1
    message = trajectory.transitions[0].action.message
    assert message.thinking is not None
    assert not message.tool_calls
    return message.thinking, message.content


def unchecked(thinking: str) -> str:
    """Without the check at the end."""
    return thinking.partition("\ncheck: ")[0]


def test_every_tracer_has_its_levels():
    assert set(TRACERS) == set(LEVELS)
    assert all(1 <= LEVELS[name] <= find(name).levels for name in TRACERS)


@pytest.mark.parametrize(("name", "level"), SERVED)
def test_a_trace_solves_its_puzzle_and_ends_with_the_answer(name: str, level: int):
    for seed in SEEDS:
        task = task_of(name, level, seed)
        trajectory = play(task.env(), TRACERS[name](task, Random(seed)))
        assert trajectory.grade.correct, (seed, trajectory.grade.reason)
        thinking, content = told(name, task, seed)
        answer = AnswerForm.TAG.read(content)
        assert answer is not None
        assert content == AnswerForm.TAG.mark(answer)
        assert f"\n{unchecked(thinking)}".endswith(f"\n{answer}")
        assert len(thinking) <= (EASY if level == 1 else HARD)


@pytest.mark.parametrize("name", TRACERS)
def test_the_same_draws_give_the_same_text(name: str):
    task = task_of(name, LEVELS[name], 3)
    assert told(name, task, 5) == told(name, task_of(name, LEVELS[name], 3), 5)


@pytest.mark.parametrize(
    "name", ["logic/web_of_lies", "logic/skyscrapers", "logic/calcudoku", "logic/star_placement"]
)
def test_other_draws_go_other_ways_to_the_same_answer(name: str):
    task = task_of(name, LEVELS[name], 0)
    ways = {told(name, task, seed) for seed in range(6)}
    assert len({unchecked(thinking) for thinking, _ in ways}) > 1
    assert len({content for _, content in ways}) == 1


class Sealed(Mapping[str, object]):
    """What the checker needs, and no solver may read."""

    def __getitem__(self, key: str) -> object:
        raise AssertionError(f"{key} was read")

    def __iter__(self):
        raise AssertionError("all was read")

    def __len__(self) -> int:
        raise AssertionError("the length was read")


@pytest.mark.parametrize(("name", "level"), SERVED)
def test_a_tracer_reads_the_prompt_alone(name: str, level: int):
    task = task_of(name, level, 1)
    blind = replace(task, question=replace(task.question, answer="x", data=Sealed()))
    message = TRACERS[name](blind, Random(2)).act(task.env().begin()).message
    assert (message.thinking, message.content) == told(name, task, 2)


def swapped(answer: str) -> str:
    """The answer with the first two different digits or stars exchanged."""
    first = re.search(r"[\d*]", answer)
    assert first
    other = next(i for i, c in enumerate(answer) if c not in (first[0], " ", "\n"))
    letters = list(answer)
    letters[first.start()], letters[other] = letters[other], letters[first.start()]
    return "".join(letters)


def turned(answer: str) -> str:
    """The answer with its last letter turned round."""
    return answer[:-1] + {"T": "FL", "F": "TT", "L": "TT"}[answer[-1]][0]


NEAR: dict[str, Callable[[str], str]] = {
    "logic/boolean_expressions": turned,
    "logic/calcudoku": swapped,
    "logic/dyck_language": lambda answer: answer[:-2],
    "logic/goods_exchange": lambda answer: ", ".join(
        [answer.split(", ")[1], answer.split(", ")[0], *answer.split(", ")[2:]]
    ),
    "logic/skyscrapers": swapped,
    "logic/star_placement": swapped,
    "logic/web_of_lies": lambda answer: turned(answer).replace("F", "L"),
}


@pytest.mark.parametrize("name", TRACERS)
def test_nearly_the_answer_is_wrong(name: str):
    for seed in range(3):
        task = task_of(name, 1, seed)
        answer = AnswerForm.TAG.read(told(name, task)[1])
        assert answer is not None
        assert task.family.check(task.question, answer).correct
        assert not task.family.check(task.question, NEAR[name](answer)).correct


def test_a_share_of_the_traces_is_checked():
    task = task_of("logic/dyck_language", 1, 0)
    checked = sum("\ncheck: " in told("logic/dyck_language", task, seed)[0] for seed in range(400))
    assert abs(checked / 400 - CHECKED) < 0.08


@pytest.mark.parametrize(("name", "level"), SERVED)
def test_a_check_finds_the_answer_right(name: str, level: int):
    seed = next(seed for seed in range(60) if Random(seed).random() < CHECKED)
    thinking = told(name, task_of(name, level, 0), seed)[0]
    check = thinking.splitlines()[-1]
    assert check.startswith("check: ")
    assert check.endswith(" ok")
    assert not re.search(r"\bno\b", check)


def test_brackets_are_taken_in_their_order():
    for seed in SEEDS:
        task = task_of("logic/dyck_language", 3, seed)
        lines = told("logic/dyck_language", task, seed)[0].splitlines()
        taken = [line[0] for line in lines if " | " in line]
        assert " ".join(taken) in task.question.prompt
        due = [line.partition(" | ")[2].split() for line in lines if " | " in line]
        for bracket, before, after in zip(taken[1:], due, due[1:], strict=False):
            before, after = ([b for b in one if b != "-"] for one in (before, after))
            opened = bracket in PARTNER
            assert (after[1:] if opened else after) == (before if opened else before[1:])


def test_after_every_exchange_each_thing_is_somewhere():
    task = task_of("logic/goods_exchange", 5, 0)
    thinking, content = told("logic/goods_exchange", task)
    states = [line for line in unchecked(thinking).splitlines() if not line[0].isdigit()]
    things = sorted((AnswerForm.TAG.read(content) or "").split(", "))
    for state in states[:-1]:
        assert sorted(part.split()[1] for part in state.split(", ")) == things
    assert len(states) == 26 + 2


def test_a_supposition_about_liars_is_sometimes_turned_round():
    task = task_of("logic/web_of_lies", 4, 1)
    ways = [told("logic/web_of_lies", task, seed)[0] for seed in range(16)]
    turned_round = sum("\nturn all\n" in way for way in ways)
    assert 0 < turned_round < len(ways)
    assert all((" no\nturn all\n" in way) == ("\nturn all\n" in way) for way in ways)


def test_stars_are_sometimes_taken_back():
    ways = [
        told("logic/star_placement", task_of("logic/star_placement", 2, seed), seed)[0]
        for seed in range(12)
    ]
    taken_back = ["back to" in way for way in ways]
    assert any(taken_back)
    assert not all(taken_back)
    for way in ways:
        states = [int(number) for number in re.findall(r"^state (\d+)$", way, re.MULTILINE)]
        assert states == list(range(1, len(states) + 1))


@pytest.mark.parametrize("name", ["logic/skyscrapers", "logic/calcudoku"])
def test_no_grid_excludes_the_solution(name: str):
    for level in range(1, LEVELS[name] + 1):
        task = task_of(name, level, 2)
        thinking, content = told(name, task)
        assert "suppose" not in thinking
        solution = (AnswerForm.TAG.read(content) or "").split()
        cells = [line.split()[1:] for line in thinking.splitlines() if re.match(r"\d: ", line)]
        flat = [cell for row in cells for cell in row]
        assert len(flat) % len(solution) == 0
        for at, cell in enumerate(flat):
            assert cell == "." or solution[at % len(solution)] in cell


def traps() -> tuple[tuple[Rule], ...]:
    """Three cells that are alike, and not 2; no rule alone shows it."""
    return (
        (Rule("a", "", (0, 1), ("11", "22")),),
        (Rule("b", "", (1, 2), ("11", "22")),),
        (Rule("c", "", (0, 2), ("11", "12", "21")),),
    )


def test_what_cannot_be_eliminated_is_supposed_and_taken_back():
    ways = set[bool]()
    for seed in range(8):
        work = Elimination(2, traps(), ["12", "12", "12", "1"], Random(seed))
        assert work.solve() == ["1"] * 4
        wrong = "grid 1: suppose r1c1 2" in work.lines
        assert wrong != ("grid 1: suppose r1c1 1" in work.lines)
        assert wrong == ("back to grid 1: r1c1 not 2" in work.lines)
        assert work.check() == "a 11 ok b 11 ok c 11 ok"
        ways.add(wrong)
    assert ways == {True, False}


def test_a_check_of_a_wrong_square_says_so():
    work = Elimination(2, traps(), ["2", "2", "2", "1"], Random(0))
    assert work.check() == "a 22 ok b 22 ok c 22 no"


def test_rows_that_do_not_fit_are_struck():
    assert fit(["12", "3", "12"], ["132", "213", "231"]) == ("132 y 213 n 231 y", ["12", "3", "12"])
    assert fit(["1", "2"], ["21"]) == ("21 n", [])


def test_different_digits_narrow_each_other():
    steps, cells = distinct(["12", "12", "123", "1234"], "1234")
    assert cells == ["12", "12", "3", "4"]
    assert [name for name, _ in steps] == ["pair 12", "one 3"]
    assert distinct(["124", "124", "1234", "124"], "1234")[1] == ["124", "124", "3", "124"]
    assert distinct(["1", "1", "23"], "123")[1] == []
    assert distinct(["12", "12", "12"], "123")[1] == []
