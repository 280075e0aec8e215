"""The command `ostinato`: a table of verbs, each a thin call of one function in `jobs`.

Jobs are imported when their verb is called, so that `ostinato --help` loads no numpy and no torch.
Exit codes: 0 done; 2 the user can mend it (one sentence on standard error); 130 interrupted;
1 and a traceback: a defect of ours.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from ostinato import __version__, cli_env, cli_measuring, cli_music, cli_training
from ostinato.base.errors import UserError
from ostinato.cli_options import Device, Json, Scheme

MELODY_MODEL, VELOCITY_MODEL = "midiformer-melody", "midiformer-velocity"

app = typer.Typer(
    name="ostinato",
    help="Symbolic music from MIDI to meaning, and MiniMax-M1: a decoder of lightning attention.",
    epilog="Every verb has its own help: ostinato VERB --help",
    add_completion=False,
    rich_markup_mode="rich",
)

app.add_typer(cli_env.app)

System = Annotated[
    str | None, typer.Option(help="What the model is told before all else.", show_default=False)
]
ThinkingBudget = Annotated[
    int | None,
    typer.Option(
        help="Tokens of thinking after which the answer must follow; default: no end.",
        show_default=False,
    ),
]
Temperature = Annotated[float, typer.Option(help="0 takes the likeliest token each time.")]
TopP = Annotated[float, typer.Option(help="Draw among the likeliest tokens of this share.")]
MaxTokens = Annotated[int, typer.Option(help="Tokens of an answer at most, thinking included.")]
Seed = Annotated[
    int | None, typer.Option(help="For the same answer again; default: any.", show_default=False)
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (default: the process's own arguments) and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    command = typer.main.get_command(app)
    _open_every_stream()
    _print_every_character()
    try:
        code = command.main(given, prog_name="ostinato", standalone_mode=False)
        sys.stdout.flush()
    except UserError as error:
        return _refuse(str(error))
    except typer.TyperException as error:
        return _refuse(f"{error.format_message().rstrip('.')} (--help says what is expected)")
    except OSError as error:
        if error.filename is not None:
            return _refuse(f"{error.filename}: {error.strerror}")
        if error.errno not in (*_FULL, errno.EPIPE):
            raise
        _close_output()
        return 1 if error.errno == errno.EPIPE else _refuse(f"cannot write: {error.strerror}")
    if code == 130:
        sys.stderr.write("interrupted\n")
    return code or 0


# Errors of a write, which name no file: the disk, or the user's share of it, is full.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _open_every_stream() -> None:
    """Of what the shell has closed nothing is read, and what is written there goes nowhere."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nothing, "r" if name == "stdin" else "w"))


def _print_every_character() -> None:
    """Names of files and tracks may hold what the terminal's encoding has no bytes for."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _close_output() -> None:
    """What standard output has not taken yet goes nowhere, lest Python try again at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(sentence: str) -> int:
    from ostinato.jobs.show import printable

    sys.stderr.write(f"error: {printable(sentence)}\n")
    return 2


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ostinato {__version__}")
        raise typer.Exit


@app.callback()
def ostinato(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    del version


@app.command()
def inspect(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="MIDI files to look at.", show_default=False),
    ],
    scheme: Scheme = "cp4",
    as_json: Json = False,
) -> None:
    """Say what is in MIDI files, and what is odd about it."""
    from ostinato.jobs import inspect as job

    job.inspect(files, scheme, as_json)


