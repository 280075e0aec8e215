"""Which examples are asked, and which are for training: no prompt is ever both.

Two things keep them apart. Every example has a random generator of its own, whose seed is a
string that begins with "test" or "training". And a prompt is kept for testing if its CRC-32 is
divisible by four, else for training; the generator draws on until it has one of its side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from zlib import crc32

from ostinato.base.errors import UserError
from ostinato.eval.long_context.language import compose
from ostinato.eval.long_context.tasks import MIN_LENGTH, SHORTEST, TASKS
from ostinato.eval.long_context.types import Document, Example

MOST_QUESTIONS = 16  # over a training text
_TEST_SHARE = 4  # one prompt in so many is kept for testing


@dataclass(frozen=True)
class Suite:
    """Every task at every length: the training length times each of ``multiples``."""

    training_length: int  # bytes of the longest training text, prompt and answer
    multiples: tuple[int, ...] = (1, 2, 4, 8, 16)
    examples: int = 100  # of each task at each length
    tasks: tuple[str, ...] = tuple(TASKS)
    seed: int = 0

    def __post_init__(self) -> None:
        _check_length(self.training_length)
        unknown = [task for task in self.tasks if task not in TASKS]
        if unknown:
            raise UserError(f"there is no task {unknown[0]!r}; there is {', '.join(TASKS)}")
        if not self.tasks or self.examples < 1:
            raise UserError("expected at least one task and one example of each")
        if len(set(self.tasks)) < len(self.tasks):
            raise UserError(f"expected every task once, got {', '.join(self.tasks)}")
        rising = sorted({multiple for multiple in self.multiples if multiple > 0})
        if not rising or list(self.multiples) != rising:
            raise UserError(f"expected multiples that rise, such as 1, 2, 4: got {self.multiples}")

    @property
    def lengths(self) -> tuple[int, ...]:
        """In bytes, in the order of ``multiples``."""
        return tuple(self.training_length * multiple for multiple in self.multiples)

    def cell(self, task: str, length: int) -> list[Example]:
        """The examples of one task at one length; always the same ones."""
        seeds = (f"test {self.seed} {task} {length} {index}" for index in range(self.examples))
        return [_test_example(Random(seed), task, length) for seed in seeds]


def training_documents(
    seed: int,
    length: int,
    count: int,
    *,
    start: int = 0,
    tasks: Sequence[str] = tuple(TASKS),
) -> Iterator[Document]:
    """Documents ``start`` to ``start + count`` of the endless stream of a seed.

    ``tasks`` are equally likely; lengths are log-uniform between ``SHORTEST`` and ``length``. A
    text is asked up to ``MOST_QUESTIONS``, one after the other, while there is room.
    Each document has its own generator, so a stream may be entered anywhere.
    """
    if length < SHORTEST:
        raise UserError(f"expected a length of at least {SHORTEST} bytes, got {length}")
    for index in range(start, start + count):
        rng = Random(f"training {seed} {index}")
        size = round(SHORTEST * math.exp(rng.random() * math.log(length / SHORTEST)))
        task = rng.choice(tasks)
        while for_testing((document := _several(rng, task, size)).parts[0][0]):
            pass
        yield document


def for_testing(prompt: str) -> bool:
    """The side of a prompt."""
    return crc32(prompt.encode()) % _TEST_SHARE == 0


def _test_example(rng: Random, task: str, length: int) -> Example:
    while not for_testing((example := draw(rng, task, length)).prompt):
        pass
    return example


def draw(rng: Random, task: str, length: int) -> Example:
    """One question over a text that with it has ``length`` bytes, or up to four less."""
    material = TASKS[task](rng, length)
    question = material.questions[0]
    body = compose(rng, material.hidden, length - len(question.prompt + question.reply))
    meta = dict(question.meta)
    if question.fact:
        meta["depth"] = body.index(question.fact) / len(body)
    return Example(task, body, question, meta)


def _several(rng: Random, task: str, length: int) -> Document:
    """Many questions over a text that with them has ``length`` bytes, or up to four less."""
    material = TASKS[task](rng, length)
    first, *others = material.questions[:MOST_QUESTIONS]
    chosen = [first]
    left = length - sum(map(len, material.hidden)) - len(first.prompt + first.reply)
    for question in others:
        left -= len(question.prompt + question.reply)
        if left < 0:
            break
        chosen.append(question)
    parts = [(question.prompt, question.reply) for question in chosen]
    body = compose(rng, material.hidden, length - sum(len(ask + reply) for ask, reply in parts))
    return Document(((body + parts[0][0], parts[0][1]), *parts[1:]))


def _check_length(length: int) -> None:
    if length < MIN_LENGTH:
        raise UserError(f"expected a length of at least {MIN_LENGTH} bytes, got {length}")
