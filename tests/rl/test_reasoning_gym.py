"""reasoning-gym's generators as environments: complete, the same everywhere, never fooled and never
made to run an answer.
"""

from __future__ import annotations

import builtins
import importlib.metadata
import pickle
import random
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hash_seed import printed

from ostinato.base.errors import UserError
from ostinato.rl.envs.logic import reasoning_gym as adapter
from ostinato.rl.envs.logic import reasoning_gym_table as table
from ostinato.rl.envs.logic.expressions import exact, is_antiderivative, polynomial
from ostinato.rl.envs.logic.reasoning_gym import GymFamily, gym_environments, gym_question
from ostinato.rl.envs.logic.reasoning_gym_cache import cache_file, read_entry, write_entry
from ostinato.rl.envs.logic.reasoning_gym_guard import CAPPED, COMPARED, SHAPES
from ostinato.rl.envs.registry import Environment
from ostinato.rl.episode import play

ALL = gym_environments()
NAMES = [one.name.removeprefix("gym/") for one in ALL]
FAST = [one for one in ALL if 1 not in table.SLOW.get(one.name.removeprefix("gym/"), {})]
SCORED = [one for one in FAST if one.name.removeprefix("gym/") not in COMPARED]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def correct(name: str, answer: str, level: int = 1, seed: int = 0) -> bool:
    return GymFamily(name, level).check(gym_question(name, level, seed), answer).correct


class TestTable:
    def test_it_lists_the_package(self):
        from reasoning_gym.factory import DATASETS

        assert importlib.metadata.version("reasoning-gym") == table.VERSION
        assert set(NAMES) | set(table.EXCLUDED) == set(DATASETS)
        assert not set(NAMES) & set(table.EXCLUDED)
        for category, names in table.LEVELS.items():
            for name in names:
                assert DATASETS[name][0].__module__.split(".")[1] == category

    def test_every_remark_is_about_a_generator(self):
        remarks = [table.CAPS, table.FIELDS, table.SLOW, table.GUESSABLE, table.GLOBAL_RANDOM]
        remarks += [
            table.FIRST,
            table.NOISY,
            table.REUSED,
            table.UNANSWERED,
            COMPARED,
            CAPPED,
            SHAPES,
        ]
        for remark in remarks:
            assert set(remark) <= set(NAMES)
        assert all(share > 0.2 for share in table.GUESSABLE.values())

    def test_environments(self):
        assert len({one.name for one in ALL}) == len(ALL) == 104
        for one in ALL:
            name = one.name.removeprefix("gym/")
            assert one.levels == GymFamily(name, 1).levels
            assert one.extra == "reasoning"
            assert one.guessable == (name in table.GUESSABLE)


def prove(environment: Environment, level: int, seed: int) -> None:
    task, name = environment.task(level, seed), environment.name.removeprefix("gym/")
    entry = dict(gym_question(name, level, seed).data)
    assert adapter.data_set(name, level, 0).score_answer(entry["answer"], entry) >= 1
    assert pickle.loads(pickle.dumps(task)) == task  # noqa: S301, our own
    assert play(task.env(), task.perfect()).grade.correct, (environment.name, level, seed)
    for how, cheat in task.cheats().items():
        assert play(task.env(), cheat).grade.score == 0, (name, how, level, seed)


@pytest.mark.parametrize("environment", FAST, ids=lambda one: one.name)
def test_only_the_right_answer_counts(environment: Environment):
    prove(environment, 1, 0)


@pytest.mark.long
@pytest.mark.parametrize("environment", ALL, ids=lambda one: one.name)
def test_only_the_right_answer_counts_at_every_level(environment: Environment):
    for level in range(1, environment.levels + 1):
        for seed in (1, 2):
            prove(environment, level, seed)


