"""How a report and the live view write numbers down: few digits, and a dash where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable

NONE = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"


def number(value: float | None) -> str:
    """Three significant digits, thousands apart: ``0.412``, ``18,200``, ``1.0e-4``."""
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    if value == 0:
        text = "0"
    elif size < 1e-3 or size >= 1e9:
        text = _scientific(f"{size:.1e}")
    elif size >= 100 or (value == int(value) and size < 1e6):
        text = f"{size:,.0f}"
    else:
        text = f"{size:.{2 - math.floor(math.log10(size))}f}"
    return _MINUS + text if value < 0 else text


def share(value: float | None) -> str:
    """A share in 0..1 in per cent, with the digits that it needs."""
    if value is None or not math.isfinite(value):
        return NONE
    percent = 100 * value
    digits = 0 if percent == 0 or percent == 100 else 1 if abs(percent) >= 0.1 else 2
    text = f"{abs(percent):.{digits}f} %"
    return _MINUS + text if value < 0 else text


def points(value: float | None) -> str:
    """The difference of two shares, with its sign, in percentage points."""
    if value is None or not math.isfinite(value):
        return NONE
    sign = "" if round(1000 * value) == 0 else "+" if value > 0 else _MINUS
    return f"{sign}{abs(100 * value):.1f}"


def correlation(value: float | None) -> str:
    """A number whose distance from 1 matters: four decimals."""
    return NONE if value is None or not math.isfinite(value) else f"{value:.4f}"


def duration(seconds: float | None) -> str:
    """A time in the two units that matter: ``2 h 05 min``, ``3 min 20 s``, ``12 s``, ``0.41 s``."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return NONE
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def tick_label(value: float, write: Callable[[float | None], str]) -> str:
    """A round number with no more digits than it has, with the unit that ``write`` gives it."""
    percent = write is share
    size = abs(round(100 * value if percent else value, 15))
    if size and size < 1e-3:
        mantissa, power = f"{size:.3e}".split("e")
        text = _scientific(f"{mantissa.rstrip('0').rstrip('.')}e{power}")
    else:
        text = f"{size:,.0f}" if size >= 1000 else f"{size:.6g}"
    unit = " %" if percent else " s" if write is duration else ""
    return f"{_MINUS if value < 0 else ''}{text}{unit}"


def _scientific(text: str) -> str:
    """``1.0e-04`` without the idle zero."""
    return text.replace("e-0", "e-").replace("e+0", "e")
