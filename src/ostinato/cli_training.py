"""The verbs that make shards, train from a recipe, and write the page of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ostinato.base.errors import UserError
from ostinato.cli_options import Json, Scheme, Workers

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

Corpus = Annotated[
    str,
    typer.Argument(metavar="CORPUS", help="pop909, asap, ...; folder: any MIDI files; text; chat."),
]
Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="DIR",
        help="Where the corpus lies; of text and chat, files too.",
        show_default=False,
    ),
]
Shards = Annotated[Path, typer.Option("--out", "-o", help="Folder of shards to write.")]
Steps = Annotated[int, typer.Option(help="Grid: 4 is sixteenths; 12 and 24 hold triplets too.")]
TokenizerFolder = Annotated[
    Path | None,
    typer.Option(
        help="Of text and chat: the folder or the bundled model whose tokenizer to use; default: "
        "learn one.",
        show_default=False,
    ),
]
VocabSize = Annotated[int, typer.Option(help="Of text: tokens to learn at most.")]
Labels = Annotated[
    Literal["tracks", "velocity"],
    typer.Option(help="Of notes: by the names of tracks, or classes of velocity."),
]
Stretch = Annotated[
    str | None,
    typer.Option(
        help="Instead: copies of performances, so many times as long, such as 0.9,1.1.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Make them verbs of the command line."""
    for verb in (prepare, pretrain, sft, rl, finetune, report):
        app.command()(verb)


def prepare(
    corpus: Corpus,
    paths: Paths,
    out: Shards,
    scheme: Scheme = "cp4",
    steps_per_quarter: Steps = 4,
    workers: Workers = None,
    tokenizer: TokenizerFolder = None,
    vocab_size: VocabSize = 8192,
    labels: Labels = "tracks",
    stretch: Stretch = None,
    as_json: Json = False,
) -> None:
    """Turn a corpus into shards of words or tokens for training: in parallel, resumable."""
    if corpus == "text" or corpus == "chat":
        if stretch is not None or labels != "tracks":
            raise UserError(f"{corpus}: --stretch and --labels are for corpora of music")
        from ostinato.jobs import prepare_text as text_job

        text_job.prepare_text(
            text_job.PrepareTextRequest(
                kind=corpus,
                paths=tuple(paths),
                out=out,
                tokenizer=tokenizer,
                vocab_size=vocab_size,
                as_json=as_json,
            )
        )
        return
    from ostinato.jobs import prepare as job

    if tokenizer is not None:
        raise UserError(f"{corpus}: --tokenizer is for the corpora text and chat")
    if len(paths) > 1:
        raise UserError(f"{corpus}: expected the one folder where it lies, got {len(paths)}")
    job.prepare(
        job.PrepareRequest(
            corpus=corpus,
            folder=paths[0],
            out=out,
            scheme=scheme,
            steps_per_quarter=steps_per_quarter,
            workers=workers,
            labels=labels,
            stretch=job.factors(stretch),
            as_json=as_json,
        )
    )


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
