"""The report's charts and the way it writes numbers."""

import math
import re
from itertools import pairwise

import pytest

from ostinato.jobs.report_figures import HALF, SMALL, Chart, Line, svg
from ostinato.jobs.report_numbers import duration, number, points, share, tick_label
from ostinato.jobs.report_run import Series
from ostinato.jobs.report_scale import log_scale, round_scale, step_scale


def path_numbers(text: str, kind: str) -> list[tuple[float, float]]:
    [data] = re.findall(rf'class="{kind}" d="([^"]*)"', text)
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", data)]


def test_a_line_runs_where_its_numbers_are() -> None:
    series = Series((0, 10, 20), (0.0, 1.0, 0.5))
    drawn = svg(Chart("", [Line("a", series, style="plain")]), HALF, (0, 20))
    left, right = HALF.left, HALF.width - HALF.right
    bottom = HALF.height - HALF.bottom
    middle = (HALF.top + bottom) / 2
    expected = [(left, bottom), ((left + right) / 2, HALF.top), (right, middle)]
    assert path_numbers(drawn, "line") == [pytest.approx(pair, abs=0.06) for pair in expected]


def test_a_gap_breaks_the_line_and_a_number_between_gaps_is_a_dot() -> None:
    series = Series((1, 2, 3, 4, 5), (1.0, math.nan, 2.0, math.nan, 3.0))
    drawn = svg(Chart("", [Line("a", series, style="plain")]), HALF, (1, 5))
    [data] = re.findall(r'class="line" d="([^"]*)"', drawn)
    assert data.count("M") == data.count("h0") == 3 and "L" not in data


def test_labels_at_one_height_do_not_overlap() -> None:
    lines = [Line(f"l{n}", Series((1, 2), (0.0, 0.001 * n))) for n in range(5)]
    drawn = svg(Chart("", [*lines, Line("top", Series((1,), (9.0,)))]), HALF, (1, 2))
    found = re.findall(r'<text x="280" y="([\d.]+)"><tspan', drawn)
    heights = sorted(map(float, found))
    assert len(heights) == 6
    assert all(b - a >= 12.9 for a, b in pairwise(heights))
    assert heights[-1] <= HALF.height and heights[0] >= 0


def test_constant_and_extreme_numbers_are_drawn() -> None:
    for values in (
        (0.0, 0.0),
        (5.0, 5.0),
        (-3.0, -3.0),
        (1e-15, 1e12),
        (0.3, 0.1 + 0.2),
        (-1e-9, 0),
    ):
        for log in (False, True):
            for zero in (False, True):
                line = Line("a", Series((1, 2), values), style="plain")
                for size in (HALF, SMALL):
                    drawn = svg(Chart("t", [line], zero=zero, log=log), size, (1, 2))
                    points_ = path_numbers(drawn, "line")
                    assert all(0 <= y <= size.height for _, y in points_)


def test_scales_end_at_round_numbers() -> None:
    assert round_scale(0, 0.47, 0, 100, 4).ticks == pytest.approx((0, 0.2, 0.4, 0.6))
    assert round_scale(-0.1, 0.9, 0, 100, 4).ticks == pytest.approx((-0.25, 0, 0.25, 0.5, 0.75, 1))
    assert log_scale(0.02, 300, 0, 100, 5).ticks == pytest.approx((0.1, 1, 10, 100))
    assert step_scale(1, 330, 0, 500, 4).ticks == (1, 100, 200, 300, 330)
    assert step_scale(1, 330, 0, 200, 4).ticks == (1, 100, 200, 330)
    assert step_scale(1, 2, 0, 200, 4).ticks == (1, 2)


def test_numbers_are_written_with_few_digits() -> None:
    assert [number(x) for x in (0, 0.41234, 12.34, 18200.4, 1e-15, -2.5, None, math.nan)] == [
        *("0", "0.412", "12.3", "18,200", "1.0e-15", "−2.50", "–", "–")
    ]
    assert [share(x) for x in (0, 1, 0.1234, 0.0002, None)] == [
        "0 %",
        "100 %",
        "12.3 %",
        "0.02 %",
        "–",
    ]
    assert [points(x) for x in (0.195, -0.04, 0.0001, None)] == ["+19.5", "−4.0", "0.0", "–"]
    times = (0.414, 12.3, 200, 3599.7, 7500, None)
    assert [duration(x) for x in times] == [
        *("0.41 s", "12 s", "3 min 20 s", "1 h 00 min", "2 h 05 min", "–")
    ]
    assert [tick_label(x, number) for x in (0.5, 0.025, 2500, 5e-5, -0.25, 0)] == [
        *("0.5", "0.025", "2,500", "5e-5", "−0.25", "0")
    ]
    assert tick_label(0.1, share) == "10 %" and tick_label(20, duration) == "20 s"
