"""NG-Midiformer's table: the shipped trunk and its heads, and what they are measured against.

::

    python runs/music_corpora.py build DATA PACKED      # needs the MIDI library, as the next does
    python runs/music_corpora.py published DATA PACKED
    python runs/midiformer.py data PACKED               # packed files to shards/
    python runs/midiformer.py pretrain 480              # the trunk
    python runs/midiformer.py teach 200                 # the same trunk, taught the melody as well
    python runs/midiformer.py heads 330                 # five heads with adapters, clean splits
    python runs/midiformer.py published 330             # the published protocol; not shipped
    python runs/midiformer.py peers 810 rotary          # a plain encoder of the same size
    python runs/midiformer.py collect TO [NAME...]      # models and logs as tars of 16 MiB at most
    python runs/midiformer.py bundle MODELS             # what was collected, into the package

The number is the seconds of training of a step, which its tasks share; on an H200 each task takes
about half a minute more for compiling, reading and scoring. Steps go on where they were stopped,
and what is done is not done again: the same command, the same number. ``--wall`` ends a call in
time, its state saved; ``--only melody,velocity`` chooses tasks, so that two calls can share a GPU;
``--set key=value ...`` is laid over every recipe of a step (``configs/``); ``--no-compile`` runs
the same without ``torch.compile``.

``teach`` trains the whole trunk to tell the melody, a licence allowing that, and makes another
trunk of it, with a head. ``heads``, ``published`` and ``collect`` take the pre-trained trunk or,
with ``--trunk melody``, that one; by default the one that tells the melody of valid better::

    for tar in TO/*.tar; do tar -xf $tar -C MODELS; done
    ostinato evaluate --suite music --data DATA --models MODELS

From ``data`` to ``collect`` a machine needs torch, numpy, safetensors and jaxtyping alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from midiformer import shards, shipping, stages
from midiformer.stages import TASKS, Session

from ostinato.base.errors import UserError

WEIGHTS = Path(__file__).parents[1] / "src" / "ostinato" / "weights"


def main(arguments: Sequence[str] | None = None) -> int:
    """One step."""
    given = _arguments().parse_args(arguments)
    try:
        return _do(given)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/out"), help="folder of the runs")
    parser.add_argument("--shards", type=Path, default=Path("shards"))
    steps = parser.add_subparsers(dest="step", required=True)
    one = steps.add_parser("data", help="packed files to folders of shards")
    one.add_argument("packed", type=Path)
    for name in ("pretrain", "teach", "heads", "published", "peers"):
        one = steps.add_parser(name)
        one.add_argument("seconds", type=float, help="of training, of all tasks together")
        if name == "peers":
            one.add_argument("positions", choices=stages.PEERS)
            one.add_argument("--size", default="small", help="of the ablations' table")
        if name in ("heads", "published"):
            one.add_argument("--trunk", choices=stages.TRUNKS, default="auto")
        if name not in ("pretrain", "teach"):
            one.add_argument("--only", default="", help="tasks (of peers also pretrain), by commas")
        one.add_argument("--wall", type=float, help="seconds that this call may take")
        one.add_argument("--no-compile", action="store_true")
        one.add_argument("--set", nargs="+", default=[], metavar="key=value", dest="overrides")
    one = steps.add_parser("collect", help="models and logs as a few tars")
    one.add_argument("to", type=Path)
    one.add_argument("names", nargs="*", help="midiformer, clean, published, melody, ...; all")
    one.add_argument("--trunk", choices=stages.TRUNKS, default="auto")
    one = steps.add_parser("bundle", help="collected models into the package")
    one.add_argument("models", type=Path)
    one.add_argument("--results", type=Path, help="results.json of the suite, for the cards")
    return parser


def _do(given: argparse.Namespace) -> int:
    match given.step:
        case "data":
            _say(shards.unpack_all(given.packed, given.shards))
        case "collect":
            _say(shipping.collect(given.out, given.to, given.names, given.trunk))
            _say(shipping.summary(given.out))
        case "bundle":
            _say(shipping.bundle(given.models, WEIGHTS, given.results))
        case _:
            return 0 if _train(given, _session(given)) else 1
    return 0


def _session(given: argparse.Namespace) -> Session:
    only = tuple(filter(None, getattr(given, "only", "").split(",")))
    known = {*TASKS, *(("pretrain",) if given.step == "peers" else ())}
    if unknown := {*only} - known:
        raise UserError(f"--only: expected some of {', '.join(sorted(known))}; got {min(unknown)}")
    return Session(
        given.out,
        given.shards,
        given.seconds,
        end=None if given.wall is None else time.monotonic() + given.wall,
        compile=not given.no_compile,
        only=only,
        size=getattr(given, "size", "small"),
        trunk=getattr(given, "trunk", "auto"),
        overrides=tuple(given.overrides),
    )


def _train(given: argparse.Namespace, session: Session) -> bool:
    """Whether a step is done."""
    match given.step:
        case "pretrain":
            jobs = stages.pretraining(session)
        case "teach":
            jobs = stages.teaching(session)
        case "heads":
            jobs = stages.heads(session)
        case "published":
            jobs = stages.published(session)
        case _:
            jobs = stages.peers(session, given.positions)
    done = stages.play(session, jobs)
    if done and given.step == "teach":
        print(stages.taught_trunk(given.out / stages.TAUGHT))
    return done


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
