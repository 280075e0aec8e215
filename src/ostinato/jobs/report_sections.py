"""The sections of a report that are figures: of a run of reinforcement learning, or of training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ostinato.jobs.report_figures import FULL, HALF, SMALL, Chart, Line, Size, Style, svg
from ostinato.jobs.report_html import element, escaped
from ostinato.jobs.report_numbers import correlation, duration, number, share
from ostinato.jobs.report_run import Run
from ostinato.jobs.show import shortened

Write = Callable[[float | None], str]

# Quantities of which the figures, tables and facts tell already.
_TOLD = {
    *("reward", "accuracy", "length", "length_p99", "window", "truncated", "confident"),
    *("malformed", "groups", "groups_kept", "groups_same", "asked_again", "entropy", "perplexity"),
    *("masked_positive", "masked_negative", "capped_positive", "capped_negative", "ratio_mean"),
    *("ratio_max", "correlation", "kl", "gradient_norm", "gradient_tiny", "learning_rate", "loss"),
    *("valid_loss", "seconds", "seconds_rollout", "seconds_grade", "seconds_train"),
    *("tokens_per_second", "valid_accuracy", "valid_score"),
}


def section(title: str, said: str, *parts: str) -> str:
    """A heading, a sentence and what follows; nothing where nothing follows."""
    inner = "".join(part for part in parts if part)
    if not inner:
        return ""
    told = element("p", escaped(said), class_="quiet") if said else ""
    return element("section", element("h2", escaped(title)) + told + inner)


def rl_figures(run: Run) -> list[str]:
    """From what is wanted (reward) to what it rests on (gradients)."""
    said = "Dotted lines, here and below: a new window of tokens." if _windows(run) else ""
    mean = _figure(run, Chart("", [_line(run, "reward", "mean")]))
    return [
        section("Reward", said, mean, _rewards(run)),
        _length(run),
        _endings(run),
        _groups(run),
        _spread(run),
        _bounds(run),
        _agreement(run),
        _gradients(run),
        _levels(run),
    ]


def training_figures(run: Run) -> list[str]:
    """Loss, rate, gradients, speed, and whatever else its rows hold."""
    lines = [
        _line(run, "loss", "training"),
        Line("validation", run.series("valid_loss"), "red", "marked"),
    ]
    return [
        section("Loss", "Nats.", _figure(run, Chart("", lines, zero=False, log=True))),
        section(
            "How it ran",
            "",
            _pair(
                run,
                _one(run, "learning_rate", "Learning rate", style="plain"),
                _one(run, "gradient_norm", "Norm of the gradient", log=True, style="plain"),
                _one(run, "tokens_per_second", "Tokens a second"),
            ),
        ),
    ]


def _rewards(run: Run) -> str:
    accuracies = _many(run, "Accuracy", ("accuracy", "valid_accuracy"), share, 1.0)
    return _many(run, "Reward", ("reward",)) + accuracies


def _length(run: Run) -> str:
    lines = [
        _line(run, "length", "mean"),
        Line("99th perc.", run.series("length_p99"), "green"),
        Line("window", run.series("window"), "ink", "step"),
    ]
    return section(
        "Length",
        "Tokens written in an episode.",
        _figure(run, Chart("", lines)),
        _many(run, "Mean length", ("length", "valid_length")),
    )


def _endings(run: Run) -> str:
    lines = [
        Line("truncated", run.series("truncated"), "red"),
        Line("repetition", run.series("confident"), "ochre"),
        Line("malformed", run.series("malformed"), "purple"),
    ]
    said = (
        "Shares of episodes that were cut at the window, stopped in confident repetition, or "
        "whose answer had no readable form."
    )
    return section("How episodes failed to end well", said, _figure(run, Chart("", lines, share)))


def _groups(run: Run) -> str:
    lines = [
        Line("asked", run.series("groups"), "ink"),
        Line("kept", run.series("groups_kept"), "blue"),
        Line("all alike", run.series("groups_same"), "ochre"),
    ]
    again = _one(run, "asked_again", "Rounds of asking again")
    return section(
        "Groups",
        "A group whose rewards are all alike teaches nothing and is asked for again.",
        _pair(run, Chart("Groups of a step", lines), again),
    )


def _spread(run: Run) -> str:
    return section(
        "Entropy",
        "How open the sampler is, and how surprised by its own tokens.",
        _pair(
            run,
            _one(run, "entropy", "Entropy, nats a token"),
            _one(run, "perplexity", "Perplexity", zero=False),
        ),
    )


def _bounds(run: Run) -> str:
    def signed(kind: str, title: str) -> Chart:
        above, below = run.series(f"{kind}_positive"), run.series(f"{kind}_negative")
        return Chart(title, [Line("A > 0", above, "blue"), Line("A < 0", below, "red")], share)

    ratios = [
        Line("mean", run.series("ratio_mean"), "blue"),
        Line("highest", run.series("ratio_max"), "red"),
    ]
    return section(
        "Masks and caps",
        "Shares of tokens, by the sign of their advantage A, whose gradient the mask removed or "
        "whose weight was held at its cap.",
        _pair(run, signed("masked", "Masked"), signed("capped", "Capped")),
        _figure(run, Chart("Probability ratio", ratios, zero=False, log=True), FULL),
    )


def _agreement(run: Run) -> str:
    chart = Chart(
        "Correlation of their token probabilities",
        [_line(run, "correlation", "", "plain")],
        correlation,
        zero=False,
        floor=run.correlation_floor,
    )
    kl = _one(run, "kl", "Divergence (KL), nats a token")
    said = "Before the first update both should give every token the same probability."
    return section("Sampler and trainer", said, _pair(run, chart, kl))


def _gradients(run: Run) -> str:
    return section(
        "Gradients",
        "",
        _pair(
            run,
            _one(run, "gradient_norm", "Norm", log=True, style="plain"),
            _one(run, "gradient_tiny", "Elements below AdamW's epsilon", share),
            _one(run, "learning_rate", "Learning rate", style="plain"),
            _one(run, "loss", "Loss", zero=False),
        ),
    )


def _levels(run: Run) -> str:
    levels = _many(run, "Level of difficulty", ("level",), style="step")
    series = [run.series(f"share/{name}") for name in run.environments]
    vary = any(len(set(one.finite.values)) > 1 for one in series)
    shares = _many(run, "Share of the prompts", ("share",), share) if vary else ""
    return section("Curriculum", "", levels, shares)


def cost_figures(run: Run) -> str:
    """How long a step took, and how fast it was."""
    parts = [
        Line("rollouts", run.series("seconds_rollout"), "blue"),
        Line("training", run.series("seconds_train"), "red"),
        Line("grading", run.series("seconds_grade"), "green"),
    ]
    speed = _one(run, "tokens_per_second", "Tokens a second")
    return _pair(run, Chart("Time of a step", parts, duration), speed)


def other_figures(run: Run) -> str:
    """What no other section shows, so that no number is hidden."""
    shown = {"reward", "accuracy", "valid_accuracy", "length", "valid_length", "level", "share"}
    keys = [
        key
        for key in run.keys
        if key not in _TOLD | {"tokens_written", "tokens_read", "updates"}
        and not key.startswith("turn_")
        and not ("/" in key and key.partition("/")[0] in shown)
    ]
    return section("Other numbers", "", _grid(run, "", [_one(run, key, key) for key in keys]))


def _many(
    run: Run,
    what: str,
    keys: Sequence[str],
    write: Write = number,
    highest: float | None = None,
    style: Style = "smooth",
) -> str:
    """A small chart for each environment, all on one scale: in training and in validation."""
    training, validation = keys[0], keys[-1] if len(keys) > 1 else ""
    lines = {
        name: [
            Line("training", run.series(f"{training}/{name}"), "blue", style),
            Line("validation", run.series(f"{validation}/{name}"), "red", "plain"),
        ]
        for name in run.environments
    }
    found = [line for both in lines.values() for line in both if line.series]
    values = [value for line in found for value in line.series.finite.values]
    high, low = max((highest or 0.0, *values)), min((0.0, *values))
    title = escaped(f"{what} in each environment, on one scale")
    if len({line.name for line in found}) > 1:
        title += ": " + element("b", "training", class_="blue")
        title += " and " + element("b", "validation", class_="red")
    charts = [Chart(name, two, write, highest=high, lowest=low) for name, two in lines.items()]
    return _grid(run, title, charts)


def _grid(run: Run, title: str, charts: Sequence[Chart]) -> str:
    made = "".join(_figure(run, chart, SMALL) for chart in charts)
    if not made:
        return ""
    head = element("h3", title) if title else ""
    return head + element("div", made, class_="many")


def _pair(run: Run, *charts: Chart) -> str:
    made = "".join(_figure(run, chart, HALF) for chart in charts)
    return element("div", made, class_="pair") if made else ""


def _figure(run: Run, chart: Chart, size: Size = FULL) -> str:
    """A chart under its title; nothing where no line holds a number."""
    if not chart.shown():
        return ""
    title = element("figcaption", escaped(shortened(chart.title, 56))) if chart.title else ""
    kind = {"class_": "full"} if size is FULL else {}
    return element("figure", title + svg(chart, size, run.span, _windows(run)), **kind)


def _windows(run: Run) -> list[int]:
    return [event.step for event in run.events if event.kind == "window" and event.step is not None]


def _one(
    run: Run,
    key: str,
    title: str,
    write: Write = number,
    *,
    zero: bool = True,
    log: bool = False,
    style: Style = "smooth",
) -> Chart:
    return Chart(title, [Line("", run.series(key), style=style)], write, zero=zero, log=log)


def _line(run: Run, key: str, name: str, style: Style = "smooth") -> Line:
    return Line(name, run.series(key), style=style)
