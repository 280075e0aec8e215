"""Time that stands still until told otherwise."""


class ManualClock:
    """Counts ticks."""

    def __init__(self, now=0):
        self.now = now

    def advance(self, ticks=1):
        """Move forward; returns the new time."""
        if ticks < 0:
            raise ValueError("time does not run backwards")
        self.now += ticks
        return self.now
