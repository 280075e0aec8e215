"""Made-up documents of tokens, and what it takes to train a decoder on them within seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ostinato.data.text import TextHeader, TextWriter

HEADER = TextHeader("text", 50, "toy")


def toy_documents(count: int, *, seed: int = 0, longest: int = 30) -> list[list[int]]:
    """Documents of 1 to ``longest`` tokens; almost surely no two alike."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(1, longest + 1, count)
    return [draw.integers(0, HEADER.vocab_size, n).tolist() for n in lengths]


def write_documents(
    folder: Path, documents: Sequence[Sequence[int]], *, max_tokens: int = 1 << 25
) -> Path:
    """A folder of shards, without a tokenizer."""
    with TextWriter(folder, HEADER, max_tokens=max_tokens) as writer:
        for item, tokens in enumerate(documents):
            writer.add(item, tokens)
    return folder


SENTENCES = ("the cat sat on the mat", "one two three four five", "it rains, it pours")
TINY_M1 = """
[model]
layers = 2
attention = "softmax"
hidden_size = 16
num_heads = 2
num_kv_heads = 1
head_dim = 8
intermediate_size = 16
num_experts = 2
experts_per_token = 1
initializer_range = 0.2
"""
TINY_TRAIN = """
[train]
steps = {steps}
log_every = 5
[train.optimizer]
learning_rate = 1e-2
warmup_steps = 5
decay = "linear"
decay_from = 0.5
beta2 = 0.95
eps = 1e-15
"""


def write_texts(folder: Path, count: int = 60) -> Path:
    """A corpus of text: JSON lines, and a file of prose."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"text": f"{n}: " + f"{SENTENCES[n % 3]}. " * (1 + n % 4)} for n in range(count)]
    write_lines(folder / "a.jsonl", rows)
    (folder / "b.md").write_text("# A title\n\n" + " ".join(SENTENCES) + "\n", encoding="utf-8")
    return folder


def write_chats(folder: Path, count: int = 40) -> Path:
    """A corpus of conversations, with thinking."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"messages": conversation(n)} for n in range(count)]
    write_lines(folder / "chats.jsonl", rows)
    return folder


def conversation(number: int) -> list[dict[str, str]]:
    """A question and its answer."""
    return [
        {"role": "user", "content": f"say {number}"},
        {"role": "assistant", "reasoning_content": "it rains", "content": f"{number}!"},
    ]


def write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
