"""The verbs that label music, fit a model to a folder of it, and search a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ostinato.cli_options import Device, Json, Workers


def add_to(app: typer.Typer) -> None:
    """Make them verbs of the command line."""
    for verb in (label, fit, embed, similar):
        app.command()(verb)


def label(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|DIR", help="MIDI files, or folders of them.", show_default=False
        ),
    ],
    task: Annotated[
        str,
        typer.Option(
            "--task",
            "-t",
            metavar="TASK",
            help="composer, emotion, dance, a model directory, or what `fit` has written.",
            show_default=False,
        ),
    ],
    top: Annotated[int, typer.Option(help="Classes to show of each file at most.")] = 3,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Say to which class whole pieces belong, with calibrated probabilities."""
    from ostinato.jobs import label as job

    job.label(job.LabelRequest(tuple(files), task, top, device, as_json))


def fit(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="MIDI files, a sub-folder to a class.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Folder of the run; default: fit-DIR.", show_default=False
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="CSV file,label[,group]: the classes, in place of sub-folders.",
            show_default=False,
        ),
    ] = None,
    notes: Annotated[
        str | None,
        typer.Option(
            metavar="TRACK=LABEL,...",
            help="Label notes by the names of their tracks: MELODY=tune,PIANO=rest.",
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[
        float | None,
        typer.Option(help="Of --notes: passes over the pieces.", show_default="by their number"),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Of --notes: train for so long at most; 0: no end.", show_default="10"),
    ] = None,
    trunk: Annotated[
        str | None,
        typer.Option(
            help="The encoder to begin with: a bundled model's name or a model directory.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of --notes: of the training; the split has none.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look at the folder.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew, whatever the run's folder holds.")
    ] = False,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Fit a model to your own folder of labelled MIDI; the same command resumes it."""
    from ostinato.jobs import fit as job

    job.fit(
        job.FitRequest(
            folder=folder,
            out=out,
            labels=labels,
            notes=notes,
            epochs=epochs,
            minutes=minutes,
            trunk=trunk,
            seed=seed,
            dry_run=dry_run,
            fresh=fresh,
            device=device,
            as_json=as_json,
        )
    )


def embed(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="MIDI files, in it or below: the catalogue.", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="INDEX", help="Folder to write.", show_default=False),
    ],
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Index a catalogue, for `similar` to search: in parallel, resumable."""
    from ostinato.jobs import embed as job

    job.embed(job.EmbedRequest(folder, out, workers, as_json))


def similar(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The MIDI file to look for.", show_default=False)
    ],
    index: Annotated[
        Path, typer.Option(metavar="INDEX", help="What `embed` has written.", show_default=False)
    ],
    top: Annotated[int, typer.Option(help="Pieces to show at most.")] = 10,
    transpose: Annotated[
        bool,
        typer.Option("--transpose/--exact-key", help="Also find pieces in other keys."),
    ] = True,
    as_json: Json = False,
) -> None:
    """Find the pieces of a catalogue that are like a file, and say which bars are alike."""
    from ostinato.jobs import similar as job

    job.similar(job.SimilarRequest(file, index, top, transpose, as_json))
