"""Text and traces for a reasoner, made in parallel: each part a function of its number alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random

from ostinato.base.log import progress
from ostinato.chat.encode import encode_training
from ostinato.chat.template import render
from ostinato.chat.tokenizer import Tokenizer, learn
from ostinato.data.text import TextHeader, TextWriter, tokenizer_digest
from ostinato.rl.curriculum_plan import FIRST_SEED
from ostinato.rl.envs.catalogue import find
from ostinato.rl.split import training_task
from ostinato.rl.traces.catalogue import TRACERS
from ostinato.rl.traces.conversation import Conversation, conversation, guessed
from ostinato.rl.traces.text import documents

PART = 200
"""Items that a process makes at once."""


@dataclass(frozen=True)
class Source:
    """An environment that is taught."""

    name: str
    levels: Mapping[int, float]
    """Weight of each level."""
    weight: float = 1.0

    def draw(self, rng: Random) -> int:
        """A level."""
        return rng.choices(list(self.levels), list(self.levels.values()))[0]


@dataclass(frozen=True)
class Diet:
    """What is taught."""

    sources: tuple[Source, ...]
    held: tuple[str, ...] = ()
    """Environments that no text may speak of."""
    longest: int = 4096
    """Tokens of a conversation; a longer one is left out."""
    thinks: float = 1.0
    """The share of conversations with a trace; in the others the answer is a guess at once."""

    def conversation(self, number: int) -> Conversation | None:
        """Conversation ``number``; None if its trace did not solve it."""
        rng = Random(f"conversation {number}")
        (source,) = rng.choices(self.sources, [one.weight for one in self.sources])
        seed = FIRST_SEED + rng.randrange(1 << 30)
        environment, level = find(source.name), source.draw(rng)
        seed, _ = training_task(environment, level, seed)
        if self.thinks < 1 and rng.random() >= self.thinks:
            blind = guessed(environment, level, seed)
            if blind is not None:
                return blind
        # Tests have run what these tracers write and repair.
        trusted = source.name in ("code/lists", "software/repair")
        return conversation(environment, level, seed, TRACERS[source.name], trusted=trusted)


def learn_tokenizer(diet: Diet, size: int, folder: Path, count: int) -> Tokenizer:
    """A vocabulary from as many conversations as documents."""
    told = (diet.conversation(number) for number in range(count))
    talks = (render(one.messages, one.tools, add_generation_prompt=False) for one in told if one)
    tokenizer = learn([*talks, *documents(0, 0, count, without=diet.held)], size)
    tokenizer.save(folder)
    return tokenizer


def write_text(diet: Diet, folder: Path, count: int, cores: int) -> int:
    """Pre-training documents as shards beside the folder's tokenizer; how many tokens."""
    return _write(folder, "text", count, cores, partial(_texts, folder, diet.held))


def write_traces(diet: Diet, folder: Path, count: int, cores: int, after: int = 0) -> int:
    """Conversations as shards beside the folder's tokenizer; how many tokens.

    ``after``: how many others a model has learnt from before.
    """
    return _write(folder, "chat", count, cores, partial(_traces, folder, diet, after))


Encoded = list[tuple[list[int], list[int] | None]]


def _write(folder: Path, kind: str, count: int, cores: int, make: object) -> int:
    tokenizer = Tokenizer.load(folder)
    header = TextHeader(kind, tokenizer.vocab_size, tokenizer_digest(folder))
    total = 0
    began = time.monotonic()
    with (
        ProcessPoolExecutor(cores) as pool,
        TextWriter(folder, header) as writer,
        progress(count, kind) as advance,
    ):
        begun = writer.items
        parts = pool.map(make, range(begun * PART, count, PART))
        for number, part in enumerate(parts, start=begun):
            for ids, learnt in part:
                writer.add(number, ids, learnt)
                total += len(ids)
            advance(PART)
    print(f"{kind}: {total:,} tokens in {time.monotonic() - began:.0f} s", flush=True)
    return total


def _texts(folder: Path, held: Sequence[str], first: int) -> Encoded:
    tokenizer = Tokenizer.load(folder)
    begin, end = [tokenizer.document_begin], [tokenizer.document_end]
    texts = list(documents(0, first, PART, without=held))
    return [([*begin, *ids, *end], None) for ids in tokenizer.encode_batch(texts)]


def _traces(folder: Path, diet: Diet, after: int, first: int) -> Encoded:
    tokenizer = Tokenizer.load(folder)
    found: Encoded = []
    for number in range(after + first, after + first + PART):
        told = diet.conversation(number)
        if told is None:
            continue
        ids, learnt = encode_training(tokenizer, told.messages, told.tools)
        if len(ids) <= diet.longest:
            found.append((ids, [int(one) for one in learnt]))
    return found


def sample(diet: Diet, count: int) -> Iterator[Conversation]:
    """The first conversations that were solved."""
    found = (diet.conversation(number) for number in range(10 * count))
    return islice((one for one in found if one is not None), count)
