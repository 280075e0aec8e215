"""The verbs that measure: a model on a benchmark, and how fast something is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ostinato.cli_options import Device, Json

Suite = Annotated[
    str,
    typer.Option(help="music, pop909-melody, long-context, reason, code, swe, tools or judged."),
]
Model = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL",
        help="A bundled model's name, or a directory; default: the bundled melody model or "
        "reasoner. long-context has no default; music takes --models instead.",
        show_default=False,
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the corpus (pop909-melody), or of all corpora (music).",
        show_default=False,
    ),
]
Length = Annotated[int, typer.Option(help="Bytes that the model was trained on (long-context).")]
Examples = Annotated[
    int,
    typer.Option(help="Of each task and length (long-context), or of each row (environments)."),
]
Budgets = Annotated[
    str | None,
    typer.Option(help="Tokens, or several: 0,256,1024,none (environments).", show_default=False),
]
Temperature = Annotated[
    float, typer.Option(help="0 takes the likeliest token each time (environments).")
]
MaxTokens = Annotated[int, typer.Option(help="Of a turn, thinking included (environments).")]
Kinds = Annotated[
    str | None,
    typer.Option(help="Only these, such as maths,logic/campsite.", show_default=False),
]
Seed = Annotated[int, typer.Option(help="Of the sampling (environments).")]
Tasks = Annotated[
    str | None,
    typer.Option(
        help="Only these of melody,velocity,composer,emotion,dance,dance14 (music).",
        show_default=False,
    ),
]
Protocol = Annotated[str, typer.Option(help="clean, published or both (music).")]
Models = Annotated[
    Path | None,
    typer.Option(help="Folder of more models, named TASK-PROTOCOL (music).", show_default=False),
]
Out = Annotated[
    Path,
    typer.Option(
        "-o", "--out", help="Folder of the results and of the record (music, pop909-melody)."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Make them verbs of the command line."""
    for verb in (evaluate, bench):
        app.command()(verb)


def evaluate(
    suite: Suite,
    model: Model = None,
    data: Data = None,
    length: Length = 512,
    examples: Examples = 100,
    thinking_budget: Budgets = None,
    temperature: Temperature = 0.0,
    max_tokens: MaxTokens = 4096,
    kinds: Kinds = None,
    seed: Seed = 0,
    tasks: Tasks = None,
    protocol: Protocol = "both",
    models: Models = None,
    out: Out = Path("music-results"),
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Score a model on a benchmark, with intervals and baselines beside it."""
    from ostinato.jobs import evaluate as job

    job.evaluate(
        job.EvaluateRequest(
            suite=suite,
            model=model,
            data=data,
            length=length,
            examples=examples,
            device=device,
            as_json=as_json,
            thinking_budget=thinking_budget,
            temperature=temperature,
            max_tokens=max_tokens,
            kinds=kinds,
            seed=seed,
            tasks=tasks,
            protocol=protocol,
            models=models,
            out=out,
        )
    )


def bench(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="music, label, m1-cpu, m1-length or env.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="Of music: MIDI files; default: the bundled one.", show_default=False),
    ] = None,
    lengths: Annotated[
        str | None,
        typer.Option(
            help="Of m1-*: tokens of prompts, such as 1024,4096; of label: notes.",
            show_default=False,
        ),
    ] = None,
    threads: Annotated[
        str | None, typer.Option(help="Of m1-cpu: default: 1,2.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure speed and memory on this machine, beside other libraries."""
    from ostinato.jobs import bench as job

    job.bench(name, data, as_json, lengths=lengths, threads=threads)
