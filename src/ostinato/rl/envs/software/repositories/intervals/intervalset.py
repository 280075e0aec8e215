"""A set of whole numbers."""

from spans import checked, overlap, touches


class IntervalSet:
    """Sorted intervals with gaps between them."""

    def __init__(self, intervals=()):
        self._spans = []
        for start, end in intervals:
            self.add(start, end)

    def spans(self):
        """The intervals, sorted, as a new list."""
        return list(self._spans)

    def add(self, start, end):
        """Put an interval in."""
        new = checked(start, end)
        kept = []
        for span in self._spans:
            if touches(span, new):
                new = (min(span[0], new[0]), max(span[1], new[1]))
            else:
                kept.append(span)
        self._spans = sorted(kept + [new])

    def remove(self, start, end):
        """Take an interval out, whatever part of it is there."""
        gone = checked(start, end)
        kept = []
        for span in self._spans:
            if overlap(span, gone) is None:
                kept.append(span)
                continue
            if span[0] < gone[0]:
                kept.append((span[0], gone[0]))
            if gone[1] < span[1]:
                kept.append((gone[1], span[1]))
        self._spans = kept

    def contains(self, number):
        """Whether a number is in the set, by bisection."""
        low, high = 0, len(self._spans)
        while low < high:
            middle = (low + high) // 2
            start, end = self._spans[middle]
            if number < start:
                high = middle
            elif number >= end:
                low = middle + 1
            else:
                return True
        return False

    def size(self):
        """How many numbers there are."""
        return sum(end - start for start, end in self._spans)

    def union(self, other):
        """What is in either, as a new set."""
        return IntervalSet(self.spans() + other.spans())

    def intersection(self, other):
        """What is in both, as a new set."""
        shared = IntervalSet()
        for left in self._spans:
            for right in other.spans():
                both = overlap(left, right)
                if both is not None:
                    shared.add(*both)
        return shared

    def difference(self, other):
        """What is here and not in the other, as a new set."""
        rest = IntervalSet(self._spans)
        for start, end in other.spans():
            rest.remove(start, end)
        return rest
