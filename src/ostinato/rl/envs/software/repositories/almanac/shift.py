"""Moving dates, and how far they are apart."""

from days import check, from_number, month_length, to_number


def add_days(date, count):
    """The date so many days later, or earlier if negative."""
    return from_number(to_number(date) + count)


def add_months(date, count):
    """The same day so many months later; the last day of the month if there is no such day."""
    year, month, day = check(date)
    months = 12 * year + month - 1 + count
    year, month = months // 12, months % 12 + 1
    return (year, month, min(day, month_length(year, month)))


def between(first, last):
    """Days from one date to the other; negative if the second comes first."""
    return to_number(last) - to_number(first)


def age(born, today):
    """Whole years on a day; a negative age is an error."""
    if between(born, today) < 0:
        raise ValueError("not yet born")
    years = today[0] - born[0]
    if (today[1], today[2]) < (born[1], born[2]):
        years -= 1
    return years
