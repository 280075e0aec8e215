"""What the cells say: paired differences and speed-ups, with bootstrap intervals.

Seeds are nested in warm starts: a bootstrap sample draws warm starts, and then seeds of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cells import ARMS, COMMON, TASKS, UPDATES, Member
from .play import METRICS
from .store import Kept, found, tuned_rates

DRAWS = 10_000
GOAL = 0.8
FALL = 0.2
LAST = 5
CURVES = ("accuracy", "fork", "forks_masked", "masked")
BOUNDED = ("auc", "final", "held_out")  # numbers of an arm that get an interval
PAIRS = (
    ("cispo", "dapo"),
    ("cispo", "grpo"),
    ("dapo", "grpo"),
    ("unified", "cispo"),
    ("unified", "dapo"),
    ("reinforce", "cispo"),
)

Runs = dict[tuple[int, int], dict[str, float]]
"""Of one arm: by warm start and seed, numbers of one run."""


def of_run(accuracy: NDArray[np.float32]) -> dict[str, float]:
    """Numbers of one learning curve [batches].

    ``to_goal`` counts batches learnt from until the accuracy is ``GOAL``, straight lines between
    batches; infinite where it never is.
    """
    last = float(accuracy[-LAST:].mean())
    return {
        "batches": float(len(accuracy)),
        "auc": float(accuracy.mean()),
        "to_goal": _crossing(accuracy),
        "final": last,
        "best": float(accuracy.max()),
        "collapsed": float(last < float(accuracy.max()) - FALL),
    }


def _crossing(accuracy: NDArray[np.float32]) -> float:
    above = np.flatnonzero(accuracy >= GOAL)
    if not len(above):
        return float("inf")
    at = int(above[0])
    if at == 0:
        return 0.0
    low, high = float(accuracy[at - 1]), float(accuracy[at])
    return at - 1 + (GOAL - low) / (high - low)


def runs(kept: Kept, arm: str) -> Runs:
    """Runs of an arm, with the mean over batches of what was masked and capped."""
    found: Runs = {}
    for place, member in enumerate(kept.members):
        if member.arm != arm:
            continue
        numbers = of_run(kept.metrics["accuracy"][:, place])
        for name in METRICS[2:]:
            numbers[name] = float(kept.metrics[name][:, place].mean())
        if kept.told["held_out"] is not None:
            numbers["held_out"] = kept.told["held_out"][place]
        found[member.warm, member.seed] = numbers
    return found


def curves(kept: Kept, arm: str) -> dict[tuple[int, int], list[float]]:
    """The learning curves of an arm: mean reward by batch, by warm start and seed."""
    accuracy = kept.metrics["accuracy"]
    return {
        (member.warm, member.seed): accuracy[:, place].tolist()
        for place, member in enumerate(kept.members)
        if member.arm == arm
    }


def interval(
    by: dict[tuple[int, int], Sequence[float]],
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    draws: int = DRAWS,
) -> tuple[float, float, float]:
    """A statistic of the runs and its 95 % bootstrap interval.

    ``by`` has a row of numbers for each warm start and seed; ``statistic`` maps [draws, runs,
    numbers] to [draws].
    """
    rows = np.array([by[key] for key in sorted(by)], np.float64)
    low, high = _limits(statistic(resampled(by, draws)))
    return float(statistic(rows[None])[0]), float(low), float(high)


def band(
    by: dict[tuple[int, int], Sequence[float]], draws: int = DRAWS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95 % bootstrap interval of the mean over runs of each of the numbers."""
    low, high = _limits(resampled(by, draws).mean(1))
    return low, high


def resampled(by: dict[tuple[int, int], Sequence[float]], draws: int) -> NDArray[np.float64]:
    """[draws, runs, numbers]: warm starts are drawn, and of each of them seeds."""
    warm = sorted({key[0] for key in by})
    table = [np.array([by[key] for key in sorted(by) if key[0] == w], np.float64) for w in warm]
    rng = np.random.default_rng(0)
    drawn: list[NDArray[np.float64]] = []
    chosen = rng.integers(0, len(table), (draws, len(table)))
    for place in range(len(table)):
        seeds = np.empty((draws, *table[0].shape))
        for which, rows in enumerate(table):
            at = np.flatnonzero(chosen[:, place] == which)
            seeds[at] = rows[rng.integers(0, len(rows), (len(at), len(table[0])))]
        drawn.append(seeds)
    return np.concatenate(drawn, 1)


