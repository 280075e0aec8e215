"""``ostinato fit``: a model for the user's own labelled folder, and how well it really does.

First the folder is looked at: counts, copies, kin that a careless split would separate. Then a
head is made for the bundled trunk (``jobs.finetune``), for pieces by a regression and for notes
with an adapter, and scored on songs that it never saw, beside baselines. The same command goes on
with what was interrupted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.base.turns import alone
from ostinato.data.vocabulary import load_vocabulary, load_window
from ostinato.infer.directory import MELODY, bundled, find_model, model_type
from ostinato.jobs import fit_train
from ostinato.jobs.fit_card import scores_as_json, show_scores, warnings, write_card
from ostinato.jobs.fit_figure import draw_confusion
from ostinato.jobs.fit_folder import find_items
from ostinato.jobs.fit_groups import group_items
from ostinato.jobs.fit_look import Look, look, show
from ostinato.jobs.fit_read import MOST_LABELS, TrackLabels, read_items, track_labels
from ostinato.jobs.show import console, percent, print_json, printable
from ostinato.models.midiformer import checkpoint

TRUNKS = ("midiformer", MELODY)  # the first of them that is bundled
MINUTES = 10.0


@dataclass(frozen=True)
class FitRequest:
    """What the user asked for."""

    folder: Path
    out: Path | None = None  # None: ``fit-`` and the folder's name
    labels: Path | None = None  # CSV file,label[,group]; None: sub-folders are classes
    notes: str | None = None  # labels of notes by track: "MELODY=tune,PIANO=rest"
    epochs: float | None = None  # of notes; None: by the number of pieces
    minutes: float | None = None  # of notes; None: ``MINUTES``; 0: no end
    trunk: str | None = None  # None: the bundled one
    seed: int = 0
    dry_run: bool = False
    fresh: bool = False
    device: str = "auto"
    as_json: bool = False

    def __post_init__(self) -> None:
        if self.epochs is not None and not 0 < self.epochs < math.inf:
            raise UserError(f"--epochs: expected a number above 0; got {self.epochs}")
        if self.minutes is not None and not 0 <= self.minutes < math.inf:
            raise UserError(f"--minutes: expected 0 (no end) or more; got {self.minutes}")
        if self.notes is None and not (self.epochs is self.minutes is None):
            raise UserError(
                "--epochs and --minutes say how long labels of notes are learnt (--notes); labels "
                "of pieces take one reading of the files: leave them out"
            )

    @property
    def run(self) -> Path:
        """The folder of the run."""
        return self.out or Path(f"fit-{self.folder.resolve().name or 'root'}")


def fit(request: FitRequest) -> dict[str, object]:
    """Look at the folder, train, score, and leave a model directory; returns what it reports."""
    tracks = None if request.notes is None else track_labels(request.notes)
    if not request.dry_run:
        fit_train.claim(request.run)
    training = _training(request)
    found = examine(request, tracks, training.header.steps_per_quarter)
    result: dict[str, object] = {"folder": str(request.folder), **found.as_json()}
    if not request.as_json:
        show(console(), found)
    if not (request.dry_run or found.obstacle()):
        with alone(request.run):
            result |= _train(request, found, training, tracks)
    if request.as_json:
        print_json(result)
    if obstacle := found.obstacle():
        raise UserError(f"{request.folder}: {obstacle}")
    return result


def examine(request: FitRequest, tracks: TrackLabels | None, steps_per_quarter: int) -> Look:
    """Read every file, find copies and kin, and split."""
    offered = find_items(request.folder, request.labels, of_notes=tracks is not None)
    names = tracks.names if tracks else sorted({item.label for item in offered.items})
    if len(names) > MOST_LABELS:
        hint = (
            "is each file in a folder of its own?"
            if request.labels is None
            else "fit tells classes apart, no numbers or texts of each file's own"
        )
        raise UserError(
            f"{request.labels or request.folder}: expected {MOST_LABELS} classes at most; it has "
            f"{len(names):,} ({names[0]}, {names[1]}, ...): {hint}"
        )
    readings, unreadable = read_items(offered.items, steps_per_quarter, tracks)
    return look(
        names,
        group_items(readings),
        readings,
        (*offered.left, *unreadable),
        offered.remarks,
        of_notes=tracks is not None,
    )


def _training(request: FitRequest) -> fit_train.Training:
    """The trunk's words and window, and how long to train."""
    trunk = request.trunk or next((name for name in TRUNKS if name in bundled()), TRUNKS[0])
    folder = find_model(trunk)
    if model_type(folder) != checkpoint.MODEL_TYPE:
        raise UserError(f"{folder}: expected an encoder to begin with, a model of music")
    vocabulary = load_vocabulary(folder)
    if (scheme := vocabulary.header.scheme) != "cp4":
        raise UserError(f"{folder}: expected an encoder of cp4 words; it reads {scheme}")
    return fit_train.Training(
        out=request.run,
        trunk=trunk,
        vocabulary=vocabulary,
        window=load_window(folder),
        epochs=request.epochs,
        minutes=MINUTES if request.minutes is None else request.minutes,
        seed=request.seed,
        device=request.device,
        fresh=request.fresh,
    )


