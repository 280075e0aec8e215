"""What the jobs that train share: how a run is reported, and their command line without typer.

Machines that train may have neither the MIDI library nor the terminal's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.train.loop import Outcome
from ostinato.train.plot import plot_metrics


def describe(outcome: Outcome) -> dict[str, object]:
    """How the training ended, as plain values."""
    counters = outcome.counters
    return {
        "reason": outcome.reason,
        "step": counters.step,
        "tokens": counters.tokens,
        "seconds": round(counters.seconds, 1),
    }


def finish(folder: Path, result: dict[str, object]) -> dict[str, object]:
    """Leave ``result.json`` in the run directory, and ``loss.png`` where steps were made."""
    write_json(folder / "result.json", result)
    if (folder / "metrics.jsonl").exists():
        plot_metrics(folder)
    return {"run": str(folder), **result}


def report(result: dict[str, object], as_json: bool) -> None:
    """The result on standard output; how to go on, where the run was cut short.

    After a run that was interrupted ``KeyboardInterrupt``, lest what waits for the model go on.
    """
    if as_json:
        print(json.dumps(result, indent=2))
    else:
        for name, value in result.items():
            if name != "next":  # the last line says it in full
                print(f"{name}: {value}")
        if result["reason"] != "finished":
            print("the training state is saved: the same command goes on from there")
    if result["reason"] == "interrupted":
        raise KeyboardInterrupt


def main(job: Callable[[Path, Sequence[str], bool], None], arguments: Sequence[str]) -> int:
    """A job's own command line: RECIPE.toml, overrides, --json."""
    given = [argument for argument in arguments if argument != "--json"]
    if not given:
        print("expected RECIPE.toml [key=value ...] [--json]", file=sys.stderr)
        return 2
    try:
        job(Path(given[0]), given[1:], len(given) < len(arguments))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0
