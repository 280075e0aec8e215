"""What a machine leaves behind: models and logs in a few files of bounded size."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from midiformer.cards import as_bundled, trunk_card, with_scores
from midiformer.stages import PEERS, SHIPPED, TASKS
from midiformer.trunks import (
    PRETRAINED,
    TAUGHT,
    chosen_trunk,
    finished,
    head_run,
    result_of,
    save_bare,
    taught_besides,
    taught_trunk,
)
from ostinato.base.config import to_dict
from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write, write_json, write_text
from ostinato.infer.directory import model_type
from ostinato.models import midiformer
from ostinato.models.midiformer import head_directory

TRUNK = "midiformer"
MOST_BYTES, MOST_FILES, MOST_IN_ALL = 16 * 2**20 - 2**16, 8, 64 * 2**20 - 2**19
CARD = "README.md"
LOGS = ("recipe.json", "result.json", "metrics.jsonl")
BLOCK = 512  # of a tar


def models(out: Path, trunk: str) -> dict[str, Path]:
    """Every finished model, by the name that the suite ``music`` looks for.

    The name says task and protocol, and who else than ours: ``melody-clean-rotary``.
    """
    if chosen_trunk(out, trunk) == TAUGHT:
        taught_trunk(out / TAUGHT)
    return {name: folder for name, folder in _places(out, trunk).items() if finished(folder.parent)}


def _places(out: Path, trunk: str) -> dict[str, Path]:
    """Where the runs have the models, finished or not."""
    taught = chosen_trunk(out, trunk) == TAUGHT
    found = {TRUNK: out / PRETRAINED / "model"}
    for task in TASKS:
        runs = {f"{task}-clean": head_run(task, taught=taught)}
        runs[f"{task}-published"] = f"published-{task}"
        runs |= {f"{task}-clean-{peer}": f"peer-{peer}-{task}" for peer in PEERS}
        found |= {name: out / run / "model" for name, run in runs.items()}
    if taught:
        found |= {TRUNK: out / TAUGHT / "trunk", "melody-clean": out / TAUGHT / "head"}
        found |= {f"{task}-clean": out / TAUGHT / task for task in taught_besides(out)}
    return found


def restore(tree: Path, out: Path, trunk: str) -> Iterator[str]:
    """Collected models and logs back to where the runs have them, for the other steps to go on."""
    if trunk == "auto":
        raise UserError("restore: say --trunk pretrained or melody, as `collect` was told")
    for logs in sorted((tree / "logs").glob("*")):
        shutil.copytree(logs, out / logs.name, dirs_exist_ok=True)
    for name, folder in _places(out, trunk).items():
        if (tree / name / "config.json").exists():
            shutil.copytree(tree / name, folder, dirs_exist_ok=True)
            if folder.name != "model":  # of the taught trunk, which is told by what it became
                shutil.copytree(tree / TRUNK, folder.with_name("model"), dirs_exist_ok=True)
            yield f"{folder}: {name}"


def collect(out: Path, to: Path, names: list[str], trunk: str) -> Iterator[str]:
    """Tars of the finished models in ``to``, and of the logs of all runs, finished or not.

    Unpacked into one folder they are what ``ostinato evaluate --suite music --models`` reads.
    ``names`` may leave models out: by name, task, or what follows the task.
    """
    known, strange = models(out, trunk), strangers(out, trunk)
    wanted = [name for name in known if not names or {name, *name.split("-", 1)} & {*names}]
    chosen = [name for name in wanted if name not in strange]
    yield from (
        f"{name}: left out, it stands on another trunk" for name in wanted if name in strange
    )
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch)
        for name in chosen:
            _take(name, known[name], tree / name)
        if TRUNK in chosen:
            taught = out / TAUGHT if chosen_trunk(out, trunk) == TAUGHT else None
            write_text(tree / TRUNK / CARD, trunk_card(TRUNK, out / PRETRAINED, taught))
        for run in sorted(path.parent for path in out.glob("*/recipe.json")):
            for log in (run / part for part in LOGS):
                if log.exists():
                    (tree / "logs" / run.name).mkdir(parents=True, exist_ok=True)
                    shutil.copy(log, tree / "logs" / run.name)
        yield from _pack(tree, to)


def strangers(out: Path, trunk: str) -> set[str]:
    """Those of ``models`` that are heads of another trunk."""
    known = models(out, trunk)
    if TRUNK not in known:
        return set()
    digest = head_directory.digest(midiformer.load(known[TRUNK]).encoder)
    return {
        name
        for name, folder in known.items()
        if model_type(folder) == head_directory.MODEL_TYPE
        and head_directory.describe(folder).trunk_digest != digest
    }


def bundle(folder: Path, weights: Path, results: Path | None = None) -> Iterator[str]:
    """Put the trunk and the heads of a folder of collected models into the package.

    ``results`` is what the suite wrote of them, before or after that: their cards tell it.
    """
    names = {TRUNK: TRUNK} | {f"{task}-clean": f"midiformer-{task}" for task in SHIPPED}
    told = json.loads(results.read_text(encoding="utf-8"))["results"] if results else []
    if missing := [name for name in names if not (folder / name / "config.json").exists()]:
        raise UserError(f"{folder}: expected the collected models in it; {missing[0]} is missing")
    for name, bundled in names.items():
        shutil.rmtree(weights / bundled, ignore_errors=True)
        shutil.copytree(folder / name, weights / bundled)
        if name != TRUNK:
            _name_trunk(weights / bundled, TRUNK)
        card = weights / bundled / CARD
        text = card.read_text(encoding="utf-8")
        if name != TRUNK:
            text = as_bundled(text, bundled)
        called = names if name == TRUNK else {name: bundled}
        called = called | {ours: ours for ours in called.values()}
        write_text(card, with_scores(text, told, called))
        size = sum(path.stat().st_size for path in (weights / bundled).iterdir())
        yield f"{weights / bundled}: {size:,} bytes"


def _take(name: str, model: Path, folder: Path) -> None:
    """A copy of a model: the trunk without what fills in masks, a head beside its trunk."""
    shutil.copytree(model, folder)
    if model_type(model) == head_directory.MODEL_TYPE:
        _name_trunk(folder, f"../{TRUNK}")
    elif name == TRUNK:
        save_bare(folder, midiformer.load(model))


def _name_trunk(folder: Path, trunk: str) -> None:
    described = to_dict(head_directory.describe(folder))
    kind = head_directory.MODEL_TYPE
    write_json(folder / "config.json", {"model_type": kind, **described, "trunk": trunk})


def _pack(tree: Path, to: Path) -> Iterator[str]:
    """The files of a tree in tars, the largest first, each in the first tar with room for it."""
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    files.sort(key=lambda path: -path.stat().st_size)
    bins: list[list[Path]] = []
    room: list[int] = []
    for path in files:
        size = 4 * BLOCK + path.stat().st_size
        if size > MOST_BYTES:
            raise UserError(f"{path.relative_to(tree)} has {size:,} bytes: no tar can hold it")
        place = next((at for at, left in enumerate(room) if left >= size), None)
        if place is None:
            place = len(bins)
            bins.append([])
            room.append(MOST_BYTES - tarfile.RECORDSIZE)
        bins[place].append(path)
        room[place] -= size
    if len(bins) > MOST_FILES:
        raise UserError(
            f"{len(bins)} tars are needed and {MOST_FILES} may be: collect fewer models at once"
        )
    if (total := sum(MOST_BYTES - left for left in room)) > MOST_IN_ALL:
        raise UserError(
            f"{total:,} bytes are too many, {MOST_IN_ALL:,} may be: collect fewer models at once"
        )
    to.mkdir(parents=True, exist_ok=True)
    for number, held in enumerate(bins, start=1):
        path = to / f"models-{number}.tar"
        _write_tar(path, tree, sorted(held))
        yield f"{path}: {len(held)} files, {path.stat().st_size:,} bytes"


def _write_tar(path: Path, tree: Path, held: list[Path]) -> None:
    with atomic_write(path) as temporary, tarfile.open(temporary, "w") as tar:
        for one in held:
            data = one.read_bytes()
            info = tarfile.TarInfo(one.relative_to(tree).as_posix())
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def summary(out: Path) -> Iterator[str]:
    """A line for each run: why it ended, how far it came, and how well it did on valid."""
    for path in sorted(out.glob("*/result.json")):
        told = result_of(path.parent)
        valid = told.get("valid", {})
        found = {key: valid.get(key) for key in ("accuracy", "loss")}
        score = ", ".join(f"{key} {x:.4f}" for key, x in found.items() if isinstance(x, float))
        done = f"step {told['step']}" if "step" in told else f"{told['read']} pieces read"
        yield (
            f"{path.parent.name}: {told['reason']}, {done}, {told['seconds']} s, "
            f"on valid {score or 'not scored'}"
        )