def _train(
    request: FitRequest, found: Look, training: fit_train.Training, tracks: TrackLabels | None
) -> dict[str, object]:
    """Train or go on, and score what came out; what to report of it."""
    from ostinato.jobs import finetune
    from ostinato.jobs.fit_score import measure

    fit_train.write_data(found, training)
    recipe = fit_train.recipe(found, training)
    fit_train.check_begun(recipe)
    ended = finetune.run(recipe)
    told: dict[str, object] = {"run": str(request.run), "training": ended}
    out = console()
    if "model" not in ended:
        if request.as_json:
            print_json({"folder": str(request.folder), **found.as_json(), **told})
        else:
            out.print("the state is saved: the same command goes on from there")
        raise KeyboardInterrupt  # as whoever asked for it expects: what comes after it must not run
    model = Path(str(ended["model"]))
    scores = measure(
        found,
        model,
        tracks,
        steps_per_quarter=training.header.steps_per_quarter,
        device=request.device,
    )
    counts = scores["model"].confusion[:, : len(found.names)]
    draw_confusion(
        model / "confusion.png", found.names, counts, title=f"{request.folder.name}, test side"
    )
    story = _story(ended, recipe.train.steps) if found.of_notes else _regression(ended)
    write_card(
        model,
        found,
        scores,
        title=request.folder.resolve().name,
        trunk=training.trunk,
        ended=story,
    )
    told |= {"model": str(model), "scores": scores_as_json(scores), "warnings": warnings(scores)}
    write_json(request.run / "scores.json", told["scores"])
    if not request.as_json:
        show_scores(out, scores, "note" if found.of_notes else "piece")
        out.print(story, markup=False)
        out.print(f"wrote {printable(str(model))}", markup=False)
        use = (
            f"melody FILE -o OUT --model {model}"
            if found.of_notes
            else f"label FILE --task {request.run}"
        )
        out.print(f"to use it: ostinato {printable(use)}", markup=False)
    return told


def _regression(ended: dict[str, object]) -> str:
    """What was read, and how well the regression did on songs that were held out of it."""
    told = f"{ended['read']:,} training pieces read and fitted in {ended['seconds']} s."
    crossed = ended.get("cross-validation")
    if isinstance(crossed, dict) and crossed:
        told += f" Held out of the training side by songs: {percent(crossed['accuracy'])} right."
    return told


def _story(ended: dict[str, object], steps: int) -> str:
    """How long was trained, and whether the clock cut it short."""
    step = ended["step"]
    story = (
        f"Trained for {step:,} steps in {ended['seconds']} s; step {ended['best_step']:,} is kept."
    )
    if isinstance(step, int) and step < steps:
        story += (
            f" The time was up before all {steps:,} steps (begin anew with --fresh --minutes N)."
        )
    return story
