"""Reports of a book."""

from money import format_amount


def statement(book, account, first, last):
    """Lines ``date  text  amount  balance`` for the days ``first`` to ``last``, after an opening
    line with the balance before them.
    """
    before = 0
    lines = []
    for date, text, _, cents in book.entries(account):
        if date < first:
            before += cents
    balance = before
    for date, text, _, cents in book.entries(account):
        if first <= date <= last:
            balance += cents
            lines.append(f"{date}  {text}  {format_amount(cents)}  {format_amount(balance)}")
    return [f"opening  {format_amount(before)}"] + lines


def monthly(book, account):
    """``{month: (came in, went out)}`` with months as ``YYYY-MM``, both amounts positive."""
    totals = {}
    for date, _, _, cents in book.entries(account):
        came, went = totals.get(date[:7], (0, 0))
        if cents >= 0:
            came += cents
        else:
            went -= cents
        totals[date[:7]] = (came, went)
    return totals


def unusual(book, account, factor=3):
    """Postings larger (without sign) than ``factor`` times the mean size of all of the account."""
    entries = book.entries(account)
    total = sum(abs(entry[3]) for entry in entries)
    return [
        (date, text, cents)
        for date, text, _, cents in entries
        if abs(cents) * len(entries) > factor * total
    ]
