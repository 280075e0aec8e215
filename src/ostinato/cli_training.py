"""The verbs that train from a recipe, and the page of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ostinato.cli_env import Json

Recipe = Annotated[
    Path, typer.Argument(metavar="RECIPE.toml", help="What to train, and how.", show_default=False)
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        help="Dotted overrides of the recipe, such as train.steps=100.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Make them verbs of the command line."""
    for verb in (pretrain, sft, rl, finetune, report):
        app.command()(verb)


def pretrain(recipe: Recipe, overrides: Overrides = None, as_json: Json = False) -> None:
    """Pre-train an encoder of music or an M1 from a recipe; the same command resumes it."""
    from ostinato.jobs import pretrain as job

    job.pretrain(recipe, overrides or [], as_json)


def sft(recipe: Recipe, overrides: Overrides = None, as_json: Json = False) -> None:
    """Teach an M1 to answer from conversations; the same command resumes it."""
    from ostinato.jobs import sft as job

    job.sft(recipe, overrides or [], as_json)


def rl(recipe: Recipe, overrides: Overrides = None, as_json: Json = False) -> None:
    """Let an M1 learn from the rewards of environments, with CISPO; the same command resumes it."""
    from ostinato.jobs import rl as job

    job.rl(recipe, overrides or [], as_json)


def finetune(recipe: Recipe, overrides: Overrides = None, as_json: Json = False) -> None:
    """Fine-tune a pre-trained encoder from a recipe; the same command resumes it."""
    from ostinato.jobs import finetune as job

    job.finetune(recipe, overrides or [], as_json)


def report(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run's directory.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The page; default: RUN/report.html.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a run's figures and tables as one page, also while the run goes on."""
    from ostinato.jobs import report as job

    job.report(run, out, as_json)
