"""The page of ``ostinato report``: what is said first, the tables, and the order of it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ostinato.jobs.report_figures import sparkline
from ostinato.jobs.report_html import document, element, escaped, table
from ostinato.jobs.report_numbers import NONE, duration, number, points, share
from ostinato.jobs.report_run import Event, Run, flattened
from ostinato.jobs.report_sections import (
    cost_figures,
    other_figures,
    rl_figures,
    section,
    training_figures,
)
from ostinato.jobs.report_summary import PARTS, accuracy, accuracy_series, cost, seconds_left, turns
from ostinato.jobs.show import counted, shortened

_MOST_SETTINGS = 16  # that are shown before one opens the rest
_IN_SHORT = (
    *("init", "seed", "kind", "aggregate", "advantages", "prompts", "group", "mini_batches"),
    *("epochs", "learning_rate"),
)
_LONGEST_SETTING = 400
_MOST_EVENTS = 200
_COMPARED = {
    "validation": "Before and after are the first and the last validation.",
    "training": "Before and after are means of the first and of the last training steps, each at "
    "the levels of its time: harder tasks later can hide progress.",
    "both": "Before and after are the first and the last validation or, where there are no two, "
    "means of the first and of the last training steps.",
}
_PART_NAMES = {"rollout": "rollouts", "grade": "grading", "train": "training"}


def page(run: Run) -> str:
    """The whole page as text."""
    name = run.path.resolve().name
    kind = "Reinforcement learning" if run.is_rl else "Training"
    body = [
        element("h1", escaped(name)),
        element("p", escaped(f"{kind}. {_standing(run)}"), class_="quiet"),
        element("p", escaped(_in_short(run)), class_="quiet"),
        _facts(run),
        *([_environments(run), *rl_figures(run)] if run.is_rl else training_figures(run)),
        _cost(run),
        _turns(run),
        other_figures(run),
        _events(run),
        _settings("The recipe", run.recipe),
        _settings("The result", run.result if run.ended else None),
        _footer(run),
    ]
    return document(f"{name}: report", element("main", "\n".join(part for part in body if part)))


def _standing(run: Run) -> str:
    of = f" of {run.steps:,}" if run.steps else ""
    if run.result is None or not run.ended:
        return f"Step {run.step:,}{of}."
    reason = run.result.get("reason")
    return f"{str(reason).capitalize() if reason else 'Finished'} at step {run.step:,}{of}."


def _in_short(run: Run) -> str:
    """The settings that tell one run from its neighbours."""
    leaves = ((name.rpartition(".")[2], value) for name, value in flattened(run.recipe or {}))
    found: dict[str, Any] = {}
    for name, value in leaves:
        if name in _IN_SHORT and value is not None:
            found.setdefault(name, value)
    return ", ".join(f"{name} {_setting(value)}" for name, value in found.items())


def _facts(run: Run) -> str:
    """The few numbers that one looks for first, each with what it was."""
    done = f"{share(run.step / run.steps)} of {run.steps:,}" if run.steps else ""
    left = seconds_left(run)
    facts = [*(_rl_facts(run) if run.is_rl else _training_facts(run))]
    facts.append(("steps", f"{run.step:,}", done))
    if time := run.series("seconds").last:
        facts.append(("time", duration(time), f"about {duration(left)} to go" if left else ""))
    told = (
        element("dt", escaped(name))
        + element("dd", escaped(value))
        + element("dd", escaped(under), class_="under")
        for name, value, under in facts
    )
    return element("dl", "".join(element("div", one) for one in told), class_="facts")


def _rl_facts(run: Run) -> list[tuple[str, str, str]]:
    reward = run.series("reward").smoothed
    best, change = reward.highest(), accuracy(run)
    under = ""
    if best and len(reward.values) > 1:
        under = f"from {number(reward.first)}, best {number(best[1])} at step {best[0]:,}"
    facts = [("reward", number(reward.last), under)]
    if change.after is not None:
        came = "" if change.before is None else f"from {share(change.before)}, "
        facts.append(("accuracy", share(change.after), f"{came}in {change.measured}"))
    if length := run.series("length").smoothed:
        window = run.series("window").last
        under = f"of a window of {window:,.0f}" if window else "tokens"
        facts.append(("length", number(length.last), under))
    return facts


def _training_facts(run: Run) -> list[tuple[str, str, str]]:
    facts: list[tuple[str, str, str]] = []
    for key, name in (("loss", "loss"), ("valid_loss", "validation loss")):
        series = run.series(key)
        if lowest := series.lowest():
            under = f"lowest {number(lowest[1])} at step {lowest[0]:,}"
            facts.append((name, number(series.last), under))
    if rate := run.series("tokens_per_second"):
        facts.append(("tokens a second", number(rate.smoothed.last), f"mean {number(rate.mean)}"))
    return facts


def _environments(run: Run) -> str:
    """Accuracy before and after, one row for each environment and one for all."""
    changes = {name: accuracy(run, name) for name in run.environments}
    if not any(change.after is not None for change in changes.values()):
        return ""
    measured = {change.measured for change in changes.values() if change.measured}
    said = _COMPARED[measured.pop() if len(measured) == 1 else "both"]
    series = [accuracy_series(run, name) for name in changes]
    highest = max((one.highest() or (0, 0.0))[1] for one in series)
    rows = [_environment_row(run, name, highest) for name in changes]
    whole = accuracy(run)
    if whole.after is not None:
        cells = (share(whole.before), share(whole.after), points(whole.gain))
        means = (number(run.series(key).smoothed.last) for key in ("length", "reward"))
        rows.append([element("b", cell) for cell in ("all", *cells, "", "", *means)])
    columns = ("environment", "before", "after", "points", "trend", "level", "tokens", "reward")
    return section("Accuracy by environment", said, table(columns, rows, left=("environment",)))


def _environment_row(run: Run, name: str, highest: float) -> list[str]:
    change, series = accuracy(run, name), accuracy_series(run, name)
    level = run.series(f"level/{name}")
    levels = [number(value) for value in dict.fromkeys((level.first, level.last))]
    return [
        escaped(shortened(name)),
        share(change.before),
        share(change.after),
        points(change.gain),
        sparkline(series, 0, highest),
        " → ".join(levels),
        number(run.series(f"length/{name}").smoothed.last),
        number(run.series(f"reward/{name}").smoothed.last),
    ]


def _cost(run: Run) -> str:
    spent = cost(run)
    whole = run.series("seconds").last
    parts = {p: spent[f"seconds_{p}"] for p in PARTS if f"seconds_{p}" in spent}
    if not parts:
        return ""
    total = max(whole or 0.0, sum(parts.values()))
    rows = [(_PART_NAMES[part], seconds) for part, seconds in parts.items()]
    rows.append(("all else", total - sum(parts.values())))
    cells = [[escaped(n), duration(s), share(s / total), _bar(s / total)] for n, s in rows if total]
    tokens = (
        f"{spent.get('tokens_written', 0):,} tokens written, {spent.get('tokens_read', 0):,} read, "
        f"{counted(spent.get('updates', 0), 'update', 'updates')}, "
        f"{number(spent['tokens_per_second'])} tokens a second."
    )
    made = table(("part", "time", "share", ""), cells, left=("",))
    return section("Cost", tokens, cost_figures(run), made)


def _turns(run: Run) -> str:
    found = turns(run)
    if not found:
        return ""
    most = max(max(one["written"] or 0, one["written_last"] or 0) for one in found) or 1
    rows = [
        [
            str(one["turn"]),
            number(one["read"]),
            number(one["written"]),
            number(one["written_last"]),
            _bar((one["written_last"] or 0) / most),
        ]
        for one in found
    ]
    said = (
        "Mean tokens that an episode reads before each turn, and writes in it, of the episodes "
        "that come to it."
    )
    columns = ("turn", "read", "written", "written lately", "")
    return section("Tokens by turn", said, table(columns, rows, left=("",)))


def _bar(part: float) -> str:
    return element("span", element("i", style=f"width:{100 * part:.1f}%"), class_="bar")


def _events(run: Run) -> str:
    if not run.events:
        return ""
    shown = run.events[-_MOST_EVENTS:]
    kinds = Counter(event.kind or "other" for event in run.events)
    said = ", ".join(f"{kind} {times:,}" for kind, times in kinds.items()) + "."
    if len(shown) < len(run.events):
        said += f" The last {len(shown)} are shown."
    columns = ("step", "event", "what happened")
    rows = [_event_row(event) for event in shown]
    return section("Events", said, table(columns, rows, left=columns))


def _event_row(event: Event) -> list[str]:
    step = NONE if event.step is None else f"{event.step:,}"
    kind = escaped(event.kind)
    return [step, element("b", kind) if event.kind == "warning" else kind, escaped(event.text)]


def _settings(title: str, values: Mapping[str, Any] | None) -> str:
    if not values:
        return ""
    rows = [
        element("div", element("dt", escaped(name)) + element("dd", escaped(_setting(value))))
        for name, value in flattened(values)
    ]
    first, rest = rows[:_MOST_SETTINGS], rows[_MOST_SETTINGS:]
    made = element("dl", "".join(first), class_="settings")
    if rest:
        more = element("summary", f"{len(rest)} more")
        made += element("details", more + element("dl", "".join(rest), class_="settings"))
    return section(title, "", made)


def _setting(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: NONE}[value]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        known = ((name, one) for name, one in value.items() if one is not None)
        return ", ".join(f"{name} {_setting(one)}" for name, one in known)
    if isinstance(value, list):
        mark = "; " if any(isinstance(one, Mapping) for one in value) else ", "
        return shortened(mark.join(map(_setting, value)), _LONGEST_SETTING)
    return shortened(str(value), _LONGEST_SETTING)


def _footer(run: Run) -> str:
    gaps = {key: n for key in run.keys if (n := len(run.series(key).gaps))}
    told = [f"Read from {run.path}: {counted(len(run.rows), 'step', 'steps')}."]
    if (window := run.series("reward" if run.is_rl else "loss").window) > 1:
        told.append(
            f"Strong lines are means of {window} neighbouring values, pale ones the values."
        )
    if gaps:
        listed = ", ".join(f"{key} ({n})" for key, n in gaps.items())
        told.append(f"No numbers, and left out: {listed}.")
    return element("footer", element("p", escaped(" ".join(told))))
