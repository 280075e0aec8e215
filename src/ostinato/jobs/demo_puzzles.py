"""What the demo asks a language model: puzzles that nobody chose, and a checker's verdict."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from rich.console import Console

from ostinato.eval.reasoning import (
    Drawn,
    Entry,
    Manner,
    Played,
    Standing,
    entries,
    play_together,
    read_tasks,
)
from ostinato.infer.directory import find_model
from ostinato.infer.language import load_language_model
from ostinato.infer.replier import ModelReplier
from ostinato.jobs.show import counted
from ostinato.jobs.talking import say
from ostinato.rl.curriculum_plan import FIRST_SEED
from ostinato.rl.split import TRIES

PUZZLES = 3
MAX_TOKENS = 4096
FIRST_FRESH_SEED = 100_000  # `evaluate` asks tasks of smaller seeds


@dataclass(frozen=True)
class Puzzle:
    """One puzzle, and what a model made of it."""

    environment: str
    level: int
    seed: int
    question: str
    answer: str
    """What it said after its thinking."""
    tokens: int
    thinking_tokens: int
    finish: str
    """Why it stopped: eos, length, stop or confident."""
    accepted: bool
    """By the environment's checker."""


def fresh_seed() -> int:
    """A seed from the clock, of which neither training nor `evaluate` has tasks."""
    return FIRST_FRESH_SEED + int(time.time()) % (FIRST_SEED - 2 * FIRST_FRESH_SEED)


def ask_puzzles(model: str, seed: int, *, device: str = "cpu") -> list[Puzzle]:
    """Puzzles of what the model was trained on, as far as its directory says, all by ``seed``."""
    drawn = list(_draw(find_model(model), seed))
    replier = ModelReplier(load_language_model(model, device=device, dtype="float32"))
    played = play_together(drawn, replier, Manner(max_tokens=MAX_TOKENS))
    return [_puzzle(one, episode) for one, episode in zip(drawn, played, strict=True)]


def _draw(folder: Path, seed: int) -> Iterator[Drawn]:
    """Tasks of as many different environments as there are, each at its first levels: those above
    them were asked for rewards, and may have brought none.
    """
    listed = _of_first_standing(entries("reason", read_tasks(folder)))
    best = list({one.environment: one for one in reversed(listed)}.values())[::-1]
    rng = Random(f"demo {seed}")
    order = rng.sample(best, len(best)) * PUZZLES
    for number, one in enumerate(order[:PUZZLES]):
        level = rng.choice(one.levels)
        yield from replace(one, levels=(level,)).tasks(1, first=seed + number * TRIES)


def _of_first_standing(listed: Sequence[Entry]) -> list[Entry]:
    """Those that were trained on, where that is known."""
    order = list(Standing)
    first = min(order.index(one.standing) for one in listed)
    return [one for one in listed if one.standing is order[first]]


def _puzzle(drawn: Drawn, played: Played) -> Puzzle:
    first, last = played.trajectory.transitions[0], played.trajectory.transitions[-1]
    return Puzzle(
        environment=drawn.environment,
        level=drawn.level,
        seed=drawn.seed,
        question="\n\n".join(message.content for message in first.observation.messages),
        answer=last.action.message.content.strip(),
        tokens=played.tokens,
        thinking_tokens=played.thinking_tokens,
        finish=played.turns[-1].finish.value,
        accepted=played.trajectory.grade.correct,
    )


def show_puzzles(out: Console, model: str, seed: int, puzzles: Sequence[Puzzle]) -> None:
    """Each question with its answer and the verdict; a wrong one is shown as wrong."""
    said = f"{model} and {len(puzzles)} fresh puzzles of seed {seed}"
    out.print(f"\n{said} (ostinato demo --seed {seed} asks them again)", markup=False)
    for one in puzzles:
        say(out, f"\n{one.environment}, level {one.level}", style="bold")
        say(out, one.question)
        thought = counted(one.thinking_tokens, "token", "tokens")
        say(out, f"thought for {thought}, ended by {one.finish}", style="dim")
        say(out, one.answer or "(no answer)")
        if one.accepted:
            say(out, "right: the checker accepts it", style="green")
        else:
            say(out, "wrong: the checker does not accept it", style="red")
    right = sum(one.accepted for one in puzzles)
    say(out, f"\n{right} of {len(puzzles)} right")
