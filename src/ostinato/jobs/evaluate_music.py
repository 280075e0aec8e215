"""``ostinato evaluate --suite music``: the tasks of music understanding, in two protocols each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.eval.music import record
from ostinato.eval.music.scores import TaskScores
from ostinato.eval.music.suite import NAME, Result
from ostinato.eval.music.suite import evaluate as evaluate_task
from ostinato.eval.music.tasks import TASKS, find_task
from ostinato.eval.music.types import Model, ProtocolName, Task
from ostinato.infer.directory import bundled
from ostinato.jobs.music_models import load_model
from ostinato.jobs.show import console, counted, percent, print_json, table

PROTOCOLS: tuple[ProtocolName, ...] = get_args(ProtocolName)
SCORINGS, RESULTS = record.NAME, "results.json"
NOT_TRAINED = "not trained yet"
# Those that have a column, and its name; the others are told in the remarks.
BASELINES = {
    "majority": "majority",
    "order only": "order",
    "skyline": "skyline",
    "nearest song": "nearest",
    "logistic": "logistic",
}


@dataclass(frozen=True)
class MusicRequest:
    """What is asked of the suite."""

    data: Path | None  # the folder that holds the corpora under their published names
    tasks: str | None = None  # "melody,dance"; None: all
    protocol: str = "both"
    models: Path | None = None  # more models, as TASK-PROTOCOL or TASK-PROTOCOL-WHOSE
    out: Path = Path("music-results")
    device: str = "auto"
    as_json: bool = False


def evaluate_music(request: MusicRequest) -> None:
    """Score the bundled heads, and other models, beside the baselines."""
    tasks, protocols = _asked(request)
    results: list[tuple[Result, Sequence[record.Scoring]]] = []
    scorings = record.read(request.out / SCORINGS)
    for task in tasks:
        for protocol in protocols:
            folders = _folders(task, protocol, request.models)
            result = evaluate_task(task, protocol, _data(request), _load(task, folders, request))
            scored = _scorings(result, folders)
            if scored:
                record.append(request.out / SCORINGS, scored)
            scorings += scored
            results.append((result, scored))
            write_json(request.out / RESULTS, as_json(results, record.times(scorings)))
    times = record.times(scorings)
    if request.as_json:
        print_json(as_json(results, times))
    else:
        show([result for result, _ in results], times)
        console().print(f"written: {request.out / RESULTS}; scorings: {request.out / SCORINGS}")


def as_json(
    results: Sequence[tuple[Result, Sequence[record.Scoring]]], times: Counter[tuple[str, str]]
) -> dict[str, object]:
    """The results as plain numbers, each with how often its test set was scored, and which files
    were scored when.
    """
    found = [
        {
            **result.as_json(),
            "times_scored": times[_test_set(result)],
            "scored": {one.model: {"files": one.digest, "time": one.time} for one in scored},
        }
        for result, scored in results
    ]
    return {"suite": NAME, "results": found}


def _asked(request: MusicRequest) -> tuple[list[Task], Sequence[ProtocolName]]:
    """The tasks and protocols of a request, whose corpora must be there."""
    names = list(TASKS) if request.tasks is None else request.tasks.split(",")
    tasks = [find_task(name) for name in dict.fromkeys(name.strip() for name in names)]
    protocols = _protocols(request.protocol)
    data = _data(request)
    missing = sorted({task.folder for task in tasks if not (data / task.folder).is_dir()})
    if missing:
        there = ",".join(name for name, task in TASKS.items() if (data / task.folder).is_dir())
        hint = f"; --tasks {there} needs what is there" if there else ""
        raise UserError(f"{data}: expected the folders {', '.join(missing)} in it{hint}")
    if request.models is not None and not request.models.is_dir():
        raise UserError(f"{request.models}: expected a folder of models (--models); there is none")
    check_out(request.out)
    return tasks, protocols


def check_out(out: Path) -> None:
    """Refuse a file where the folder of the results and of the record should be."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: expected a folder for the results (--out); it is a file")


def _protocols(asked: str) -> Sequence[ProtocolName]:
    known: dict[str, Sequence[ProtocolName]] = {name: (name,) for name in PROTOCOLS}
    known["both"] = PROTOCOLS
    if asked not in known:
        raise UserError(f"--protocol: expected one of {', '.join(known)}; got {asked!r}")
    return known[asked]


def _data(request: MusicRequest) -> Path:
    if request.data is None or not request.data.is_dir():
        folders = ", ".join(dict.fromkeys(task.folder for task in TASKS.values()))
        raise UserError(
            f"{request.data or NAME}: expected the folder that holds {folders} (--data), "
            "and there is none"
        )
    return request.data


