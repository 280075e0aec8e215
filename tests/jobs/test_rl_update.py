"""Updates on a batch: which way the policy moves, and that its parts add up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ostinato.chat.messages import Message
from ostinato.grading.types import Grade
from ostinato.jobs.rl_recipe import LossChoice, RlRecipe, UpdateChoice
from ostinato.jobs.rl_update import Care, Updater
from ostinato.models.m1 import M1
from ostinato.rl.collect import Batch, Played
from ostinato.rl.curriculum import Prompt
from ostinato.rl.curriculum_plan import CurriculumPlan, Entry
from ostinato.rl.filtering import Sifting
from ostinato.rl.rollout import Ask, Episode, TurnCost
from ostinato.rl.shaping import ShapedReward
from ostinato.rl.types import Action, Observation, Reward, Trajectory, Transition
from ostinato.rl.windows import WindowPlan, WindowStage
from tiny_language import tiny_m1, tiny_tokenizer

CARE = Care(clip_norm=1.0, max_weight=5.0)
PROMPT = (7, 8, 9, 10)
VOCABULARY = tiny_tokenizer().vocab_size


def recipe(loss: LossChoice | None = None, **update: object) -> RlRecipe:
    return RlRecipe(
        run=Path("run"),
        init=Path("init"),
        steps=1,
        curriculum=CurriculumPlan(entries=(Entry(environment="a/b"),)),
        windows=WindowPlan(stages=(WindowStage(tokens=16),)),
        loss=loss or LossChoice(),
        update=replace(UpdateChoice(learning_rate=3e-3, warmup_steps=0), **update),
    )


def logprobs_of(model: M1, tokens: tuple[int, ...]) -> torch.Tensor:
    with torch.no_grad():
        told = model(torch.tensor([tokens]))[0, :-1].log_softmax(-1)
    return told.gather(1, torch.tensor(tokens)[1:, None])[:, 0]


def episode(model: M1, written: tuple[int, ...], reward: float, shift: float = 0.0) -> Episode:
    tokens = PROMPT + written
    logprobs = (logprobs_of(model, tokens)[len(PROMPT) - 1 :] + shift).tolist()
    zeros = [0.0] * len(PROMPT)
    seen = Transition(Observation((Message("user", "?"),)), Action(Message("assistant", "!")))
    trajectory = Trajectory((seen,), Grade(reward), Reward(reward, 0.0))
    return Episode(
        Ask("a/b", 1, 0, None),  # pyright: ignore[reportArgumentType]
        trajectory,
        tokens,
        (False,) * len(PROMPT) + (True,) * len(written),
        (*zeros, *logprobs),
        (0.0,) * len(tokens),
        (TurnCost(len(PROMPT), len(written)),),
    )


def batch(model: M1, rewards: list[float], shift: float = 0.0) -> Batch:
    """Two groups of answers of unequal lengths."""
    groups: list[Played] = []
    for g in range(2):
        own = [
            episode(model, tuple((11 + g + 5 * i + j) % 60 for j in range(2 + i)), reward, shift)
            for i, reward in enumerate(rewards)
        ]
        shaped = tuple(ShapedReward(one.trajectory.reward, 0.0) for one in own)
        groups.append(Played(Prompt("a/b", 1, g), tuple(own), shaped))
    return Batch(0, 16, tuple(groups), tuple(groups), Sifting(2), 0.0, 0.0)


def total(model: M1, one: Episode) -> float:
    return float(logprobs_of(model, one.tokens)[len(PROMPT) - 1 :].sum())


@pytest.mark.parametrize("kind", ["cispo", "unified", "grpo", "dapo", "gspo", "reinforce"])
def test_what_was_rewarded_becomes_likelier_and_the_rest_does_not(kind: str) -> None:
    model = tiny_m1()
    made = batch(model, [1.0, 0.0, 0.0])
    before = [[total(model, one) for one in group.episodes] for group in made.kept]
    row = Updater(model, recipe(LossChoice(kind=kind)), VOCABULARY).train(made, CARE)  # pyright: ignore[reportArgumentType]
    after = [[total(model, one) for one in group.episodes] for group in made.kept]
    for old, new in zip(before, after, strict=True):
        assert new[0] > old[0] + 0.01
        assert sum(new[1:]) < sum(old[1:])
    assert row["correlation"] > 0.99999
    assert row["ratio_max"] == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("aggregate", ["token", "prompt", "sample", "blend"])
def test_micro_batches_add_up_to_the_batch(aggregate: str) -> None:
    moved: list[list[torch.Tensor]] = []
    for max_tokens in (10_000, 1):
        model = tiny_m1()
        made = batch(model, [1.0, 0.3, 0.0, 0.7], shift=-0.2)
        choice = LossChoice(aggregate=aggregate, router=0.0)  # pyright: ignore[reportArgumentType]
        Updater(model, recipe(choice, max_tokens=max_tokens, eps=1e-3), VOCABULARY).train(
            made, CARE
        )
        moved.append([p.detach().clone() for p in model.parameters()])
    for one, other in zip(*moved, strict=True):
        torch.testing.assert_close(one, other, atol=2e-6, rtol=0)


def test_more_mini_batches_than_rows_are_as_many_as_there_are_rows() -> None:
    moved: list[list[torch.Tensor]] = []
    for parts in (8, 64):
        model = tiny_m1()
        made = batch(model, [1.0, 0.3, 0.0, 0.7], shift=-0.2)
        choice = LossChoice(aggregate="prompt", router=0.0)
        Updater(model, recipe(choice, mini_batches=parts, eps=1e-3), VOCABULARY).train(made, CARE)
        moved.append([p.detach().clone() for p in model.parameters()])
    for one, other in zip(*moved, strict=True):
        torch.testing.assert_close(one, other, atol=1e-7, rtol=0)


def test_the_trainers_own_anchor_makes_ratios_of_one() -> None:
    model = tiny_m1()
    shifted = batch(model, [1.0, 0.0], shift=-1.0)
    row = Updater(model, recipe(LossChoice(anchor="trainer")), VOCABULARY).train(shifted, CARE)
    assert row["ratio_max"] == 1.0
    row = Updater(model, recipe(), VOCABULARY).train(batch(model, [1.0, 0.0], shift=-1.0), CARE)
    assert row["ratio_mean"] == pytest.approx(torch.e, rel=1e-3)


def test_what_is_odd_about_a_stage_is_told() -> None:
    stages = (WindowStage(tokens=8), WindowStage(tokens=16, max_weight=0.5))
    plan = WindowPlan(stages=stages)
    (text,) = replace(recipe(mini_batches=2), windows=plan).concerns()
    assert text.startswith("max_weight 0.5 is outside")
    (text,) = replace(recipe(LossChoice(kind="grpo"), mini_batches=2), windows=plan).concerns()
    assert text == "max_weight of windows.stages does nothing with grpo."


def test_a_cap_binds_and_is_counted() -> None:
    model = tiny_m1()
    made = batch(model, [1.0, 0.0], shift=-3.0)
    row = Updater(model, recipe(), VOCABULARY).train(made, replace(CARE, max_weight=2.0))
    assert row["capped_positive"] == row["capped_negative"] == 1.0


def test_mini_batches_and_epochs_are_optimiser_steps() -> None:
    model = tiny_m1()
    updater = Updater(model, recipe(mini_batches=3, epochs=2), VOCABULARY)
    assert updater.train(batch(model, [1.0, 0.0, 0.0]), CARE)["updates"] == 6
    assert updater.updates == 6


def test_groups_without_a_signal_leave_the_policy_where_it_is() -> None:
    model = tiny_m1()
    before = [p.detach().clone() for p in model.parameters()]
    Updater(model, recipe(LossChoice(router=0.0)), VOCABULARY).train(batch(model, [0.5, 0.5]), CARE)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_gradient_that_is_no_number_is_left_out() -> None:
    model = tiny_m1()
    made = batch(model, [1.0, 0.0])
    with torch.no_grad():
        model.lm_head.weight[0, 0] = float("nan")
    before = [p.detach().clone() for p in model.parameters()]
    row = Updater(model, recipe(), VOCABULARY).train(made, CARE)
    assert row["skipped"] == 1
    assert row["updates"] == 0
    for a, b in zip(before, model.parameters(), strict=True):
        torch.testing.assert_close(a, b, equal_nan=True)
