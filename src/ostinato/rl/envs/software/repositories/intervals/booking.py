"""Rooms and meetings."""

from intervalset import IntervalSet


def free(bookings, opening, closing, least=1):
    """Gaps of at least ``least`` between opening and closing, sorted."""
    gaps = IntervalSet([(opening, closing)])
    for start, end in bookings:
        gaps.remove(start, end)
    return [(start, end) for start, end in gaps.spans() if end - start >= least]


def first_fit(bookings, opening, closing, length, after=None):
    """The earliest start of a meeting of a length, not before ``after``; None if there is none."""
    for start, end in free(bookings, opening, closing, length):
        if after is not None and after > start:
            start = after
        if start + length <= end:
            return start
    return None


def busiest(bookings):
    """``(count, start)``: the most bookings at once, and the first time that there are so many;
    ``(0, None)`` without bookings. One that ends makes room for one that starts then.
    """
    changes = sorted([(start, 1) for start, _ in bookings] + [(end, -1) for _, end in bookings])
    best, where = 0, None
    running = 0
    for time, change in changes:
        running += change
        if running > best:
            best, where = running, time
    return best, where
