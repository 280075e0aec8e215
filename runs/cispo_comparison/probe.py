"""What to ask a GPU first: whether a stack is still its models, and how long it takes."""

from __future__ import annotations

import gc
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ostinato.models.m1 import M1
from ostinato.models.m1.layers import SparseMoe
from ostinato.rl.token_rule import TokenRule

from .cells import GROUP, PROMPTS, Cell, named
from .learner import Learner
from .play import Game
from .sampler import Sampler
from .stack import Stack, make_config
from .store import Times
from .tasks import Task, load_task
from .warm import Teacher, WarmRecipe, look

SHAPES = ("main-fork-u64", "main-fork-u16", "control-fork-u1", "twin-fork-u16")
UPDATES = 8  # that are timed of a batch


def probe(out: Path, data: Path, *, device: str, graphs: bool) -> None:
    """Check, time and keep the seconds of each shape of cell in ``out``."""
    begin = time.monotonic()
    for attention in ("hybrid", "softmax"):
        print(attention, differences(attention, device), flush=True)
    task = load_task("fork", data)
    _time_warm(task, device=device, graphs=graphs)
    times = Times(out)
    for name in SHAPES:
        cell = named(name)
        task = load_task(cell.task, data)
        told = timed(cell, task, device=device, graphs=graphs)
        times.learn(cell.shape, told["batch"])
        print(f"{cell.shape}: {told}; {time.monotonic() - begin:.0f} s so far", flush=True)


def differences(attention: str, device: str, **changes: Any) -> dict[str, float]:
    """Largest differences of log-probabilities and hidden states from each model by itself.

    Without TF32; ``tf32`` is what it does to the stack, and ``step`` compares the steps of
    decoding to the whole row.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    config = make_config(attention, **changes)
    stack = Stack(config, 3, device)
    stack.fresh((0, 1, 2))
    ids = torch.randint(0, 16, (3, 8, 51), generator=torch.Generator().manual_seed(0)).to(device)
    with torch.no_grad():
        hidden = stack.hidden(ids)
        told = {"forward": 0.0}
        for place in range(3):
            one = M1(config).to(device)
            for module in one.modules():
                if isinstance(module, SparseMoe):
                    module.backend = "dense"
            one.load_state_dict(stack.state(place), strict=False)
            apart = (one.encode(ids[place]).hidden - hidden[place]).abs().max()
            told["forward"] = max(told["forward"], float(apart))
        memory = stack.memory(8, 51)
        at = torch.zeros(3, 8, dtype=torch.int64, device=device)
        steps = [stack.step(ids[..., t], at + t, memory) for t in range(51)]
        told["step"] = float((torch.stack(steps, 2) - hidden).abs().max())
        exact = stack.logprobs(hidden)
        torch.set_float32_matmul_precision("high" if device == "cuda" else before)
        told["tf32"] = float((stack.logprobs(stack.hidden(ids)) - exact).abs().max())
    torch.set_float32_matmul_precision(before)
    return {name: float(f"{value:.2g}") for name, value in told.items()}


def timed(cell: Cell, task: Task, *, device: str, graphs: bool) -> dict[str, float]:
    """Seconds of a rollout, of looking at it, of an update, and of a batch; from fresh weights."""
    config = make_config(cell.attention)
    starts = Stack(config, 1, device)
    starts.fresh((0,))
    begin = time.monotonic()
    game = Game(cell, task, [starts.state(0)] * 3, device=device, graphs=graphs)
    _parts(game, 0, 1, device)  # captures everything
    told = {"setup": time.monotonic() - begin}
    updates = min(UPDATES, cell.updates)
    parts = _parts(game, 1, updates, device)
    told |= parts | {"update": parts["updates"] / updates}
    told["batch"] = parts["rollout"] + parts["look"] + told["update"] * cell.updates
    del told["updates"], game
    if device == "cuda":
        told["GiB"] = torch.cuda.max_memory_allocated() / 2**30
        torch.cuda.reset_peak_memory_stats()
        gc.collect()
        torch.cuda.empty_cache()
    return {name: round(value, 4) for name, value in told.items()}


def _parts(game: Game, number: int, updates: int, device: str) -> dict[str, float]:
    """Seconds of the parts of a batch that ends after some updates."""
    clock = [_now(device)]
    rollout, turns = game.roll_out(number)
    clock.append(_now(device))
    batch, _, _ = game.look(rollout)
    clock.append(_now(device))
    game.learn(batch, turns, updates)
    clock.append(_now(device))
    names = ("rollout", "look", "updates")
    return {name: b - a for name, (a, b) in zip(names, pairwise(clock), strict=True)}


def _time_warm(task: Task, *, device: str, graphs: bool) -> None:
    """Seconds of a supervised step of three models, and of a look at them."""
    recipe = WarmRecipe()
    stack = Stack(make_config("hybrid"), 3, device)
    stack.fresh((0, 1, 2))
    shape = (recipe.rows, task.prompt, task.answer)
    learner = Learner(stack, [TokenRule.reinforce()] * 3, shape, graphs=graphs)
    teacher = Teacher(task, learner, recipe, [np.random.default_rng(s) for s in range(3)])
    teacher.step(0.5, 1e-3)
    begin = _now(device)
    for _ in range(10):
        teacher.step(0.5, 1e-3)
    print(f"warm start: {(_now(device) - begin) / 10:.4f} s a step of 3 models", flush=True)
    sampler = Sampler(stack, task, PROMPTS, GROUP, graphs=graphs)
    look(sampler, task)
    begin = _now(device)
    look(sampler, task)
    print(f"rollout of 3 models: {_now(device) - begin:.3f} s", flush=True)


def _now(device: str) -> float:
    """The time when all that was asked of the device is done."""
    if device == "cuda":
        torch.cuda.synchronize()
    return time.monotonic()
