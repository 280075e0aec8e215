"""Words into lines."""

from words import chop, split


def fill(text, width):
    """Lines of at most ``width`` characters, each as full as can be."""
    lines = []
    current = ""
    for word in split(text):
        for piece in chop(word, width):
            if not current:
                current = piece
            elif len(current) + 1 + len(piece) <= width:
                current = current + " " + piece
            else:
                lines.append(current)
                current = piece
    if current:
        lines.append(current)
    return lines


def paragraphs(text, width):
    """Every paragraph filled, with one blank line between them."""
    blocks = []
    block = []
    for line in text.split("\n") + [""]:
        if line.strip():
            block.append(line)
        elif block:
            blocks.append(fill(" ".join(block), width))
            block = []
    result = []
    for number, lines in enumerate(blocks):
        if number > 0:
            result.append("")
        result.extend(lines)
    return result


def indent(lines, prefix, first=None):
    """Put ``prefix`` before each line that is not blank; ``first``, if given, before the very
    first line instead.
    """
    result = []
    for number, line in enumerate(lines):
        start = first if number == 0 and first is not None else prefix
        result.append(start + line if line.strip() else line)
    return result
