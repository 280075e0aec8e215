"""Line charts as SVG that takes its colours and its typeface from the page around it.

Lines are labelled where they end. What scatters is drawn twice: pale as it was, and strong as
the mean of neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ostinato.jobs.report_html import element, escaped
from ostinato.jobs.report_numbers import number, tick_label
from ostinato.jobs.report_run import Series
from ostinato.jobs.report_scale import Scale, bare_scale, log_scale, round_scale, step_scale
from ostinato.jobs.show import shortened

Colour = Literal["ink", "blue", "red", "green", "purple", "ochre"]
Style = Literal["smooth", "plain", "step", "marked"]

_LABEL_HEIGHT = 13.0  # pixels between the labels beside lines
_MOST_MARKED = 60  # points that are drawn as such


@dataclass(frozen=True)
class Size:
    """A chart's size and margins, in pixels, and how many gaps its scales should have."""

    width: int
    height: int
    left: int
    right: int
    bottom: int
    gaps: int
    letters: int  # of a line's name in its label; 0: the value alone

    @property
    def top(self) -> int:
        """The margin above."""
        return 8


FULL = Size(760, 220, left=48, right=142, bottom=22, gaps=4, letters=14)
HALF = Size(368, 172, left=48, right=96, bottom=22, gaps=3, letters=9)
SMALL = Size(178, 84, left=42, right=54, bottom=8, gaps=4, letters=0)


@dataclass(frozen=True)
class Line:
    """One quantity in a chart."""

    name: str
    series: Series
    colour: Colour = "blue"
    style: Style = "smooth"

    @property
    def drawn(self) -> Series:
        """What the strong line shows and the label tells."""
        smooth = self.style == "smooth" and self.series.window > 1
        return self.series.smoothed if smooth else self.series


@dataclass(frozen=True)
class Chart:
    """Lines over a run's steps."""

    title: str
    lines: Sequence[Line]
    write: Callable[[float | None], str] = number
    zero: bool = True  # the scale begins at 0, or goes through it
    log: bool = False  # a logarithmic scale, where the numbers span more than a factor of 30
    floor: float | None = None  # a dashed line
    highest: float | None = None  # what the scale reaches at least
    lowest: float | None = None

    def shown(self) -> tuple[Line, ...]:
        """The lines that hold a number."""
        return tuple(line for line in self.lines if line.series)


def svg(chart: Chart, size: Size, steps: tuple[int, int], marks: Iterable[int] = ()) -> str:
    """The chart over the steps from the first to the last; ``marks`` are seen in the background."""
    across = step_scale(*steps, size.left, size.width - size.right, size.gaps + 1)
    upright = _values(chart, size)
    inner = [_grid(upright, chart, size)]
    if size.letters:
        inner.append(_step_labels(across, size))
    inner += [_rule(across(s), size, "mark") for s in marks if steps[0] < s <= steps[1]]
    if chart.floor is not None:
        inner.append(_floor(upright(chart.floor), chart, size))
    lines = chart.shown()
    inner += [_line(line, across, upright) for line in lines]
    inner.append(_labels(chart, lines, upright, size))
    told = "; ".join(
        f"{line.name} from {chart.write(line.drawn.first)} to {chart.write(line.drawn.last)}"
        for line in lines
    )
    return element(
        "svg",
        "".join(inner),
        viewBox=f"0 0 {size.width} {size.height}",
        width=size.width,
        height=size.height,
        role="img",
        aria_label=f"{chart.title}: {told}" if chart.title else told,
    )


def sparkline(series: Series, low: float, high: float) -> str:
    """A word-sized line between two bounds that a table's rows share."""
    drawn = series.smoothed.finite
    if not drawn:
        return ""
    width, height, edge = 96, 20, 3
    across = bare_scale(drawn.steps[0], drawn.steps[-1], edge, width - edge)
    upright = bare_scale(low, high, height - edge, edge)
    path = _path(_thinned(drawn, width), across, upright, step=False)
    end = _dot(across(drawn.steps[-1]), upright(drawn.values[-1]))
    box = f"0 0 {width} {height}"
    attributes = {"width": width, "height": height, "class_": "blue", "aria_hidden": "true"}
    return element("svg", _stroke(path, "line") + end, viewBox=box, **attributes)


def _values(chart: Chart, size: Size) -> Scale:
    values = [value for line in chart.shown() for value in line.series.finite.values]
    bottom, low, high = size.height - size.bottom, min(values), max(values)
    if chart.log and low > 0 and high > 30 * low:
        return log_scale(low, high, bottom, size.top, size.gaps + 1)
    bounds = (chart.floor, chart.highest, chart.lowest, 0.0 if chart.zero else None)
    values = [low, high, *(bound for bound in bounds if bound is not None)]
    return round_scale(min(values), max(values), bottom, size.top, size.gaps)


