"""NG-Midiformer's table: the shipped trunk and its heads, and what they are measured against.

::

    python runs/music_corpora.py build DATA PACKED      # needs the MIDI library, as the next does
    python runs/music_corpora.py published DATA PACKED
    python runs/midiformer.py data PACKED               # packed files to shards/
    python runs/midiformer.py pretrain 400              # the trunk, by seconds of training
    python runs/midiformer.py teach --velocity          # the same trunk, taught notes as well
    python runs/midiformer.py heads --trunk melody      # the heads, clean splits
    python runs/midiformer.py published --trunk melody  # the published protocol; not shipped
    python runs/midiformer.py peers rotary --trunk melody --like LOGS   # a plain encoder as large
    python runs/midiformer.py collect TO [NAME...] --trunk melody  # tars of 16 MiB at most
    python runs/midiformer.py bundle MODELS             # what was collected, into the package

Pre-training ends by time, which does not count compiling, the rest by the steps of its recipe
(``configs/``). A peer gets for each training the seconds that ours took: LOGS holds the
``RUN/result.json`` that ``collect`` brings. Steps go on where they were stopped, and what is done
is not done again: the same command. ``--wall`` ends a call in time, its state saved; ``--only
melody,velocity`` chooses tasks; ``--set key=value ...`` is laid over every recipe of a step;
``--no-compile`` runs the same without ``torch.compile``, which happens by itself where compiling
fails. Of several calls at once on a device (those that see the same
``CUDA_VISIBLE_DEVICES``) one trains at a time, and the others compile and wait.

``teach`` trains the whole trunk to tell the melody (``--velocity``: and velocities), a licence
allowing that, and makes another trunk of it, with a head. ``heads``, ``published`` and ``collect``
take the pre-trained trunk or, with ``--trunk melody``, that one; ``--trunk auto`` takes it where it
tells the melody of valid better by 0.3 points than the head on the other, and ``trunk`` says which
that is::

    for tar in TO/*.tar; do tar -xf $tar -C MODELS; done
    ostinato evaluate --suite music --data DATA --models MODELS

``restore MODELS`` puts what was collected back among the runs, so that the other steps go on.
From ``data`` to ``collect`` a machine needs torch, numpy, safetensors and jaxtyping alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from midiformer import clock, shards, shipping, stages, trunks
from midiformer.stages import TASKS, Session

from ostinato.base.errors import UserError

WEIGHTS = Path(__file__).parents[1] / "src" / "ostinato" / "weights"


def main(arguments: Sequence[str] | None = None, began: float | None = None) -> int:
    """One step, of a call that began then, by ``time.monotonic``; left out, now."""
    given = _arguments().parse_args(arguments)
    given.began = time.monotonic() if began is None else began
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
        if name == "pretrain":
            one.add_argument("seconds", type=float, help="of training")
        if name == "teach":
            one.add_argument("--velocity", action="store_true", help="teach it that as well")
        if name == "peers":
            one.add_argument("positions", choices=stages.PEERS)
            one.add_argument("--like", type=Path, required=True, help="folder of our runs' logs")
            one.add_argument("--size", default="small", help="of the ablations' table")
        if name not in ("pretrain", "teach"):
            _ask_for_trunk(one)
            one.add_argument("--only", default="", help="tasks (of peers also pretrain), by commas")
        one.add_argument("--wall", type=float, help="seconds that this call may take")
        one.add_argument("--no-compile", action="store_true")
        one.add_argument("--set", nargs="+", default=[], metavar="key=value", dest="overrides")
    steps.add_parser("trunk", help="which of the two --trunk auto takes")
    one = steps.add_parser("collect", help="models and logs as a few tars")
    one.add_argument("to", type=Path)
    one.add_argument("names", nargs="*", help="midiformer, clean, published, melody, ...; all")
    _ask_for_trunk(one)
    one = steps.add_parser("restore", help="collected models back among the runs")
    one.add_argument("models", type=Path)
    _ask_for_trunk(one)
    one = steps.add_parser("bundle", help="collected models into the package")
    one.add_argument("models", type=Path)
    one.add_argument("--results", type=Path, help="results.json of the suite, for the cards")
    return parser


def _ask_for_trunk(step: argparse.ArgumentParser) -> None:
    step.add_argument("--trunk", choices=trunks.TRUNKS, default=trunks.TRUNKS[0])


def _do(given: argparse.Namespace) -> int:
    match given.step:
        case "data":
            _say(shards.unpack_all(given.packed, given.shards))
        case "collect":
            _say(shipping.collect(given.out, given.to, given.names, given.trunk))
            _say(shipping.summary(given.out))
        case "trunk":
            taught = trunks.chosen_trunk(given.out, "auto") == trunks.TAUGHT
            print("melody" if taught else "pretrained")
        case "restore":
            _say(shipping.restore(given.models, given.out, given.trunk))
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
        end=None if given.wall is None else given.began + given.wall,
        compile=not given.no_compile,
        only=only,
        size=getattr(given, "size", "small"),
        trunk=getattr(given, "trunk", "pretrained"),
        overrides=tuple(given.overrides),
    )


def _train(given: argparse.Namespace, session: Session) -> bool:
    """Whether a step is done."""
    match given.step:
        case "pretrain":
            jobs = stages.pretraining(session, given.seconds)
        case "teach":
            jobs = stages.teaching(session, given.velocity)
        case "heads":
            jobs = stages.heads(session)
        case "published":
            jobs = stages.published(session)
        case _:
            jobs = stages.peers(session, given.positions, given.like)
    done = stages.play(session, jobs)
    if done and given.step == "teach":
        print(trunks.taught_trunk(given.out / trunks.TAUGHT))
    return done


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(began=clock.BEGAN))
