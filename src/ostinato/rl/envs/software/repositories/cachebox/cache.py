"""The cache."""

from clock import ManualClock
from stats import Stats


class Cache:
    """Entries in order of use: the first key of ``_entries`` was used longest ago."""

    def __init__(self, capacity, lifetime=None, clock=None):
        if capacity < 1:
            raise ValueError("expected room for at least one entry")
        self.capacity = capacity
        self.lifetime = lifetime
        self.clock = clock or ManualClock()
        self.stats = Stats()
        self._entries = {}

    def put(self, key, value):
        """Store a value as the most recent entry, replacing an older one of the key."""
        self._entries.pop(key, None)
        self._entries[key] = (value, self.clock.now)
        if len(self._entries) > self.capacity:
            self.sweep()
        while len(self._entries) > self.capacity:
            del self._entries[next(iter(self._entries))]
            self.stats.evictions += 1

    def get(self, key, default=None):
        """The value of a key, which becomes the most recent; counted as a hit or a miss."""
        found = self._fresh(key)
        self.stats.record(found)
        if not found:
            return default
        entry = self._entries.pop(key)
        self._entries[key] = entry
        return entry[0]

    def peek(self, key, default=None):
        """The value of a key; neither the order nor the counts change."""
        return self._entries[key][0] if self._fresh(key) else default

    def keys(self):
        """The fresh keys, the least recently used first."""
        return [key for key in self._entries if self._fresh(key)]

    def sweep(self):
        """Forget stale entries; returns how many there were."""
        stale = [key for key in self._entries if not self._fresh(key)]
        for key in stale:
            del self._entries[key]
        return len(stale)

    def resize(self, capacity):
        """Change the capacity; the least recently used entries go until the rest fits."""
        if capacity < 1:
            raise ValueError("expected room for at least one entry")
        self.capacity = capacity
        self.sweep()
        while len(self._entries) > capacity:
            del self._entries[next(iter(self._entries))]
            self.stats.evictions += 1

    def _fresh(self, key):
        if key not in self._entries:
            return False
        if self.lifetime is None:
            return True
        return self.clock.now - self._entries[key][1] < self.lifetime
