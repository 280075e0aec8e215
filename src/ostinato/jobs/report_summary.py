"""A run in plain values: where it stands, what changed, what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ostinato.jobs.report_run import Run, Series

PARTS = ("rollout", "grade", "train")  # of a step's time
_RECENT = 20  # rows from which the time left is told


@dataclass(frozen=True)
class Change:
    """An accuracy before and after, None where it was measured but once or never.

    Of validations where there were two, else of training: there the first and the last mean of
    several steps, each at the levels of its time.
    """

    before: float | None
    after: float | None
    measured: Literal["validation", "training"] | None

    @property
    def gain(self) -> float | None:
        """After less before."""
        return None if self.before is None or self.after is None else self.after - self.before


def accuracy(run: Run, environment: str = "") -> Change:
    """Of one environment, or of all together."""
    suffix = f"/{environment}" if environment else ""
    valid = run.series(f"valid_accuracy{suffix}").finite
    if len(valid.values) >= 2:
        return Change(valid.first, valid.last, "validation")
    trained = run.series(f"accuracy{suffix}").smoothed
    if len(trained.values) >= 2:
        return Change(trained.first, trained.last, "training")
    if valid or trained:
        return Change(None, (valid or trained).last, "validation" if valid else "training")
    return Change(None, None, None)


def accuracy_series(run: Run, environment: str) -> Series:
    """What ``accuracy`` compares the ends of."""
    validated = accuracy(run, environment).measured == "validation"
    return run.series(f"{'valid_' if validated else ''}accuracy/{environment}")


def seconds_left(run: Run) -> float | None:
    """At the pace of the last rows; None where that, or the end, is not known."""
    seconds = run.series("seconds").finite
    if run.steps is None or run.ended or run.step >= run.steps or not seconds:
        return None
    since = max(0, len(seconds.values) - _RECENT)
    begin, began = (
        (0, 0.0) if len(seconds.values) == 1 else (seconds.steps[since], seconds.values[since])
    )
    done = seconds.steps[-1] - begin
    return (seconds.values[-1] - began) / done * (run.steps - run.step) if done > 0 else None


def summary(run: Run) -> dict[str, Any]:
    """All of it, ready for JSON: None where there is no number."""
    plain = [key for key in run.keys if "/" not in key]
    told: dict[str, Any] = {
        "run": str(run.path),
        "kind": "rl" if run.is_rl else "training",
        "step": run.step,
        "steps": run.steps,
        "ended": run.ended,
        "seconds": run.series("seconds").last,
        "seconds_left": seconds_left(run),
    }
    if run.is_rl:
        told["accuracy"] = asdict(accuracy(run))
        told["environments"] = {name: _environment(run, name) for name in run.environments}
    told["cost"] = cost(run)
    told["turns"] = turns(run)
    told["events"] = dict(Counter(event.kind for event in run.events))
    told["gaps"] = {key: n for key in run.keys if (n := len(run.series(key).gaps))}
    told["quantities"] = {key: quantity(run.series(key)) for key in plain}
    return told


def quantity(series: Series) -> dict[str, Any]:
    """First, last, lowest and highest, as they were and as means of ``mean_of`` steps."""
    low, high = series.lowest(), series.highest()
    smoothed = series.smoothed
    mean_low, mean_high = smoothed.lowest(), smoothed.highest()
    return {
        "first": series.first,
        "last": series.last,
        "lowest": low and low[1],
        "lowest_step": low and low[0],
        "highest": high and high[1],
        "highest_step": high and high[0],
        "mean_of": series.window,
        "first_mean": smoothed.first,
        "last_mean": smoothed.last,
        "lowest_mean": mean_low and mean_low[1],
        "highest_mean": mean_high and mean_high[1],
        "highest_mean_step": mean_high and mean_high[0],
    }


def cost(run: Run) -> dict[str, Any]:
    """Seconds by part, tokens and updates of the whole run, of what its rows tell."""
    told: dict[str, Any] = {}
    for part in PARTS:
        if series := run.series(f"seconds_{part}"):
            told[f"seconds_{part}"] = series.sum
    for key in ("tokens_written", "tokens_read", "updates", "groups"):
        if series := run.series(key):
            told[key] = round(series.sum)
    told["tokens_per_second"] = run.series("tokens_per_second").mean
    return told


def turns(run: Run) -> list[dict[str, Any]]:
    """The mean tokens that a turn writes and reads: over the run, and of its last steps."""
    written, read = run.turns("tokens"), run.turns("read")
    empty = Series()
    return [
        {
            "turn": turn,
            "written": written.get(turn, empty).mean,
            "written_last": written.get(turn, empty).smoothed.last,
            "read": read.get(turn, empty).mean,
        }
        for turn in sorted(written.keys() | read.keys())
    ]


def _environment(run: Run, name: str) -> Mapping[str, Any]:
    reward, level = run.series(f"reward/{name}"), run.series(f"level/{name}")
    return {
        "accuracy": asdict(accuracy(run, name)),
        "reward": quantity(reward) if reward else None,
        "level_first": level.first,
        "level_last": level.last,
        "share": run.series(f"share/{name}").smoothed.last,
        "length": run.series(f"length/{name}").smoothed.last,
    }
