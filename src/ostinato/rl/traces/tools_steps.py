"""The small sums of a help desk, written out: days on a calendar."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from ostinato.rl.traces.arithmetic import Work

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def days_later(day: str, days: int) -> tuple[str, str]:
    """The date so many days after another (both as in 2030-06-30), and how it is reached: month
    after month is taken off.
    """
    start = date.fromisoformat(day)
    year, month = start.year, start.month
    work = Work()
    count = work.add(start.day, days)
    while count > (length := monthrange(year, month)[1]):
        work.say(f"{MONTHS[month - 1]} {length}")
        count = work.subtract(count, length)
        year, month = year + month // 12, month % 12 + 1
    end = f"{year}-{month:02d}-{count:02d}"
    assert end == (start + timedelta(days)).isoformat(), "the months are as long as they are"
    return end, ", ".join([*work.lines, end])


def later(day: str, last: str) -> tuple[bool, str]:
    """Whether a day is after the last one, compared from the year down; and the comparison."""
    names = ("year", "month", "day")
    for name, one, other in zip(names, day.split("-"), last.split("-"), strict=True):
        if one != other:
            late = int(one) > int(other)
            return late, f"{name} {one} {'>' if late else '<'} {other}"
    return False, "the same day"
