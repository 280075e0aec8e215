"""Rows of a run of reinforcement learning that never was: believable numbers for reports of it."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ENVIRONMENTS = (
    "logic/minesweeper",
    "logic/futoshiki",
    "logic/dyck_language",
    "logic/web_of_lies",
    "maths/linear",
    "maths/countdown",
    "code/lists",
    "software/numerals",
    "tools/calendar",
    "judged/summary",
)
WINDOWS = (512, 1024, 2048, 4096)


def rows(
    steps: int, environments: Sequence[str] = ENVIRONMENTS, seed: int = 0
) -> list[dict[str, Any]]:
    """One for each step; a validation before the first and then every twenty steps."""
    rng = random.Random(seed)
    return [_row(step, steps, environments, rng) for step in range(1, steps + 1)]


def _row(step: int, steps: int, environments: Sequence[str], rng: random.Random) -> dict[str, Any]:
    done = step / steps
    window = WINDOWS[min(3, int(4 * done))]
    length = window * (0.3 + 0.3 * (4 * done % 1)) + rng.gauss(0, 12)
    row: dict[str, Any] = {"step": step, **_by_environment(done, length, environments, rng)}
    for key in ("reward", "accuracy"):
        row[key] = sum(row[f"{key}/{name}"] for name in environments) / len(environments)
    row |= {
        "length": length,
        "length_p99": min(window, 1.7 * length),
        "window": window,
        "turns": 1.3 + rng.gauss(0, 0.02),
        "truncated": abs(rng.gauss(0.12 * (4 * done % 1) ** 2, 0.01)),
        "confident": abs(rng.gauss(0.01, 0.004)),
        "malformed": 0.2 * math.exp(-8 * done) + abs(rng.gauss(0, 0.005)),
        "groups": 64,
        "groups_kept": 40 + rng.randrange(12),
        "groups_same": 10 + rng.randrange(8),
        "asked_again": rng.randrange(3),
        "entropy": 0.62 * math.exp(-1.2 * done) + rng.gauss(0, 0.015),
        "perplexity": 1.9 * math.exp(-0.3 * done) + rng.gauss(0, 0.02),
        "masked_positive": 0.0,
        "masked_negative": abs(rng.gauss(0.012, 0.004)),
        "capped_positive": abs(rng.gauss(2e-4, 1e-4)),
        "capped_negative": abs(rng.gauss(4e-4, 1e-4)),
        "ratio_mean": 1 + rng.gauss(0, 2e-4),
        "ratio_max": math.exp(abs(rng.gauss(1.2, 0.7))),
        "correlation": min(
            1.0, 0.9985 - abs(rng.gauss(0, 4e-4)) - 0.012 * (abs(done - 0.6) < 0.006)
        ),
        "kl": abs(rng.gauss(4e-4, 1e-4)),
        "gradient_norm": math.exp(rng.gauss(-1.2, 0.35)) * (1 + 60 * (abs(done - 0.6) < 0.006)),
        "gradient_tiny": abs(rng.gauss(0.031, 0.003)),
        "learning_rate": 1e-4 * min(1, done / 0.05),
        "loss": rng.gauss(0, 0.02),
        "updates": 16,
        "tokens_written": round(length * 1024),
        "tokens_read": 210 * 1024,
        "turn_1_tokens": length * 0.8,
        "turn_2_tokens": length * 0.3,
        "turn_3_tokens": length * 0.1,
        "turn_1_read": 180.0,
        "turn_2_read": 46.0,
        "turn_3_read": 39.0,
        "seconds_rollout": length / 60 + abs(rng.gauss(0, 0.4)),
        "seconds_grade": abs(rng.gauss(0.5, 0.1)),
        "seconds_train": length / 110 + abs(rng.gauss(0, 0.2)),
        "seconds": 14.5 * step,
        "tokens_per_second": 24_000 + rng.gauss(0, 900),
    }
    return row | (_validation(done, environments, rng) if step % 20 in (0, 1) else {})


def _skill(name: str, number: int, done: float) -> float:
    top = 0.25 + 0.65 * ((number * 7) % 10) / 10
    return 0.06 + top / (1 + math.exp(-9 * (done - 0.15 - 0.05 * (number % 6))))


def _by_environment(
    done: float, length: float, environments: Sequence[str], rng: random.Random
) -> dict[str, float]:
    found: dict[str, float] = {}
    for number, name in enumerate(environments):
        skill = _skill(name, number, done) - 0.08 * int(3 * done)
        accuracy = min(1.0, max(0.0, skill + rng.gauss(0, 0.05)))
        found[f"reward/{name}"] = accuracy - 0.1 * rng.random()
        found[f"accuracy/{name}"] = accuracy
        found[f"level/{name}"] = 1 + int(3 * done * (0.5 + 0.05 * number))
        found[f"share/{name}"] = 1 / len(environments)
        found[f"length/{name}"] = length * (0.5 + 0.1 * number)
    return found


def _validation(done: float, environments: Sequence[str], rng: random.Random) -> dict[str, float]:
    found: dict[str, float] = {}
    for number, name in enumerate(environments):
        found[f"valid_accuracy/{name}"] = min(
            1.0, max(0.0, _skill(name, number, done) + rng.gauss(0, 0.02))
        )
        found[f"valid_length/{name}"] = 300 + 900 * done * (1 + number / 10)
    scores = [found[f"valid_accuracy/{name}"] for name in environments]
    return found | {"valid_accuracy": sum(scores) / len(scores)}


RECIPE: dict[str, Any] = {
    "run": "runs/out/reason-rl",
    "init": "runs/out/reason-sft/model",
    "steps": 400,
    "loss": {"kind": "cispo", "max_weight": 5.0, "mask_negative": 0.2, "aggregate": "prompt"},
    "rollout": {"prompts": 64, "group": 16, "temperature": 1.0, "windows": list(WINDOWS)},
    "environments": list(ENVIRONMENTS),
    "mini_batches": 16,
    "epochs": 1,
    "dtype": "bfloat16",
    "device": "auto",
    "optimizer": {
        "learning_rate": 1e-4,
        "beta1": 0.9,
        "beta2": 0.95,
        "eps": 1e-15,
        "clip_norm": 1.0,
    },
}

EVENTS: tuple[dict[str, Any], ...] = (
    {"step": 0, "event": "validation", "text": "accuracy 9.8 % before the first update"},
    {"step": 100, "event": "window", "text": "512 to 1,024: perplexity has settled and p99 is 498"},
    {"step": 131, "event": "level", "text": "logic/futoshiki goes from level 1 to 2 at 82 %"},
    {
        "step": 200,
        "event": "window",
        "text": "1,024 to 2,048: perplexity has settled and p99 is 1,011",
    },
    {
        "step": 240,
        "event": "warning",
        "text": "correlation 0.9862 is below 0.99: look at the precision",
    },
    {"step": 251, "event": "resume", "text": "gone on after step 250"},
    {
        "step": 300,
        "event": "window",
        "text": "2,048 to 4,096: perplexity has settled and p99 is 2,020",
    },
)


def write_run(
    folder: Path,
    metrics: Sequence[Mapping[str, Any]],
    *,
    recipe: Mapping[str, Any] | None = None,
    events: Sequence[Mapping[str, Any]] = (),
    result: Mapping[str, Any] | None = None,
) -> Path:
    """The directory of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("metrics.jsonl", metrics), ("events.jsonl", events)):
        if lines:
            (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name, value in (("recipe.json", recipe), ("result.json", result)):
        if value is not None:
            (folder / name).write_text(json.dumps(value))
    return folder
