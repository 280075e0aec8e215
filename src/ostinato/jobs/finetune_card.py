"""The card of a fine-tuned model: what it tells, how well, from which music, by which licence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ostinato.base.files import write_text
from ostinato.data.shards import read_header
from ostinato.jobs.finetune_data import Labelled
from ostinato.jobs.finetune_recipe import FinetuneRecipe


def write_card(
    folder: Path,
    recipe: FinetuneRecipe,
    labelled: Labelled,
    result: dict[str, object],
    *,
    further: bool = False,
) -> None:
    """Write ``README.md`` of the model directory; ``result`` is what the job reports.

    ``further``: of a further head, which stands on the model that learnt in the same steps.
    """
    lines = _lines(recipe, labelled, result, further=further)
    write_text(folder / "README.md", "\n".join(lines) + "\n")


def _lines(
    recipe: FinetuneRecipe, labelled: Labelled, result: dict[str, object], *, further: bool
) -> Iterator[str]:
    unit = "note" if labelled.kind == "note" else "piece"
    name = recipe.run.name
    yield from ("---", "library_name: ostinato", "tags: [midi, symbolic-music]", "---", "")
    yield from (f"# {name}", "")
    yield f"Tells of every {unit}: **{'**, **'.join(labelled.labels)}**."
    if recipe.adapter_rank:
        yield f"A head with an adapter of rank {recipe.adapter_rank} on a frozen trunk, {NEEDS}."
    if recipe.regression:
        also = ", and on statistics of the words" if recipe.statistics else ""
        yield f"A regression on the mean states of a frozen trunk, {NEEDS}{also}."
    if further:
        yield f"A head on a trunk that learnt this and what its card says at once, {NEEDS}."
    yield from ("", "## How well", "")
    yield f"Split `{recipe.split}`; weights and temperature were chosen on its valid side."
    yield from ("", f"| side | {unit}s | majority | accuracy | calibration error |")
    yield "|---|---|---|---|---|"
    for side in ("valid", "test"):
        if side in result:
            yield _row(side, f"{unit}s", cast("dict[str, Any]", result[side]))
    yield from ("", "## Learnt from", "", "| corpus | documents | licence |", "|---|---|---|")
    counts = Counter(entry.corpus for entry in labelled.documents["train"].entries)
    licences = _licences(recipe)
    for corpus, count in sorted(counts.items()):
        yield f"| {corpus} | {count:,} | {licences.get(corpus, UNKNOWN)} |"
    yield from ("", "## Limits", "", "It knows the music above and no other.")


UNKNOWN = "unknown, research use"
NEEDS = "which it needs (`trunk` in `config.json`, checked by a digest of its weights)"


def _row(side: str, unit: str, found: dict[str, Any]) -> str:
    counts: list[list[int]] = found["confusion"]
    majority = max(map(sum, counts)) / max(1, found[unit])
    error = found["calibration_error"]["calibrated"]
    accuracy = f"{found['accuracy']:.1%}"
    return f"| {side} | {found[unit]:,} | {majority:.1%} | {accuracy} | {error:.3f} |"


def _licences(recipe: FinetuneRecipe) -> dict[str, str]:
    """What the headers of the shards say; silence is no permission."""
    headers = [read_header(folder) for folder in (*recipe.shards, *recipe.train_shards)]
    silent = ("", "unknown")
    return {h.corpus: UNKNOWN if h.licence in silent else h.licence for h in headers}
