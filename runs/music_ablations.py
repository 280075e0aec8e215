"""Do the paper's ideas help? Arms of equal size, data and compute, three seeds each.

Every arm is pre-trained for the same seconds of the same GPU on the same songs (what any split has
in valid or test is held out), and fine-tuned, all of it, for the same seconds on each task of
notes; of pieces a regression on the pre-trained encoder is fitted. Windows hold about the same
notes; weights are chosen on valid songs; each test side is scored once a cell, at its end. Widths
are solved for, so that all arms have the parameters of ``full``: ``sizes`` prints them for full
vocabularies, a run takes the vocabularies as they were learnt. Arms (what is not said is as in
``full``):

    full             cp4, 1,000 merges, n-grams by count, whole notes masked
    no-ngrams        no n-gram branch; deeper instead
    no-compoundation no merges: every symbol is a token, windows are twice as wide
    pmi              n-grams ranked by pointwise mutual information
    cp7              the seven-column words, with chords, tempo and velocity
    token-masking    tokens masked one by one
    scratch          not pre-trained
    rotary-layers    rotary positions, normalised before each part instead of after it
    relative         MidiBERT-style: one position a word, relative_key_query
    rotary           a plain encoder of today: one position a word, rotary

A cell is an arm and a seed, ``rotary-0``; it leaves ``OUT/cells/rotary-0.json``. Whatever is cut
short goes on where it was; several calls share an OUT, each with cells of its own. Of those that
see the same GPU (``CUDA_VISIBLE_DEVICES``) one trains at a time, and the others compile meanwhile::

    python runs/music_ablations.py data --data DIR --shards shards    # needs the MIDI library
    python runs/music_ablations.py sizes
    CUDA_VISIBLE_DEVICES=1 python runs/music_ablations.py run --out OUT --shards shards \
        --cells 'full-*,cp7-*' --minutes 9 --seconds 120 --compile
    python runs/music_ablations.py table --out OUT

Intervals are Student's, 95 %, over seeds; differences to ``full`` are paired by seed. The first
step, which compiles, does not count.
"""

from __future__ import annotations

import argparse
import fnmatch
import gc
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))

from music_ablations.arms import ARMS, CORPORA, SIZES, TASKS, parameters, shape, unfair
from music_ablations.prepare import data
from music_ablations.recipes import Session, Settings, finetune_table, model_shape, pretrain_table
from music_ablations.table import lines, read_cells, read_settings, summary

from ostinato.base.config import from_dict
from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.jobs import finetune, finetune_words, pretrain, pretrain_words

Job = Callable[[Any], dict[str, object]]


def run(session: Session, cells: Sequence[str], tasks: Sequence[str]) -> None:
    """The cells in order, as far as the time reaches."""
    for cell in cells:
        name, _, seed = cell.rpartition("-")
        if not play(session, name, int(seed), tasks):
            print(f"{cell}: not finished; the same command goes on from here", flush=True)
            return
        print(f"{cell}: done", flush=True)


def play(session: Session, name: str, seed: int, tasks: Sequence[str]) -> bool:
    """One cell: pre-training, then each task. Whether it is whole."""
    path, where = session.out / "cells" / f"{name}-{seed}.json", session.out / f"{name}-{seed}"
    arm = ARMS[name]
    cell: dict[str, Any] = {"arm": name, "seed": seed, "machine": _machine(session.device)}
    cell["tasks"] = {}
    if path.exists():
        cell = json.loads(path.read_text(encoding="utf-8"))
    todo = [task for task in tasks if task not in cell["tasks"] and not unfair(arm, task)]
    pretrained = (where / "pretrain" / "model" / "config.json").exists() and "pretrain" in cell
    steps = ["pretrain"] if todo and arm.pretrained and not pretrained else []
    for step in [*steps, *todo]:
        result = train(session, name, seed, step)
        if result is None:
            return False
        (cell if step == "pretrain" else cell["tasks"])[step] = result
        cell["shape"] = model_shape(session, arm)
        write_json(path, cell)
        _tidy(where / step, keep_model=step == "pretrain")
    return True


def train(session: Session, name: str, seed: int, step: str) -> dict[str, object] | None:
    """Train, or go on training; None: the time was up. A test side is looked at when it is done."""
    words = bool(ARMS[name].positions)
    if step == "pretrain":
        kind = pretrain_words.PretrainWordsRecipe if words else pretrain.PretrainRecipe
        job: Job = pretrain_words.run if words else pretrain.run
    else:
        kind = finetune_words.FinetuneWordsRecipe if words else finetune.FinetuneRecipe
        job = finetune_words.run if words else finetune.run

    def recipe() -> Any:
        if step == "pretrain":
            return from_dict(kind, pretrain_table(session, name, seed))
        return from_dict(kind, finetune_table(session, name, seed, step))

    if session.left < 0:
        return None
    made = recipe()
    print(f"{made.run}: {session.left:.0f} s are left", flush=True)
    # A run that cannot end in time is not to be scored on the test side yet.
    scored = step != "pretrain" and session.left > made.train.budget_seconds
    result = job(replace(made, report_test=True) if scored else made)
    if result["reason"] == "finished" and step != "pretrain" and not scored:
        result = job(replace(made, report_test=True))
    _free(session)
    return result if result["reason"] == "finished" else None


def _tidy(run: Path, *, keep_model: bool) -> None:
    """Of a run that is told of in its cell, only what others start from is kept."""
    for state in run.glob("*.safetensors"):
        state.unlink()
    if not keep_model:
        shutil.rmtree(run / "model", ignore_errors=True)


def _free(session: Session) -> None:
    """Forget compiled steps (torch keeps but eight of a function) and give memory back."""
    if session.settings.compile:
        torch.compiler.reset()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _machine(device: str) -> dict[str, str]:
    cuda = device != "cpu" and torch.cuda.is_available()
    return {"device": torch.cuda.get_device_name() if cuda else "cpu", "torch": torch.__version__}


