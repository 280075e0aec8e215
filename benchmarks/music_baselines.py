"""The floor of the suite ``music``: what baselines reach on every task, by both protocols.

    python benchmarks/music_baselines.py DATA

DATA holds POP909, Pianist8, EMOPIA and Nottingham under these names. No trained model is needed
and none is scored. It prints the table of ``docs/music.md`` without the column of our models, with
95 % intervals, and keeps all figures in ``results/``.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from pathlib import Path

from keep import keep

from ostinato.eval.metrics import RESAMPLES
from ostinato.eval.music.scores import TaskScores
from ostinato.eval.music.suite import Result, evaluate
from ostinato.eval.music.tasks import TASKS
from ostinato.eval.music.types import ProtocolName

PROTOCOLS: tuple[ProtocolName, ...] = ("published", "clean")
COLUMNS = ("majority", "order only", "skyline", "nearest song", "logistic")


def main() -> None:
    """Score, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="the folder of the corpora")
    options = parser.parse_args()
    results = [
        evaluate(task, protocol, options.data, {})
        for task in TASKS.values()
        for protocol in PROTOCOLS
    ]
    machine = f"{platform.processor() or platform.machine()}, Python {platform.python_version()}"
    keep(
        "music-baselines",
        {
            "machine": machine,
            "resamples": RESAMPLES,
            "results": [_told(result) for result in results],
        },
    )
    print("\n".join(markdown(results)))


def _told(result: Result) -> dict[str, object]:
    """All of a result but its confusion matrices, which are long."""
    rows = {name: scores.as_json() for name, scores in result.baselines.items()}
    short = {
        name: {key: value for key, value in row.items() if key != "confusion"}
        for name, row in rows.items()
    }
    return {**result.as_json(), "baselines": short}


def markdown(results: list[Result]) -> list[str]:
    """The table, a line a row."""
    names = ("task", "protocol", "test set", "MidiBERT", *COLUMNS)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    return lines + [f"| {' | '.join(_row(result))} |" for result in results]


def _row(result: Result) -> tuple[str, ...]:
    asked, figure = result.task.protocols[result.protocol], result.task.figure
    published = "" if figure is None or result.protocol == "clean" else f"{100 * figure:.2f}"
    return (
        result.task.name,
        result.protocol,
        f"{result.units['test']:,} {asked.unit}s, {result.documents['test']} documents",
        published,
        *(_cell(result.baselines.get(name)) for name in COLUMNS),
    )


def _cell(scores: TaskScores | None) -> str:
    if scores is None:
        return ""
    return cell(scores.accuracy, scores.interval)


def cell(accuracy: float, interval: Sequence[float]) -> str:
    """An accuracy and its interval, in %."""
    low, high = interval
    return f"{100 * accuracy:.2f} [{100 * low:.1f}, {100 * high:.1f}]"


if __name__ == "__main__":
    main()
