"""The table of ``docs/music.md``, from what ``evaluate --suite music`` has written.

    python benchmarks/music_table.py RESULTS.json...

Each argument is a ``results.json`` of the suite; of a task and protocol that two of them hold, the
later one counts. It prints the table and keeps all figures but the confusion matrices in
``results/``, under the date and commit of the keeping: which files of a model were scored, and
when, each result says itself (``scored``).
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keep import keep
from music_baselines import COLUMNS, cell

from ostinato.eval.music.tasks import TASKS

OURS = ("-clean", "-published")  # how the names of our own further models end; peers' do not
LESS = "ours less plain"
PEER = "-rotary"  # how that of the plain encoder ends


def main() -> None:
    """Read, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, nargs="+", help="results.json of the suite")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for path in parser.parse_args().results:
        for result in json.loads(path.read_text(encoding="utf-8"))["results"]:
            found[result["task"], result["protocol"]] = _short(result)
    machine = f"{platform.processor() or platform.machine()}, Python {platform.python_version()}"
    keep("music-table", {"machine": machine, "results": list(found.values())})
    print("\n".join(markdown(list(found.values()))))


def _short(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what is long."""
    return {
        key: {
            name: {k: v for k, v in scores.items() if k not in ("confusion", "classes")}
            for name, scores in value.items()
        }
        if key in ("models", "baselines")
        else value
        for key, value in result.items()
    }


def markdown(results: list[dict[str, Any]]) -> Iterator[str]:
    """A row for each task and protocol; accuracies in %, with 95 % intervals."""
    columns = ("task", "protocol", "test set", "MidiBERT", "ours", "plain encoder", LESS, *COLUMNS)
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    tasks = list(TASKS)
    for result in sorted(results, key=lambda o: (tasks.index(o["task"]), o["protocol"] == "clean")):
        cells = [result["task"], result["protocol"], _test_set(result)]
        published = result["published_midibert"]
        cells.append("" if published is None else f"{100 * published:.2f}")
        cells.append(next((_cell(scores) for scores in _ours(result)), "not trained yet"))
        peers = (scores for name, scores in result["models"].items() if name.endswith(PEER))
        cells.append(_cell(next(peers, None)))
        cells.append(next((_gain(one) for one in result["differences"] if _of_ours(one)), ""))
        cells += [_cell(result["baselines"].get(name)) for name in COLUMNS]
        yield f"| {' | '.join(cells)} |"


def _test_set(result: dict[str, Any]) -> str:
    return (
        f"{result['units']['test']:,} {result['unit']}s, {result['documents']['test']:,} documents"
    )


def _ours(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The scores of our own models: the bundled head, or what is named ``TASK-PROTOCOL``."""
    yield from (scores for name, scores in result["models"].items() if _is_ours(name))


def _is_ours(name: str) -> bool:
    return name.startswith("midiformer-") or name.endswith(OURS)


def _of_ours(difference: dict[str, Any]) -> bool:
    """Whether it is that of our model to the plain encoder."""
    return _is_ours(difference["model"]) and difference["less"].endswith(PEER)


def _cell(scores: dict[str, Any] | None) -> str:
    if scores is None:
        return ""
    return cell(scores["accuracy"], scores["interval"])


def _gain(found: dict[str, Any]) -> str:
    low, high = (100 * end for end in found["interval"])
    return f"{100 * found['accuracy']:+.2f} [{low:+.1f}, {high:+.1f}]"


if __name__ == "__main__":
    main()
