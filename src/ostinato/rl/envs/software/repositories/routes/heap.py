"""A priority queue as a binary heap."""


class Heap:
    """Smallest priority first; of equal priorities, first in first out."""

    def __init__(self):
        self._items = []
        self._pushed = 0

    def __len__(self):
        return len(self._items)

    def push(self, priority, item):
        """Put an item in."""
        self._items.append((priority, self._pushed, item))
        self._pushed += 1
        at = len(self._items) - 1
        while at > 0 and self._before(at, (at - 1) // 2):
            self._swap(at, (at - 1) // 2)
            at = (at - 1) // 2

    def pop(self):
        """Take out the first: ``(priority, item)``."""
        if not self._items:
            raise IndexError("the heap is empty")
        self._swap(0, len(self._items) - 1)
        priority, _, item = self._items.pop()
        at = 0
        while True:
            smallest = at
            for child in (2 * at + 1, 2 * at + 2):
                if child < len(self._items) and self._before(child, smallest):
                    smallest = child
            if smallest == at:
                return priority, item
            self._swap(at, smallest)
            at = smallest

    def drain(self):
        """All items in order; the heap is empty then."""
        return [self.pop()[1] for _ in range(len(self))]

    def _before(self, left, right):
        return self._items[left][:2] < self._items[right][:2]

    def _swap(self, left, right):
        items = self._items
        items[left], items[right] = items[right], items[left]
