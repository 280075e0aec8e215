"""Three small twins for the long-context suite: hybrid, softmax only, lightning only.

Each has the same sizes and sees the same documents, none longer than ``LENGTH`` bytes, and
learns only their answers: at first one task in short texts, then all of them, then whole texts.
Without the first stage nothing is learnt in this time. Steps: ``data``, then ``train KIND`` and
``score KIND`` for each kind, then ``draw``::

    python runs/m1_long_context.py data
    for kind in hybrid softmax lightning; do
        python runs/m1_long_context.py train $kind; python runs/m1_long_context.py score $kind
    done
    python runs/m1_long_context.py draw
"""

from __future__ import annotations

import datetime
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from ostinato.base.config import load_recipe
from ostinato.base.files import write_json
from ostinato.chat.tokenizer import Tokenizer, learn
from ostinato.data.text import TextHeader, TextWriter, tokenizer_digest
from ostinato.eval.long_context import TASKS, Result, Suite, evaluate, training_documents
from ostinato.infer.answers import GreedyAnswerer
from ostinato.infer.language import load_language_model
from ostinato.jobs import sft
from ostinato.jobs.long_context_figure import figure
from ostinato.models.m1 import M1, M1Config
from ostinato.models.m1.config import Attention

ROOT = Path(__file__).parents[1]
VOCABULARY = 512
LENGTH = 1024  # bytes of a training document at most
SHORT = 256  # bytes, of the first stages
PART = 5_000  # documents that a process makes at once
SHARDS = Path("shards/long-context")
OUT = Path("runs/out/m1-long-context")
RESULTS = ROOT / "benchmarks" / "results"
PICTURE = ROOT / "docs" / "pictures" / "m1_long_context.png"
KINDS: dict[str, tuple[Attention, ...]] = {
    "hybrid": ("lightning", "lightning", "lightning", "softmax"),
    "softmax": ("softmax",) * 4,
    "lightning": ("lightning",) * 4,
}
SIZES: dict[str, Any] = {
    "num_heads": 8,
    "intermediate_size": 128,
    "initializer_range": 0.1,
}


@dataclass(frozen=True)
class Stage:
    """A part of the training."""

    name: str
    tasks: tuple[str, ...]
    length: int  # bytes
    documents: int
    steps: int
    last: bool = False

    @property
    def shards(self) -> Path:
        """Where its documents lie."""
        return SHARDS / self.name


STAGES = (
    Stage("needle", ("needle",), SHORT, 30_000, 800),
    Stage("short", tuple(TASKS), SHORT, 50_000, 1_500),
    Stage("whole", tuple(TASKS), LENGTH, 60_000, 3_500, last=True),
)


def data() -> None:
    """Write the documents of each stage, of which only the answers are to be learnt."""
    texts = (document.text for document in training_documents(0, LENGTH, PART))
    tokenizer = learn(texts, VOCABULARY)
    with ProcessPoolExecutor() as pool:
        for number, stage in enumerate(STAGES):
            tokenizer.save(stage.shards)
            digest = tokenizer_digest(stage.shards)
            with TextWriter(
                stage.shards, TextHeader("chat", tokenizer.vocab_size, digest)
            ) as writer:
                starts = range(0, stage.documents, PART)
                parts = pool.map(_encoded, [number] * len(starts), starts)
                for index, (ids, learnt) in enumerate(chain.from_iterable(parts)):
                    writer.add(index, ids, learnt)


def _encoded(number: int, start: int) -> list[tuple[list[int], list[int]]]:
    """Ids of some documents of a stage, and which of them are to be learnt.

    Parts are encoded one by one, as a model that is asked gets them.
    """
    stage = STAGES[number]
    tokenizer = Tokenizer.load(stage.shards)
    made = training_documents(number, stage.length, PART, start=start, tasks=stage.tasks)
    documents = list(made)
    texts = [text for document in documents for part in document.parts for text in part]
    encoded = iter(tokenizer.encode_batch(texts))
    rows: list[tuple[list[int], list[int]]] = []
    for document in documents:
        ids: list[int] = []
        learnt: list[int] = []
        for _ in document.parts:
            for is_learnt in (0, 1):
                part = next(encoded)
                ids += part
                learnt += [is_learnt] * len(part)
        rows.append((ids, learnt))
    return rows


def train(kind: str, overrides: list[str]) -> None:
    """Fresh weights, then ``ostinato sft`` through the stages; a stage that is done stays."""
    start = OUT / kind / "start"
    if not (start / "config.json").exists():
        tokenizer = Tokenizer.load(STAGES[0].shards)
        torch.manual_seed(0)
        config = M1Config.preset(
            "tiny",
            vocab_size=tokenizer.vocab_size,
            attention=KINDS[kind],
            bos_token_id=tokenizer.bos,
            eos_token_id=tokenizer.eos,
            **SIZES,
        )
        M1(config).save_pretrained(start)
        tokenizer.save(start)
    for stage in STAGES:
        run = OUT / kind / stage.name
        given = [
            f"run={run}",
            f"init={start}",
            f"shards=[{json.dumps(str(stage.shards))}]",
            f"train.steps={stage.steps}",
            f"train.optimizer.decay_from={0.4 if stage.last else 0.99}",
            *overrides,
        ]
        recipe = ROOT / "configs" / "m1-long-context.toml"
        print(json.dumps(sft.run(load_recipe(recipe, sft.SftRecipe, given)), indent=2))
        start = run / "model"


def score(kind: str) -> None:
    """The suite at 1 to 16 times the training length; the result stays beside the model."""
    model = load_language_model(OUT / kind / STAGES[-1].name / "model", dtype="float32")
    result = evaluate(GreedyAnswerer(model), Suite(LENGTH))
    write_json(OUT / kind / "long-context.json", {"name": kind, **result.as_json()})
    for cell in result.by_length():
        print(kind, cell.length, f"{cell.exact:.3f}", cell.interval, f"chance {cell.chance:.3f}")


def draw() -> None:
    """Keep what the twins reached, dated, and draw it."""
    results = {
        kind: json.loads((OUT / kind / "long-context.json").read_text(encoding="utf-8"))
        for kind in KINDS
    }
    told = {"date": datetime.date.today().isoformat(), "results": results}
    write_json(RESULTS / f"m1-long-context-{told['date']}.json", told)
    figure({kind: Result.from_json(result) for kind, result in results.items()}, PICTURE)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["data"]:
            data()
        case ["train", kind, *overrides]:
            train(kind, overrides)
        case ["score", kind]:
            score(kind)
        case ["draw"]:
            draw()
        case _:
            sys.exit("usage: python runs/m1_long_context.py data | train KIND | score KIND | draw")
