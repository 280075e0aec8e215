"""What is trained, in which recipes, and for how long."""

from __future__ import annotations

import gc
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from music_ablations.arms import ARMS, SIZES, of_words, shape

from ostinato.base.config import from_dict, lay_over, read_table
from ostinato.base.errors import UserError
from ostinato.eval.music.tasks import find_task
from ostinato.jobs import finetune, finetune_words, pretrain, pretrain_words
from ostinato.jobs.finetune_recipe import FinetuneRecipe
from ostinato.jobs.finetune_words import FinetuneWordsRecipe
from ostinato.jobs.pretrain import PretrainRecipe
from ostinato.jobs.pretrain_words import PretrainWordsRecipe
from ostinato.models import midiformer
from ostinato.models.midiformer import MidiformerModel, head_directory
from ostinato.models.midiformer.calibration import load_calibration
from ostinato.models.midiformer.head_directory import HeadDescription, NamedHead, digest

CONFIGS = Path(__file__).parents[2] / "configs"
TASKS: Mapping[str, float] = {  # and the share of the seconds that each gets
    "melody": 0.42,
    "velocity": 0.2,
    "composer": 0.12,
    "emotion": 0.09,
    "dance": 0.1,
    "dance14": 0.07,
}
SHIPPED = ("melody", "velocity", "composer", "emotion", "dance")
OF_NOTES = ("melody", "velocity")
PEERS = ("rotary", "relative")
TRUNKS = ("auto", "pretrained", "melody")
PRETRAINED, TAUGHT = "midiformer", "midiformer-taught"  # runs
WHOLE = ("model.dropout=0.1", "train.optimizer.learning_rate=3e-4")  # where nothing is frozen
PEER_PRETRAINING = 0.6  # of a peer's seconds
OURS = ("adapter_rank", "adapter_targets", "init")  # what a peer's fine-tuning has not
VOCABULARY = ("words.json", "merges.txt", "lexicon.txt")  # of a model directory
MARGIN = 10.0  # seconds before the end of a call in which no task begins

Table = dict[str, Any]


@dataclass(frozen=True)
class Session:
    """Where a call reads and writes, and how long it may take."""

    out: Path
    shards: Path
    seconds: float  # of training, of all tasks of a step together
    end: float | None = None  # of this call, by ``time.monotonic``
    compile: bool = True
    only: tuple[str, ...] = ()  # of the tasks; none: all
    size: str = "small"  # of a peer, by the ablations' table
    trunk: str = "auto"  # of TRUNKS: what heads stand on
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


def pretraining(session: Session) -> Iterator[Job]:
    """The trunk."""
    table = read_table(CONFIGS / "midiformer-pretrain.toml")
    yield _job(session, PRETRAINED, table, 1.0, PretrainRecipe, pretrain.run)


def teaching(session: Session) -> Iterator[Job]:
    """All of the trunk learns the melody too: another trunk, on which the other heads may stand."""
    table = read_table(CONFIGS / "midiformer-melody.toml")
    table |= {"init": str(session.out / PRETRAINED / "model"), "adapter_rank": 0}
    _set(table, *WHOLE)
    yield _job(session, TAUGHT, table, 1.0)


def heads(session: Session) -> Iterator[Job]:
    """Adapters on the trunk as it is, clean splits: the heads that ship, and that of 14 dances."""
    taught = chosen_trunk(session.out, session.trunk) == TAUGHT
    for task, share in _tasks(session):
        if taught and task == "melody":
            continue  # which that trunk has learnt
        table = recipe(task)
        table["init"] = _init(session)
        yield _job(session, head_run(task, taught=taught), table, share)


def recipe(task: str) -> Table:
    """The recipe of a task's head; that of the 14 dances is that of the 9 with other classes."""
    if task != "dance14":
        return read_table(CONFIGS / f"midiformer-{task}.toml")
    classes = find_task(task).classes
    return recipe("dance") | {"head": task, "piece_task": task, "labels": [*classes]}


def head_run(task: str, *, taught: bool) -> str:
    """The run of a head that ships."""
    return f"midiformer-{task}-taught" if taught else f"midiformer-{task}"


def chosen_trunk(out: Path, asked: str) -> str:
    """The run of a trunk. ``auto``: the taught one where it tells valid's melody better."""
    if asked == "auto":
        taught, head = (_scored(out / run) for run in (TAUGHT, head_run("melody", taught=False)))
        return TAUGHT if taught > head else PRETRAINED
    return TAUGHT if asked == "melody" else PRETRAINED


def _scored(run: Path) -> float:
    if not finished(run):
        return 0.0
    return json.loads((run / "result.json").read_text(encoding="utf-8"))["valid"]["accuracy"]


def _init(session: Session) -> str:
    if chosen_trunk(session.out, session.trunk) == PRETRAINED:
        return str(session.out / PRETRAINED / "model")
    return str(taught_trunk(session.out / TAUGHT))


