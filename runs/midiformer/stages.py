"""What is trained, in which recipes, and for how long.

Pre-training and whatever a peer learns end by time, the rest by the steps of its recipe. Processes
with one ``out`` train one at a time; others compile meanwhile. So seconds are those of a device
that nobody shares, but for the few of the last scores of the process before.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from music_ablations.arms import ARMS, SIZES, of_words, shape

from midiformer.trunks import (
    PRETRAINED,
    TAUGHT,
    chosen_trunk,
    finished,
    head_run,
    pretrained_model,
    result_of,
    taught_besides,
    taught_trunk,
)
from ostinato.base.config import from_dict, lay_over, read_table
from ostinato.base.errors import UserError
from ostinato.base.turns import turn_of_device
from ostinato.eval.music.tasks import find_task
from ostinato.jobs import finetune, finetune_words, pretrain, pretrain_words
from ostinato.jobs.finetune_recipe import FinetuneRecipe
from ostinato.jobs.finetune_words import FinetuneWordsRecipe
from ostinato.jobs.pretrain import PretrainRecipe
from ostinato.jobs.pretrain_words import PretrainWordsRecipe

CONFIGS = Path(__file__).parents[2] / "configs"
TASKS = ("melody", "velocity", "composer", "emotion", "dance", "dance14")
SHIPPED = ("melody", "velocity", "composer", "emotion", "dance")
OF_NOTES = ("melody", "velocity")
PEERS = ("rotary", "relative")
WHOLE = (  # where nothing is frozen
    "model.dropout=0.3",
    "train.optimizer.learning_rate=2e-4",
    "train.validate_every=1500",
)
OURS = ("adapter_rank", "adapter_targets", "init")  # what a peer's fine-tuning has not
TEACHING_STEPS = 13500  # of the trunk that ships: 400 s of an H200
VELOCITY_WEIGHT = 0.3  # of its loss beside the melody's, which is an eighth of it
PUBLISHED_STEPS = {"melody": 5250, "velocity": 4000}  # 140 and 100 s of an H200
TRANSPOSE = 6  # semitones either way
LEAST = 60.0  # seconds that a call must have left for a task to begin
MARGIN = 10.0  # seconds before the end of a call in which a task saves its state
ENDLESS = "train.steps=1000000"  # the time ends it

Table = dict[str, Any]


@dataclass(frozen=True)
class Session:
    """Where a call reads and writes, and how long it may take."""

    out: Path
    shards: Path
    end: float | None = None  # of this call, by ``time.monotonic``
    compile: bool = True
    only: tuple[str, ...] = ()  # of the tasks; none: all
    size: str = "small"  # of a peer, by the ablations' table
    trunk: str = "pretrained"  # of TRUNKS: what heads stand on
    overrides: tuple[str, ...] = ()  # laid over every recipe

    @property
    def left(self) -> float:
        """Seconds of this call, infinite where nobody counts."""
        return float("inf") if self.end is None else self.end - time.monotonic()


@dataclass(frozen=True)
class Job:
    """One training: its name among the runs, its recipe, and what runs it."""

    name: str
    table: Table
    kind: type[Any] = FinetuneRecipe
    run: Callable[[Any], dict[str, object]] = field(default=finetune.run)


def pretraining(session: Session, seconds: float) -> Iterator[Job]:
    """The trunk."""
    table = read_table(CONFIGS / "midiformer-pretrain.toml")
    _set(table, f"train.budget_seconds={float(seconds)}")
    yield _job(session, PRETRAINED, table, PretrainRecipe, pretrain.run)


def teaching(session: Session, velocity: bool = False) -> Iterator[Job]:
    """All of the trunk learns the melody too, and the velocity if asked: another trunk, on which
    the other heads may stand.
    """
    table = read_table(CONFIGS / "midiformer-melody.toml")
    table |= {"init": pretrained_model(session.out / PRETRAINED), "adapter_rank": 0}
    learnt = taught_besides(session.out)
    if finished(session.out / TAUGHT) and ("velocity" in learnt) != velocity:
        raise UserError(
            f"{session.out / TAUGHT} is finished, and learnt {', '.join(('melody', *learnt))}: "
            "choose another --out, or teach the same."
        )
    if velocity:
        other = recipe("velocity")
        _move(other, session)
        asked = {key: other[key] for key in ("head", "shards", "train_shards", "labels")}
        table["others"] = [{**asked, "weight": VELOCITY_WEIGHT}]
    _set(table, *WHOLE, f"train.steps={TEACHING_STEPS}")
    yield _job(session, TAUGHT, table)


def heads(session: Session) -> Iterator[Job]:
    """On the trunk as it is, clean splits: the heads that ship, and that of 14 dances."""
    taught = chosen_trunk(session.out, session.trunk) == TAUGHT
    for task in _tasks(session):
        if taught and task in ("melody", *taught_besides(session.out)):
            continue  # which that trunk has learnt
        table = recipe(task)
        table["init"] = _init(session)
        yield _job(session, head_run(task, taught=taught), table)


def recipe(task: str) -> Table:
    """The recipe of a task's head; that of the 14 dances is that of the 9 with other classes."""
    if task != "dance14":
        return read_table(CONFIGS / f"midiformer-{task}.toml")
    classes = find_task(task).classes
    return recipe("dance") | {"head": task, "piece_task": task, "labels": [*classes]}


