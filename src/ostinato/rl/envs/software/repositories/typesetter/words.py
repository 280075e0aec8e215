"""Words and their pieces."""


def split(text):
    """The words of a text."""
    return text.split()


def chop(word, width):
    """Pieces of at most ``width`` characters; all but the last end in a hyphen, which counts.

    The width is at least 2.
    """
    if width < 2:
        raise ValueError("expected a width of at least 2")
    pieces = []
    while len(word) > width:
        pieces.append(word[: width - 1] + "-")
        word = word[width - 1 :]
    pieces.append(word)
    return pieces


def longest(text):
    """The longest word, the first one of several; empty if there is none."""
    best = ""
    for word in split(text):
        if len(word) > len(best):
            best = word
    return best
