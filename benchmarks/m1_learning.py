"""The claim: a tiny M1 learns to recall and to copy in minutes on a CPU, and well beyond the
length that it was trained on; its twins of one kind of attention stand beside it.

Run as ``python benchmarks/m1_learning.py``: three trainings of ``SECONDS`` each, on one thread.
Then it keeps the dated accuracies in ``benchmarks/results`` and draws
``docs/pictures/m1_learning.png``. ``python benchmarks/m1_learning.py RESULTS.json`` only draws.

Two tasks, one model. *Recall*: pairs of a key and a value, then the keys in another order, each
to be answered with its value. *Copy*: distinct symbols, then the same again. A sequence of n
tokens has (n - 1) / 4 pairs, or (n - 1) / 2 symbols; only answers are learnt. The examples that
are scored come from seeds of their own, and there is no validation set: nothing is chosen.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from keep import keep
from numpy.typing import NDArray
from torch import Tensor

from ostinato.eval.metrics import wilson
from ostinato.models.m1 import M1, M1Config

SECONDS = 240.0  # of training, each twin
LENGTH = 32  # tokens of a training sequence at most
MULTIPLES = (1, 2, 4)  # of the training length, at which the twins are scored
ROWS = 64
EXAMPLES = 200  # scored sequences at each length
KEYS, VALUES, SYMBOLS = range(1, 33), range(33, 65), range(1, 65)
SIZES: dict[str, Any] = {"num_heads": 16, "num_kv_heads": 4, "rotary_dim": 8}
VOCABULARY = 72  # 0 separates
RATE = 4e-3
TWINS = {
    "hybrid": ("lightning", "softmax"),
    "softmax only": ("softmax",) * 2,
    "lightning only": ("lightning",) * 2,
}
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "m1_learning.png"

Rows = NDArray[np.int64]
Task = Callable[[np.random.Generator, int, int], tuple[Rows, NDArray[np.bool_]]]


def recall(rng: np.random.Generator, rows: int, length: int) -> tuple[Rows, NDArray[np.bool_]]:
    """Sequences [rows, n], and which of their tokens are answers."""
    pairs = (length - 1) // 4
    keys = _distinct(rng, rows, pairs, KEYS)
    values = rng.integers(VALUES.start, VALUES.stop, (rows, pairs))
    order = rng.random((rows, pairs)).argsort(1)
    asked = [np.take_along_axis(column, order, 1) for column in (keys, values)]
    told, again = (np.stack(columns, 2).reshape(rows, -1) for columns in ((keys, values), asked))
    tokens = np.concatenate([told, np.zeros((rows, 1), np.int64), again], 1)
    answers = np.zeros(tokens.shape, np.bool_)
    answers[:, 2 * pairs + 2 :: 2] = True
    return tokens, answers


def copy(rng: np.random.Generator, rows: int, length: int) -> tuple[Rows, NDArray[np.bool_]]:
    """Sequences [rows, n], and which of their tokens are answers; the first copied one is not."""
    count = (length - 1) // 2
    symbols = _distinct(rng, rows, count, SYMBOLS)
    tokens = np.concatenate([symbols, np.zeros((rows, 1), np.int64), symbols], 1)
    answers = np.zeros(tokens.shape, np.bool_)
    answers[:, count + 2 :] = True
    return tokens, answers


TASKS: dict[str, Task] = {"recall": recall, "copy": copy}


def _distinct(rng: np.random.Generator, rows: int, count: int, of: range) -> Rows:
    return rng.random((rows, len(of))).argsort(1)[:, :count] + of.start


def _shifted(tokens: Rows, answers: NDArray[np.bool_]) -> tuple[Tensor, Tensor]:
    """Inputs, and the next tokens that are answers (-100 elsewhere)."""
    given = torch.from_numpy(tokens)
    wanted = torch.where(torch.from_numpy(answers), given, -100)
    return given[:, :-1].contiguous(), wanted[:, 1:].contiguous()


def train(kinds: tuple[str, ...], seconds: float) -> tuple[M1, dict[str, Any]]:
    """A twin after so many seconds: the tasks in turn, lengths from a quarter to the whole."""
    torch.manual_seed(0)
    config = M1Config.preset(
        "tiny", vocab_size=VOCABULARY, attention=kinds, initializer_range=0.1, **SIZES
    )
    model = M1(config).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=RATE, betas=(0.9, 0.95), eps=1e-15, weight_decay=0.01
    )
    rng = np.random.default_rng(0)
    began, step, seen = time.monotonic(), 0, 0
    while (done := (time.monotonic() - began) / seconds) < 1:
        left = 1.0 if done < 0.5 else max(0.02, 2 * (1 - done))
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * left
        length = int(rng.integers(LENGTH // 4, LENGTH + 1))
        given, wanted = _shifted(*list(TASKS.values())[step % 2](rng, ROWS, length))
        found = model.encode(given)
        losses = model.token_losses(found.hidden.flatten(0, 1), wanted.flatten())
        loss = losses.sum() / (wanted >= 0).sum()
        (loss + config.router_aux_loss_coef * model.router_loss(found)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step, seen = step + 1, seen + given.numel()
    size = sum(parameter.numel() for parameter in model.parameters())
    return model.eval(), {"steps": step, "tokens": seen, "parameters": size}


@torch.inference_mode()
def score(model: M1, task: str, length: int) -> dict[str, Any]:
    """Share of right answers; the interval is over whole sequences that are right."""
    rng = np.random.default_rng((1, length, list(TASKS).index(task)))
    given, wanted = _shifted(*TASKS[task](rng, EXAMPLES, length))
    asked = wanted >= 0
    right = (model(given).argmax(-1) == wanted) & asked
    whole = int((right.sum(1) == asked.sum(1)).sum())
    chance = 1 / (len(VALUES) if task == "recall" else len(SYMBOLS))
    return {
        "task": task,
        "length": length,
        "accuracy": float(right.sum() / asked.sum()),
        "whole": whole / EXAMPLES,
        "whole_interval": list(wilson(whole, EXAMPLES)),
        "chance": chance,
    }


def draw(results: dict[str, Any], path: Path) -> None:
    """Accuracy by length, a panel for each task."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, task in zip(panels, TASKS, strict=True):
        for name, twin in results["twins"].items():
            cells = [cell for cell in twin["scores"] if cell["task"] == task]
            axes.plot(
                [cell["length"] for cell in cells],
                [100 * cell["accuracy"] for cell in cells],
                marker="o",
                label=name,
            )
        axes.axhline(100 * cells[0]["chance"], color="grey", linestyle="--", label="chance")
        axes.axvspan(
            LENGTH / 4, LENGTH, color="grey", alpha=0.12, label="length of training and less"
        )
        axes.set(title=task, xlabel="tokens", xscale="log", xlim=(0.7 * LENGTH, None))
        axes.set_xticks([LENGTH * m for m in MULTIPLES], [f"{LENGTH * m}" for m in MULTIPLES])
        axes.minorticks_off()
    panels[0].set_ylabel("answers that are right (%)")
    panels[1].legend()
    figure.savefig(path, dpi=130)


def main() -> None:
    """Measure and draw, or only draw what was measured."""
    if len(sys.argv) > 1:
        draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), PICTURE)
        return
    torch.set_num_threads(1)
    twins: dict[str, Any] = {}
    for name, kinds in TWINS.items():
        model, told = train(kinds, SECONDS)
        scores = [score(model, task, LENGTH * m) for task in TASKS for m in MULTIPLES]
        twins[name] = {"layers": list(kinds), **told, "scores": scores}
        for cell in scores:
            print(name, cell["task"], cell["length"], f"{cell['accuracy']:.3f}", file=sys.stderr)
    results = {"training_length": LENGTH, "seconds": SECONDS, "twins": twins}
    keep("m1-learning", results)
    draw(results, PICTURE)


if __name__ == "__main__":
    main()
