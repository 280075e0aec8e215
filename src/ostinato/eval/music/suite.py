"""Score models and baselines on one task by one protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np

from ostinato.eval.music import note_baselines, piece_baselines
from ostinato.eval.music.documents import files, read_all
from ostinato.eval.music.scores import TaskScores, ask, gain, score
from ostinato.eval.music.tasks import DANCES_14, REELS
from ostinato.eval.music.types import Document, Model, ProtocolName, Side, Task
from ostinato.eval.pop909_melody import two_classes
from ostinato.music import splits
from ostinato.music.similarity import fingerprint, links

NAME = "music"
SIDES: tuple[Side, ...] = ("train", "valid", "test")


@dataclass(frozen=True)
class Result:
    """The scores of one task by one protocol, on the test side."""

    task: Task
    protocol: ProtocolName
    documents: dict[Side, int]
    units: dict[Side, int]
    leaks: int  # songs that are on more than one side of the split
    linked: tuple[tuple[str, str], ...]  # documents of two songs, on two sides, that share music
    models: dict[str, TaskScores]
    baselines: dict[str, TaskScores]
    skyline: dict[str, float]  # accuracy in two classes, by what the bridge counts as

    @cached_property
    def gains(self) -> dict[tuple[str, str], tuple[float, tuple[float, float]]]:
        """Of every two models, how much better the first one is, and the 95 % interval of it."""
        return {
            (one, other): gain(self.models[one], self.models[other])
            for one, other in combinations(self.models, 2)
        }

    def as_json(self) -> dict[str, object]:
        """The same as plain numbers."""
        asked = self.task.protocols[self.protocol]
        return {
            "task": self.task.name,
            "protocol": self.protocol,
            "split": asked.split,
            "unit": asked.unit,
            "remark": asked.remark,
            "documents": self.documents,
            "units": self.units,
            "songs_on_two_sides": self.leaks,
            "near_duplicates_on_two_sides": [list(pair) for pair in self.linked],
            "published_midibert": self.task.figure if self.protocol == "published" else None,
            "models": {name: scores.as_json() for name, scores in self.models.items()},
            "differences": [
                {"model": one, "less": other, "accuracy": found, "interval": list(interval)}
                for (one, other), (found, interval) in self.gains.items()
            ],
            "baselines": {name: scores.as_json() for name, scores in self.baselines.items()},
            "skyline_two_classes": self.skyline,
        }


def evaluate(task: Task, protocol: ProtocolName, data: Path, models: Mapping[str, Model]) -> Result:
    """Score models, and the baselines, on the test side of a protocol.

    ``data`` holds the corpora under their published names. Baselines learn from the train side
    and choose on the valid side; the test side is read last and decides nothing.
    """
    found = files(task, protocol, data)
    train, valid, test = (read_all(task, protocol, found[side]) for side in SIDES)
    leaks = _leaks(task, protocol)
    baselines = learn_baselines(task, train, valid, copy=leaks > 0)
    scored = {
        kind: {name: _score(task, model, test) for name, model in these.items()}
        for kind, these in (("models", models), ("baselines", baselines))
    }
    sides = dict(zip(SIDES, (train, valid, test), strict=True))
    sky = scored["baselines"].get("skyline")
    return Result(
        task=task,
        protocol=protocol,
        documents={side: len(these) for side, these in sides.items()},
        units={side: _units(these) for side, these in sides.items()},
        leaks=leaks,
        linked=linked(sides),
        models=scored["models"],
        baselines=scored["baselines"],
        skyline={} if sky is None else two_classes(sky.confusion),
    )


def learn_baselines(
    task: Task, train: Sequence[Document], valid: Sequence[Document], *, copy: bool
) -> dict[str, Model]:
    """The baselines that a task has, by name; ``copy`` adds copying the label of the song."""
    classes = len(task.classes)
    if task.of_notes:
        found = note_baselines.learn(train, valid, classes)
        if "melody" in task.classes:
            found |= note_baselines.learn_melody(train, task.classes)
        return found
    found = piece_baselines.learn(train, valid, classes)
    if copy:
        found["copy of the song"] = piece_baselines.CopySong(train, classes)
    if task.classes == DANCES_14:
        reels = [DANCES_14.index(name) for name in REELS]
        found["ceiling"] = piece_baselines.Merged(train, classes, reels)
    return found


def linked(sides: Mapping[Side, Sequence[Document]]) -> tuple[tuple[str, str], ...]:
    """The names of every two documents of different songs and sides that are near-duplicates."""
    known = {one.name: (side, one.song) for side, these in sides.items() for one in these}
    prints = {one.name: fingerprint(one.score) for these in sides.values() for one in these}
    return tuple(
        (link.first, link.second)
        for link in links(prints)
        if all(a != b for a, b in zip(known[link.first], known[link.second], strict=True))
    )


def _score(task: Task, model: Model, test: Sequence[Document]) -> TaskScores:
    answers = ask(model, test, len(task.classes))
    return score(test, answers, task.classes, of_notes=task.of_notes)


def _leaks(task: Task, protocol: ProtocolName) -> int:
    split = task.protocols[protocol].split
    return len(splits.leaks(splits.load(split), splits.songs(split)))


def _units(documents: Sequence[Document]) -> int:
    return int(np.sum([np.count_nonzero(document.truth >= 0) for document in documents]))
