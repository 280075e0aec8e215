"""What reinforcement did to the reasoner: one file of results, its tables and its figure.

::

    python runs/m1_reason_evidence.py keep RUN TO NAME=SCORES.json ...
    python runs/m1_reason_evidence.py tables RESULTS
    python runs/m1_reason_evidence.py figure RESULTS PICTURE

``keep`` wants the run's directory (``metrics.jsonl``, ``events.jsonl``, ``result.json``) and what
``runs/m1_reason.py`` wrote of models on the same tasks. By ``score``: ``before``, ``after``,
``intermediate``, ``control``, others on some of the rows, and with thinking budgets
``after-budgets`` and ``intermediate-budgets``. By ``valid``: the same under any name.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ostinato.base.files import atomic_write, write_json
from ostinato.base.log import read_metrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVE = ("reward", "accuracy", "window", "length", "length_p99", "truncated", "entropy", "seconds")
MODELS = ("taught", "before", "intermediate", "after", "control", "shipped")
GAPS = (("after", "before"), ("after", "taught"), ("control", "after"))
STANDINGS = {
    "trained on": "taught, or asked for rewards",
    "held-out levels": "levels never trained on",
    "never trained on": "kinds never trained on",
}
Row = Mapping[str, Any]


def keep(run: Path, to: Path, scores: Mapping[str, Path]) -> None:
    """Everything that the tables and the figure need."""
    rows = read_metrics(run / "metrics.jsonl")
    steps = [
        {"step": row["step"], **{key: row[key] for key in CURVE}}
        for row in rows
        if row.get("reward") is not None
    ]
    valid = [
        {"step": row["step"], "window": _window(rows, int(row["step"])), **_validation(row)}
        for row in rows
        if "valid_accuracy" in row
    ]
    windows = [one for one in read_metrics(run / "events.jsonl") if one["event"] == "window"]
    told = read(run / "result.json")
    found = {name: read(path) for name, path in scores.items()}
    write_json(
        to,
        {
            "run": {**told, "curve": steps, "validations": valid, "windows": windows},
            "scores": {name: one["rows"] for name, one in found.items() if "rows" in one},
            "valid": {name: one for name, one in found.items() if "rows" not in one},
        },
    )


def _window(rows: Sequence[Row], step: int) -> float | None:
    """The window of the step, or of the first one."""
    return next((row["window"] for row in rows if row["step"] >= step and "window" in row), None)


def _validation(row: Row) -> dict[str, float]:
    return {key: value for key, value in row.items() if key.startswith("valid_")}


def tables(results: Mapping[str, Any]) -> None:
    """Markdown: every row by model, means by standing, accuracy by thinking budget, validations."""
    scores = results["scores"]
    held = [name for name in MODELS if name in scores]
    gaps = [" - ".join(pair) for pair in GAPS if {*pair} <= {*held}]
    print(f"| | {' | '.join([*held, *gaps])} | tokens |")
    print("|---" * (len(held) + len(gaps) + 2) + "|")
    for standing, title in STANDINGS.items():
        titles = [row_title(row) for row in scores["after"] if row["standing"] == standing]
        cells: dict[str, list[Row]] = {name: [] for name in held}
        for one in titles:
            asked = {name: cell for name in held if (cell := _cell(scores[name], one))}
            print(_line(one, {name: [asked[name]] if name in asked else [] for name in held}))
            if len(asked) == len(held):
                for name, cell in asked.items():
                    cells[name].append(cell)
        if count := len(cells["after"]):
            shared = "" if count == len(titles) else f", {count} rows that all were asked"
            print(_line(f"**mean: {title}{shared}**", cells))
    for name in (one for one in scores if one.endswith("-budgets")):
        _budgets(name, scores[name])
    if valid := results.get("valid"):
        _validations({**_own_validations(results["run"], next(iter(valid.values()))), **valid})


def _cell(rows: Sequence[Row], title: str) -> Row | None:
    """What a model was asked without a budget in the row of this title, if it was."""
    return next((row["cells"][0] for row in rows if row_title(row) == title), None)


def row_title(row: Row) -> str:
    """Environment and levels."""
    levels = row["levels"]
    span = f"{levels[0]}" if len(levels) == 1 else f"{levels[0]}-{levels[-1]}"
    return f"`{row['environment']}` {span}"


def _line(title: str, cells: Mapping[str, Sequence[Row]]) -> str:
    shown = [f"{100 * _mean(some):.0f}" if some else "" for some in cells.values()]
    shown += [
        _difference(cells[a], cells[b]) if cells[a] and cells[b] else ""
        for a, b in GAPS
        if a in cells and b in cells
    ]
    tokens = " to ".join(
        f"{sum(cell['tokens'] for cell in cells[name]) / len(cells[name]):.0f}"
        for name in ("before", "after")
        if cells[name]
    )
    return f"| {title} | {' | '.join(shown)} | {tokens} |"


def _mean(cells: Sequence[Row]) -> float:
    return sum(cell["accuracy"] for cell in cells) / len(cells)


def _mean_with_error(cells: Sequence[Row]) -> tuple[float, float]:
    """Of accuracies, and half of its 95 % interval, the rows being what they are."""
    spread = sum(one["accuracy"] * (1 - one["accuracy"]) / one["episodes"] for one in cells)
    return _mean(cells), 1.96 * math.sqrt(spread) / len(cells)


def _difference(ours: Sequence[Row], theirs: Sequence[Row]) -> str:
    """Points, with a 95 % interval: of one row Newcombe's (1998, method 10), of a mean the normal
    one. The prompts are the same, which these intervals do not use: they are wider than they must.
    """
    gap = _mean(ours) - _mean(theirs)
    if len(ours) == 1:
        (p, (low, high)), (q, (least, most)) = (
            (cells[0]["accuracy"], cells[0]["interval"]) for cells in (ours, theirs)
        )
        below = math.hypot(p - low, most - q)
        above = math.hypot(high - p, q - least)
    else:
        below = above = math.hypot(_mean_with_error(ours)[1], _mean_with_error(theirs)[1])
    return f"{100 * gap:+.0f} [{100 * (gap - below):+.0f}, {100 * (gap + above):+.0f}]"


def _budgets(name: str, rows: Sequence[Row]) -> None:
    budgets = _named(rows)
    print(f"\n| {name} | {' | '.join(budgets)} |")
    print("|---" * (len(budgets) + 1) + "|")
    for row in rows:
        shown = " | ".join(f"{100 * cell['accuracy']:.0f}" for cell in row["cells"])
        print(f"| {row_title(row)} | {shown} |")
    means = [_mean_with_error([row["cells"][i] for row in rows]) for i in range(len(budgets))]
    shown = " | ".join(f"{100 * mean:.1f} +-{100 * error:.1f}" for mean, error in means)
    print(f"| **mean** | {shown} |")
    for title, key in (("tokens thought", "thinking_tokens"), ("tokens in all", "tokens")):
        counts = (sum(row["cells"][i][key] for row in rows) for i in range(len(budgets)))
        print(f"| {title} | {' | '.join(f'{count / len(rows):.0f}' for count in counts)} |")


def _named(rows: Sequence[Row]) -> list[str]:
    """The budgets of the rows' cells."""
    given = [cell["thinking_budget"] for cell in rows[0]["cells"]]
    return ["none" if budget is None else f"{budget:,}" for budget in given]


