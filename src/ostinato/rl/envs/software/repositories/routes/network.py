"""Places and roads."""


class Network:
    """Roads with lengths, by place."""

    def __init__(self):
        self._roads = {}

    def place(self, name):
        """Make sure that a place is there."""
        self._roads.setdefault(name, {})
        return self

    def road(self, start, end, length, one_way=False):
        """Add a road; of two between the same places the shorter one counts."""
        if length < 1:
            raise ValueError("expected a length of at least 1")
        self.place(start)
        self.place(end)
        self._connect(start, end, length)
        if not one_way:
            self._connect(end, start, length)
        return self

    def _connect(self, start, end, length):
        known = self._roads[start].get(end)
        if known is None or length < known:
            self._roads[start][end] = length

    def places(self):
        """All places, sorted."""
        return sorted(self._roads)

    def neighbours(self, name):
        """``(place, length)`` of every road that leaves a place, sorted by place."""
        return sorted(self._roads[name].items())

    def total(self):
        """The length of all roads; a road in both ways counts twice."""
        return sum(sum(ends.values()) for ends in self._roads.values())

    def reversed(self):
        """A new network with every road turned round."""
        turned = Network()
        for name in self.places():
            turned.place(name)
            for end, length in self.neighbours(name):
                turned.road(end, name, length, one_way=True)
        return turned
