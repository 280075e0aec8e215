"""The table of contents."""

from blocks import group


def headings(text):
    """``(depth, title)`` of every heading, the highest being 1."""
    return [(int(what[1]), titles[0]) for what, titles in group(text) if what[0] == "h"]


def outline(text, deepest=3):
    """A line per heading down to a depth, indented by two spaces for each depth below the first."""
    return ["  " * (depth - 1) + title for depth, title in headings(text) if depth <= deepest]


def number(text):
    """``"1.2 Title"`` for every heading: each depth counts on its own and starts anew below a
    higher heading. A heading without the depth above it gets a 0 there.
    """
    counts = [0, 0, 0]
    lines = []
    for depth, title in headings(text):
        counts[depth - 1] += 1
        for deeper in range(depth, 3):
            counts[deeper] = 0
        lines.append(".".join(str(count) for count in counts[:depth]) + " " + title)
    return lines
