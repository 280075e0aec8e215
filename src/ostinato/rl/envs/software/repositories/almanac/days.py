"""Days and their numbers."""

LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class DateError(ValueError):
    """No such date."""


def leap(year):
    """Whether February has 29 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year, month):
    """How many days a month has."""
    if not 1 <= month <= 12:
        raise DateError("expected a month of 1 to 12")
    if month == 2 and leap(year):
        return 29
    return LENGTHS[month - 1]


def check(date):
    """The date, if there is such a one."""
    year, month, day = date
    if year < 1 or not 1 <= day <= month_length(year, month):
        raise DateError("no such date")
    return date


def day_of_year(date):
    """1 for the first of January."""
    year, month, day = check(date)
    return sum(month_length(year, m) for m in range(1, month)) + day


def to_number(date):
    """Days since 1 January of the year 1."""
    past = date[0] - 1
    return 365 * past + past // 4 - past // 100 + past // 400 + day_of_year(date) - 1


def from_number(number):
    """The date of a number of days."""
    if number < 0:
        raise DateError("before the year 1")
    year = number // 366 + 1
    while to_number((year + 1, 1, 1)) <= number:
        year += 1
    rest = number - to_number((year, 1, 1))
    month = 1
    while rest >= month_length(year, month):
        rest -= month_length(year, month)
        month += 1
    return (year, month, rest + 1)


def weekday(date):
    """0 for Monday to 6 for Sunday."""
    return to_number(date) % 7
