"""Dates as text, and weeks."""

from days import DateError, check, weekday
from shift import add_days, between


def iso(date):
    """``YYYY-MM-DD``."""
    year, month, day = check(date)
    return f"{year:04d}-{month:02d}-{day:02d}"


def parse(text):
    """The date of ``YYYY-MM-DD``; zeros in front may be left out."""
    parts = text.strip().split("-")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise DateError(f"no date: {text!r}")
    return check(tuple(int(part) for part in parts))


def week(date):
    """``(year, week)``: the days around new year may belong to the other year's week."""
    thursday = add_days(date, 3 - weekday(date))
    return thursday[0], between((thursday[0], 1, 1), thursday) // 7 + 1
