"""How well a cache does."""


class Stats:
    """Counts of what happened."""

    def __init__(self):
        self.hits = 0
        self.misses = 0
        self.evictions = 0

    def record(self, hit):
        """Count one look-up."""
        if hit:
            self.hits += 1
        else:
            self.misses += 1

    def percent(self):
        """Hits in percent of all look-ups, rounded down; 0 where there were none."""
        total = self.hits + self.misses
        if total == 0:
            return 0
        return 100 * self.hits // total

    def merge(self, other):
        """The sum of two counts, as new ``Stats``; neither is changed."""
        total = Stats()
        total.hits = self.hits + other.hits
        total.misses = self.misses + other.misses
        total.evictions = self.evictions + other.evictions
        return total

    def as_dict(self):
        """The counts by name."""
        return {"hits": self.hits, "misses": self.misses, "evictions": self.evictions}
