"""Lines into a page."""


def justify(line, width):
    """Stretch the gaps of a line to the width. Extra spaces go to the leftmost gaps first, one
    each. A line of one word, or one that is too long, stays as it is.
    """
    words = line.split()
    gaps = len(words) - 1
    if gaps < 1 or len(" ".join(words)) > width:
        return line
    spaces = width - sum(len(word) for word in words)
    each, extra = divmod(spaces, gaps)
    result = words[0]
    for number, word in enumerate(words[1:]):
        size = each + 1 if number < extra else each
        result += " " * size + word
    return result


def centre(line, width):
    """The line in the middle: an odd space goes to the right, spaces at the end are left out."""
    room = max(width - len(line), 0)
    return " " * (room // 2) + line


def columns(items, count, gap=2):
    """Items in ``count`` columns, read downwards; each column as wide as its widest item, ``gap``
    spaces between columns, no spaces at the ends of lines.
    """
    rows = -(-len(items) // count)
    table = [items[start : start + rows] for start in range(0, len(items), rows or 1)]
    widths = [max(len(item) for item in column) for column in table]
    lines = []
    for row in range(rows):
        cells = [
            column[row].ljust(width) for column, width in zip(table, widths) if row < len(column)
        ]
        lines.append((" " * gap).join(cells).rstrip())
    return lines
