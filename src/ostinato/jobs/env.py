"""``ostinato env``: the environments that a model is trained and judged in.

``list`` names them, ``show`` prints a task as an agent meets it, ``check`` proves that reward
goes where it should.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.markup import escape

from ostinato.base.errors import UserError
from ostinato.base.log import progress
from ostinato.chat.messages import Message, to_openai
from ostinato.jobs.show import console, print_json, table
from ostinato.rl.envs.catalogue import environments, find
from ostinato.rl.envs.checks import Check, check
from ostinato.rl.envs.registry import GUESSABLE, Environment
from ostinato.rl.episode import play
from ostinato.rl.types import Trajectory


def list_environments(kind: str | None, as_json: bool) -> None:
    """Name them all, or those of a kind."""
    chosen = [one for one in environments().values() if kind in (None, str(one.kind))]
    if not chosen:
        kinds = sorted({str(one.kind) for one in environments().values()})
        raise UserError(f"there is no kind {kind!r}: expected one of {', '.join(kinds)}")
    if as_json:
        print_json([_described(one) for one in chosen])
        return
    rows = [
        (one.name, one.levels, one.extra or "", "yes" if one.guessable else "", one.summary)
        for one in chosen
    ]
    columns = ("environment", "levels", "extra", "guessable", "what is asked")
    console().print(table(columns, rows, left=("extra", "guessable", "what is asked")))
    console().print(f"{len(chosen)} environments; `ostinato env show NAME` prints a task.")


def show_task(name: str, level: int, seed: int, as_json: bool) -> None:
    """One task: what the agent reads, its tools, how it is graded, and how it is solved."""
    environment = find(name)
    task = environment.task(level, seed)
    first = task.env().begin()
    try:
        solved = play(task.env(), task.perfect())
    except UserError:  # a user's own task that comes without its solution
        solved = None
    if as_json:
        print_json(
            {
                **_described(environment),
                "level": level,
                "seed": seed,
                "prompt": to_openai(first.messages),
                "tools": [tool.schema for tool in first.tools],
                "perfect": None if solved is None else _episode(solved),
                "grade": None if solved is None else asdict(solved.grade),
            }
        )
        return
    out = console()
    out.print(
        f"[bold]{escape(environment.name)}[/] level {level} of {environment.levels}, seed {seed}"
    )
    out.print(f"{environment.summary}\nTruth: {environment.truth}\n", markup=False)
    for message in first.messages:
        out.print(f"[dim]{message.role}[/]")
        out.print(message.content + "\n", markup=False)
    for tool in first.tools:
        out.print(f"[dim]tool[/] {escape(str(tool.schema.get('name')))}: ", end="")
        out.print(str(tool.schema.get("description", "")), markup=False)
    if solved is not None:
        _print_episode(solved)


def _print_episode(solved: Trajectory) -> None:
    out = console()
    out.print("\n[bold]a perfect episode[/]")
    for turn in solved.transitions:
        out.print(f"[dim]assistant[/] {escape(said(turn.action.message))}")
    out.print(f"[dim]grade[/] {solved.grade.score:g} {escape(solved.grade.reason)}".rstrip())


def check_environments(
    names: list[str], level: int | None, count: int, as_json: bool
) -> tuple[Check, ...]:
    """Prove environments, all levels or one; UserError, after the report, where one fails."""
    if count < 1:
        raise UserError(f"--n {count}: expected at least 1 task")
    chosen = [find(name) for name in names] or [
        one for one in environments().values() if one.extra is None
    ]
    jobs = [
        (one, number)
        for one in chosen
        for number in (range(1, one.levels + 1) if level is None else (level,))
    ]
    with progress(len(jobs) * count, "checking") as advance:
        checks = tuple(check(one, number, count, advance=advance) for one, number in jobs)
    if as_json:
        print_json([{**asdict(one), "failures": one.failures} for one in checks])
    else:
        _print_checks(checks)
    failed = [
        f"{one.environment} level {one.level}: {one.failures[0]}" for one in checks if one.failures
    ]
    if failed:
        raise UserError(f"{len(failed)} of {len(checks)} checks failed, first {failed[0]}.")
    return checks


def _print_checks(checks: tuple[Check, ...]) -> None:
    rows = [
        (
            one.environment,
            one.level,
            one.tasks,
            f"{one.perfect:g}",
            f"{max(0.0, one.empty, one.form_only):g}",
            f"{max([0.0, *one.cheats.values()]):g}",
            _share(one.constant) + (" !" if one.guessable else ""),
            _share(one.random),
            f"{1e3 * one.make_seconds:.1f}",
            f"{1e3 * one.grade_seconds:.1f}",
        )
        for one in checks
    ]
    columns = (
        "environment",
        "level",
        "tasks",
        "perfect",
        "empty",
        "cheats",
        "constant",
        "random",
        "make ms",
        "grade ms",
    )
    out = console()
    out.print(table(columns, rows))
    out.print(
        "perfect: the least that it got; empty and cheats: the most that any of them got; "
        f"constant and random: the share solved (!: over {GUESSABLE:g}, guessable)."
    )
    for one in checks:
        for failure in one.failures:
            out.print(f"FAILED {one.environment} level {one.level}: {failure}", markup=False)


def _described(one: Environment) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": str(one.kind),
        "summary": one.summary,
        "truth": one.truth,
        "levels": one.levels,
        "extra": one.extra,
        "guessable": one.guessable,
    }


def _episode(played: Trajectory) -> list[dict[str, Any]]:
    messages: list[Message] = []
    for turn in played.transitions:
        messages += [*turn.observation.messages, turn.action.message]
    return to_openai(messages)


def said(message: Message) -> str:
    """The words of a turn, then its calls, one on a line."""
    calls = [call.json_line() for call in message.tool_calls]
    return "\n".join([*([message.content] if message.content else []), *calls])


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