def _limits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.quantile(values, [0.025, 0.975], axis=0, method="inverted_cdf")


def compared(one: Runs, other: Runs) -> dict[str, Any]:
    """The paired difference of AUCs, and how many times fewer batches ``one`` takes to the goal.

    ``never`` counts the runs of each that did not reach it and are taken to have at the end.
    """
    common = sorted(set(one) & set(other))
    differences = {key: [one[key]["auc"] - other[key]["auc"]] for key in common}
    told: dict[str, Any] = {
        "pairs": len(common),
        "wins": sum(row[0] > 0 for row in differences.values()),
        "auc": _told(interval(differences, lambda rows: rows[..., 0].mean(1))),
    }
    batches = {key: [_at_most(one[key]), _at_most(other[key])] for key in common}
    told["speed_up"] = _told(
        interval(batches, lambda rows: rows[..., 1].mean(1) / rows[..., 0].mean(1).clip(0.01))
    )
    told["never"] = [
        sum(runs[key]["to_goal"] == float("inf") for key in common) for runs in (one, other)
    ]
    return told


def _at_most(run: dict[str, float]) -> float:
    """Batches to the goal; all of them where it was never reached, though it may take more."""
    return min(run["to_goal"], run["batches"])


def _told(values: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("value", "low", "high"), (round(x, 4) for x in values), strict=True))


def _table(by_arm: dict[str, Runs]) -> dict[str, Any]:
    arms = {arm: _means(runs) for arm, runs in by_arm.items() if runs}
    pairs = {
        f"{a}-{b}": compared(by_arm[a], by_arm[b])
        for a, b in PAIRS
        if by_arm.get(a) and by_arm.get(b)
    }
    return {"arms": arms, "pairs": pairs}


def _means(runs: Runs) -> dict[str, Any]:
    names = list(next(iter(runs.values())))
    told: dict[str, Any] = {"runs": len(runs)}
    for name in names:
        values = np.array([numbers[name] for numbers in runs.values()])
        finite = values[np.isfinite(values)]
        told[name] = round(float(finite.mean()), 5) if len(finite) else None
        if name == "to_goal":
            told["reached_goal"] = len(finite)
    told["intervals"] = {
        name: _told(interval({key: [run[name]] for key, run in runs.items()}, _mean))
        for name in BOUNDED
        if name in names
    }
    return told


def _mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows[..., 0].mean(1)


def summary(folder: Path) -> dict[str, Any]:
    """All tables of the cells in a folder; what has not been run is absent."""
    told: dict[str, Any] = {"cells": {}, "equal": {}, "tuned": {}, "rates": {}}
    for path in sorted(folder.glob("*.npz")):
        one = found(folder, path.stem)
        if one is not None:
            keys = ("done", "batches", "seconds", "device", "commit", "torch")
            told["cells"][path.stem] = {key: one.told.get(key) for key in keys}
            told["cells"][path.stem]["seconds"] = round(sum(one.told["seconds"]), 1)
            told["cells"][path.stem]["curves"] = _curves(one)
    for task in TASKS:
        for updates in UPDATES:
            _of_pair(folder, task, updates, told)
    if twin := found(folder, "twin-fork-u16"):
        told["twin"] = _table({arm: runs(twin, arm) for arm in ("cispo", "dapo")})
    if control := found(folder, "control-fork-u1"):
        told["control"] = _table({arm: runs(control, arm) for arm in ARMS})
        told["control"]["spread"] = {
            arm: float(max(run["spread"] for run in runs(control, arm).values())) for arm in ARMS
        }
    return told


def _curves(kept: Kept) -> dict[str, dict[str, list[float]]]:
    """By arm and rate, means over runs by batch."""
    told: dict[str, dict[str, list[float]]] = {}
    for arm, rate in dict.fromkeys((m.arm, m.rate) for m in kept.members):
        of = [(m.arm, m.rate) == (arm, rate) for m in kept.members]
        told[f"{arm} {rate:g}"] = {
            name: [round(x, 4) for x in kept.metrics[name][:, of].mean(1).tolist()]
            for name in CURVES
        }
    return told


