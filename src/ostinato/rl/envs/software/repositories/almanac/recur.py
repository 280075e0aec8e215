"""Dates that come again."""

from days import DateError, month_length, to_number, weekday
from shift import add_days, add_months


def nth_weekday(year, month, day, n):
    """The n-th of a weekday in a month: n is 1 to 5, or -1 for the last."""
    length = month_length(year, month)
    first = 1 + (day - weekday((year, month, 1))) % 7
    all_days = list(range(first, length + 1, 7))
    if n == -1:
        return (year, month, all_days[-1])
    if not 1 <= n <= len(all_days):
        raise DateError("the month has no such day")
    return (year, month, all_days[n - 1])


def every(start, step, unit, count):
    """``count`` dates from the start on, ``step`` days, weeks or months apart. Months are counted
    from the start: the 31st stays the last day of each month.
    """
    if unit == "days":
        return [add_days(start, step * number) for number in range(count)]
    if unit == "weeks":
        return [add_days(start, 7 * step * number) for number in range(count)]
    if unit == "months":
        return [add_months(start, step * number) for number in range(count)]
    raise ValueError("expected days, weeks or months")


def workdays(first, last, holidays=()):
    """How many days of work there are from ``first`` to ``last``, both included."""
    free = {to_number(date) for date in holidays}
    count = 0
    for number in range(to_number(first), to_number(last) + 1):
        if number % 7 < 5 and number not in free:
            count += 1
    return count
