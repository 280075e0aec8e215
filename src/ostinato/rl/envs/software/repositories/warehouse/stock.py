"""Stock on shelves: how much there is of each part, and how much of it is promised."""


class StockError(Exception):
    """A movement that the shelves cannot bear."""


class Stock:
    """Counts by part number. Free is what lies there and is not reserved."""

    def __init__(self):
        self._on_hand = {}
        self._reserved = {}

    def receive(self, part, count):
        """Put ``count`` (at least 1) on the shelf; returns the new count on hand."""
        if count < 1:
            raise StockError("expected a positive count")
        self._on_hand[part] = self._on_hand.get(part, 0) + count
        return self._on_hand[part]

    def on_hand(self, part):
        """How many lie on the shelf; 0 for an unknown part."""
        return self._on_hand.get(part, 0)

    def reserved(self, part):
        """How many of them are promised."""
        return self._reserved.get(part, 0)

    def free(self, part):
        """How many can still be promised."""
        return self.on_hand(part) - self.reserved(part)

    def reserve(self, part, count):
        """Promise ``count`` pieces, all or none; returns what is still free."""
        if count > self.free(part):
            raise StockError("not enough free stock")
        self._reserved[part] = self.reserved(part) + count
        return self.free(part)

    def release(self, part, count):
        """Take back a promise, at most what is reserved; returns how many were released."""
        count = min(count, self.reserved(part))
        self._reserved[part] = self.reserved(part) - count
        return count

    def ship(self, part, count):
        """Reserved pieces leave the house; returns what is left on hand."""
        if count > self.reserved(part):
            raise StockError("ship only what is reserved")
        self._reserved[part] -= count
        self._on_hand[part] -= count
        return self._on_hand[part]

    def parts(self):
        """The parts that lie on a shelf, sorted; a part with none left is not among them."""
        return sorted(part for part, count in self._on_hand.items() if count > 0)

    def snapshot(self):
        """A copy of the counts on hand: changing it changes no stock."""
        return dict(self._on_hand)
