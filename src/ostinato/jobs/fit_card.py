"""What ``fit`` leaves beside a model: its card, and its scores on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from ostinato.base.files import write_text
from ostinato.eval.music.scores import TaskScores
from ostinato.jobs.fit_look import Look
from ostinato.jobs.fit_score import interval
from ostinato.jobs.show import counted, percent, printable, table
from ostinato.music.splits import SIDES

COLUMNS = ("", "accuracy", "95 % interval", "macro F1", "calibration error")


def score_rows(scores: Mapping[str, TaskScores]) -> list[tuple[str, ...]]:
    """The cells of ``COLUMNS`` for each who answered."""
    return [_row(name, one) for name, one in scores.items()]


def _row(name: str, one: TaskScores) -> tuple[str, ...]:
    low, high = interval(one)
    error = "-" if one.calibration is None else f"{one.calibration:.3f}"
    return (
        name,
        percent(one.accuracy),
        f"{100 * low:.1f} to {100 * high:.1f}",
        percent(one.macro_f1),
        error,
    )


def scores_as_json(scores: Mapping[str, TaskScores]) -> dict[str, object]:
    """All figures as plain values, with the intervals that are shown."""
    return {
        name: {**one.as_json(), "interval": list(interval(one))} for name, one in scores.items()
    }


def warnings(scores: Mapping[str, TaskScores]) -> list[str]:
    """What whoever uses the model has to know before all else."""
    model, *baselines = scores
    best = max(baselines, key=lambda name: scores[name].accuracy)
    if scores[model].accuracy > scores[best].accuracy:
        return []
    return [
        f"it is no better than the {best} ({percent(scores[model].accuracy)} and "
        f"{percent(scores[best].accuracy)} right): do not rely on it"
    ]


def show_scores(out: Console, scores: Mapping[str, TaskScores], unit: str) -> None:
    """The scores as tables on the terminal."""
    model = scores["model"]
    tested = f"{model.units:,} {unit}s of {counted(model.songs, 'song', 'songs')}"
    out.print(f"on the test side, {tested}:", markup=False)
    out.print(table(COLUMNS, score_rows(scores)))
    out.print(table(("class", "precision", "recall", "F1", f"{unit}s"), list(_classes(model))))
    for warning in warnings(scores):
        out.print(f"[yellow]![/] {escape(printable(warning))}")


def _classes(model: TaskScores) -> Iterator[tuple[str, ...]]:
    """Name, precision, recall, F1 and units of each class; of what nothing tells, a dash."""
    answered, real = model.confusion.sum(0), model.confusion.sum(1)
    for number, name in enumerate(model.names):
        figures = (model.precision[number], model.recall[number], model.f1[number])
        known = (answered[number], real[number], answered[number] + real[number])
        cells = ("-" if not told else percent(f) for f, told in zip(figures, known, strict=True))
        yield (name, *cells, f"{real[number]:,}")


def write_card(
    folder: Path,
    found: Look,
    scores: Mapping[str, TaskScores],
    *,
    title: str,
    trunk: str,
    ended: str,
) -> None:
    """Write ``README.md`` of the model directory; ``ended`` says how the training went."""
    lines = _lines(found, scores, title=title, trunk=trunk, ended=ended)
    text = "\n".join(lines) + "\n"
    write_text(folder / "README.md", text.encode(errors="backslashreplace").decode())


def _lines(
    found: Look, scores: Mapping[str, TaskScores], *, title: str, trunk: str, ended: str
) -> Iterator[str]:
    unit, verb = ("note", "melody") if found.of_notes else ("piece", "label")
    yield from ("---", "library_name: ostinato", "tags: [midi, symbolic-music]", "---", "")
    yield from (f"# {_plain(title)}", "")
    yield f"Tells of every {unit}: **{'**, **'.join(map(_plain, found.names))}**."
    what = "head with an adapter on" if found.of_notes else "regression on the mean states of"
    also = "" if found.of_notes else ", and on statistics of the words"
    yield f"A {what} the frozen trunk `{_plain(trunk)}`, which it needs{also}."
    yield "Made by `ostinato fit`."
    yield from (
        "",
        f"Licence: that of the {counted(len(found.items), 'file', 'files')} in "
        f"`{_plain(title)}`, which fit does not know.",
        "",
    )
    use = "melody FILE -o OUT --model DIR" if found.of_notes else "label FILE --task DIR"
    yield f"To use it: `ostinato {use}` (`{verb}` takes this folder as DIR)."
    yield from ("", "## How well", "")
    yield (
        "The test side, whose songs were neither trained on nor chose anything. Intervals resample "
        "whole songs; of few songs they are no narrower than Wilson's."
    )
    yield from ("", *_markdown(COLUMNS, score_rows(scores)), "")
    for warning in warnings(scores):
        yield from (f"**Beware:** {_plain(warning)}.", "")
    model = scores["model"]
    yield f"{model.units:,} {unit}s of {counted(model.songs, 'song', 'songs')}. {ended}"
    yield from ("", "![Confusion matrix](confusion.png)", "", "## Learnt from", "")
    cells = [
        (name, *(f"{found.counts(side)[number]:,}" for side in SIDES))
        for number, name in enumerate(found.names)
    ]
    cells.append(("songs", *(f"{found.songs(side):,}" for side in SIDES)))
    yield from _markdown((f"class ({unit}s)", *SIDES), cells)
    yield ""
    yield (
        f"Left out: {counted(len(found.left), 'file', 'files')} that could not be used, "
        f"{counted(len(found.grouping.copies), 'exact copy', 'exact copies')}. Files that are kin "
        "(near-duplicates, parts of one song) are on one side."
    )
    yield from ("", "## Limits", "", "It knows the music above and no other.")
    yield "The trunk was trained before, on what its own card names: of music among that, the"
    yield "figures above say too much."
    yield "Bars are those that the files claim; it reads onset, pitch and duration, not velocity."


def _markdown(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for row in rows:
        yield f"| {' | '.join(map(_plain, row))} |"


def _plain(text: str) -> str:
    """A stranger's text that no longer means anything in Markdown's tables and code."""
    return printable(text).replace("|", "/").replace("`", "'")
