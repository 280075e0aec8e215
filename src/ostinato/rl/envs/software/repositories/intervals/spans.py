"""One interval, or two."""


def checked(start, end):
    """The interval; ValueError if it is empty."""
    if end <= start:
        raise ValueError("expected an end after the start")
    return (start, end)


def overlap(left, right):
    """What two intervals share, or None."""
    start = max(left[0], right[0])
    end = min(left[1], right[1])
    return (start, end) if start < end else None


def touches(left, right):
    """Whether the two together are one interval without a gap."""
    return left[0] <= right[1] and right[0] <= left[1]


def distance(left, right):
    """The length of the gap between two intervals; 0 if there is none."""
    return max(right[0] - left[1], left[0] - right[1], 0)
