"""Everything that decides a run of reinforcement learning."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ostinato.base.errors import UserError
from ostinato.grading.judge_endpoint import EndpointJudge
from ostinato.infer.requests import Confidence
from ostinato.rl.advantages import Scheme
from ostinato.rl.aggregation import Aggregate, Blend
from ostinato.rl.collect import CollectConfig
from ostinato.rl.curriculum_plan import CurriculumPlan
from ostinato.rl.envs.judged import judged
from ostinato.rl.envs.registry import Environment
from ostinato.rl.token_rule import TokenRule, concerns
from ostinato.rl.types import RewardRule
from ostinato.rl.windows import WindowPlan
from ostinato.train.optimizer import OptimizerConfig
from ostinato.train.recipe import DTypeName


@dataclass(frozen=True, kw_only=True)
class LossChoice:
    """The policy's loss; what is left out is the kind's own."""

    kind: Literal["cispo", "unified", "grpo", "dapo", "gspo", "reinforce"] = "cispo"
    max_weight: float = 5.0
    """The absolute cap, of cispo and unified; a window's stage may lower it."""
    min_weight: float = 0.0
    mask_low: float | None = None
    """eps_low of eq. 7 (unified), or of the clipped surrogates; None: off, or their own."""
    mask_high: float | None = None
    aggregate: Literal["token", "prompt", "sample", "blend"] | None = None
    """None: the kind's own, which is sample for grpo and gspo and token for the others."""
    blend: float = 0.5
    """The share of the sample mean in a blend."""
    advantages: Scheme = "group"
    anchor: Literal["sampler", "trainer"] = "sampler"
    """Whose log-probabilities stand below the ratio: the sampler's, or the trainer's before the
    first update of a batch (recomputed)."""
    router: float | None = None
    """Weight of the router's balance; None: the model's ``router_aux_loss_coef``."""

    def __post_init__(self) -> None:
        self.rule()
        Blend(self.blend)

    def rule(self, max_weight: float | None = None) -> TokenRule:
        """The rule of tokens; ``max_weight`` in place of the recipe's own."""
        cap = self.max_weight if max_weight is None else max_weight
        low, high = self.mask_low, self.mask_high
        if self.kind == "cispo":
            return TokenRule.cispo(cap, self.min_weight)
        if self.kind == "unified":
            return TokenRule.unified(cap, self.min_weight, low, high)
        if self.kind == "reinforce":
            return TokenRule.reinforce()
        of_kind = {"grpo": (0.2, 0.2), "dapo": (0.2, 0.28), "gspo": (3e-4, 4e-4)}[self.kind]
        low, high = (
            own if given is None else given for own, given in zip(of_kind, (low, high), strict=True)
        )
        level = "sequence" if self.kind == "gspo" else "token"
        return TokenRule(mask_low=low, mask_high=high, level=level)

    @property
    def way(self) -> Aggregate:
        """The aggregation."""
        if self.aggregate == "blend":
            return Blend(self.blend)
        if self.aggregate is None:
            return "sample" if self.kind in ("grpo", "gspo") else "token"
        return self.aggregate

    @property
    def capped(self) -> bool:
        """Whether weights have a cap and a floor."""
        return self.kind in ("cispo", "unified")

    def ignored(self) -> list[str]:
        """Options that this kind does nothing with, a sentence each."""
        masked = self.kind in ("unified", "grpo", "dapo", "gspo")
        told: list[str] = []
        if not masked and (self.mask_low, self.mask_high) != (None, None):
            told.append(f"loss.mask_low and loss.mask_high do nothing with {self.kind}.")
        if not self.capped and (self.max_weight, self.min_weight) != (5.0, 0.0):
            told.append(f"loss.max_weight and loss.min_weight do nothing with {self.kind}.")
        return told