def _init(session: Session) -> str:
    if chosen_trunk(session.out, session.trunk) == PRETRAINED:
        return pretrained_model(session.out / PRETRAINED)
    return str(taught_trunk(session.out / TAUGHT))


def published(session: Session) -> Iterator[Job]:
    """The published protocol: its split, its order of notes, its unit. Not shipped.

    Of notes, the whole encoder is trained; of pieces, which are few, a regression as in `heads`.
    """
    for task in _tasks(session):
        table, split = recipe(task), find_task(task).protocols["published"].split
        table |= {"shards": [f"shards/published-{task.removesuffix('14')}"], "split": split}
        table["init"] = _init(session)
        if task in OF_NOTES:
            table |= {"train_shards": [], "adapter_rank": 0}
            _set(table, *WHOLE, f"train.steps={PUBLISHED_STEPS[task]}")
        yield _job(session, f"published-{task}", table)


def peers(session: Session, positions: str, like: Path) -> Iterator[Job]:
    """A plain encoder of our trunk's size: the same data, windows and tasks, and for each training
    the seconds that ours took, by the ``RUN/result.json`` in ``like``.

    All of it is trained for each task of notes, and nothing but the words is shown to it. Of
    pieces its head is the regression that ours is.
    """
    name = f"peer-{positions}"
    if not session.only or "pretrain" in session.only:
        table = read_table(CONFIGS / f"words-{positions}-pretrain.toml")
        table["model"] |= peer_sizes(positions, session.size)
        _set(table, ENDLESS, _seconds(like / PRETRAINED))
        yield _job(session, name, table, PretrainWordsRecipe, pretrain_words.run)
    for task in _tasks(session):
        ours = recipe(task)
        table = {key: value for key, value in ours.items() if key not in OURS}
        table["window"] = {"rows": ours["window"]["rows"]}
        table["init"] = pretrained_model(session.out / name)
        if task in OF_NOTES:
            taught = ("melody", *taught_besides(like)) if session.trunk == "melody" else ()
            seconds = _seconds(like / _ours(task, taught=taught), len(taught))
            _set(table, *WHOLE, ENDLESS, seconds, f"window.transpose={TRANSPOSE}")
        yield _job(session, f"{name}-{task}", table, FinetuneWordsRecipe, finetune_words.run)


