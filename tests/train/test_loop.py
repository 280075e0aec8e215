"""The loop: exact resumption, interruption, schedules, averages, and the weights it keeps."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ostinato.base import turns as base_turns
from ostinato.base.errors import UserError
from ostinato.base.log import read_metrics
from ostinato.base.turns import turns
from ostinato.train import loop
from ostinato.train.checkpoint import weights_of
from ostinato.train.loop import LoopConfig, train
from ostinato.train.optimizer import OptimizerConfig, learning_rate, make_optimizer

CONFIG = LoopConfig(steps=6, log_every=1, optimizer=OptimizerConfig(warmup_steps=2))


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Dropout(0.5), nn.Linear(8, 1))


def regression(
    model: nn.Module, seen: list[int] | None = None
) -> Callable[[int], dict[str, Tensor]]:
    def loss_of(number: int) -> dict[str, Tensor]:
        if seen is not None:
            seen.append(number)
        x = torch.randn(16, 4, generator=torch.Generator().manual_seed(number))
        loss = (model(x)[:, 0] - x.sum(1)).square().mean()
        return {"loss": loss, "tokens": torch.tensor(16)}

    return loss_of


def same(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("average", [0.0, 0.9])
def test_six_steps_are_three_and_three_more(
    tmp_path: Path, accumulate: int, average: float
) -> None:
    config = replace(CONFIG, accumulate=accumulate, average=average)
    straight, broken = network(), network()
    train(straight, regression(straight), config, tmp_path / "a")

    def three(model: nn.Module) -> Callable[[int], dict[str, Tensor]]:
        inner = regression(model)

        def loss_of(number: int) -> dict[str, Tensor]:
            if number == 3 * accumulate - 1:
                os.kill(os.getpid(), signal.SIGTERM)
            return inner(number)

        return loss_of

    outcome = train(broken, three(broken), config, tmp_path / "b")
    assert (outcome.reason, outcome.counters.step) == ("interrupted", 3)
    again = network()
    seen: list[int] = []
    outcome = train(again, regression(again, seen), config, tmp_path / "b", resume=True)
    assert (outcome.reason, outcome.counters.step) == ("finished", 6)
    assert seen == list(range(3 * accumulate, 6 * accumulate))
    assert same(straight, again)
    rows_a, rows_b = (read_metrics(tmp_path / run / "metrics.jsonl") for run in "ab")
    assert [row["loss"] for row in rows_a] == [row["loss"] for row in rows_b]
    assert [row["gradient_norm"] for row in rows_a] == [row["gradient_norm"] for row in rows_b]
    assert outcome.counters.tokens == 6 * accumulate * 16


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_weights_are_not_saved_and_resuming_does_without(
    tmp_path: Path, frozen: bool
) -> None:
    config = replace(CONFIG, average=0.9, validate_every=2)

    def part(run: str, *, late: float = 0.0, resume: bool = False) -> nn.Module:
        model = network()
        model[0].requires_grad_(not frozen)  # type: ignore[index]
        scores = {"score": 1.0}  # the first is the best
        train(
            model,
            regression(model),
            replace(config, max_seconds=late),
            tmp_path / run,
            resume=resume,
            validate=lambda: scores,
        )
        return model

    straight = part("a")
    part("b", late=1e-9)
    assert len(read_metrics(tmp_path / "b" / "metrics.jsonl")) == 1
    assert same(straight, part("b", resume=True))
    every = {name for name, _ in straight.named_parameters()}
    trained = {name for name in every if not (frozen and name.startswith("0."))}
    for run in "ab":
        state = load_file(tmp_path / run / "state.safetensors")
        for kind in ("model", "average"):
            held = {n.removeprefix(f"{kind}.") for n in state if n.startswith(f"{kind}.")}
            assert held == trained
        best = load_file(tmp_path / run / "best.safetensors")
        assert {*best} == {f"model.{name}" for name in trained}


def test_a_run_that_was_killed_counts_and_logs_as_one_that_was_not(tmp_path: Path) -> None:
    """Killed at step 5, between two rows of the metrics, with the state of step 3 on disk."""
    config = replace(CONFIG, log_every=4, save_every=3)
    straight, broken, again = network(), network(), network()
    whole = train(straight, regression(straight), config, tmp_path / "a")

    def loss_of(number: int) -> dict[str, Tensor]:
        if number == 4:
            raise ConnectionAbortedError
        return regression(broken)(number)

    with pytest.raises(ConnectionAbortedError):
        train(broken, loss_of, config, tmp_path / "b")
    outcome = train(again, regression(again), config, tmp_path / "b", resume=True)
    assert same(straight, again)
    assert outcome.counters.tokens == whole.counters.tokens == 6 * 16
    rows_a, rows_b = (read_metrics(tmp_path / run / "metrics.jsonl") for run in "ab")
    assert [(row["step"], row["loss"]) for row in rows_a] == [
        (row["step"], row["loss"]) for row in rows_b
    ]


def test_two_micro_batches_are_one_batch_of_both(tmp_path: Path) -> None:
    """With drop-out off, the gradient of two halves is the gradient of the whole."""
    once, twice = network().eval(), network()
    for module in twice.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    train(twice, regression(twice), replace(CONFIG, steps=1, accumulate=2), tmp_path)
    loss = (regression(once)(0)["loss"] + regression(once)(1)["loss"]) / 2
    assert read_metrics(tmp_path / "metrics.jsonl")[0]["loss"] == pytest.approx(loss.item(), 1e-5)


def test_the_weights_kept_are_the_best_on_validation(tmp_path: Path) -> None:
    model = network()
    history: list[dict[str, Tensor]] = []
    scores = iter([0.1, 0.9, 0.3])

    def validate() -> dict[str, float]:
        assert not model.training
        history.append({name: w.clone() for name, w in weights_of(model).items()})
        return {"score": next(scores)}

    config = replace(CONFIG, validate_every=2)
    outcome = train(model, regression(model), config, tmp_path, validate=validate)
    assert (outcome.counters.best, outcome.counters.best_step) == (0.9, 4)
    assert len(history) == 3
    for name, weight in weights_of(model).items():
        assert torch.equal(weight, history[1][name])
    assert not model.training
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert [row["valid_score"] for row in rows if "valid_score" in row] == [0.1, 0.9, 0.3]


def test_the_average_is_what_is_validated_and_kept_and_training_goes_on_without_it(
    tmp_path: Path,
) -> None:
    plain, averaged = network(), network()
    train(plain, regression(plain), CONFIG, tmp_path / "a")
    seen: list[Tensor] = []

    def validate() -> dict[str, float]:
        seen.append(averaged[0].weight.detach().clone())  # type: ignore[index]
        return {"score": float(len(seen))}

    config = replace(CONFIG, average=0.5, validate_every=3)
    train(averaged, regression(averaged), config, tmp_path / "b", validate=validate)
    assert torch.equal(averaged[0].weight, seen[-1])  # type: ignore[index]
    assert not same(plain, averaged)
    losses = [
        [row["loss"] for row in read_metrics(tmp_path / run / "metrics.jsonl") if "loss" in row]
        for run in "ab"
    ]
    assert losses[0] == losses[1]


def test_time_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()  # a second passes whenever one looks
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    model = network()
    config = replace(CONFIG, steps=10**6, max_seconds=10.0)
    outcome = train(model, regression(model), config, tmp_path / "a")
    assert outcome.reason == "out of time"
    assert 0 < outcome.counters.step <= 11
    config = replace(config, max_seconds=0.0, budget_seconds=100.0)
    outcome = train(model, regression(model), config, tmp_path / "b")
    assert outcome.reason == "finished"
    rates = [row["learning_rate"] for row in read_metrics(tmp_path / "b" / "metrics.jsonl")]
    assert 30 < len(rates) <= 100
    assert rates[-1] < 0.1 * max(rates)
    assert rates[2:] == sorted(rates[2:], reverse=True)


def test_compiling_is_no_time_of_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: now[0]))
    model = network()
    loss = regression(model)

    def loss_of(number: int) -> dict[str, Tensor]:
        now[0] += 1 if number else 1000  # the first step compiles
        return loss(number)

    config = replace(CONFIG, steps=10**6, budget_seconds=10.0, compile=True)
    outcome = train(model, loss_of, config, tmp_path / "a")
    assert (outcome.counters.step, outcome.counters.seconds) == (11, 10)
    config = replace(config, budget_seconds=0.0, max_seconds=1005.0)  # of the wall, all counts
    assert train(model, loss_of, config, tmp_path / "b").counters.step == 7


@pytest.mark.usefixtures("one_thread")
def test_one_process_at_a_time_trains(tmp_path: Path) -> None:
    held, waits, events = threading.Event(), threading.Event(), list[str]()
    config = replace(CONFIG, steps=3, budget_seconds=60.0, turn=tmp_path / "turn")

    def run(name: str) -> None:
        model = network()
        inner = regression(model)

        def loss_of(number: int) -> dict[str, Tensor]:
            events.append(f"{name}{number}")
            if name == "a" and number == 1:  # it has the turn
                held.set()
                waits.wait(20)
                time.sleep(0.5)  # long enough for the other to overtake, if nothing held it
            elif name == "b":
                waits.set()
            return inner(number)

        outcomes[name] = train(model, loss_of, config, tmp_path / name)

    outcomes: dict[str, loop.Outcome] = {}
    first = threading.Thread(target=run, args="a")
    first.start()
    held.wait(20)
    run("b")
    first.join()
    assert events == ["a0", "a1", "b0", "a2", "b1", "b2"]
    assert {outcome.reason for outcome in outcomes.values()} == {"finished"}


@dataclass
class Clock:
    """The time of the loop and of who waits for a turn: it passes in their pauses alone."""

    now: float = 0.0
    after_pause: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.after_pause()

    def losses(self, model: nn.Module) -> Callable[[int], dict[str, Tensor]]:
        """The regression, each of whose steps takes a second."""
        inner = regression(model)

        def loss_of(number: int) -> dict[str, Tensor]:
            self.now += 1
            return inner(number)

        return loss_of


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (loop, base_turns):
        monkeypatch.setattr(module, "time", clock)
    return clock


def test_waiting_for_the_turn_is_no_time_of_training(tmp_path: Path, clock: Clock) -> None:
    model, config = network(), replace(CONFIG, turn=tmp_path / "turn", budget_seconds=6.0)
    with ExitStack() as other:
        other.enter_context(turns(tmp_path / "turn"))(lambda: False)
        clock.after_pause = lambda: other.close() if clock.now > 100 else None  # its turn ends
        outcome = train(model, clock.losses(model), config, tmp_path / "a")
    assert clock.now > 105
    assert (outcome.reason, outcome.counters.step) == ("finished", 6)
    assert outcome.counters.seconds == pytest.approx(6)


def test_who_waits_for_the_turn_is_out_of_time_as_well(tmp_path: Path, clock: Clock) -> None:
    model, late = network(), replace(CONFIG, turn=tmp_path / "turn", max_seconds=9.0)
    with turns(tmp_path / "turn") as wait:
        wait(lambda: False)
        outcome = train(model, clock.losses(model), late, tmp_path / "a")
    assert (outcome.reason, outcome.counters.step) == ("out of time", 1)
    assert 9 < clock.now < 9.2
    outcome = train(model, clock.losses(model), late, tmp_path / "a", resume=True)
    assert (outcome.reason, outcome.counters.step) == ("finished", 6)
    began = clock.now - 8.5  # of the call, which has read for that long
    outcome = train(model, clock.losses(model), late, tmp_path / "b", began=began)
    assert (outcome.reason, outcome.counters.step) == ("out of time", 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", -1.0),
        ("warmup_steps", -5),
        ("final_ratio", 7.0),
        ("beta1", -0.1),
        ("beta2", 1.5),
        ("eps", -1.0),
        ("weight_decay", -0.1),
        ("clip_norm", -1.0),
        ("clip_norm", 0.0),
    ],
)
def test_numbers_with_which_nothing_is_learnt_are_refused(name: str, value: float) -> None:
    with pytest.raises(UserError, match=f"^{name}: expected a number .*; got {value}"):
        OptimizerConfig(**{name: value})  # type: ignore[arg-type]


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    model = network()

    def loss_of(number: int) -> dict[str, Tensor]:
        return {"loss": model(torch.ones(1, 4)).sum() * float("nan")}

    with pytest.raises(UserError, match="learning rate"):
        train(model, loss_of, CONFIG, tmp_path)


def test_nothing_to_resume_and_another_models_state(tmp_path: Path) -> None:
    model = network()
    with pytest.raises(UserError, match="no run to resume"):
        train(model, regression(model), CONFIG, tmp_path, resume=True)
    train(model, regression(model), replace(CONFIG, steps=1), tmp_path)
    other = nn.Linear(4, 1)
    with pytest.raises(UserError, match="another model"):
        train(other, regression(other), CONFIG, tmp_path, resume=True)


def test_learning_rate() -> None:
    config = OptimizerConfig(learning_rate=1.0, warmup_steps=10, final_ratio=0.1)
    assert learning_rate(config, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(config, 9, 0.0) == pytest.approx(1.0)
    assert learning_rate(config, 500, 0.5) == pytest.approx(0.55)
    assert learning_rate(config, 999, 1.0) == pytest.approx(0.1)
    linear = replace(config, decay="linear")
    assert learning_rate(linear, 500, 0.25) == pytest.approx(0.1 + 0.9 * 0.75)
    assert learning_rate(replace(config, decay="constant"), 500, 0.9) == 1.0
    late = replace(linear, decay_from=0.6)
    assert learning_rate(late, 500, 0.6) == 1.0
    assert learning_rate(late, 500, 0.7) == pytest.approx(0.1 + 0.9 * 0.75)
    assert learning_rate(late, 500, 1.0) == pytest.approx(0.1)
    with pytest.raises(UserError, match="decay"):
        OptimizerConfig(decay="exponential")  # type: ignore[arg-type]


def test_only_matrices_decay() -> None:
    model = nn.ModuleDict({"e": nn.Embedding(3, 4), "n": nn.LayerNorm(4), "l": nn.Linear(4, 2)})
    groups = make_optimizer(model, OptimizerConfig(weight_decay=0.3)).param_groups
    decaying = [p for group in groups if group["weight_decay"] for p in group["params"]]
    assert [tuple(p.shape) for p in decaying] == [(2, 4)]
    assert sum(len(group["params"]) for group in groups) == 5
