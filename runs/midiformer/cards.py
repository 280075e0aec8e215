"""The cards of what ships: what it learnt from, and how well it does on the test sides."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from midiformer.trunks import taught_besides
from ostinato.data.selection import held_out
from ostinato.data.shards import read_entries
from ostinato.jobs.finetune_card import UNKNOWN
from ostinato.music.corpora import find_corpus

TITLE = "# "
SCORES = "## On the test sides"
HEAD = """---
license: apache-2.0
library_name: ostinato
tags: [midi, symbolic-music, ng-midiformer]
---
"""
BASELINES = ("majority", "skyline", "nearest song", "logistic")


def trunk_card(name: str, pretrained: Path, taught: Path | None) -> str:
    """The card of a trunk by the logs of its runs, whose shards are still there."""
    recipe, result = (_read(pretrained / f"{part}.json") for part in ("recipe", "result"))
    lines = [
        f"{HEAD}\n{TITLE}{name}",
        "",
        "An encoder of compound words (NG-Midiformer, arXiv 2312.08931) without a head: what the",
        "heads `midiformer-TASK` stand on, and what `ostinato fit` begins with.",
        f"{result['vocabulary']:,} tokens, {result['ngrams']:,} n-grams; windows of "
        f"{recipe['window']['rows']} notes.",
        "",
        "## What it was trained on",
        "",
        "| corpus | documents | licence beside the data |",
        "|---|---|---|",
        *_corpora(recipe),
        "",
        "No song is among them that any split has on its valid or test side, in none of its",
        "versions, and nothing that shares music with one. Performances are there 0.9 and 1.1",
        "times as long as well, and windows are moved by up to "
        f"{recipe['window']['transpose']} semitones.",
        "",
        f"Masked tokens: {result['step']:,} steps of {recipe['batch']} windows, "
        f"{result['seconds']:,} s; loss on valid {result['valid']['loss']:.3f} nats.",
    ]
    if taught is not None:
        told, others = _read(taught / "result.json"), taught_besides(taught.parent)
        lines += [
            "",
            "Then all of it learnt to tell melody, bridge and accompaniment of POP909's training",
            f"songs and their versions (MIT): {told['step']:,} steps, {told['seconds']:,} s.",
        ]
        if told["best_step"] not in (None, told["step"]):
            lines.append(f"The weights are those of step {told['best_step']:,}, by valid.")
        if others:
            lines.append(f"In the same steps it learnt of their notes: {', '.join(others)}.")
    limits = (
        "Piano and tunes are what it knows. It reads onset, pitch and duration on a grid of 16ths."
    )
    return "\n".join([*lines, "", "## Limits", "", limits, ""])


def as_bundled(card: str, name: str) -> str:
    """The card of a head under the name that it has in the package, its licence on top.

    A run's card is called as the run. Weights learnt from music whose licence nobody states are
    not called free.
    """
    lines = [f"{TITLE}{name}" if line.startswith(TITLE) else line for line in card.split("\n")]
    free = UNKNOWN not in card
    lines.insert(1, "license: apache-2.0" if free else "license: other")
    return "\n".join(lines)


def with_scores(card: str, results: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """A card with the test scores of some models; ``names``: what it calls each of them."""
    rows = [row for result in results for row in _rows(result, names)]
    if not rows:
        return card
    table = "\n".join(
        [
            SCORES,
            "",
            "`ostinato evaluate --suite music`, clean protocol, these weights. Whole songs are "
            "resampled.",
            "",
            "| | test set | accuracy | 95 % interval | " + " | ".join(BASELINES) + " |",
            "|---|---|---|---|" + "---|" * len(BASELINES),
            *rows,
        ]
    )
    before, limits, after = card.partition("## Limits")
    return f"{before}{table}\n\n{limits}{after}"


def _rows(result: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    if result["protocol"] != "clean":
        return
    said = f"{result['units']['test']:,} {result['unit']}s, `{result['split']}`"
    found: Mapping[str, Any] = result["baselines"]
    others = [f"{found[name]['accuracy']:.1%}" if name in found else "" for name in BASELINES]
    for key, told in result["models"].items():
        if key in names:
            low, high = told["interval"]
            cells = (names[key], said, f"**{told['accuracy']:.1%}**", f"{low:.1%} to {high:.1%}")
            yield f"| {' | '.join((*cells, *others))} |"


def _corpora(recipe: Mapping[str, Any]) -> Iterator[str]:
    entries = [entry for folder in recipe["shards"] for entry in read_entries(Path(folder))]
    held = held_out(entries, (*recipe["exclude"], recipe["valid"]))
    counts = Counter(e.corpus for e in entries if (e.corpus, e.song) not in held)
    for corpus, count in sorted(counts.items()):
        yield f"| {corpus} | {count:,} | {find_corpus(corpus).licence} |"


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
