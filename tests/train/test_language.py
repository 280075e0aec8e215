"""The step of a decoder: packed is apart, micro-batches are one batch, stages resume exactly."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.base.log import read_metrics
from ostinato.data.packing import CutPacker, Plan, Stage, TextBatch, WholePacker, in_order
from ostinato.data.text import TextDocuments, TextHeader, TextWriter, read_text
from ostinato.models.m1 import M1, M1Config
from ostinato.train.checkpoint import weights_of
from ostinato.train.language import LanguageModelStep, M1Choice, check_fit
from ostinato.train.loop import LoopConfig, train
from ostinato.train.optimizer import OptimizerConfig
from toy_text import HEADER, toy_documents, write_documents

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
STAGES = (Stage(8, 4, 0.5), Stage(16, 2, 0.25, rope_theta=500.0), Stage(32, 1, 0.25))
CONFIG = M1Config(
    vocab_size=HEADER.vocab_size,
    hidden_size=16,
    attention=("lightning", "softmax"),
    num_heads=2,
    num_kv_heads=1,
    head_dim=8,
    rotary_dim=8,
    intermediate_size=16,
    num_experts=2,
    experts_per_token=1,
    initializer_range=0.2,
    rope_theta=100.0,
)
LOOP = LoopConfig(
    steps=8,
    accumulate=2,
    log_every=1,
    optimizer=OptimizerConfig(
        learning_rate=3e-3, warmup_steps=2, decay="linear", decay_from=0.5, beta2=0.95, eps=1e-15
    ),
)


def decoder(config: M1Config = CONFIG) -> M1:
    torch.manual_seed(0)
    return M1(config)


@pytest.fixture
def documents(tmp_path: Path) -> TextDocuments:
    return read_text([write_documents(tmp_path / "shards", toy_documents(60))])


def step_of(model: M1, documents: TextDocuments, loop: LoopConfig = LOOP) -> LanguageModelStep:
    plan = Plan(STAGES, loop.steps, loop.accumulate)
    return LanguageModelStep(model, CutPacker(documents, plan, seed=loop.seed), CPU)


def losses(run: Path) -> list[tuple[int, float]]:
    rows = read_metrics(run / "metrics.jsonl")
    return [(row["step"], row["loss"]) for row in rows if "loss" in row]


@pytest.mark.parametrize("stop", [1, 4, 5, 7])
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(
    documents: TextDocuments, tmp_path: Path, stop: int
) -> None:
    """In the middle of a stage, at its border, and where positions are rotated anew."""
    straight = decoder()
    train(straight, step_of(straight, documents), LOOP, tmp_path / "a")
    first, again = decoder(), decoder()
    broken = step_of(first, documents)

    def until_then(number: int) -> dict[str, torch.Tensor]:
        if number == 2 * stop:
            raise ConnectionAbortedError
        return broken(number)

    with pytest.raises(ConnectionAbortedError):
        train(first, until_then, replace(LOOP, save_every=1), tmp_path / "b")
    outcome = train(again, step_of(again, documents), LOOP, tmp_path / "b", resume=True)
    assert outcome.counters.tokens == 8 * 2 * 32
    assert losses(tmp_path / "a") == losses(tmp_path / "b")
    for name, weight in weights_of(straight).items():
        assert torch.equal(weight, weights_of(again)[name]), name
    assert straight.config.rope_theta == again.config.rope_theta == 500.0


def test_what_is_logged(documents: TextDocuments, tmp_path: Path) -> None:
    model = decoder()
    train(model, step_of(model, documents), LOOP, tmp_path)
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert [row["context"] for row in rows] == [8.0] * 4 + [16.0] * 2 + [32.0] * 2
    for row in rows:
        total = row["token_loss"] + CONFIG.router_aux_loss_coef * row["router_loss"]
        assert row["loss"] == pytest.approx(total, rel=1e-6)
        assert row["router_loss"] > 0.9
    rates = [row["learning_rate"] for row in rows]
    assert rates[1:5] == [3e-3] * 4
    assert all(a > b for a, b in pairwise(rates[4:]))


def test_it_learns(tmp_path: Path) -> None:
    """A token that follows from the one before it is soon known."""
    cycle = [token % HEADER.vocab_size for token in range(200)]
    documents = read_text([write_documents(tmp_path / "shards", [cycle])])
    loop = replace(LOOP, steps=60, accumulate=1, optimizer=OptimizerConfig(0.02, 5))
    model = decoder()
    step = LanguageModelStep(model, CutPacker(documents, Plan((Stage(32, 8),), 60), seed=0), CPU)
    train(model, step, loop, tmp_path)
    found = step.validate(in_order(documents, Stage(32, 2), 1000))["loss"]
    assert found < 0.2 < losses(tmp_path)[0][1]


def test_packed_documents_are_each_alone(documents: TextDocuments) -> None:
    """The loss of a packed batch is the mean over its sequences, each computed by itself."""
    model = decoder()
    packer = WholePacker(documents, Plan((Stage(30, 4),), 4), seed=0)
    scalars = LanguageModelStep(model, packer, CPU)(0)
    batch = packer.draw(0)
    total = torch.zeros(())
    for a, b in pairwise(batch.cu_seqlens.tolist()):
        hidden = model.encode(batch.tokens[:, a:b]).hidden[0]
        total = total + model.token_losses(hidden, batch.targets[a:b]).sum()
    torch.testing.assert_close(scalars["token_loss"], total / batch.learnt, atol=1e-5, rtol=1e-5)
    assert int(scalars["tokens"]) == batch.tokens.numel()


def test_micro_batches_weigh_what_they_have_to_learn(tmp_path: Path) -> None:
    """One step of two micro-batches has the gradient of both as one, whatever is masked."""
    with TextWriter(tmp_path, TextHeader("chat", HEADER.vocab_size, "")) as writer:
        for item, tokens in enumerate(toy_documents(40)):
            writer.add(item, tokens, [int(token % (item + 2) == 0) for token in tokens])
    documents = read_text([tmp_path])
    model = decoder(replace(CONFIG, router_aux_loss_coef=0.0))
    halves = WholePacker(documents, Plan((Stage(30, 2),), 1, 2), seed=0)
    step = LanguageModelStep(model, halves, CPU)
    parts = [halves.draw(number) for number in (0, 1)]
    assert parts[0].learnt != parts[1].learnt
    for number in (0, 1):
        (step(number)["loss"] / 2).backward()
    found = {name: p.grad for name, p in model.named_parameters()}
    model.zero_grad()
    shift = parts[0].cu_seqlens[-1]
    both = TextBatch(
        torch.cat([part.tokens for part in parts], 1),
        torch.cat([part.targets for part in parts]),
        torch.cat([parts[0].cu_seqlens, parts[1].cu_seqlens[1:] + shift]),
    )
    hidden = model.encode(both.tokens, cu_seqlens=both.cu_seqlens).hidden[0]
    (model.token_losses(hidden, both.targets).sum() / both.learnt).backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, atol=1e-5, rtol=1e-4)


def test_checkpointing_changes_nothing(documents: TextDocuments) -> None:
    gradients: list[list[torch.Tensor]] = []
    for on in (False, True):
        model = decoder()
        model.gradient_checkpointing = on
        step_of(model, documents)(0)["loss"].backward()
        gradients.append([p.grad for p in model.parameters() if p.grad is not None])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_a_batch_with_nothing_to_learn_is_no_nan(tmp_path: Path) -> None:
    documents = read_text([write_documents(tmp_path, [[1], [2]])])
    packer = WholePacker(documents, Plan((Stage(8, 1),), 1), seed=0)
    step = LanguageModelStep(decoder(), packer, CPU)
    assert float(step(0)["token_loss"].detach()) == 0
    assert step.validate([]) == {"loss": 0.0}


def test_what_does_not_fit(documents: TextDocuments) -> None:
    choice = M1Choice(layers=2, vocab_size=40, max_position_embeddings=20, head_dim=8)
    config = choice.config(HEADER.vocab_size, bos=1, eos=2)
    assert (config.head_dim, config.rotary_dim, config.eos_token_id) == (8, 8, 2)
    with pytest.raises(UserError, match=r"vocabulary of 50, and the model one of 40"):
        check_fit(config, documents, STAGES)
    config = replace(config, vocab_size=50)
    with pytest.raises(UserError, match=r"length of 32.* is 20"):
        check_fit(config, documents, STAGES)
    check_fit(config, documents, STAGES[:2])
    with pytest.raises(UserError, match="decay_from"):
        OptimizerConfig(decay_from=1.0)
