"""The recipes of a cell: what its arm decides, and what all cells of a folder have in common."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from music_ablations.arms import ARMS, CORPORA, SIZES, TASKS, Arm, folder, of_words, shape
from ostinato.base.turns import turn_of_device, turns
from ostinato.data.learning import CompoundationConfig, LexiconConfig, learn_vocabulary
from ostinato.data.vocabulary import Window
from ostinato.jobs.pretraining import choose_documents

MARGIN = 20.0  # seconds for reading and scoring, before the end of which nothing begins


@dataclass(frozen=True)
class Settings:
    """What all cells of a folder have in common; the folder is claimed for them."""

    size: str = "small"
    corpora: tuple[str, ...] = CORPORA
    seconds: float = 120.0  # of pre-training
    note_seconds: float = 60.0  # of fine-tuning, of each task of notes
    rows: int = 512  # of cp4 in a window
    batch: int = 64  # windows
    warmup: int = 300  # steps
    rate: float = 1e-3  # of learning, in pre-training; 0.3 of it in fine-tuning
    rates: Mapping[str, float] = field(default_factory=dict[str, float])  # of single arms
    threshold: int = 200  # of the lexicon
    compile: bool = False


@dataclass
class Session:
    """Where a call reads and writes, on what, and until when."""

    settings: Settings
    out: Path
    shards: Path
    device: str
    end: float  # by ``time.monotonic``

    @property
    def left(self) -> float:
        return self.end - time.monotonic() - MARGIN

    def folders(self, names: Sequence[str], scheme: str) -> list[str]:
        """Shards by the name of what they hold."""
        return [str(self.shards / folder(name, scheme)) for name in names if name]


def pretrain_table(session: Session, name: str, seed: int) -> dict[str, Any]:
    """The recipe of an arm's pre-training."""
    arm, settings = ARMS[name], session.settings
    rate = settings.rates.get(name, settings.rate)
    table: dict[str, Any] = {
        "run": str(session.out / f"{name}-{seed}" / "pretrain"),
        "shards": session.folders(settings.corpora, arm.scheme),
        "valid": "pop909_midibert",
        "batch": settings.batch,
        "device": session.device,
        "window": _window(arm, settings),
        "masking": {"mode": "token" if arm.positions else arm.masking},
        "model": _model(session, arm, 0.05),
        "train": _training(session, seed, settings.seconds, rate),
    }
    if arm.positions:
        return {**table, "kind": "words"}
    return {**table, **_vocabulary(session, arm)}


def finetune_table(session: Session, name: str, seed: int, task_name: str) -> dict[str, Any]:
    """The recipe of an arm's fine-tuning for a task."""
    arm, settings, task = ARMS[name], session.settings, TASKS[task_name]
    rate = 0.3 * settings.rates.get(name, settings.rate)
    init = str(session.out / f"{name}-{seed}" / "pretrain" / "model")
    window = _window(arm, settings)
    table: dict[str, Any] = {
        "run": str(session.out / f"{name}-{seed}" / task_name),
        "shards": session.folders([task.shards], arm.scheme),
        "split": task.split,
        "head": task_name,
        "evaluation_batch": 2 * settings.batch,
        "device": session.device,
        "window": window,
    }
    if task.piece:
        labels = str(session.shards / f"labels-{task_name}.csv")
        table |= {"kind": "sequence", "pool": "layers", "piece_labels": labels, "init": init}
        limit = {"max_seconds": max(1.0, session.left)}
        return {**table, "stride": max(1, window["rows"] // 2), "train": limit}
    table |= {
        "train_shards": session.folders([task.train_shards], arm.scheme),
        "labels": list(task.labels),
        "smoothing": 0.02,
        "batch": settings.batch,
        "stride": max(1, window["rows"] // 4),
        "train": {
            **_training(session, seed, settings.note_seconds, rate),
            "average": 0.999,
            "validate_every": 500,
        },
    }
    if arm.pretrained:
        return {**table, "init": init, "model": {"dropout": 0.1}}
    table["model"] = _model(session, arm, 0.1)
    return table if arm.positions else {**table, **_vocabulary(session, arm)}


def _window(arm: Arm, settings: Settings) -> dict[str, int]:
    """Rows that hold about as many notes in any scheme, and tokens for all of them.

    Measured on POP909: 1.48 rows of cp7 are a note; with 1,000 merges a row is 1.45 tokens of
    cp4 and 1.41 of cp7, without any 4.
    """
    rows = settings.rows * 3 // 2 if arm.scheme == "cp7" else settings.rows
    if arm.positions:
        return {"rows": rows, "transpose": 6}
    tokens = 2 * rows if arm.merges else 4 * rows + 64
    return {"rows": rows, "tokens": tokens, "slots": tokens // 4, "transpose": 6}


def learnt(session: Session, arm: Arm) -> Arm:
    """The arm with as many merges and n-grams as there were to learn; it learns them first."""
    if arm.positions:
        return arm
    where = _vocabulary(session, arm)
    texts = [Path(where[part]["file"]).read_text() for part in ("compoundation", "lexicon")]
    merges, ngrams = (sum(line[0] != "#" for line in text.splitlines()) for text in texts)
    return replace(arm, merges=merges, ngrams=ngrams)


def model_shape(session: Session, arm: Arm) -> dict[str, int]:
    """The sizes that give the arm the parameters of ``full`` with the vocabularies as they are."""
    size = SIZES[session.settings.size]
    return shape(learnt(session, arm), size, learnt(session, ARMS["full"]))


def _model(session: Session, arm: Arm, dropout: float) -> dict[str, Any]:
    sizes = model_shape(session, arm)
    if arm.positions:
        return {**of_words(arm, sizes), "dropout": dropout}
    return {**sizes, "positions": arm.layers, "dropout": dropout}


def _training(session: Session, seed: int, seconds: float, rate: float) -> dict[str, Any]:
    settings = session.settings
    return {
        "steps": 10**6,  # the time ends it
        "budget_seconds": float(seconds),
        "max_seconds": max(1.0, session.left),
        "seed": seed,
        "compile": settings.compile,
        "turn": str(turn_of_device(session.out)),
        "save_every": 500,
        "optimizer": {"learning_rate": rate, "warmup_steps": settings.warmup},
    }


def _vocabulary(session: Session, arm: Arm) -> dict[str, Any]:
    """Merges and n-grams of the pre-training songs, learnt once for all seeds."""
    where = session.out / "vocabulary" / arm.vocabulary
    with turns(where.with_suffix(".lock")) as wait:  # other calls may want it too
        wait(lambda: False)
        if not (where / "lexicon.txt").exists():
            _learn(session, arm, where)
    return {
        "compoundation": {"file": str(where / "merges.txt")},
        "lexicon": {"file": str(where / "lexicon.txt")},
    }


def _learn(session: Session, arm: Arm, where: Path) -> None:
    shards = [Path(name) for name in session.folders(session.settings.corpora, arm.scheme)]
    documents, _ = choose_documents(shards, (), "pop909_midibert")
    merging = CompoundationConfig(arm.merges)
    rank: Any = arm.rank
    ngrams = LexiconConfig(rank, session.settings.threshold, max_rows=arm.ngrams)
    learn_vocabulary(documents, merging, ngrams).save(where, Window(1, 0))
