"""The examples: of the right length, answered by their text, and by nothing less than that."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from random import Random

import pytest

from ostinato.base.errors import UserError
from ostinato.eval.long_context import MIN_LENGTH, TASKS, Suite, draw, training_documents
from ostinato.eval.long_context.agents import guess, solve
from ostinato.eval.long_context.language import ADJECTIVES, KEYS, NOUNS, WORDS, filler
from ostinato.eval.long_context.suite import MOST_QUESTIONS, for_testing
from ostinato.eval.long_context.tasks import SHORTEST

COUNTS = {MIN_LENGTH: 2500, 400: 1000, 1024: 300, 5000: 40, 40_000: 4}


@pytest.mark.parametrize("length", COUNTS)
@pytest.mark.parametrize("task", TASKS)
def test_text_has_the_length_and_holds_the_answer(task: str, length: int) -> None:
    rng = Random(f"{task} {length}")
    for _ in range(COUNTS[length]):
        example = draw(rng, task, length)
        assert example.task == task
        assert length - 4 <= len(example.text.encode()) <= length
        assert example.text.isascii()
        assert "\n" not in example.question.answer
        assert solve(example.prompt) == example.question.answer


@pytest.mark.parametrize("task", TASKS)
def test_guesses_are_right_as_often_as_chance_says(task: str) -> None:
    rng = Random(task)
    examples = [draw(rng, task, 600) for _ in range(2000)]
    right = [guess(example.prompt, rng) == example.question.answer for example in examples]
    chances = [example.question.chance for example in examples]
    deviation = sum(p * (1 - p) for p in chances) ** 0.5
    assert abs(sum(right) - sum(chances)) < 3.5 * deviation
    assert 0 < sum(chances) / len(chances) < 0.4


@pytest.mark.parametrize(
    ("task", "shown"),
    [("needle", r": (\d+)$"), ("variables", r"= (\d+)$"), ("uuid", r": (\S+-.*)$")],
)
@pytest.mark.parametrize("place", [0, -1])
def test_the_first_and_the_last_value_are_no_better_guesses(
    task: str, shown: str, place: int
) -> None:
    rng = Random(f"{task} {place}")
    examples = [
        e for e in (draw(rng, task, 512) for _ in range(2400)) if " " not in e.question.answer
    ]
    right = sum(
        re.findall(shown, example.prompt, re.MULTILINE)[place] == example.question.answer
        for example in examples
    )
    chance = examples[0].question.chance
    expected = chance * len(examples)
    assert abs(right - expected) < 3.5 * (expected * (1 - chance)) ** 0.5


def test_needle_lies_anywhere() -> None:
    rng = Random(1)
    depths = [float(draw(rng, "needle", 1024).meta["depth"]) for _ in range(2000)]
    quarters = Counter(int(4 * depth) for depth in depths)
    assert all(abs(quarters[quarter] - 500) < 75 for quarter in range(4))


def test_every_form_occurs_and_grows_as_it_should() -> None:
    rng = Random(2)
    short = [draw(rng, "needles", 512) for _ in range(200)]
    assert {e.meta["form"] for e in short} == {"one", "all"}
    assert {e.meta["asked"] for e in short} == {1, 2, 3}
    assert all(int(draw(rng, "needles", 8192).meta["facts"]) >= 127 for _ in range(5))
    assert {e.meta["turn"] for e in (draw(rng, "coreference", 512) for _ in range(200))} == {
        1,
        2,
        3,
        4,
    }
    assert {e.meta["hops"] for e in (draw(rng, "variables", 512) for _ in range(50))} == {1, 2, 3}
    votes = [draw(rng, "aggregation", length).meta["votes"] for length in [512, 9000] * 50]
    assert max(map(int, votes)) <= 24
    assert {e.meta["asked"] for e in (draw(rng, "uuid", 512) for _ in range(50))} == {1, 2}


def test_the_language_is_small_and_its_words_are_distinct() -> None:
    assert len(set(WORDS)) == len(ADJECTIVES) + len(NOUNS) == 48
    assert len(set(KEYS)) == len(KEYS) == 512
    assert not {"all", "most", "count", "ask", "say"} & set(WORDS)
    for size in (*range(5, 60), 1000):
        lines = filler(Random(size), size)
        assert size - 4 <= sum(map(len, lines)) <= size
        assert all(re.fullmatch(r"[a-z]+( [a-z]+)*\.\n", line) for line in lines)


def test_the_same_seed_draws_the_same_and_another_others() -> None:
    suite = Suite(MIN_LENGTH, examples=5)
    assert suite.lengths == (320, 640, 1280, 2560, 5120)
    for task in TASKS:
        again = Suite(MIN_LENGTH, examples=5).cell(task, 512)
        other = Suite(MIN_LENGTH, examples=5, seed=1).cell(task, 512)
        assert suite.cell(task, 512) == again
        assert not {e.prompt for e in again} & {e.prompt for e in other}
        assert Suite(MIN_LENGTH, examples=2).cell(task, 512) == again[:2]


def test_no_prompt_is_for_training_and_for_testing() -> None:
    suite = Suite(MIN_LENGTH, examples=20)
    asked = [e.prompt for task in TASKS for e in suite.cell(task, MIN_LENGTH)]
    trained = [d.parts[0][0] for d in training_documents(0, 400, 500)]
    assert all(for_testing(prompt) for prompt in asked)
    assert not any(for_testing(prompt) for prompt in trained)
    assert len(set(asked)) == len(asked)
    assert len(set(trained)) == len(trained)


def test_training_documents_mix_tasks_and_lengths() -> None:
    documents = list(training_documents(3, 1024, 600))
    for document in documents:
        body, _, first = document.parts[0][0].rpartition("\n? ")
        for asked, learnt in ((f"? {first}", document.parts[0][1]), *document.parts[1:]):
            assert learnt == f" {solve(body + chr(10) + asked)}\n"
    lengths = sorted(len(document.text) for document in documents)
    assert lengths[0] >= SHORTEST - 4
    assert lengths[-1] <= 1024
    assert abs(lengths[300] - 362) < 40  # log-uniform: half are longer than the geometric mean
    counts = {len(document.parts) for document in documents}
    assert {1, 2, 8} < counts <= set(range(1, MOST_QUESTIONS + 1))
    last = [document.parts[-1][0].rpartition("? ")[2] for document in documents]
    assert sum(question.startswith(("most", "count")) for question in last) in range(70, 130)
    assert sum(question.endswith(" =") for question in last) in range(70, 130)


def test_a_training_stream_may_be_entered_anywhere() -> None:
    whole = list(training_documents(5, 600, 12))
    assert list(training_documents(5, 600, 4, start=8)) == whole[8:]
    assert list(islice(training_documents(5, 600, 10**9), 12)) == whole
    assert list(training_documents(6, 600, 12)) != whole


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"training_length": 100}, "at least 320 bytes, got 100"),
        ({"tasks": ("needle", "haystack")}, "no task 'haystack'"),
        ({"tasks": ()}, "at least one task"),
        ({"tasks": ("needle", "needle")}, "every task once"),
        ({"examples": 0}, "one example"),
        ({"multiples": ()}, "multiples"),
        ({"multiples": (2, 1)}, "multiples"),
        ({"multiples": (0, 1)}, "multiples"),
    ],
)
def test_a_suite_that_makes_no_sense_is_refused(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        Suite(**{"training_length": 512, **options})  # pyright: ignore[reportArgumentType]


def test_a_training_length_that_holds_no_task_is_refused() -> None:
    with pytest.raises(UserError, match="at least 128"):
        next(training_documents(0, 127, 1))


def test_a_training_stream_of_some_tasks_only() -> None:
    for document in training_documents(1, 256, 30, tasks=("needle",)):
        assert document.text.count("\n- ") + document.text.startswith("- ") >= 2
        assert all(question.startswith("? ") for question, _ in document.parts[1:])
