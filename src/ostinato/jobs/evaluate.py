"""``ostinato evaluate``: a published benchmark, with intervals and baselines."""

from __future__ import annotations

from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.eval import pop909_melody
from ostinato.eval.metrics import Scores
from ostinato.infer.load import load_note_model
from ostinato.jobs.show import console, percent, print_json, table

SUITES = (pop909_melody.NAME,)


def evaluate(model: str, suite: str, data: Path, device: str, as_json: bool) -> None:
    """Score a model (bundled name or directory) on a suite, whose corpus lies in ``data``."""
    if suite not in SUITES:
        raise UserError(f"there is no suite {suite!r}; there is {', '.join(SUITES)}")
    if not data.is_dir():
        raise UserError(f"{data}: expected the folder of POP909 (--data), and there is none")
    labeller = load_note_model(model, device=device)
    result = pop909_melody.evaluate(
        lambda score, bars: labeller.label_notes(score, bars).labels, data
    )
    if as_json:
        print_json({"name": model, **result.as_json()})
    else:
        show(model, result)


def show(model: str, result: pop909_melody.Result) -> None:
    """The result as tables on the terminal."""
    out = console()
    scores = result.model
    out.print(f"{pop909_melody.NAME}: {scores.songs} test songs, {scores.notes:,} notes")
    named = {model: scores, "the files' own metre": result.own_metre, **result.baselines}
    columns = ("", "accuracy", "95 % interval", "mean of songs", "macro F1")
    out.print(table(columns, [_line(name, one) for name, one in named.items()]))
    classes = zip(scores.names, scores.precision, scores.recall, scores.f1, strict=True)
    out.print(
        table(
            (model, "precision", "recall", "F1", *(f"as {name}" for name in scores.names)),
            [
                (name, *map(percent, figures), *(f"{count:,}" for count in row))
                for (name, *figures), row in zip(classes, scores.confusion.tolist(), strict=True)
            ],
        )
    )
    sky = ", ".join(f"{percent(share)} with the {name}" for name, share in result.skyline.items())
    out.print(f"skyline in two classes: {sky}")
    out.print("intervals: songs resampled whole, 10,000 times; notes in the clean order")


def _line(name: str, scores: Scores) -> tuple[str, ...]:
    low, high = scores.interval
    return (
        name,
        percent(scores.accuracy),
        f"{100 * low:.1f} to {100 * high:.1f}",
        percent(scores.song_mean),
        percent(scores.macro_f1),
    )
