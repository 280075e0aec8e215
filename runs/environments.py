"""Writes the tables and examples of ``docs/environments.md`` between its two markers.

    python runs/environments.py

The text around them is written by hand. An example is the task of level 1 and seed 0, shortened.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from ostinato.base.files import write_text
from ostinato.chat.messages import Message
from ostinato.rl.envs.catalogue import environments
from ostinato.rl.envs.registry import Environment
from ostinato.rl.episode import play

PAGE = Path(__file__).parents[1] / "docs" / "environments.md"
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
        yield "| environment | levels | what is asked | source of truth | guessable |\n"
        yield "|---|---|---|---|---|\n"
        for one in own:
            mark = "yes" if one.guessable else ""
            yield f"| `{one.name}` | {one.levels} | {one.summary} | {one.truth} | {mark} |\n"
        others = [one for one in members if one.extra is not None]
        if others:
            yield _listed(others)
        for one in own:
            yield _example(one)


def _listed(others: list[Environment]) -> str:
    """Environments of an extra: their names, with the number of levels."""
    names = ", ".join(
        f"`{one.name}` ({one.levels}{', guessable' if one.guessable else ''})" for one in others
    )
    return f"\nWith the extra `{others[0].extra}`, {len(others)} more (levels): {names}.\n"


def _example(one: Environment) -> str:
    task = one.task(1, 0)
    played = play(task.env(), task.perfect())
    first = played.transitions[0].observation
    prompt = "\n\n".join(message.content for message in first.messages)
    answer = "\n".join(_said(turn.action.message) for turn in played.transitions)
    return (
        f"\n<details><summary><code>{one.name}</code></summary>\n\n"
        f"````text\n{_short(prompt)}\n````\n\nA right answer:\n\n````text\n{_short(answer)}\n````\n"
        "\n</details>\n"
    )


def _said(message: Message) -> str:
    return "\n".join(
        [
            *([message.content] if message.content else []),
            *(c.json_line() for c in message.tool_calls),
        ]
    )


def _short(text: str) -> str:
    lines = text.strip().splitlines()
    kept = "\n".join(lines[:MOST_LINES])[:MOST_LETTERS]
    return kept if kept == "\n".join(lines) else f"{kept}\n[...]"


if __name__ == "__main__":
    write_text(PAGE, page(PAGE.read_text(encoding="utf-8")))