def claim(out: Path, settings: Settings) -> None:
    """Write the settings of a folder; refuse other ones than those of what it holds."""
    path, wanted = out / "settings.json", json.loads(json.dumps(asdict(settings)))
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    if found == wanted:
        return
    if found is not None and any(one != path for one in out.iterdir()):
        differ = ", ".join(sorted(key for key in wanted if wanted[key] != found.get(key)))
        raise UserError(f"{out} holds cells of other settings ({differ}): choose another --out.")
    write_json(path, wanted)


def sizes(size: str) -> Iterator[str]:
    """The shape and the parameters of every arm."""
    wanted = parameters(ARMS["full"], shape(ARMS["full"], SIZES[size]))
    for name, arm in ARMS.items():
        found = shape(arm, SIZES[size])
        count = parameters(arm, found)
        told = ", ".join(f"{key} {value}" for key, value in found.items())
        yield f"{name:17s} {count / 1e6:6.2f} M  {count / wanted - 1:+.1%}  {told}"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("data", help="prepare the shards")
    one.add_argument("--data", type=Path, required=True, help="the folder of all datasets")
    one.add_argument("--shards", type=Path, default=Path("shards"))
    one.add_argument("--names", default=",".join(dict.fromkeys((*CORPORA, *_task_shards()))))
    one.add_argument("--schemes", default="cp4,cp7")
    one = verbs.add_parser("sizes", help="the parameters of every arm")
    one.add_argument("--size", choices=SIZES, default="small")
    one = verbs.add_parser("run", help="train cells")
    one.add_argument("--shards", type=Path, default=Path("shards"))
    one.add_argument("--device", default="auto")
    one.add_argument("--minutes", type=float, default=9.5)
    one.add_argument("--cells", default="*", help="names or patterns, by commas")
    one.add_argument("--seeds", type=int, default=3)
    one.add_argument("--tasks", default=",".join(TASKS), help=f"of {', '.join(TASKS)}")
    _settings_arguments(one)
    table = verbs.add_parser("table", help="means and intervals over seeds")
    table.add_argument("--json", action="store_true")
    for verb in (one, table):
        verb.add_argument("--out", type=Path, default=Path("runs/out/music-ablations"))
    return parser


def _settings_arguments(parser: argparse.ArgumentParser) -> None:
    """What a folder is claimed for."""
    usual = Settings()
    parser.add_argument("--size", choices=SIZES, default=usual.size)
    parser.add_argument("--corpora", default=",".join(usual.corpora))
    parser.add_argument("--seconds", type=float, default=usual.seconds)
    parser.add_argument("--note-seconds", type=float, default=usual.note_seconds)
    parser.add_argument("--rows", type=int, default=usual.rows)
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--warmup", type=int, default=usual.warmup)
    parser.add_argument("--rate", type=float, default=usual.rate)
    parser.add_argument("--rates", default="", help="of single arms: relative=3e-4,rotary=5e-4")
    parser.add_argument("--threshold", type=int, default=usual.threshold)
    parser.add_argument("--compile", action="store_true")


def _settings(given: argparse.Namespace) -> Settings:
    values = {name: getattr(given, name) for name in Settings.__dataclass_fields__}
    values |= {"corpora": tuple(given.corpora.split(",")), "rates": _rates(given.rates)}
    return Settings(**values)


def _rates(text: str) -> dict[str, float]:
    rates: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, rate = part.partition("=")
        try:
            rates[name] = float(rate)
        except ValueError:
            raise UserError(
                f"--rates: expected ARM=RATE, such as relative=3e-4; got {part!r}"
            ) from None
    if unknown := {*rates} - {*ARMS}:
        raise UserError(f"--rates: no arm {min(unknown)!r}; expected some of {', '.join(ARMS)}")
    return rates


def _task_shards() -> Iterator[str]:
    for task in TASKS.values():
        yield from (name for name in (task.shards, task.train_shards) if name)


def _chosen(given: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The cells, seed by seed, and the tasks."""
    every = [f"{name}-{seed}" for seed in range(given.seeds) for name in ARMS]
    patterns, tasks = given.cells.split(","), given.tasks.split(",")
    cells = [cell for cell in every if any(fnmatch.fnmatch(cell, one) for one in patterns)]
    for pattern in patterns:
        if not fnmatch.filter(every, pattern):
            raise UserError(
                f"--cells: no cell is called {pattern!r}; they are ARM-SEED, such as "
                f"{every[0]}; arms are {', '.join(ARMS)}"
            )
    if unknown := {*tasks} - {*TASKS}:
        raise UserError(f"--tasks: no task {min(unknown)!r}; expected some of {', '.join(TASKS)}")
    return cells, tasks


def main(arguments: Sequence[str] | None = None) -> int:
    """One verb."""
    given = _arguments().parse_args(arguments)
    try:
        _do(given)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _do(given: argparse.Namespace) -> None:
    match given.verb:
        case "data":
            data(given.data, given.shards, given.names.split(","), given.schemes.split(","))
        case "sizes":
            print("\n".join(sizes(given.size)))
        case "run":
            cells, tasks = _chosen(given)
            settings, end = _settings(given), time.monotonic() + 60 * given.minutes
            claim(given.out, settings)
            run(Session(settings, given.out, given.shards, given.device, end), cells, tasks)
        case _:
            told = summary(read_cells(given.out))
            table = {"settings": read_settings(given.out), "arms": told}
            write_json(given.out / "table.json", table)
            print(json.dumps(table, indent=2) if given.json else "\n".join(lines(told)))


if __name__ == "__main__":
    sys.exit(main())