@dataclass(frozen=True, kw_only=True)
class UpdateChoice:
    """The optimiser's steps on one batch. AdamW as in the report, section 3.2."""

    mini_batches: int = 1
    """Parts of a batch, each an optimiser step: the off-policy degree."""
    epochs: int = 1
    """Times that every part is seen, divided anew each time."""
    learning_rate: float = 1e-4
    warmup_steps: int = 10
    """Optimiser steps."""
    clip_norm: float = 1.0
    """Of all gradients; a window's stage may lower it."""
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-15
    weight_decay: float = 0.0
    max_tokens: int = 32_768
    """Of a micro-batch, padding included: what fits into the memory."""

    def __post_init__(self) -> None:
        if self.clip_norm <= 0:
            raise UserError(f"update: expected a clip_norm above 0, got {self.clip_norm}")
        if min(self.mini_batches, self.epochs, self.max_tokens) < 1 or self.learning_rate <= 0:
            raise UserError(
                "update: expected mini_batches, epochs and max_tokens of at least 1 and a "
                f"learning rate above 0; got {self.mini_batches}, {self.epochs}, "
                f"{self.max_tokens} and {self.learning_rate}"
            )

    @property
    def optimizer(self) -> OptimizerConfig:
        """As the optimiser's own configuration: constant after the warm-up."""
        return OptimizerConfig(
            learning_rate=self.learning_rate,
            warmup_steps=self.warmup_steps,
            decay="constant",
            beta1=self.beta1,
            beta2=self.beta2,
            eps=self.eps,
            weight_decay=self.weight_decay,
            clip_norm=self.clip_norm,
        )


@dataclass(frozen=True, kw_only=True)
class SamplerChoice:
    """How episodes are written."""

    slots: int = 64
    """Conversations at a time; what is beyond waits."""
    context: int = 1024
    """Tokens of a conversation at most: prompt, turns and results of tools."""
    temperature: float = 1.0
    confident_tokens: int | None = 3000
    """Stop after so many tokens in a row above ``confident_probability``; None: never."""
    confident_probability: float = 0.99
    burst: int = 16
    """Steps between two looks at who has ended."""
    compiled: bool = False
    """Compile the sampler's step: a minute at first, then rollouts of 4.7 to 5.0 s in place of 5.6
    to 6.4 on an H200 (``docs/log.md``)."""
    workers: int = 2
    """Processes that make tasks, and programs of environments that run at a time."""

    def __post_init__(self) -> None:
        if self.temperature <= 0:
            raise UserError(
                f"sampler: expected a temperature above 0, got {self.temperature}: answers that "
                "are all alike teach nothing"
            )
        if min(self.slots, self.workers, self.burst) < 1 or self.context < 2:
            raise UserError(
                "sampler: expected slots, workers and burst of at least 1 and a context of at "
                f"least 2, got {self.slots}, {self.workers}, {self.burst} and {self.context}"
            )

    @property
    def confidence(self) -> Confidence | None:
        """The stop for repetition."""
        if self.confident_tokens is None:
            return None
        return Confidence(tokens=self.confident_tokens, probability=self.confident_probability)


@dataclass(frozen=True, kw_only=True)
class ValidationChoice:
    """Tasks that are never trained on, asked now and then."""

    every: int = 0
    """Steps; 0: only before the first and after the last."""
    tasks: int = 32
    """Of each environment."""
    levels: Literal["current", "fixed"] = "current"
    """Of the level that the curriculum has reached; or of all that it may reach (its entry's
    ``level`` to ``top``) in turn and in the widest window, so that one validation can be compared
    with another."""


@dataclass(frozen=True, kw_only=True)
class JudgeChoice:
    """A model that grades the tasks ``judged/...``, behind an OpenAI-compatible endpoint."""

    url: str
    """Up to the version: ``https://host/v1``, or http on this machine."""
    model: str
    key_variable: str | None = None
    """The environment variable that holds the key."""
    repeats: int = 1
    """Times that it is asked about an answer."""

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise UserError(f"judge: expected repeats of at least 1, got {self.repeats}")

    def environments(self) -> dict[str, Environment]:
        """The judged ones, with this judge, by name."""
        judge = EndpointJudge(url=self.url, model=self.model, key_variable=self.key_variable)
        return {one.name: one for one in judged(judge, repeats=self.repeats)}


