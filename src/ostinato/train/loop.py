"""The one training loop: any objective, any recipe, resumable to the very same step.

Random numbers come from (seed, step) alone: drop-out is seeded anew at every step, and batches
are functions of the step. With a step-driven schedule a resumed run therefore takes the steps
that an uninterrupted one would have taken. A schedule driven by a time budget follows the
clock, and cannot promise that.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from ostinato.base.errors import UserError
from ostinato.base.log import MetricsFile, progress
from ostinato.base.turns import turns
from ostinato.train.checkpoint import Counters, load_state, save_state, weights_of
from ostinato.train.optimizer import OptimizerConfig, learning_rate, make_optimizer

LossOf = Callable[[int], Mapping[str, Tensor]]
"""The number of a micro-batch to its scalars: ``loss``, ``tokens`` and what else to log."""

Validate = Callable[[], Mapping[str, float]]
"""Scores of the model as it stands; ``score``, where there is one, is the higher the better."""


Reason = Literal["finished", "interrupted", "out of time"]


@dataclass(frozen=True)
class LoopConfig:
    """How long to train, and what to do on the way."""

    steps: int = 1000  # optimiser steps
    seed: int = 0
    accumulate: int = 1  # micro-batches to a step
    average: float = 0.0  # decay per step of the moving average of the weights; 0: none
    compile: bool = False  # torch.compile the forward pass
    log_every: int = 50
    validate_every: int = 0  # 0: at the end only
    save_every: int = 0  # 0: at the end and when interrupted only
    # A time that the schedule follows too, and ends with; 0: none. Neither compiling counts nor
    # waiting for the turn.
    budget_seconds: float = 0.0
    max_seconds: float = 0.0  # wall clock of this call, after which it saves and stops; 0: none
    # A file that one process at a time holds while it trains; others compile meanwhile, and wait.
    turn: Path | None = None
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)

    def __post_init__(self) -> None:
        if min(self.steps, self.accumulate, self.log_every) < 1:
            raise UserError("train.steps, train.accumulate and train.log_every are at least 1.")
        if not 0 <= self.average < 1:
            raise UserError(f"train.average lies in 0..1 (excluded); got {self.average}.")


@dataclass(frozen=True)
class Outcome:
    """How a call of ``train`` ended."""

    reason: Reason
    counters: Counters


def mix(seed: int, *numbers: int) -> int:
    """One 63-bit seed from several numbers, for torch's generators."""
    state = np.random.SeedSequence((seed, *numbers)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def train(
    model: nn.Module,
    loss_of: LossOf,
    config: LoopConfig,
    run: Path,
    *,
    resume: bool = False,
    validate: Validate | None = None,
    began: float | None = None,
) -> Outcome:
    """Train ``model`` in place; leaves ``state.safetensors`` and ``metrics.jsonl`` in ``run``.

    Afterwards the model holds the weights to keep: those with the best validation score where
    it finished, else the moving average, else the last ones. SIGINT and SIGTERM let the step
    finish, save, and end the call; a second one ends it at once. ``began`` is when the call whose
    ``max_seconds`` count began, by ``time.monotonic``; left out, now.
    """
    return _Trainer(model, loss_of, config, run, validate).run(resume, began)


class _Trainer:
    """One call of ``train``."""

    def __init__(
        self,
        model: nn.Module,
        loss_of: LossOf,
        config: LoopConfig,
        run: Path,
        validate: Validate | None,
    ) -> None:
        self.model, self.loss_of, self.config, self.validate = model, loss_of, config, validate
        self.state_path, self.best_path = run / "state.safetensors", run / "best.safetensors"
        self.metrics = MetricsFile(run / "metrics.jsonl")
        self.optimizer = make_optimizer(model, config.optimizer)
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.device = next(model.parameters()).device
        self.average = _copies(weights_of(model)) if config.average else {}
        self.counters = Counters()

    def run(self, resume: bool, began: float | None) -> Outcome:
        self._begin(resume)
        start, before = time.monotonic(), self.counters.seconds
        began = start if began is None else began
        first, sums = True, _Sums()
        reason = self._reason(0.0, False)
        self.model.train()
        with (
            interruptible() as interrupted,
            progress(self.config.steps, "training") as advance,
            turns(self.config.turn) as wait,
        ):
            advance(self.counters.step)
            while reason is None:
                sums.add(self._step())
                now = time.monotonic()
                if first:  # it has compiled, which does not count, and neither does the waiting
                    first, counted = False, 0.0 if self.config.compile else now - start
                    wait(lambda: interrupted() or self._late(time.monotonic() - began))
                    now = time.monotonic()
                    start = now - counted
                step = self.counters.step + 1
                self.counters = replace(self.counters, step=step, seconds=before + now - start)
                reason = self._reason(now - began, interrupted())
                advance()
                saving = reason is not None or self._due(self.config.save_every)
                # What is saved must have been logged, or a killed run would lose its sums.
                if saving or self._due(self.config.log_every):
                    advance(0, note=self._log(sums))
                if reason == "finished" or self._due(self.config.validate_every):
                    self._validate()
                if saving:
                    self._save()
        self._settle(reason)
        return Outcome(reason, self.counters)

    def _reason(self, elapsed: float, interrupted: bool) -> Reason | None:
        """Why to stop after this step, if at all."""
        if self._fraction() >= 1:
            return "finished"
        if interrupted:
            return "interrupted"
        return "out of time" if self._late(elapsed) else None

    def _late(self, elapsed: float) -> bool:
        return 0 < self.config.max_seconds < elapsed

    def _begin(self, resume: bool) -> None:
        if not resume:
            for path in (self.state_path, self.best_path, self.metrics.path):
                path.unlink(missing_ok=True)
            return
        if not self.state_path.exists():
            raise UserError(f"{self.state_path} is missing: there is no run to resume there.")
        self.counters = load_state(self.state_path, self.model, self.optimizer, self.average)
        self.metrics.resume(self.counters.step)

    def _fraction(self) -> float:
        done = self.counters.step / self.config.steps
        budget = self.config.budget_seconds
        return max(done, self.counters.seconds / budget) if budget else done

    def _due(self, every: int) -> bool:
        return every > 0 and self.counters.step % every == 0

    def _step(self) -> dict[str, Tensor]:
        """One optimiser step; returns its scalars, still on the device."""
        step, count = self.counters.step, self.config.accumulate
        rate = learning_rate(self.config.optimizer, step, self._fraction())
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total: dict[str, Tensor] = {}
        for micro in range(count):
            torch.manual_seed(mix(self.config.seed, step, micro))
            scalars = self.loss_of(step * count + micro)
            (scalars["loss"] / count).backward()
            for name, value in scalars.items():
                part = value.detach() if name == "tokens" else value.detach() / count
                total[name] = total[name] + part if name in total else part
        total["gradient_norm"] = nn.utils.clip_grad_norm_(
            self.parameters, self.config.optimizer.clip_norm or math.inf
        )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.average:
            # Early on, the average is over the few steps that there were.
            decay = min(self.config.average, (1 + step) / (10 + step))
            weights = weights_of(self.model)
            torch._foreach_lerp_(  # pyright: ignore[reportPrivateImportUsage, reportPrivateUsage]
                list(self.average.values()), [weights[name] for name in self.average], 1 - decay
            )
        return total

    def _log(self, sums: _Sums) -> str:
        """Write the means since the last row; the only place where the device is waited for."""
        means, tokens, seconds = sums.read()
        if not math.isfinite(means["loss"]):
            raise UserError(
                f"the loss is {means['loss']} at step {self.counters.step}: lower the learning "
                "rate, or resume from the last saved state with a longer warm-up."
            )
        self.counters = replace(self.counters, tokens=self.counters.tokens + tokens)
        rate = self.optimizer.param_groups[0]["lr"]
        self.metrics.write(
            self.counters.step,
            **means,
            learning_rate=rate,
            tokens_per_second=round(tokens / seconds, 1),
            seconds=round(self.counters.seconds, 2),
        )
        most = self.config.budget_seconds
        clock = f", {self.counters.seconds:,.0f} of {most:,.0f} s" if most else ""
        return f"loss {means['loss']:.4f}{clock}"

    def _validate(self) -> None:
        if self.validate is None:
            return
        with self._averaged():
            self.model.eval()
            with torch.no_grad():
                scores = dict(self.validate())
            self.metrics.write(self.counters.step, **{f"valid_{k}": v for k, v in scores.items()})
            self.model.train()
            score, best = scores.get("score"), self.counters.best
            if score is not None and (best is None or score > best):
                self.counters = replace(self.counters, best=score, best_step=self.counters.step)
                save_state(self.best_path, self.counters, weights_of(self.model))

    @contextmanager
    def _averaged(self) -> Generator[None]:
        """The model with its averaged weights, where there are any."""
        if not self.average:
            yield
            return
        weights = weights_of(self.model)
        kept = _copies(weights)
        _assign(weights, self.average)
        yield
        _assign(weights, kept)

    def _save(self) -> None:
        save_state(
            self.state_path, self.counters, weights_of(self.model), self.optimizer, self.average
        )

    def _settle(self, reason: Reason) -> None:
        """Leave the model with the weights to keep."""
        if reason == "finished" and self.counters.best is not None:
            load_state(self.best_path, self.model)
        elif self.average:
            _assign(weights_of(self.model), self.average)
        self.model.eval()


class _Sums:
    """Scalars summed on the device between two rows of the metrics."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._count = 0
        self._since = time.monotonic()

    def add(self, scalars: Mapping[str, Tensor]) -> None:
        for name, value in scalars.items():
            self._sums[name] = self._sums[name] + value if name in self._sums else value.clone()
        self._count += 1

    def read(self) -> tuple[dict[str, float], int, float]:
        """Means, tokens and seconds since the last reading, which starts anew."""
        values = {name: float(value) for name, value in self._sums.items()}
        tokens = int(values.pop("tokens", 0))
        means = {name: value / self._count for name, value in values.items()}
        now = time.monotonic()
        seconds, self._since = now - self._since, now
        self._sums, self._count = {}, 0
        return means, tokens, seconds


@contextmanager
def interruptible() -> Generator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM has come; the second one acts as it did before."""
    caught: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: object) -> None:
        del frame
        caught.append(number)
        signal.signal(number, previous[signal.Signals(number)])

    for number in previous:
        signal.signal(number, note)
    try:
        yield lambda: bool(caught)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _copies(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in weights.items()}


def _assign(target: Mapping[str, Tensor], source: Mapping[str, Tensor]) -> None:
    for name, tensor in source.items():
        target[name].copy_(tensor)
