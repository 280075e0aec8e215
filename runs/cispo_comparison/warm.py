"""Warm starts: the skill first, from traces half of the time, and then the rarity of the fork."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from ostinato.base.files import atomic_write
from ostinato.rl.token_rule import TokenRule

from .learner import Batch, Learner
from .sampler import Rollout, Sampler
from .stack import Stack, make_config
from .tasks import PADDING, Task


@dataclass(frozen=True)
class WarmRecipe:
    """Two phases of supervised steps; the first ends early once the skill is there."""

    rows: int = 512
    often: float = 0.5  # share of traces in phase 1
    rare: float = 0.02  # and in phase 2
    steps: int = 3_000  # of phase 1, at most
    check: int = 200
    skill: float = 0.98  # accuracy given the fork, of the worst model, that ends phase 1
    enough: float = 0.95  # and below which a warm start is called poor
    after: int = 400  # steps of phase 2
    rate: float = 1.5e-3
    late_rate: float = 3e-4  # of phase 2, falling to a tenth
    warm_up: int = 100
    seconds: float = 75.0  # of phase 1, at most
    falls: float = 0.4  # share of phase 1, by steps or seconds, in which its rate falls
    floor: float = 0.03  # to this share
    prompts: int = 64
    group: int = 16


def train(
    task: Task,
    attention: str,
    seeds: Sequence[int],
    recipe: WarmRecipe,
    *,
    device: str,
    graphs: bool,
    say: Callable[[str], None] = print,
    changes: dict[str, Any] | None = None,
) -> tuple[list[dict[str, Tensor]], dict[str, Any]]:
    """All seeds stacked; their weights in fp16, and what they can do."""
    stack = Stack(make_config(attention, **(changes or {})), len(seeds), device)
    stack.fresh(seeds)
    shape = (recipe.rows, task.prompt, task.answer)
    learner = Learner(stack, [TokenRule.reinforce()] * len(seeds), shape, graphs=graphs)
    sampler = Sampler(stack, task, recipe.prompts, recipe.group, graphs=graphs)
    teacher = Teacher(task, learner, recipe, [np.random.default_rng([7, s]) for s in seeds])
    begin = time.monotonic()
    skilled = np.zeros(len(seeds))
    done = 0
    while (gone := max(done / recipe.steps, (time.monotonic() - begin) / recipe.seconds)) < 1:
        rise, fall = (done + 1) / recipe.warm_up, (1 - gone) / recipe.falls
        teacher.step(recipe.often, recipe.rate * min(1.0, rise, max(fall, recipe.floor)))
        done += 1
        if done % recipe.check == 0:
            skilled = look(sampler, task, forced=True).reward.mean(1).cpu().numpy()
            say(f"  {done} steps, {time.monotonic() - begin:.0f} s: given the fork {skilled}")
            if skilled.min() >= recipe.skill:
                break
    for step in range(recipe.after):
        teacher.step(recipe.rare, recipe.late_rate * (1 - 0.9 * step / recipe.after))
    weights = [
        {k: v.half().cpu().contiguous() for k, v in stack.state(m).items()}
        for m in range(len(seeds))
    ]
    for m, state in enumerate(weights):
        stack.load(m, state)
    told = _described(sampler, task)
    told |= {
        "task": task.name,
        "attention": attention,
        "seeds": list(seeds),
        "parameters": stack.size,
        "steps": [done, recipe.after],
        "seconds": round(time.monotonic() - begin, 1),
        "recipe": asdict(recipe),
    }
    poor = [s for s, x in zip(seeds, told["given_fork"], strict=True) if x < recipe.enough]
    told["poor"] = poor
    say(
        f"  warm: given the fork {told['given_fork']}, alone {told['accuracy']}, P(fork) "
        f"{told['fork']}, {told['seconds']} s" + (f"; POOR: {poor}" if poor else "")
    )
    return weights, told


class Teacher:
    """Draws prompts and their answers, and makes a step of each batch."""

    def __init__(
        self, task: Task, learner: Learner, recipe: WarmRecipe, rngs: list[np.random.Generator]
    ) -> None:
        self._task, self._learner, self._recipe, self._rngs = task, learner, recipe, rngs
        count, rows, device = len(rngs), recipe.rows, learner.stack.device
        self._ones = torch.ones(count, rows, device=device)
        self._old = torch.zeros(count, rows, task.answer, device=device)
        self._rows = torch.arange(rows, device=device).expand(count, rows).contiguous()

    def step(self, share: float, rate: float) -> None:
        """A supervised step in which ``share`` of the answers are traces."""
        traced = np.arange(self._recipe.rows) < round(share * self._recipe.rows)
        ids: list[np.ndarray] = []
        for rng in self._rngs:
            terms = self._task.draw(rng, self._recipe.rows, rl=False)
            both = self._task.prompts(terms), self._task.answers(terms, traced)
            # Traces are spread over the parts: no part is without a token.
            ids.append(np.concatenate(both, 1)[rng.permutation(len(terms))])
        stacked = torch.from_numpy(np.stack(ids)).to(self._rows.device)
        mask = stacked[..., self._task.prompt :] != PADDING
        self._learner.rate.fill_(rate)
        self._learner.update(Batch(stacked, mask, self._ones, self._old), self._rows)


def look(sampler: Sampler, task: Task, *, forced: bool = False, part: int = 0) -> Rollout:
    """Answers to held-out prompts, at temperature 1; the same for every model."""
    count, device = sampler.stack.count, sampler.stack.device
    terms = task.held_out()
    first = part * sampler.prompts % len(terms)
    terms = terms[first : first + sampler.prompts]
    rng = np.random.default_rng([11, part])
    noise = rng.random((task.answer, 1, sampler.prompts * sampler.group), dtype=np.float32)
    prompts, targets = (
        torch.from_numpy(x).to(device) for x in (task.prompts(terms), task.targets(terms))
    )
    return sampler.run(
        prompts.expand(count, *prompts.shape),
        targets.expand(count, *targets.shape),
        torch.from_numpy(noise).to(device).expand(-1, count, -1),
        forced=forced,
    )


def held_out(sampler: Sampler, task: Task) -> list[float]:
    """pass@1 of each model: the mean over all held-out prompts and their answers, sampled."""
    parts = max(1, len(task.held_out()) // sampler.prompts)
    found = [look(sampler, task, part=p).reward.mean(1) for p in range(parts)]
    return [round(float(x), 4) for x in torch.stack(found).mean(0)]


def _described(sampler: Sampler, task: Task) -> dict[str, Any]:
    forced, free = look(sampler, task, forced=True), look(sampler, task)
    return {
        "given_fork": _rounded(forced.reward.mean(1)),
        "accuracy": _rounded(free.reward.mean(1)),
        "fork": _rounded(free.fork.mean(1)),
        "held_out": held_out(sampler, task),
    }


def _rounded(values: Tensor) -> list[float]:
    return [round(float(x), 4) for x in values]


def save(
    folder: Path, name: str, weights: Sequence[dict[str, Tensor]], told: dict[str, Any]
) -> None:
    """One file for each warm start, told about in its header."""
    for place, state in enumerate(weights):
        with atomic_write(folder / f"{name}-{place}.safetensors") as path:
            save_file(state, path, metadata={"told": json.dumps(told)})


def find(folders: Sequence[Path], name: str, count: int) -> list[dict[str, Tensor]] | None:
    """All ``count`` of them from the first folder that has them."""
    for folder in folders:
        paths = [folder / f"{name}-{place}.safetensors" for place in range(count)]
        if all(path.exists() for path in paths):
            return [_read(path) for path in paths]
    return None


def told_of(path: Path) -> dict[str, Any]:
    """What ``train`` said of a warm start."""
    with safe_open(path, framework="pt") as file:
        return dict(json.loads(file.metadata()["told"]))


def _read(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        return {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