@app.command()
def melody(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The MIDI file to read.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="MIDI file to write.")],
    labels: Annotated[
        Path | None, typer.Option(help="Also write every note's probabilities to this JSON file.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the piano roll to this PNG file.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Call a note melody (of --model: its first label) from this probability on "
            "(0 to 1); default: the likeliest."
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(help="A bundled model's name, or a model directory.")
    ] = MELODY_MODEL,
    velocity: Annotated[
        bool, typer.Option("--velocity", help="Also tell how loud each note is to be expected.")
    ] = False,
    velocity_model: Annotated[
        str, typer.Option(help="The model for --velocity: a bundled name, or a directory.")
    ] = VELOCITY_MODEL,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Find the melody: the same notes, distributed to melody, bridge and accompaniment tracks."""
    from ostinato.jobs import melody as job

    job.melody(
        job.MelodyRequest(
            file,
            out,
            labels,
            picture,
            threshold,
            model,
            device,
            as_json=as_json,
            velocity=velocity,
            velocity_model=velocity_model,
        )
    )


cli_music.add_to(app)
cli_training.add_to(app)
cli_measuring.add_to(app)


@app.command()
def chat(
    model: Annotated[
        str | None,
        typer.Argument(metavar="[MODEL]", help="A model directory.", show_default=False),
    ] = None,
    system: System = None,
    thinking_budget: ThinkingBudget = None,
    temperature: Temperature = 1.0,
    top_p: TopP = 0.95,
    max_tokens: MaxTokens = 4096,
    seed: Seed = None,
    device: Device = "auto",
) -> None:
    """Talk with a language model; of a pipe, each line is a question. The bundled model takes each
    question by itself.
    """
    from ostinato.jobs import chat as job
    from ostinato.jobs.talking import Answering

    job.chat(
        Answering(
            model=model,
            system=system,
            thinking_budget=thinking_budget,
            temperature=temperature,
            top_p=top_p,
            max_tokens=max_tokens,
            seed=seed,
            device=device,
        )
    )


@app.command()
def solve(
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="What to answer.", show_default=False)
    ],
    model: Annotated[
        str | None, typer.Option(help="A model directory.", show_default=False)
    ] = None,
    system: System = None,
    thinking_budget: ThinkingBudget = None,
    temperature: Temperature = 1.0,
    top_p: TopP = 0.95,
    max_tokens: MaxTokens = 4096,
    seed: Seed = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Answer one question, and say how long the model thought about it."""
    from ostinato.jobs import solve as job
    from ostinato.jobs.talking import Answering

    answering = Answering(
        model=model,
        system=system,
        thinking_budget=thinking_budget,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        seed=seed,
        device=device,
    )
    job.solve(question, answering, as_json)


@app.command()
def plan(
    model: Annotated[
        str,
        typer.Argument(
            metavar="PRESET|NAME|DIR",
            help="tiny, 20m, 100m, 1b, 456b, a bundled model or a model directory.",
            show_default=False,
        ),
    ],
    context: Annotated[
        int | None,
        typer.Option(help="Tokens of each sequence; default: 1,000,000, or the model's limit."),
    ] = None,
    batch: Annotated[int, typer.Option(help="Sequences at a time.")] = 1,
    gpu: Annotated[
        str, typer.Option(help="H100, H200, H800, H20, A100-80, B200 or L40S.")
    ] = "H800",
    gpus: Annotated[
        int | None, typer.Option(help="How many; default: as few as hold it.", show_default=False)
    ] = None,
    dtype: Annotated[
        Literal["bf16", "int8", "fp8"],
        typer.Option(help="Weights: int8 stores experts in one byte, fp8 attention too."),
    ] = "bf16",
    efficiency: Annotated[
        float, typer.Option(help="Share of the GPUs' peaks that is reached: an assumption.")
    ] = 0.5,
    price: Annotated[
        float | None,
        typer.Option(help="Dollars for a GPU and hour; default: a rough one.", show_default=False),
    ] = None,
    run_gpus: Annotated[int, typer.Option(help="GPUs of a training run.")] = 512,
    run_days: Annotated[float, typer.Option(help="Days of a training run.")] = 21.0,
    run_price: Annotated[float, typer.Option(help="Dollars for a GPU and hour of it.")] = 2.0,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the FLOPs by length to this PNG file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Plan an M1: parameters, FLOPs by length, memory, speed and cost on GPUs. Runs nothing."""
    from ostinato.jobs import plan as job

    job.plan(
        job.PlanRequest(
            model=model,
            context=context,
            batch=batch,
            gpu=gpu,
            gpus=gpus,
            dtype=dtype,
            efficiency=efficiency,
            price=price,
            run_gpus=run_gpus,
            run_days=run_days,
            run_price=run_price,
            picture=picture,
            as_json=as_json,
        )
    )


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")] = Path("demo"),
    seed: Annotated[
        int | None,
        typer.Option(help="Of the puzzles; default: the clock's.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """The melody of the bundled example, and a few fresh puzzles for the reasoner."""
    from ostinato.jobs import demo as job

    job.demo(out, as_json, seed=seed)