def _folders(task: Task, protocol: ProtocolName, models: Path | None) -> dict[str, Path]:
    """The directories of the models to score, by name.

    The bundled heads learnt from the clean splits. Some songs of a published test side are in
    them, so they stand in the clean column only.
    """
    found: dict[str, Path] = {}
    if protocol == "clean" and task.head in bundled():
        found[task.head] = bundled()[task.head]
    name = f"{task.name}-{protocol}"
    if models is not None:
        these = (models / name, *sorted(models.glob(f"{name}-*")))
        found |= {path.name: path for path in these if (path / "config.json").is_file()}
    return found


def _load(task: Task, folders: dict[str, Path], request: MusicRequest) -> dict[str, Model]:
    return {name: load_model(folder, task, request.device) for name, folder in folders.items()}


def _scorings(result: Result, folders: dict[str, Path]) -> list[record.Scoring]:
    task, split = _test_set(result)
    return [
        record.Scoring(
            task, result.protocol, split, name, record.digest(folders[name]), record.now()
        )
        for name in result.models
    ]


def _test_set(result: Result) -> tuple[str, str]:
    return result.task.name, result.task.protocols[result.protocol].split


def show(results: Sequence[Result], times: Counter[tuple[str, str]]) -> None:
    """The results as tables on the terminal: accuracy, then what else is known of the models."""
    out = console()
    columns = ("task", "protocol", "MidiBERT", "ours", *BASELINES.values())
    rows = [_row(result) for result in results]
    out.print(table(columns, rows, title="accuracy, %, with 95 % intervals", left=("protocol",)))
    lines = [line for result in results for line in _model_lines(result, times)]
    if lines:
        columns = ("model", "protocol", "accuracy", "macro F1", "of pieces", "ECE", "scored")
        out.print(table(columns, lines, left=("protocol",)))
    if gains := [line for result in results for line in _gain_lines(result)]:
        columns = ("model", "less", "protocol", "accuracy")
        out.print(table(columns, gains, title="paired by song", left=("less", "protocol")))
    for result in results:
        out.print(_remark(result))
    out.print("intervals: songs resampled whole, 10,000 times. ECE: expected calibration error")


def _row(result: Result) -> tuple[str, ...]:
    figure = result.task.figure if result.protocol == "published" else None
    ours = result.models.get(result.task.head) or next(iter(result.models.values()), None)
    baselines = (result.baselines.get(name) for name in BASELINES)
    return (
        result.task.name,
        result.protocol,
        "" if figure is None else f"{100 * figure:.2f}",
        NOT_TRAINED if ours is None else _with_interval(ours),
        *("" if scores is None else f"{100 * scores.accuracy:.2f}" for scores in baselines),
    )


def _model_lines(result: Result, times: Counter[tuple[str, str]]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            result.protocol,
            _with_interval(scores),
            percent(scores.macro_f1),
            "" if scores.by_document is None else percent(scores.by_document),
            "" if scores.calibration is None else f"{scores.calibration:.3f}",
            f"{times[_test_set(result)]}x",
        )
        for name, scores in result.models.items()
    ]


def _gain_lines(result: Result) -> list[tuple[str, ...]]:
    """The difference of each model to every later one, in points."""
    return [
        (
            one,
            other,
            result.protocol,
            f"{100 * found:+.2f} ({100 * low:+.1f} to {100 * high:+.1f})",
        )
        for (one, other), (found, (low, high)) in result.gains.items()
    ]


def _with_interval(scores: TaskScores) -> str:
    low, high = scores.interval
    return f"{100 * scores.accuracy:.2f} ({100 * low:.1f}-{100 * high:.1f})"


def _remark(result: Result) -> str:
    """What a reader of the row has to know, in one line."""
    asked = result.task.protocols[result.protocol]
    found = [
        f"{result.units['test']:,} {asked.unit}s of {result.documents['test']} documents, "
        f"{asked.split}"
    ]
    if result.leaks:
        found.append(f"{result.leaks} songs are on more than one side of the split")
    if result.linked:
        pairs = counted(len(result.linked), "pair", "pairs")
        found.append(f"{pairs} of documents of other songs share music across its sides")
    if asked.remark:
        found.append(asked.remark)
    for name, scores in result.baselines.items():
        if name not in BASELINES:
            merged = scores.by_document
            pieces = "" if merged is None else f", {100 * merged:.2f} of pieces"
            found.append(f"{name} {100 * scores.accuracy:.2f}{pieces}")
    found += [f"skyline, {name}: {100 * share:.2f}" for name, share in result.skyline.items()]
    return f"{result.task.name}, {result.protocol}: {'; '.join(found)}"