def _own_validations(run: Mapping[str, Any], like: Row) -> dict[str, Row]:
    """Those that the run made on its way, of the kinds that another one has."""
    kinds = {key for key in like if key.startswith("valid_accuracy")}
    return {f"step {one['step']}": one for one in run["validations"] if kinds <= {*one}}


def _validations(models: Mapping[str, Row]) -> None:
    """Kept prompts of the recipe, by kind."""
    names = [name.removeprefix("valid-") for name in models]
    print(f"\n| kept prompts | {' | '.join(names)} |")
    print("|---" * (len(names) + 1) + "|")
    kinds = [key for key in next(iter(models.values())) if key.startswith("valid_accuracy/")]
    for key in [*kinds, "valid_accuracy"]:
        title = f"`{key.partition('/')[2]}`" if "/" in key else "**mean**"
        shown = (f"{100 * one[key]:.{0 if '/' in key else 1}f}" for one in models.values())
        print(f"| {title} | {' | '.join(shown)} |")


def figure(results: Mapping[str, Any], path: Path) -> None:
    """The run by step and, where it was scored, accuracy by thinking budget."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(12, 3.6), dpi=120, layout="constrained")
    budgets = {key: rows for key, rows in results["scores"].items() if key.endswith("-budgets")}
    axes: list[Axes] = drawing.subplots(1, 2 + bool(budgets)).ravel().tolist()
    _reward(axes[0], results["run"])
    _lengths(axes[1], results["run"])
    if budgets:
        _scaling(axes[2], budgets)
    for axis in axes:
        axis.grid(alpha=0.25, linewidth=0.5)
        axis.tick_params(labelsize=8)
        axis.legend(fontsize=8, frameon=False)
    with atomic_write(path) as temporary:
        drawing.savefig(temporary, format="png")


def _reward(axis: Axes, run: Mapping[str, Any]) -> None:
    steps = [row["step"] for row in run["curve"]]
    axis.plot(
        steps,
        [row["accuracy"] for row in run["curve"]],
        color="#0072B2",
        label="accuracy, as the curriculum asks",
    )
    valid = run["validations"]
    axis.plot(
        [one["step"] for one in valid],
        [one["valid_accuracy"] for one in valid],
        color="#D55E00",
        marker="o",
        label="kept prompts, fixed levels",
    )
    axis.set_ylim(0, 1)
    axis.set_xlabel("step", fontsize=9)


def _lengths(axis: Axes, run: Mapping[str, Any]) -> None:
    steps = [row["step"] for row in run["curve"]]
    for key, label, colour in (
        ("window", "window", "#6E7781"),
        ("length_p99", "99th percentile", "#CC79A7"),
        ("length", "mean length", "#0072B2"),
    ):
        axis.plot(steps, [row[key] for row in run["curve"]], label=label, color=colour)
    axis.set_yscale("log", base=2)
    axis.set_xlabel("step", fontsize=9)
    axis.set_ylabel("tokens", fontsize=9)


def _scaling(axis: Axes, scores: Mapping[str, Sequence[Row]]) -> None:
    looks = {"after-budgets": ("#0072B2", "o"), "intermediate-budgets": ("#D55E00", "s")}
    for name, rows in scores.items():
        colour, mark = looks.get(name, ("#6E7781", "^"))
        budgets = _named(rows)
        found = [_mean_with_error([row["cells"][i] for row in rows]) for i in range(len(budgets))]
        means, errors = zip(*found, strict=True)
        label = name.removesuffix("-budgets")
        axis.errorbar(
            range(len(budgets)),
            means,
            yerr=errors,
            color=colour,
            marker=mark,
            label=label,
            capsize=2,
        )
        axis.set_xticks(range(len(budgets)), budgets)
    axis.set_ylim(0, 1)
    axis.set_xlabel("tokens of thinking at most", fontsize=9)
    axis.set_ylabel("accuracy, taught levels", fontsize=9)


def read(path: str | Path) -> dict[str, Any]:
    """A file of results."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["keep", run, to, *given]:
            named = dict(one.split("=", 1) for one in given)
            keep(Path(run), Path(to), {name: Path(path) for name, path in named.items()})
        case ["tables", results]:
            tables(read(results))
        case ["figure", results, picture]:
            figure(read(results), Path(picture))
        case _:
            sys.exit(__doc__)
