"""Options that many verbs have, said once."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Json = Annotated[bool, typer.Option("--json", help="Report as JSON on standard output.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Workers = Annotated[
    int | None, typer.Option(help="Processes; default: one per core.", show_default=False)
]
Scheme = Annotated[Literal["cp4", "cp7"], typer.Option(help="How notes become words.")]