def _of_pair(folder: Path, task: str, updates: int, told: dict[str, Any]) -> None:
    """The tables of one task at one degree: at the common rate, and at each arm's own."""
    name = f"{task}-u{updates}"
    main, tune = (found(folder, f"{kind}-{name}") for kind in ("main", "tune"))
    if main is not None:
        told["equal"][name] = _table({arm: runs(main, arm) for arm in ARMS})
    if tune is None:
        return
    rates = tuned_rates(tune)
    told["rates"][name] = {
        "chosen": rates,
        "auc": {f"{arm} {rate:g}": value for (arm, rate), value in _grid(tune).items()},
    }
    if sources := at_own_rates(folder, task, updates):
        told["tuned"][name] = _table({arm: runs(kept, arm) for arm, kept in sources.items()})


def at_own_rates(folder: Path, task: str, updates: int) -> dict[str, Kept]:
    """The cell that holds an arm's runs at its tuned rate, by arm; none until all are there."""
    name = f"{task}-u{updates}"
    main, tune, tuned = (found(folder, f"{kind}-{name}") for kind in ("main", "tune", "tuned"))
    if main is None or tune is None:
        return {}
    rates = tuned_rates(tune)
    moved = [arm for arm in ARMS if rates[arm] != COMMON]
    if tuned is None:
        return {} if moved else dict.fromkeys(ARMS, main)
    return {arm: tuned if arm in moved else main for arm in ARMS}


def _grid(kept: Kept) -> dict[tuple[str, float], float]:
    area = kept.metrics["accuracy"].mean(0)
    by: dict[tuple[str, float], list[float]] = {}
    for member, value in zip(kept.members, area.tolist(), strict=True):
        assert isinstance(member, Member)
        by.setdefault((member.arm, member.rate), []).append(value)
    return {key: round(float(np.mean(values)), 4) for key, values in by.items()}


def lines(told: dict[str, Any]) -> list[str]:
    """The tables for a terminal."""
    out: list[str] = []
    for kind in ("equal", "tuned"):
        for name, table in told[kind].items():
            out += _lines(f"{name}, {'rate 1e-4' if kind == 'equal' else 'own rates'}", table)
    for kind in ("twin", "control"):
        if kind in told:
            out += _lines(kind, told[kind])
    if "control" in told:
        out.append(f"control: largest mean difference of a parameter {told['control']['spread']}")
    out += [f"rates {name}: {rates['chosen']}" for name, rates in told["rates"].items()]
    return out


def _bounded(numbers: dict[str, Any], name: str) -> str:
    if numbers.get(name) is None:
        return "-"
    limits = numbers["intervals"][name]
    return f"{numbers[name]:.3f} [{limits['low']:.3f}, {limits['high']:.3f}]"


def _lines(title: str, table: dict[str, Any]) -> list[str]:
    out = [
        f"\n{title}",
        f"{'arm':10s} {'AUC':>20s}  to80 {'final':>20s} collapse {'held-out':>20s} forks masked"
        " masked capped",
    ]
    for arm, x in table["arms"].items():
        goal = "-" if x["to_goal"] is None else f"{x['to_goal']:.1f}"
        auc, final, held = (_bounded(x, name) for name in BOUNDED)
        out.append(
            f"{arm:10s} {auc:>20s} {goal:>5s} {final:>20s} {x['collapsed']:8.2f} {held:>20s}"
            f" {x['forks_masked']:12.3f} {x['masked']:6.4f} {x['capped']:.5f}"
        )
    for name, x in table["pairs"].items():
        auc, speed = x["auc"], x["speed_up"]
        never = f" (not all reached: {x['never']})" if any(x["never"]) else ""
        out.append(
            f"  {name}: AUC {auc['value']:+.4f} [{auc['low']:+.4f}, {auc['high']:+.4f}], "
            f"{x['wins']} of {x['pairs']}; {speed['value']:.2f} times as fast "
            f"[{speed['low']:.2f}, {speed['high']:.2f}]{never}"
        )
    return out