class TestSeeds:
    def test_the_same_task_again(self):
        for name in ("tsumego", "word_ladder", "list_functions", "rush_hour", "ab"):
            for seed in range(3):
                assert gym_question(name, 1, seed) == gym_question(name, 1, seed)
            assert gym_question(name, 1, 1).prompt != gym_question(name, 1, 2).prompt

    def test_global_random_numbers_neither_matter_nor_change(self):
        for name in table.GLOBAL_RANDOM:
            random.seed(1)
            np.random.seed(1)  # noqa: NPY002
            first = [gym_question(name, 1, seed) for seed in range(20)]
            state = random.random(), np.random.random()  # noqa: NPY002
            random.seed(1)
            np.random.seed(1)  # noqa: NPY002
            assert (random.random(), np.random.random()) == state  # noqa: NPY002
            assert [gym_question(name, 1, seed) for seed in range(20)] == first

    @pytest.mark.long
    def test_the_order_of_sets_does_not_matter(self):
        names = ["isomorphic_strings", "ransom_note", "word_ladder", "polynomial_multiplication"]
        names += ["intermediate_integration", "list_functions", "rush_hour", "graph_color"]
        program = (
            "import sys, hashlib\n"
            "from ostinato.rl.envs.logic.reasoning_gym import gym_question as ask\n"
            "all = [ask(name, 1, seed) for name in sys.argv[1:] for seed in range(5)]\n"
            "print(hashlib.sha256(repr([(q.prompt, q.answer) for q in all]).encode()).hexdigest())"
        )
        digests = {printed(program, *names, hash_seed=seed) for seed in ("1", "2")}
        assert len(digests) == 1

    def test_nothing_is_printed(self, capsys: pytest.CaptureFixture[str]):
        for name in table.NOISY:
            gym_question(name, 1, 0)
        assert not correct("tower_of_hanoi", "Move disk 1 from Peg 1 to Peg 20")
        assert capsys.readouterr() == ("", "")


class TestWithoutThePackage:
    @pytest.fixture(autouse=True)
    def _missing(self, monkeypatch: pytest.MonkeyPatch):
        adapter.data_set.cache_clear()
        monkeypatch.setitem(sys.modules, "reasoning_gym", None)

    def test_listing_works(self):
        assert [one.name for one in gym_environments()] == [one.name for one in ALL]

    def test_a_task_says_what_to_install(self):
        for name in ("gym/ab", "gym/zebra_puzzles", "gym/word_ladder"):
            environment = next(one for one in ALL if one.name == name)
            with pytest.raises(UserError, match=r"pip install 'ostinato\[reasoning\]'"):
                environment.task(1, 0)


class TestCache:
    def test_a_slow_task_is_made_once(self, cache: Path, monkeypatch: pytest.MonkeyPatch):
        first = gym_question("zebra_puzzles", 3, 7)
        assert cache_file(table.VERSION, "zebra_puzzles", 3).is_relative_to(cache)

        def fail(*arguments: object) -> Any:
            raise AssertionError(arguments)

        monkeypatch.setattr(adapter, "_made", fail)
        assert gym_question("zebra_puzzles", 3, 7) == first
        with pytest.raises(AssertionError):
            gym_question("zebra_puzzles", 3, 8)

    def test_what_is_broken_is_passed_over(self, cache: Path):
        path = cache / "some-1.jsonl"
        entry = {"question": "q", "answer": "a", "metadata": {}}
        write_entry(path, 3, entry)
        write_entry(path, 1, entry | {"answer": "b"})
        path.write_text(path.read_text() + 'null\n{"seed": 5, "entry": {"question": 1}}\n{"se')
        assert read_entry(path, 3) == entry
        assert read_entry(path, 1) == entry | {"answer": "b"}
        assert read_entry(path, 5) is None
        assert read_entry(cache / "none.jsonl", 1) is None

    def test_no_place_to_write_is_no_error(self, cache: Path, monkeypatch: pytest.MonkeyPatch):
        (cache / "file").write_text("")
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache / "file"))
        assert gym_question("zebra_puzzles", 3, 7).answer


