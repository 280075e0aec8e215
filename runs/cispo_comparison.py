"""The controlled comparison of token rules: GRPO, DAPO, CISPO, cap with negative mask, REINFORCE.

All arms share everything but the rule: a hybrid of 2.1 million parameters (7 lightning layers to
1 softmax layer; 4 experts, 2 per token), prompts, sampling noise and the order of rows; 64 prompts
x 16 answers per batch at temperature 1, advantages by group (population std), groups of equal
rewards dropped without refill, the token mean over a mini-batch, no KL term, AdamW 0.9 / 0.95 /
1e-15 without weight decay, each model's gradient clipped to norm 1, a constant rate without
warm-up. U is the number of mini-batches (= updates) that a batch is cut into, each seen once.
Ratios are to the policy's own log-probabilities before the first update of the batch, not to the
sampler's.

Tasks (``tasks.py``): ``fork``, the sum of 24 digits modulo 10, and ``chain``, reasoning-gym's
chain_sum with twelve terms. A trace that one token starts makes the answer easy; the warm starts
(three, by seed) have the skill but start a trace only 2 % of the time.

Metrics, fixed before the runs. Of a run: AUC, the mean over batches of the mean reward before each
batch's updates; batches to 80 %; final, the mean of the last 5; collapse, a final 0.2 below the
best; held-out pass@1, sampled at temperature 1, of 256 prompts x 16 answers. Between arms: the
paired difference of AUCs, and the ratio of batches to 80 %, with 95 % intervals by a bootstrap over
warm starts and the seeds nested in them. A rate is tuned by AUC on two other seeds. "Reproduced"
means that the order CISPO > DAPO > GRPO holds with intervals that exclude 0 on both tasks.

The plan, in minutes of an H200, estimated before the first run (``plan`` prints it anew)::

    warm starts, 3 x 3 stacked                                       4
    control   U=1,  fork:  5 arms x 3 warm starts x 1 seed           1
    main      U=16, 64, fork and chain: 5 x 3 x 2 seeds at 1e-4      6
    tune      the same four, 5 arms x 3 rates x 2 seeds              6
    tuned     the same four, arms whose own rate is not 1e-4         5 at most
    twin      U=16, fork, softmax layers only: 2 x 3 x 2             1

Steps: ``data`` where reasoning-gym is installed; ``probe``, then ``run`` where the GPU is; and then
``summary`` and ``draw``::

    python runs/cispo_comparison.py data
    python runs/cispo_comparison.py probe --out DIR
    python runs/cispo_comparison.py run --out DIR --minutes 9.5
    python runs/cispo_comparison.py summary DIR --hardware "NVIDIA H200" --commit abc123
    python runs/cispo_comparison.py draw DIR
"""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))

from cispo_comparison import cells, drawing, store, tasks, warm
from cispo_comparison.play import Game
from cispo_comparison.probe import probe
from cispo_comparison.summary import lines, summary

from ostinato.base.errors import UserError
from ostinato.base.files import write_json

ROOT = Path(__file__).parents[1]
DATA = ROOT / "runs" / "out" / "cispo"
RESULTS = ROOT / "benchmarks" / "results"
PICTURES = ROOT / "docs" / "pictures"
EVERY = 5  # batches after which an unfinished cell is saved
MARGIN = 3.0  # seconds before the end of which nothing goes on


@dataclass(frozen=True)
class Session:
    """Where a run reads and writes, on what, and until when."""

    out: Path
    warm: tuple[Path, ...]  # folders where warm starts are looked for
    device: str
    graphs: bool
    end: float  # by ``time.monotonic``
    commit: str = ""

    def told(self) -> dict[str, str]:
        """The machine, for the record of a cell."""
        name = torch.cuda.get_device_name() if self.device == "cuda" else "cpu"
        return {"device": name, "torch": torch.__version__, "commit": self.commit}

    @property
    def left(self) -> float:
        return self.end - time.monotonic() - MARGIN


def plan(out: Path) -> None:
    """Every cell and its minutes; ``tuned`` as if no arm's rate were the common one."""
    times = store.Times(out)
    total = 0.0
    for name in (cells.warm_name("fork", "hybrid"), *cells.order()):
        for title, seconds, note in _planned(name, times):
            done = (out / f"{title}.npz").exists() or (out / f"{title}-0.safetensors").exists()
            total += 0.0 if done else seconds
            print(f"{title:22s} {seconds / 60:5.1f} min  {note}{'  (done)' if done else ''}")
    print(f"{'left':22s} {total / 60:5.1f} min")


def _planned(name: str, times: store.Times) -> list[tuple[str, float, str]]:
    if name.startswith("warm"):
        stacks = (("fork", "hybrid"), ("chain", "hybrid"), ("fork", "softmax"))
        return [(cells.warm_name(*one), times.WARM, "3 models") for one in stacks]
    cell = cells.named(name)
    note = f"{len(cell.members)} models x {cell.batches} batches, U={cell.updates}"
    return [(name, times.cell(cell), note)]


def run(session: Session, names: Sequence[str]) -> None:
    """Cells in order, each only if it is estimated to end in time; whole ones are not redone."""
    for name in names:
        cell = _cell(session, name)
        kept = store.found(session.out, name)
        if cell is None or (kept is not None and kept.complete):
            continue
        task = tasks.load_task(cell.task, DATA)
        if warm.find(session.warm, cell.warm, len(cells.WARM)) is None:
            needed = store.Times.WARM
            if session.left < needed:
                print(f"{cell.warm}: needs {needed:.0f} s, {session.left:.0f} s are left")
                continue
            _warm(session, task, cell)
        needed = store.Times(session.out).cell(cell)
        if session.left < needed:
            print(f"{name}: needs about {needed:.0f} s, {session.left:.0f} s are left", flush=True)
            continue
        try:
            play(session, cell, task)
        except torch.OutOfMemoryError as error:
            print(f"{name}: {str(error).splitlines()[0]}", flush=True)
            _empty(session)


