"""Writes ``docs/environments_gym.md``, and ``docs/environments.md`` between its two markers.

    python runs/environments.py

The text around them is written by hand. An example is the task of level 1 and seed 0, shortened.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from ostinato.base.files import write_text
from ostinato.jobs.env import said
from ostinato.rl.envs.catalogue import environments
from ostinato.rl.envs.logic.reasoning_gym_table import VERSION
from ostinato.rl.envs.registry import Environment
from ostinato.rl.episode import play

PAGE = Path(__file__).parents[1] / "docs" / "environments.md"
GYM = PAGE.with_name("environments_gym.md")
BEGIN, END = "<!-- begin: runs/environments.py -->\n", "<!-- end: runs/environments.py -->\n"
MOST_LINES, MOST_LETTERS = 24, 1_400  # of an example's prompt
TITLES = {
    "logic": "Logic",
    "maths": "Mathematics",
    "code": "Code",
    "software": "Software engineering",
    "tools": "Tools",
    "judged": "Model-graded",
    "music": "Music",
}

REWARDS = {
    "logic": "1 where every rule holds; by option the share of rules or cells",
    "maths": "1 where the answer equals the right one",
    "code": "1 where every hidden case passes; by option their share",
    "software": "1 where every hidden case passes; by option the share of repaired cases, 0 on any "
    "regression or tampering",
    "tools": "1 where the end state and what was told are exactly as expected",
    "judged": "1 for the best of five grades, or for better than the reference; by option the "
    "grade as a share, or 1/2 for an equal",
    "music": "1 where all nine rules hold; by option their share",
}

INTRODUCTION = f"""# Environments of reasoning-gym

Made by `runs/environments.py`. The generators of reasoning-gym {VERSION} behind one adapter
(`rl/envs/logic/reasoning_gym.py`), with the extra `reasoning` installed. What was wrong with some
of them, and what is done instead, stands in `reasoning_gym_table.py` and `reasoning_gym_guard.py`
beside it.

Reward: 1 where the answer is right, else 0; the package's partial scores by option where several
answers are right.

"""


def page(text: str) -> str:
    """The page with its generated part made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or not rest.count(END):
        sys.exit(f"{PAGE}: expected the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}{''.join(_sections())}{END}{after}"


def _sections() -> Iterator[str]:
    ordered = sorted(environments().values(), key=lambda one: list(TITLES).index(one.kind))
    for kind, group in groupby(ordered, key=lambda one: one.kind):
        members = list(group)
        own = [one for one in members if one.extra is None]
        yield f"\n### {TITLES[kind]}\n\nReward: {REWARDS[kind]}.\n\n"
        yield from _table(own)
        if len(own) < len(members):
            count = len(members) - len(own)
            yield f"\n{count} more come from reasoning-gym: [their page]({GYM.name}).\n"
        for one in own:
            yield _example(one)


def _table(listed: list[Environment]) -> Iterator[str]:
    yield "| environment | levels | what is asked | source of truth | guessable |\n"
    yield "|---|---|---|---|---|\n"
    for one in listed:
        mark = "yes" if one.guessable else ""
        yield f"| `{one.name}` | {one.levels} | {one.summary} | {one.truth} | {mark} |\n"


def gym_page() -> str:
    """The page of reasoning-gym's environments, all of it made here."""
    others = [one for one in environments().values() if one.extra is not None]
    return "".join([INTRODUCTION, *_table(others), *(_example(one) for one in others)])


def _example(one: Environment) -> str:
    task = one.task(1, 0)
    played = play(task.env(), task.perfect())
    first = played.transitions[0].observation
    prompt = "\n\n".join(message.content for message in first.messages)
    answer = "\n".join(said(turn.action.message) for turn in played.transitions)
    return (
        f"\n<details><summary><code>{one.name}</code></summary>\n\n"
        f"````text\n{_short(prompt)}\n````\n\nA right answer:\n\n````text\n{_short(answer)}\n````\n"
        "\n</details>\n"
    )


def _short(text: str) -> str:
    lines = text.strip().splitlines()
    kept = "\n".join(lines[:MOST_LINES])[:MOST_LETTERS]
    return kept if kept == "\n".join(lines) else f"{kept}\n[...]"


if __name__ == "__main__":
    write_text(PAGE, page(PAGE.read_text(encoding="utf-8")))
    write_text(GYM, gym_page())