def _grid(scale: Scale, chart: Chart, size: Size) -> str:
    right = size.width - size.right
    ends = (scale.ticks[0], scale.ticks[-1])
    parts: list[str] = []
    for tick in scale.ticks:
        if size.letters or tick in ends or tick == 0:
            rule = f"M{size.left} {_pixel(scale(tick))}H{right}"
            parts.append(element("path", class_="grid", d=rule))
        if size.letters or tick in ends:
            label = tick_label(tick, chart.write)
            parts.append(_text(label, size.left - 7, scale(tick) + 3.5, "tick end"))
    return "".join(parts)


def _step_labels(scale: Scale, size: Size) -> str:
    y = size.height - 5
    return "".join(
        _text(f"{tick:,.0f}", scale(tick), y, "tick mid") for tick in dict.fromkeys(scale.ticks)
    )


def _rule(x: float, size: Size, kind: str) -> str:
    return element("path", class_=kind, d=f"M{_pixel(x)} {size.top}V{size.height - size.bottom}")


def _floor(y: float, chart: Chart, size: Size) -> str:
    right = size.width - size.right
    rule = element("path", class_="floor", d=f"M{size.left} {_pixel(y)}H{right}")
    return rule + _text(f"warns below {chart.floor:g}", size.left + 4, y - 4, "tick")


def _line(line: Line, across: Scale, upright: Scale) -> str:
    most = 2 * int(across.end - across.begin)
    step = line.style == "step"
    parts: list[str] = []
    if line.drawn is not line.series:
        raw = _thinned(line.series, most)
        parts.append(_stroke(_path(raw, across, upright, step=False), "raw"))
    drawn = line.drawn if step else _thinned(line.drawn, most)
    parts.append(_stroke(_path(drawn, across, upright, step=step), "line"))
    finite = line.drawn.finite
    pairs = list(zip(finite.steps, finite.values, strict=True))
    marked = line.style == "marked" and len(pairs) <= _MOST_MARKED
    dots = pairs if marked else pairs[-1:]
    parts += [_dot(across(at), upright(value)) for at, value in dots]
    return element("g", "".join(parts), class_=line.colour)


def _labels(chart: Chart, lines: Sequence[Line], upright: Scale, size: Size) -> str:
    """Each line's name and last value at its end, moved apart where they would overlap."""
    ends = sorted((upright(line.drawn.last or 0.0), number) for number, line in enumerate(lines))
    places = _spread([y for y, _ in ends], size.top + 4, size.height - size.bottom)
    x = size.width - size.right + 8
    parts: list[str] = []
    for y, (_, which) in zip(places, ends, strict=True):
        line = lines[which]
        value = escaped(chart.write(line.drawn.last))
        name = shortened(line.name, size.letters) if size.letters and line.name else ""
        bold = element("tspan", value, class_="value")
        inner = f"{bold} {escaped(name)}" if name else bold
        label = element("text", inner, x=x, y=_pixel(y + 3.5))
        parts.append(element("g", label, class_=line.colour))
    return "".join(parts)


def _spread(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Ascending places at least a label apart, near the wanted ones, from the top on."""
    places: list[float] = []
    for y in wanted:
        places.append(max(y, places[-1] + _LABEL_HEIGHT if places else top))
    over = places[-1] - bottom if places else 0
    for n in range(len(places) - 1, -1, -1):
        if over <= 0:
            break
        below = places[n + 1] - _LABEL_HEIGHT if n + 1 < len(places) else bottom
        places[n] = min(places[n], below)
    return places


def _thinned(series: Series, most: int) -> Series:
    """At most so many points, each the mean of its neighbours; gaps stay."""
    every = math.ceil(len(series.values) / most)
    if every <= 1:
        return series
    steps: list[int] = []
    values: list[float] = []
    for begin in range(0, len(series.values), every):
        part = Series(series.steps[begin : begin + every], series.values[begin : begin + every])
        steps.append(part.steps[-1])
        values.append(math.nan if part.mean is None else part.mean)
    return Series(tuple(steps), tuple(values))


def _path(series: Series, across: Scale, upright: Scale, *, step: bool) -> str:
    """The data of an SVG path. A number between two gaps is a dot."""
    parts: list[str] = []
    open_ = False
    for at, value in zip(series.steps, series.values, strict=True):
        if not math.isfinite(value):
            open_ = False
            continue
        x, y = _pixel(across(at)), _pixel(upright(value))
        parts.append((f"H{x}V{y}" if step else f"L{x} {y}") if open_ else f"M{x} {y}h0")
        open_ = True
    return "".join(parts)


def _stroke(path: str, kind: str) -> str:
    return element("path", class_=kind, d=path)


def _dot(x: float, y: float) -> str:
    return element("circle", cx=_pixel(x), cy=_pixel(y), r="2.2")


def _text(text: str, x: float, y: float, kind: str) -> str:
    return element("text", escaped(text), x=_pixel(x), y=_pixel(y), class_=kind)


def _pixel(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
