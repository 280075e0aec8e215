"""Three small twins for the long-context suite: hybrid, softmax only, lightning only.

Each has the same sizes and sees the same documents, none longer than ``LENGTH`` bytes, and
learns only their answers. Steps: ``data``, then ``train KIND`` and ``score KIND`` for each kind::

    python runs/m1_long_context.py data
    for kind in hybrid softmax lightning; do
        python runs/m1_long_context.py train $kind; python runs/m1_long_context.py score $kind
    done
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path

import torch

from ostinato.base.config import load_recipe
from ostinato.base.files import write_json
from ostinato.chat.tokenizer import Tokenizer, learn
from ostinato.data.text import TextHeader, TextWriter, tokenizer_digest
from ostinato.eval.long_context import Suite, evaluate, training_documents
from ostinato.infer.answers import GreedyAnswerer
from ostinato.infer.language import load_language_model
from ostinato.jobs import sft
from ostinato.models.m1 import M1, M1Config

ROOT = Path(__file__).parents[1]
VOCABULARY = 512
LENGTH = 1024  # bytes of a training document at most
DOCUMENTS = 200_000
PART = 5_000  # documents that a process makes at once
SHARDS = Path("shards/long-context")
OUT = Path("runs/out/m1-long-context")
SIZES = {
    "hidden_size": 128,
    "num_heads": 8,
    "num_kv_heads": 2,
    "head_dim": 32,
    "rotary_dim": 16,
    "intermediate_size": 256,
    "num_experts": 4,
    "initializer_range": 0.08,
}


def data() -> None:
    """Write the training documents, of which only the answers are to be learnt."""
    texts = (document.text for document in training_documents(0, LENGTH, PART))
    tokenizer = learn(texts, VOCABULARY)
    tokenizer.save(SHARDS)
    header = TextHeader("chat", tokenizer.vocab_size, tokenizer_digest(SHARDS))
    with ProcessPoolExecutor() as pool, TextWriter(SHARDS, header) as writer:
        parts = pool.map(_encoded, range(0, DOCUMENTS, PART))
        for index, (ids, learnt) in enumerate(chain.from_iterable(parts)):
            writer.add(index, ids, learnt)


def _encoded(start: int) -> list[tuple[list[int], list[int]]]:
    """Ids of some documents, and which of them are to be learnt.

    Parts are encoded one by one, as a model that is asked gets them.
    """
    tokenizer = Tokenizer.load(SHARDS)
    made = list(training_documents(0, LENGTH, PART, start=start))
    texts = [text for document in made for part in document.parts for text in part]
    encoded = iter(tokenizer.encode_batch(texts))
    rows: list[tuple[list[int], list[int]]] = []
    for document in made:
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
    """Fresh weights, then ``ostinato sft`` with the recipe of the twins."""
    start = OUT / kind / "start"
    if not (start / "config.json").exists():
        tokenizer = Tokenizer.load(SHARDS)
        torch.manual_seed(0)
        config = M1Config.preset(
            "tiny",
            vocab_size=tokenizer.vocab_size,
            attention=kind,
            bos_token_id=tokenizer.bos,
            eos_token_id=tokenizer.eos,
            **SIZES,
        )
        M1(config).save_pretrained(start)
        for path in (SHARDS / "tokenizer.json", SHARDS / "tokenizer_config.json"):
            (start / path.name).write_bytes(path.read_bytes())
    given = [f"run={OUT / kind}", f"init={start}", *overrides]
    recipe = ROOT / "configs" / "m1-long-context.toml"
    print(json.dumps(sft.run(load_recipe(recipe, sft.SftRecipe, given)), indent=2))


def score(kind: str) -> None:
    """The suite at 1 to 16 times the training length; the result stays beside the model."""
    model = load_language_model(OUT / kind / "model", dtype="float32")
    result = evaluate(GreedyAnswerer(model), Suite(LENGTH))
    write_json(OUT / kind / "long-context.json", {"name": kind, **result.as_json()})
    for cell in result.by_length():
        print(kind, cell.length, f"{cell.exact:.3f}", cell.interval, f"chance {cell.chance:.3f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["data"]:
            data()
        case ["train", kind, *overrides]:
            train(kind, overrides)
        case ["score", kind]:
            score(kind)
        case _:
            sys.exit("usage: python runs/m1_long_context.py data | train KIND | score KIND")