def _cell(session: Session, name: str) -> cells.Cell | None:
    """None for a ``tuned`` cell whose rates are not known, or are all the common one."""
    if not name.startswith("tuned"):
        return cells.named(name)
    tuning = store.found(session.out, name.replace("tuned", "tune"))
    if tuning is None:
        print(f"{name}: the rates are not tuned yet")
        return None
    rates = store.tuned_rates(tuning)
    cell = cells.named(name, rates)
    print(f"{name}: rates {rates}")
    return cell if cell.members else None


def _warm(session: Session, task: tasks.Task, cell: cells.Cell) -> None:
    print(f"{cell.warm}: {len(cells.WARM)} warm starts", flush=True)
    weights, told = warm.train(
        task,
        cell.attention,
        cells.WARM,
        warm.WarmRecipe(),
        device=session.device,
        graphs=session.graphs,
        say=lambda line: print(line, flush=True),
    )
    warm.save(session.out, cell.warm, weights, told | session.told())
    _empty(session)


def play(session: Session, cell: cells.Cell, task: tasks.Task) -> None:
    """One cell, saved as it goes."""
    starts = warm.find(session.warm, cell.warm, len(cells.WARM))
    assert starts is not None
    begin = time.monotonic()
    game = Game(cell, task, starts, device=session.device, graphs=session.graphs)
    kept = store.found(session.out, cell.name)
    before = 0 if kept is None else kept.told["done"]
    played = None
    for played in game.play(until=session.end - MARGIN):
        last = played.batches == cell.batches
        if played.batches > before and (last or played.batches % EVERY == 0):
            store.save(session.out, cell, played, session.told())
        if last or played.batches <= 2 or played.batches % EVERY == 0:
            print(
                f"{cell.name} {played.batches}/{cell.batches}: {played.seconds[-1]:.2f} s a batch, "
                f"{time.monotonic() - begin:.0f} s in all; accuracy "
                f"{_by_arm(cell, played.metrics['accuracy'][-1])}",
                flush=True,
            )
    if played is not None:
        if before < played.batches < cell.batches:
            store.save(session.out, cell, played, session.told())
            print(f"{cell.name}: time is up after {played.batches} of {cell.batches} batches")
        rest = played.seconds[1:] or played.seconds
        store.Times(session.out).learn(cell.shape, sum(rest) / len(rest))
    del game
    _empty(session)


def _by_arm(cell: cells.Cell, values: Sequence[float]) -> str:
    arms = dict.fromkeys(member.arm for member in cell.members)
    means = {
        arm: [v for v, m in zip(values, cell.members, strict=True) if m.arm == arm] for arm in arms
    }
    return ", ".join(f"{arm} {sum(v) / len(v):.3f}" for arm, v in means.items())


def _empty(session: Session) -> None:
    """Give the memory of graphs back before the next cell asks for its own."""
    if session.device == "cuda":
        import gc

        gc.collect()
        torch.cuda.empty_cache()


def conclude(folder: Path, hardware: str, commit: str) -> None:
    """Print the tables and keep them, dated."""
    told = summary(folder)
    print("\n".join(lines(told)))
    date = datetime.date.today().isoformat()
    about = {"date": date, "hardware": hardware, "commit": commit}
    write_json(RESULTS / f"cispo-comparison-{date}.json", about | told)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("data", help="write the items of reasoning-gym")
    for verb in ("plan", "probe", "run"):
        one = verbs.add_parser(verb)
        one.add_argument("--out", type=Path, default=DATA / "cells")
        one.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
        one.add_argument("--eager", action="store_true", help="no CUDA graphs")
        one.add_argument("--minutes", type=float, default=9.5)
        one.add_argument("--cells", default=",".join(cells.order()), help="names, by commas")
        one.add_argument("--warm", type=Path, help="another folder with warm starts")
        one.add_argument("--commit", default="", help="for the record")
    for verb in ("summary", "draw"):
        one = verbs.add_parser(verb)
        one.add_argument("folder", type=Path)
        one.add_argument("--hardware", default="")
        one.add_argument("--commit", default="")
    return parser


def _session(given: argparse.Namespace) -> Session:
    out: Path = given.out
    out.mkdir(parents=True, exist_ok=True)
    if given.device == "cuda":
        torch.set_float32_matmul_precision("high")  # not so the head, nor routers
    return Session(
        out,
        (out,) if given.warm is None else (out, given.warm),
        given.device,
        given.device == "cuda" and not given.eager,
        time.monotonic() + 60 * given.minutes,
        given.commit,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """One verb."""
    given = _arguments().parse_args(arguments)
    match given.verb:
        case "data":
            print(tasks.write_items(DATA))
        case "plan":
            plan(given.out)
        case "probe":
            session = _session(given)
            probe(given.out, DATA, device=session.device, graphs=session.graphs)
            plan(given.out)
        case "run":
            names = given.cells.split(",")
            if unknown := set(names) - set(cells.order()):
                raise UserError(
                    f"no cell {min(unknown)!r}: expected some of {', '.join(cells.order())}"
                )
            run(_session(given), names)
        case "summary":
            conclude(given.folder, given.hardware, given.commit)
        case _:
            print(*drawing.draw(given.folder, PICTURES), sep="\n")


if __name__ == "__main__":
    main()
