"""``ostinato rl``: reinforcement learning with CISPO and its relatives, from a recipe.

A step asks the policy tasks, several episodes of each, and trains on those groups whose rewards
differ. Everything random comes from (seed, step), and everything else from the saved state: a
run that is killed goes on to the same episodes, of the last step that was saved. Also runs as
``python -m ostinato.jobs.rl RECIPE.toml key=value ...``.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import torch

from ostinato.base.config import from_dict, load_recipe, to_dict
from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.base.log import MetricsFile, read_metrics
from ostinato.chat.tokenizer import Tokenizer
from ostinato.data.text import copy_tokenizer
from ostinato.eval.reasoning import TaskList, read_tasks
from ostinato.infer.directory import find_model
from ostinato.infer.engine import Engine, EngineConfig
from ostinato.jobs import rl_validation
from ostinato.jobs.rl_recipe import RlRecipe
from ostinato.jobs.rl_state import RlState, highest_levels, judged, with_levels
from ostinato.jobs.rl_update import Care, Updater
from ostinato.jobs.rl_view import view
from ostinato.jobs.training import main, report
from ostinato.models.m1 import M1
from ostinato.rl.collect import Batch, Collector
from ostinato.rl.curriculum import begin
from ostinato.rl.envs.catalogue import find
from ostinato.rl.monitors import MonitorRules, StepReading
from ostinato.rl.rollout import Ask, Limits, Player
from ostinato.rl.summary import perplexity, summary
from ostinato.train.checkpoint import Counters, load_notes, load_state, save_state, weights_of
from ostinato.train.loop import interruptible
from ostinato.train.run import open_run

STATE = "state.safetensors"
VALIDATION_SEED = 1


def rl(path: Path, overrides: Sequence[str] = (), as_json: bool = False) -> None:
    """Run a recipe, or go on with it, and report."""
    report(run(load_recipe(path, RlRecipe, overrides), quiet=as_json), as_json)


def run(recipe: RlRecipe, *, quiet: bool = False) -> dict[str, object]:
    """Train, and write the model directory; returns what to report."""
    with _started(recipe) as trained:
        if open_run(recipe.run, recipe, fresh=recipe.fresh):
            trained.resume()
        else:
            trained.begin()
        with view(recipe.steps, quiet=quiet) as show:
            try:
                reason = trained.go(show)
            except UserError:
                trained.save()  # what there is must not be lost
                raise
    result = trained.result(reason)
    if reason != "interrupted":
        result["model"] = str(trained.write_model("model"))
    write_json(recipe.run / "result.json", result)
    return {"run": str(recipe.run), **result}


def validate(recipe: RlRecipe) -> dict[str, float]:
    """What ``recipe.init`` is worth on the kept tasks, as the run would validate it."""
    with _started(recipe) as trained:
        return trained.validate()


@contextmanager
def _started(recipe: RlRecipe) -> Generator[_Run]:
    """The policy of ``recipe.init`` on its device, with the processes that serve it."""
    device, folder = pick_device(recipe.device), find_model(recipe.init)
    with _fast_products(device, recipe.asynchronous), _makers(recipe.sampler.workers) as makers:
        model = M1.from_pretrained(folder, device=device, dtype=torch.float32)
        yield _Run(recipe, model, Tokenizer.load(folder), makers)


class _Run:
    """One call of ``run``."""

    def __init__(
        self, recipe: RlRecipe, model: M1, tokenizer: Tokenizer, makers: Executor | None
    ) -> None:
        self.recipe, self.model, self.tokenizer = recipe, model, tokenizer
        names = [entry.environment for entry in recipe.curriculum.entries]
        by_model = recipe.judge.environments() if recipe.judge else {}
        self.environments = {name: by_model.get(name) or find(name) for name in names}
        self.by_model = frozenset(by_model)
        self.metrics = MetricsFile(recipe.run / "metrics.jsonl")
        self.events = MetricsFile(recipe.run / "events.jsonl")
        # An asynchronous sampler keeps weights of its own: the trainer's change under it.
        self.writer = _copy(model) if recipe.asynchronous else model
        self.player = self._player(makers)
        self.collector = Collector(
            self.player,
            self.environments,
            recipe.curriculum,
            recipe.collect,
            seed=recipe.seed,
            makers=makers,
            here=self.by_model,
        )
        self.updater = Updater(model, recipe, tokenizer.vocab_size)
        levels = {name: one.levels for name, one in self.environments.items()}
        self.state = RlState(begin(recipe.curriculum, levels))
        self.counters = Counters()
        self.ahead: Future[Batch] | None = None
        self.scores: dict[str, float] = {}
        self.kept: list[Ask] = []

    def begin(self) -> None:
        """A fresh run: what seems wrong with its recipe, and where the policy stands."""
        self.events.path.unlink(missing_ok=True)
        for text in self.recipe.concerns():
            self._tell(0, "warning", text)
        self.metrics.write(0, **self.validate())

    def resume(self) -> None:
        """Go on from the last saved step."""
        path = self.recipe.run / STATE
        self.counters = load_state(path, self.model, self.updater.optimizer)
        self.state = from_dict(RlState, load_notes(path)["rl"])
        self.updater.updates = self.state.updates
        self.metrics.resume(self.counters.step)
        self.scores = self._last_scores()
        self.events.resume(self.counters.step)
        self._tell(self.counters.step, "resume", f"goes on after step {self.counters.step}")

    def _last_scores(self) -> dict[str, float]:
        rows = read_metrics(self.metrics.path)
        scored = [row for row in rows if "valid_accuracy" in row]
        last = scored[-1] if scored else {}
        return {name: value for name, value in last.items() if name.startswith("valid_")}

    def go(self, show: Callable[[Mapping[str, float], Sequence[str]], None]) -> str:
        """All steps that are left; why it ended."""
        began, before = time.monotonic(), self.counters.seconds
        limit = self.recipe.max_seconds
        with interruptible() as interrupted, ThreadPoolExecutor(1) as pool:
            while self.counters.step < self.recipe.steps:
                step = self.counters.step
                batch = self._batch(step, pool)
                row = {**summary(batch), **self.updater.train(batch, self._care())}
                texts = self._advance(batch, row)
                elapsed = time.monotonic() - began
                self.counters = replace(
                    self.counters,
                    step=step + 1,
                    seconds=before + elapsed,
                    tokens=self.counters.tokens + int(row.get("tokens_written", 0)),
                )
                late = bool(limit) and elapsed > limit
                row |= self._measured(row)
                if self._due(self.recipe.validation.every) or self._last:
                    row |= self.validate()
                self.metrics.write(self.counters.step, **row)
                show({"step": self.counters.step, **row}, texts)
                if self._due(self.recipe.save_every) or self._last or late or interrupted():
                    self.save()
                if interrupted():
                    return "interrupted"
                if late:
                    return "out of time"
        return "finished"

    @property
    def _last(self) -> bool:
        return self.counters.step == self.recipe.steps

    def _due(self, every: int) -> bool:
        return every > 0 and self.counters.step % every == 0

    def _batch(self, step: int, pool: ThreadPoolExecutor) -> Batch:
        """The episodes of a step; asynchronously, those that were begun during the last one."""
        batch = self._collect(step) if self.ahead is None else self.ahead.result()
        self.ahead = None
        # After a saved step nothing is under way, so that a resumed run collects the same.
        following = step + 1
        saved = following % self.recipe.save_every == 0 or following == self.recipe.steps
        if self.recipe.asynchronous and not saved:
            _sync(self.model, self.writer)
            self.ahead = pool.submit(self._collect, following, self.state)
        return batch

    def _collect(self, step: int, state: RlState | None = None) -> Batch:
        if state is None:
            state = self.state
            _sync(self.model, self.writer)
        self.player.limits = self._limits(state)
        return self.collector.collect(state.controllers, step, step / self.recipe.steps)

    def _limits(self, state: RlState) -> Limits:
        return Limits(state.window.tokens(self.recipe.windows), self.recipe.sampler.context)

    def _player(self, programs: Executor | None) -> Player:
        choice, tokenizer = self.recipe.sampler, self.tokenizer
        engine = Engine(
            self.writer,
            [tokenizer.eos, tokenizer.document_end],
            tokenizer.vocab_size,
            EngineConfig(
                slots=choice.slots,
                capacity=choice.context,
                temperature=choice.temperature,
                confidence=choice.confidence,
                burst=choice.burst,
                compiled=choice.compiled,
            ),
        )
        return Player(
            engine,
            tokenizer,
            Limits(self.recipe.windows.stages[0].tokens, choice.context),
            rule=self.recipe.reward,
            workers=choice.workers,
            programs=programs,
            slow=self.by_model,
        )

    def _care(self) -> Care:
        plan, stage = self.recipe.windows, self.state.window.stage
        return Care(
            plan.clip_norm(stage, self.recipe.update.clip_norm),
            plan.max_weight(stage, self.recipe.loss.max_weight),
        )

    def _advance(self, batch: Batch, row: Mapping[str, float]) -> list[str]:
        """All controllers one step on; what they have to say."""
        step, recipe, state = batch.step + 1, self.recipe, self.state
        episodes = [one for group in batch.groups for one in group.episodes]
        if not episodes:
            raise UserError(
                "no task is left that may be asked and fits: give the curriculum's entries a "
                "larger pool, or raise curriculum.mastered or sampler.context"
            )
        texts: list[str] = []
        lengths = [one.length for one in episodes]
        window, grown = state.window, ()
        if batch.window == window.tokens(recipe.windows):  # an older batch says nothing of it
            window, grown = window.after(recipe.windows, perplexity(episodes), lengths)
        curriculum, levels = state.curriculum.after(recipe.curriculum, batch.outcomes)
        reading = StepReading(
            reward=row.get("reward"),
            truncated=row.get("truncated"),
            # An older sampler differs from the trainer by what was learnt since.
            correlation=None if recipe.asynchronous else row.get("correlation"),
            ratio_mean=row.get("ratio_mean"),
            ratio_max=row.get("ratio_max"),
            harder=bool(grown or levels),
            judged=judged(episodes),
        )
        monitors, warnings = state.monitors.after(MonitorRules(), reading)
        warnings = (*batch.sifting.told(recipe.collect.filter), *warnings)
        if row.get("skipped"):
            warnings = (*warnings, f"{row['skipped']:.0f} updates had no finite gradient: left out")
        if batch.too_long:
            text = f"{batch.too_long} tasks were left out: their prompts fill the context"
            warnings = (*warnings, text)
        for event, told in (("window", grown), ("level", levels), ("warning", warnings)):
            for text in told:
                self._tell(step, event, text)
                texts.append(text)
        if grown and recipe.keep_windows:
            self.write_model(f"model-{state.window.tokens(recipe.windows)}")
        filters = state.filter.after(recipe.collect.filter, batch.sifting)
        updates, reached = self.updater.updates, highest_levels(state.reached, batch)
        self.state = RlState(curriculum, filters, window, monitors, updates, reached)
        return texts

    def _measured(self, row: Mapping[str, float]) -> dict[str, float]:
        levels = self.state.curriculum.levels()
        busy = row.get("seconds_rollout", 0.0) + row.get("seconds_train", 0.0)
        return {
            **{f"level/{name}": level for name, level in levels.items()},
            "seconds": round(self.counters.seconds, 2),
            "tokens_per_second": round(row.get("tokens_written", 0) / max(busy, 1e-9), 1),
        }

    def validate(self) -> dict[str, float]:
        """Accuracy on tasks that are kept from training; at fixed levels in the widest window, so
        that one can be compared with another.
        """
        if not self.kept or self.recipe.validation.levels == "current":
            reached = self.state.curriculum.levels()
            wanted = rl_validation.asks(self.recipe, self.environments, reached)
            self.kept = [ask for ask in wanted if self.player.fits(ask)]
        if self.ahead is not None:
            self.ahead.result()  # one batch at a time is written
        _sync(self.model, self.writer)
        self.player.limits = self._limits(self.state)
        if self.recipe.validation.levels == "fixed":
            widest = self.recipe.windows.stages[-1].tokens
            self.player.limits = replace(self.player.limits, window=widest)
        groups = self.player.play(self.kept, 1, VALIDATION_SEED) if self.kept else []
        self.scores = rl_validation.scores([episode for (episode,) in groups])
        return self.scores

    def _tell(self, step: int, event: str, text: str) -> None:
        self.events.write(step, event=event, text=text)

    def save(self) -> None:
        """The state after the last whole step."""
        save_state(
            self.recipe.run / STATE,
            self.counters,
            weights_of(self.model),
            self.updater.optimizer,
            notes={"rl": to_dict(self.state)},
        )

    def write_model(self, name: str) -> Path:
        """The policy as a model directory, with what it was trained on."""
        folder = self.recipe.run / name
        copy_tokenizer(find_model(self.recipe.init), folder)
        dtype = getattr(torch, self.recipe.dtype)
        self.model.save_pretrained(folder, layout=self.recipe.layout, dtype=dtype)
        before = read_tasks(find_model(self.recipe.init)) or TaskList(())
        with_levels(before, dict(self.state.reached)).write(folder)
        return folder

    def result(self, reason: str) -> dict[str, object]:
        """How the run ended, as plain values; where it was interrupted, without what it was worth:
        that was measured before.
        """
        told: dict[str, object] = {
            "reason": reason,
            "step": self.counters.step,
            "tokens": self.counters.tokens,
            "seconds": round(self.counters.seconds, 1),
            "updates": self.updater.updates,
            "window": self.state.window.tokens(self.recipe.windows),
            "levels": self.state.curriculum.levels(),
        }
        return told if reason == "interrupted" else {**told, "valid": self.scores}


def _copy(model: M1) -> M1:
    twin = M1(model.config).to(model.lm_head.weight.device)
    _sync(model, twin)
    return twin.eval()


@torch.no_grad()
def _sync(source: M1, target: M1) -> None:
    if source is not target:
        for ours, theirs in zip(target.parameters(), source.parameters(), strict=True):
            ours.copy_(theirs)


@contextmanager
def _makers(workers: int) -> Generator[Executor | None]:
    """Processes that make tasks and start programs; a single worker is this one."""
    if workers < 2:
        yield None
        return
    ignore = (signal.SIGINT, signal.SIG_IGN)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:  # Ctrl-C reaches every process of the terminal; this one decides what it means
        pool = ProcessPoolExecutor(
            workers, get_context("spawn"), initializer=signal.signal, initargs=ignore
        )
        wait([pool.submit(os.getpid) for _ in range(workers)])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    with pool:
        yield pool


@contextmanager
def _fast_products(device: torch.device, asynchronous: bool) -> Generator[None]:
    """TF32 in the body, on a GPU; router and head stay float32. Sampler and trainer alike.

    The switch is the whole process's: with two threads that throw it all products are float32.
    """
    before = torch.get_float32_matmul_precision()
    if device.type == "cuda" and not asynchronous:
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


if __name__ == "__main__":
    sys.exit(main(rl, sys.argv[1:]))
