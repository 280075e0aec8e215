"""The verbs `ostinato env list`, `show` and `check`."""

from __future__ import annotations

from typing import Annotated

import typer

from ostinato.cli_options import Json

app = typer.Typer(
    name="env",
    help="The environments that a model is trained and judged in.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command("list")
def list_(
    kind: Annotated[
        str | None,
        typer.Option(help="Only logic, maths, code, software, tools, judged or music."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Name the environments."""
    from ostinato.jobs import env as job

    job.list_environments(kind, as_json)


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Such as logic/minesweeper.", show_default=False)
    ],
    level: Annotated[int, typer.Option(help="Difficulty, from 1 on.")] = 1,
    seed: Annotated[int, typer.Option(help="Which task.")] = 0,
    as_json: Json = False,
) -> None:
    """Print a task as an agent meets it, its checker, and how it is solved."""
    from ostinato.jobs import env as job

    job.show_task(name, level, seed, as_json)


@app.command()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Default: all but those of an extra.", show_default=False
        ),
    ] = None,
    level: Annotated[
        int | None, typer.Option(help="Only this level; default: all.", show_default=False)
    ] = None,
    n: Annotated[int, typer.Option("--n", help="Tasks of each level.")] = 200,
    as_json: Json = False,
) -> None:
    """Prove them: reward for the perfect agent, none for the empty, stuffing and tampering ones."""
    from ostinato.jobs import env as job

    job.check_environments(names or [], level, n, as_json)