def published(session: Session) -> Iterator[Job]:
    """The published protocol: its split, its order of notes, its unit. Not shipped.

    Of notes, the whole encoder is trained; of pieces, which are few, a larger adapter.
    """
    for task, share in _tasks(session):
        table, split = recipe(task), find_task(task).protocols["published"].split
        table |= {"shards": [f"shards/published-{task.removesuffix('14')}"], "split": split}
        table["init"] = _init(session)
        if task in OF_NOTES:
            table |= {"train_shards": [], "adapter_rank": 0}
            _set(table, *WHOLE)
        else:
            table |= {"adapter_rank": 16, "windows_per_piece": 1}
        yield _job(session, f"published-{task}", table, share)


def peers(session: Session, positions: str) -> Iterator[Job]:
    """A plain encoder of our trunk's size: the same data, seconds, windows and tasks.

    All of it is trained for each task, and nothing but the words is shown to it.
    """
    name = f"peer-{positions}"
    sizes = of_words(ARMS[positions], shape(ARMS[positions], SIZES[session.size]))
    if not session.only or "pretrain" in session.only:
        table = read_table(CONFIGS / f"words-{positions}-pretrain.toml")
        table["model"] |= sizes
        kind, run = PretrainWordsRecipe, pretrain_words.run
        yield _job(session, name, table, PEER_PRETRAINING, kind, run)
    for task, share in _tasks(session):
        ours = recipe(task)
        table = {key: value for key, value in ours.items() if key not in OURS}
        table["window"] = {key: ours["window"][key] for key in ("rows", "transpose")}
        table |= {"init": str(session.out / name / "model"), "model": {"dropout": 0.1}}
        _set(table, "train.optimizer.learning_rate=2e-4")
        part = share * (1 - PEER_PRETRAINING)
        yield _job(session, f"{name}-{task}", table, part, FinetuneWordsRecipe, finetune_words.run)


def play(session: Session, jobs: Iterator[Job]) -> bool:
    """Train what is not trained yet; whether all of it is."""
    whole = True
    for job in jobs:
        if finished(session.out / job.name):
            print(f"{job.name}: was done before", flush=True)
            continue
        if session.left < MARGIN:
            print(f"{job.name}: the time is up; the same command goes on", flush=True)
            return False
        began = time.monotonic()
        result = job.run(from_dict(job.kind, job.table))
        told = {key: result.get(key) for key in ("reason", "step", "seconds", "best_step")}
        told |= {"accuracy on valid": _accuracy(result)}
        wall = round(time.monotonic() - began, 1)
        print(f"{job.name}: {json.dumps({**told, 'wall': wall})}", flush=True)
        whole = whole and result["reason"] == "finished"
        _forget()
    return whole


def finished(run: Path) -> bool:
    """Whether a run has come to its end and left a model."""
    if not (run / "result.json").exists() or not (run / "model" / "config.json").exists():
        return False
    return json.loads((run / "result.json").read_text(encoding="utf-8"))["reason"] == "finished"


def taught_trunk(run: Path) -> Path:
    """The encoder of the taught trunk, by itself; its melody head beside it is ``head``."""
    folder, head = run / "trunk", run / "head"
    if not finished(run):
        raise UserError(f"{run}: expected a trunk that was taught the melody; `teach` makes one")
    if not (head / "config.json").exists():
        given = midiformer.load(run / "model")
        bare = MidiformerModel(given.config)
        bare.encoder = given.encoder
        for name in VOCABULARY:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(run / "model" / name, folder)
        midiformer.save(folder, bare, dtype=torch.float16)
        spec = given.specs["melody"]
        named = NamedHead("melody", spec.kind, spec.labels, spec.pool)
        temperature = load_calibration(run / "model").temperature
        description = HeadDescription("../trunk", digest(given.encoder), named, None, temperature)
        head_directory.save(head, given, description)
        shutil.copy(run / "model" / "README.md", head)
    return folder


def _tasks(session: Session) -> Iterator[tuple[str, float]]:
    for task, share in TASKS.items():
        if not session.only or task in session.only:
            yield task, share


def _job(
    session: Session,
    name: str,
    table: Table,
    share: float,
    kind: type[Any] = FinetuneRecipe,
    run: Callable[[Any], dict[str, object]] = finetune.run,
) -> Job:
    """A recipe with its folders moved to where the session has them, and its seconds."""
    table["run"] = str(session.out / name)
    for key in ("shards", "train_shards", "exclude"):
        if key in table:
            table[key] = [str(session.shards / Path(one).name) for one in table[key]]
    _set(table, f"train.budget_seconds={float(session.seconds * share)}")
    if not session.compile:
        _set(table, "train.compile=false")
    if session.end is not None:
        _set(table, f"train.max_seconds={max(1.0, session.left - MARGIN):.1f}")
    _set(table, *session.overrides)
    return Job(name, table, kind, run)


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
