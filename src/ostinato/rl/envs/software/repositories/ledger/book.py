"""Transactions and balances."""


class LedgerError(Exception):
    """A transaction that does not balance, or is no transaction."""


class Book:
    """All transactions, in order of date; those of one day in the order they came."""

    def __init__(self):
        self._entries = []

    def record(self, date, text, postings):
        """Add a transaction of at least two ``(account, cents)`` postings; returns how many
        transactions there are.
        """
        if len(postings) < 2:
            raise LedgerError("expected at least two postings")
        if sum(cents for _, cents in postings) != 0:
            raise LedgerError("the postings do not balance")
        at = len(self._entries)
        while at > 0 and self._entries[at - 1][0] > date:
            at -= 1
        self._entries.insert(at, (date, text, [tuple(p) for p in postings]))
        return len(self._entries)

    def entries(self, account=None):
        """``(date, text, account, cents)`` of every posting to an account or below it; all for
        None.
        """
        return [
            (date, text, name, cents)
            for date, text, postings in self._entries
            for name, cents in postings
            if account is None or within(name, account)
        ]

    def balance(self, account, until=None):
        """The balance of an account and all below it, up to a date (included)."""
        return sum(
            cents for date, _, _, cents in self.entries(account) if until is None or date <= until
        )

    def accounts(self):
        """Every account with a posting, and those above them, sorted."""
        found = set()
        for _, _, name, _ in self.entries():
            parts = name.split(":")
            for depth in range(1, len(parts) + 1):
                found.add(":".join(parts[:depth]))
        return sorted(found)


def within(name, account):
    """Whether ``name`` is the account or lies below it."""
    return name == account or name.startswith(account + ":")
