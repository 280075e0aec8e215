"""A spark: a tiny model that can match brackets by thinking, and hardly ever thinks.

What ``configs/rl_cpu.toml`` begins with: reinforcement has only to find the habit. First whole
traces, then mostly guesses at once. Minutes on two cores::

    python runs/m1_spark.py
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from random import Random

import torch

from ostinato.base.config import from_dict
from ostinato.chat.encode import encode_training
from ostinato.chat.messages import Message
from ostinato.chat.template import render
from ostinato.chat.tokenizer import Tokenizer, learn
from ostinato.data.text import TextHeader, TextWriter, copy_tokenizer, tokenizer_digest
from ostinato.eval.reasoning import Levels, TaskList
from ostinato.jobs import sft
from ostinato.models.m1 import M1, M1Config
from ostinato.rl.curriculum_plan import FIRST_SEED
from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.question import QuestionTask
from ostinato.rl.split import training_task
from ostinato.rl.traces.catalogue import TRACERS
from ostinato.rl.traces.conversation import Conversation, conversation

OUT = Path("runs/out/m1-spark")
WEIGHTS = Path(__file__).parents[1] / "src" / "ostinato" / "weights" / "m1-spark"
NAME = "logic/dyck_language"
THINKS = 0.05
"""The share of conversations with a trace in the end."""


def told(number: int, share: float) -> Conversation:
    """A conversation with a trace, or with an answer that is a guess."""
    environment, rng = find(NAME), Random(f"spark {number}")
    seed, task = training_task(environment, 1, FIRST_SEED + rng.randrange(1 << 30))
    made = conversation(environment, 1, seed, TRACERS[NAME])
    assert made is not None, "the tracer solves all of them"
    if rng.random() < share:
        return made
    assert isinstance(task, QuestionTask)
    guess = task.form.mark(task.family.guess(task.question, rng))
    return replace(made, messages=(*made.messages[:-1], Message("assistant", guess)))


def write(folder: Path, first: int, count: int, share: float) -> None:
    """Conversations as shards beside the folder's tokenizer."""
    tokenizer = Tokenizer.load(folder)
    header = TextHeader("chat", tokenizer.vocab_size, tokenizer_digest(folder))
    with TextWriter(folder, header) as writer:
        for number in range(count):
            ids, learnt = encode_training(tokenizer, told(first + number, share).messages)
            writer.add(number, ids, [int(one) for one in learnt])


def train(name: str, start: Path, steps: int, rate: float) -> Path:
    """``ostinato sft`` on the shards of that name."""
    optimizer = {"learning_rate": rate, "warmup_steps": 30, "decay": "linear", "decay_from": 0.5}
    optimizer |= {"beta1": 0.9, "beta2": 0.95, "eps": 1e-15, "weight_decay": 0.05}
    recipe = {
        "run": str(OUT / name),
        "init": str(start),
        "shards": [str(OUT / "data" / name)],
        "length": 384,
        "rows": 12,
        "layout": "minimax_m1",
        "device": "cpu",
        "train": {"steps": steps, "log_every": 20, "save_every": 200, "optimizer": optimizer},
    }
    print(sft.run(from_dict(sft.SftRecipe, recipe)), flush=True)
    return OUT / name / "model"


def main() -> None:
    """Data, the skill, its rarity, the package's weights."""
    texts = [render(told(i, 1.0).messages, add_generation_prompt=False) for i in range(400)]
    for name, first, count, share in (
        ("skill", 1000, 24_000, 1.0),
        ("rare", 50_000, 6_000, THINKS),
    ):
        folder = OUT / "data" / name
        shutil.rmtree(folder, ignore_errors=True)
        learn(texts, 640).save(folder)
        write(folder, first, count, share)
    tokenizer = Tokenizer.load(OUT / "data" / "skill")
    torch.manual_seed(0)
    sizes = {"num_heads": 8, "intermediate_size": 64, "initializer_range": 0.1}
    config = M1Config.preset(
        "tiny",
        vocab_size=tokenizer.vocab_size,
        max_position_embeddings=4096,
        bos_token_id=tokenizer.bos,
        eos_token_id=tokenizer.eos,
        **sizes,
    )
    start = OUT / "start"
    M1(config).save_pretrained(start, layout="minimax_m1")
    tokenizer.save(start)
    rare = train("rare", train("skill", start, 700, 4e-3), 80, 1e-3)
    shutil.rmtree(WEIGHTS, ignore_errors=True)
    copy_tokenizer(rare, WEIGHTS)
    M1.from_pretrained(rare).save_pretrained(WEIGHTS, layout="minimax_m1", dtype=torch.float16)
    TaskList((Levels(NAME, (1,)),), (Levels(NAME, (2,)),)).write(WEIGHTS)


if __name__ == "__main__":
    main()