ODD: list[Callable[[Path], str]] = [
    lambda path: f"__import__('pathlib').Path('{path}').touch()",
    lambda path: f"[open('{path}', 'w')]",
    lambda path: f"(open('{path}', 'w'))*0 + C",
    lambda path: "9**9**9**9",
    lambda path: "((9**99)**99)**99",
    lambda path: "1e999999999",
    lambda path: "1" * 5000,
    lambda path: "[" * 3000,
    lambda path: "(" * 300 + "1" + ")" * 300,
    lambda path: "-" * 300 + "1",
    lambda path: "[NaN, NaN, NaN]",
    lambda path: "nan",
    lambda path: "\0",
    lambda path: "{}",
    lambda path: "[{}]",
    lambda path: '{"a": [1, {"b": null}]}',
    lambda path: "R999999999",
    lambda path: "A+999999999",
]


@pytest.mark.parametrize("environment", SCORED, ids=lambda one: one.name)
def test_odd_answers_are_wrong_and_run_nothing(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    name, made = environment.name.removeprefix("gym/"), tmp_path / "made"
    question = gym_question(name, 1, 3)
    family = GymFamily(name, 1)
    run: list[object] = []
    true_eval = builtins.eval

    def watched(source: Any, *arguments: Any) -> Any:
        run.append(source)
        return true_eval(source, *arguments)  # what the package means to run

    monkeypatch.setattr(builtins, "eval", watched)
    start = time.process_time()
    for odd in ODD:
        answer = odd(made)
        assert not family.check(question, answer).correct, answer[:60]
        assert answer not in run
    assert not made.exists()
    assert time.process_time() - start < 10


class TestLoopholes:
    """What the package's own scorers take, or used to take."""

    def test_puzzle24_wants_the_numbers_given_and_24(self):
        numbers = gym_question("puzzle24", 1, 0).data["metadata"]["numbers"]
        assert sorted(numbers) != [1, 2, 3, 4]
        assert not correct("puzzle24", "1*2*3*4")
        assert not correct("puzzle24", "+".join(map(str, numbers)) + "+0")

    def test_no_number_of_a_pool_is_nearly_right(self):
        answer = gym_question("pool_matrix", 1, 1).answer  # averages, as in 4.56
        first, rest = answer.split(" ", 1)
        assert correct("pool_matrix", f"{float(first):.3f} {rest}", 1, 1)
        assert not correct("pool_matrix", f"{float(first) + 0.02:.2f} {rest}", 1, 1)
        assert not correct("pool_matrix", rest, 1, 1)

    @pytest.mark.parametrize("level", [1, 2, 3, 4])
    def test_one_candidate_of_many_is_right(self, level: int):
        question = gym_question("number_format", level, 3)
        shown = question.prompt.partition("candidates: ")[2].split()
        right = [one for one in shown if correct("number_format", one, level, 3)]
        values = {round(float(one.replace(",", "")), 3) for one in right}
        assert values == {round(float(question.answer), 3)}
        assert len(right) <= len(shown) / 4
        assert correct("number_format", f"{float(question.answer):.15e}", level, 3)
        assert not correct("number_format", f"{float(question.answer) + 0.001:.3f}", level, 3)

    def test_sorting_is_exact(self):
        answer = gym_question("number_sorting", 1, 0).answer
        first = answer[2 : answer.index("'", 2)]
        assert correct("number_sorting", answer.replace("'", ""))
        assert not correct("number_sorting", answer.replace(first, f"{float(first) + 0.5}", 1))

    def test_one_number_is_one_number(self):
        answer = gym_question("gsm_symbolic", 1, 0).answer
        assert correct("gsm_symbolic", f"{answer}.0")
        assert not correct("gsm_symbolic", f"{answer} or 3")
        assert not correct("complex_arithmetic", "nan")
        assert not correct("complex_arithmetic", "nan+1j")

    def test_a_probability_has_all_its_digits(self):
        answer = Fraction(gym_question("coin_flip", 1, 0).answer)
        assert correct("coin_flip", f"{answer.numerator}/{answer.denominator}")
        assert not correct("coin_flip", "0")
        assert not correct("coin_flip", "1/0")

    def test_halting_has_two_answers(self):
        answer = gym_question("game_of_life_halting", 1, 0).answer
        assert not correct("game_of_life_halting", "False" if answer == "True" else "True")

    def test_words_are_whole_words(self):
        for name in ("spell_backward", "figlet_font", "letter_jumble"):
            for level in (1, 5):
                answer = gym_question(name, level, 0).answer
                assert correct(name, answer.upper(), level)
                assert not correct(name, answer + "e", level)
                assert not correct(name, answer + " extra", level)


class TestOtherRightAnswers:
    def test_integrals(self):
        answer = gym_question("simple_integration", 1, 0).answer
        assert correct("simple_integration", f"0.5*({answer}) + ({answer})/2")
        assert correct("simple_integration", f"{answer} + 3 - sin(2)")
        assert not correct("simple_integration", f"({answer}) + 1e-3")
        variable = gym_question("simple_integration", 1, 0).data["metadata"]["variable"]
        assert not correct("simple_integration", f"({answer}) + 0.001*{variable}")

    def test_arithmetic(self):
        answer = gym_question("countdown", 1, 0).answer
        assert correct("countdown", f"(({answer}))")
        assert not correct("countdown", f"{answer} + 1 - 1")

    def test_products_of_sums_must_be_multiplied_out(self):
        question = gym_question("polynomial_multiplication", 1, 0)
        turned = " + ".join(reversed(question.answer.replace(" - ", " + -").split(" + ")))
        assert correct("polynomial_multiplication", turned.replace("+ -", "- "))
        expression = question.data["metadata"]["polynomial_expr"]
        assert not correct("polynomial_multiplication", expression)

    def test_plans(self):
        moves = gym_question("rush_hour", 1, 0).answer
        assert correct("rush_hour", f"{moves} A-1 A+1")
        assert not correct("rush_hour", f"{moves} A-1")
        assert not correct("rush_hour", f"{moves} A+1"), "there is no further"
        assert not correct("rush_hour", f"{moves} Z+1")
        assert not correct("rush_hour", moves.rpartition(" ")[0])
        cube = gym_question("rubiks_cube", 1, 0).answer
        assert correct("rubiks_cube", f"U U' {cube}")
        assert not correct("rubiks_cube", f"{cube} U")


class TestExpressions:
    def test_exact(self):
        assert exact("(1 + 2) * 3 - 4/8") == Fraction(17, 2)
        assert exact("-(2)") == -2
        for other in ("1/0", "2**3", "7//2", "1e3", "1.5", "x", "(1", "", "1 2", "f(1)", "5(3)"):
            assert exact(other) is None, other

    def test_polynomial(self):
        assert polynomial("3*x**2*y - 7 + x*x - x**2") == {"x2 y1": 3, "": -7}
        assert polynomial("-x") == {"x1": -1}
        for other in ("(x + 1)*(x - 1)", "x**-1", "x***2", "2**3", "x^2", "xy", "3x", "+", ""):
            assert polynomial(other) is None, other

    def test_antiderivative(self):
        right = {
            "x*log(x) - x + C": "log(x)",
            "-2*(5 - 2*x)**(3/2)/6": "sqrt(5 - 2*x)",
            "exp(2*x)/2 + 7": "exp(2*x)",
            "log(cos(x))*-1": "tan(x)",
            "x*asin(x) + sqrt(1 - x**2)": "asin(x)",
            "atan(3*x)/3": "1/(1 + 9*x**2)",
            "(x + 1)**2/2": "x + 1",
        }
        for text, integrand in right.items():
            assert is_antiderivative(text, integrand, "x") is True, text
            assert is_antiderivative(f"{text} + 0.01*x", integrand, "x") is False, text
        for other in ("y", "Integral(x, x)", "x.real", "2x", "x if x else x", "x, 1", "sin", "[x]"):
            assert is_antiderivative(other, "x", "x") is None, other