def peer_sizes(positions: str, size: str) -> Table:
    """Of a peer with as many parameters as the trunk has in pre-training, its n-grams included."""
    table = read_table(CONFIGS / "midiformer-pretrain.toml")
    merges, rows = table["compoundation"]["merges"], table["lexicon"]["max_rows"]
    model = {"layers": table["model"]["positions"], "token_rank": table["model"]["token_rank"]}
    full = replace(ARMS["full"], merges=merges, ngrams=rows, **model)
    return of_words(ARMS[positions], shape(ARMS[positions], SIZES[size], full))


def _ours(task: str, *, taught: Sequence[str]) -> str:
    """The run in which our model learnt a task; ``taught``: those that the taught trunk learnt."""
    return TAUGHT if task in taught else head_run(task, taught=bool(taught))


def _seconds(run: Path, tasks: int = 1) -> str:
    """As long as a run took; where the taught trunk learnt several tasks at once, its share."""
    if not (run / "result.json").exists() or result_of(run)["reason"] != "finished":
        raise UserError(f"{run}: expected the result.json of a finished run, whose seconds count")
    share = tasks if run.name == TAUGHT else 1
    return f"train.budget_seconds={result_of(run)['seconds'] / share}"


def play(session: Session, jobs: Iterator[Job]) -> bool:
    """Train what is not trained yet; whether all of it is.

    What cannot be compiled runs as it is, and so does all that comes after it.
    """
    whole, plain = True, False
    for job in jobs:
        if finished(session.out / job.name):
            print(f"{job.name}: was done before", flush=True)
            continue
        if session.left < LEAST:
            print(f"{job.name}: the time is up; the same command goes on", flush=True)
            return False
        began = time.monotonic()
        result, plain = _run(job, plain=plain)
        told = {key: result.get(key) for key in ("reason", "step", "seconds", "best_step")}
        told |= {"accuracy on valid": _accuracy(result)}
        wall = round(time.monotonic() - began, 1)
        print(f"{job.name}: {json.dumps({**told, 'wall': wall})}", flush=True)
        whole = whole and result["reason"] == "finished"
        _forget()
    return whole


def _run(job: Job, *, plain: bool) -> tuple[dict[str, object], bool]:
    """The result, and whether it came without compiling."""
    if plain:
        _set(job.table, "train.compile=false")
    recipe = from_dict(job.kind, job.table)
    try:
        return job.run(recipe), plain
    except RuntimeError as error:  # which the compiler's errors are
        if not recipe.train.compile:
            raise
        said = str(error).strip().partition("\n")[0]
        print(f"{job.name}: failed, and runs again without compiling: {said}", flush=True)
    _forget()
    return _run(job, plain=True)


def _tasks(session: Session) -> Iterator[str]:
    yield from (task for task in TASKS if not session.only or task in session.only)


def _job(
    session: Session,
    name: str,
    table: Table,
    kind: type[Any] = FinetuneRecipe,
    run: Callable[[Any], dict[str, object]] = finetune.run,
) -> Job:
    """A recipe with its folders moved to where the session has them, and its end."""
    table["run"] = str(session.out / name)
    _move(table, session)
    table.setdefault("train", {})["turn"] = str(turn_of_device(session.out))
    if not session.compile:
        _set(table, "train.compile=false")
    if session.end is not None:
        _set(table, f"train.max_seconds={max(1.0, session.left - MARGIN):.1f}")
    _set(table, *session.overrides)
    return Job(name, table, kind, run)


def _move(table: Table, session: Session) -> None:
    """The shards of a recipe to where the session has them."""
    for key in ("shards", "train_shards", "exclude"):
        if key in table:
            table[key] = [str(session.shards / Path(one).name) for one in table[key]]


def _set(table: Table, *overrides: str) -> None:
    for override in overrides:
        lay_over(table, override)


def _accuracy(result: Mapping[str, Any]) -> float | None:
    found: Any = result.get("valid")
    return found.get("accuracy") if isinstance(found, dict) else None


def _forget() -> None:
    """Compiled steps (torch keeps but eight of a function), and the memory of the device."""
    torch.compiler.reset()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