@dataclass(frozen=True, kw_only=True)
class RlRecipe:
    """A run, from a model that answers to one that answers better."""

    run: Path
    """Its directory; its ``model`` becomes the model directory."""
    init: Path
    """The model directory to go on from, or the name of a bundled model."""
    steps: int
    seed: int = 0
    curriculum: CurriculumPlan
    windows: WindowPlan
    collect: CollectConfig = field(default_factory=CollectConfig)
    reward: RewardRule = field(default_factory=RewardRule)
    judge: JudgeChoice | None = None
    """Who grades the tasks ``judged/...``; None: a program, by their criteria."""
    loss: LossChoice = field(default_factory=LossChoice)
    update: UpdateChoice = field(default_factory=UpdateChoice)
    sampler: SamplerChoice = field(default_factory=SamplerChoice)
    validation: ValidationChoice = field(default_factory=ValidationChoice)
    asynchronous: bool = False
    """Write the next batch while this one is trained on: with weights one step older."""
    keep_windows: bool = True
    """Leave a model directory, ``model-WINDOW``, whenever the window grows."""
    save_every: int = 10
    max_seconds: float = 0.0
    """Of this call, after which it saves and stops; 0: none."""
    device: str = "auto"
    dtype: DTypeName = "float32"
    """Of the weights in the model directory."""
    layout: Literal["transformers", "minimax_m1"] = "transformers"
    fresh: bool = False
    """Begin anew even if the run directory holds a run."""

    def __post_init__(self) -> None:
        if self.steps < 1 or self.save_every < 1 or self.seed < 0:
            raise UserError("expected steps and save_every of at least 1 and a seed of at least 0")
        for stage in range(len(self.windows.stages)):
            self.loss.rule(self.windows.max_weight(stage, self.loss.max_weight))
        if self.collect.prompts < 1 or self.collect.group < 2:
            raise UserError(
                "collect: expected at least 1 prompt and groups of at least 2 episodes, got "
                f"{self.collect.prompts} and {self.collect.group}"
            )
        if self.asynchronous and self.loss.anchor == "trainer":
            raise UserError(
                "the trainer's log-probabilities are not those of an older sampler: with "
                "asynchronous = true leave loss.anchor at sampler"
            )
        widest = self.windows.stages[-1].tokens
        if widest >= self.sampler.context:
            raise UserError(
                f"windows: {widest} tokens to write leave no room for a prompt in a context of "
                f"{self.sampler.context}: raise sampler.context"
            )
        if late := [one for one in self.curriculum.entries if one.window > widest]:
            raise UserError(
                f"curriculum: {late[0].environment} would never take part: it waits for a window "
                f"of {late[0].window:,} tokens, and the widest has {widest:,}"
            )

    @property
    def updates(self) -> int:
        """Optimiser steps on one batch."""
        return self.update.mini_batches * self.update.epochs

    def concerns(self) -> list[str]:
        """What is likely wrong with it, one sentence each."""
        anchor = "old" if self.loss.anchor == "trainer" else "sampler"
        stages = range(len(self.windows.stages))
        caps = [self.windows.max_weight(stage, self.loss.max_weight) for stage in stages]
        rules = [self.loss.rule(cap) for cap in caps]
        told = [
            text for rule in rules for text in concerns(rule, updates=self.updates, anchor=anchor)
        ]
        if not self.loss.capped and any(one.max_weight is not None for one in self.windows.stages):
            told.append(f"max_weight of windows.stages does nothing with {self.loss.kind}.")
        return [*dict.fromkeys(told), *self.loss.ignored()]
