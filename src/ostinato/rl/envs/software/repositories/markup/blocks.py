"""Blocks of lines."""

from escape import slug
from inline import inline


def kind(line):
    """What a line is, and its text: ``("h2", "Title")``, ``("ul", "item")``, ``("ol", "item")``,
    ``("quote", "words")``, ``("p", "words")`` or ``("blank", "")``.
    """
    stripped = line.strip()
    if not stripped:
        return "blank", ""
    marks = len(stripped) - len(stripped.lstrip("#"))
    if 1 <= marks <= 3 and stripped[marks : marks + 1] == " ":
        return f"h{marks}", stripped[marks:].strip()
    if stripped.startswith("- "):
        return "ul", stripped[2:].strip()
    if stripped.startswith("> "):
        return "quote", stripped[2:].strip()
    digits, dot, rest = stripped.partition(". ")
    if dot and digits.isdecimal():
        return "ol", rest.strip()
    return "p", stripped


def group(text):
    """``(kind, [texts])`` for each block; a heading is a block of its own."""
    blocks = []
    last = "blank"
    for line in text.split("\n"):
        what, content = kind(line)
        if what == last and what[0] != "h" and what != "blank":
            blocks[-1][1].append(content)
        elif what != "blank":
            blocks.append((what, [content]))
        last = what
    return blocks


def render(text):
    """A list of lines of HTML."""
    lines = []
    for what, contents in group(text):
        if what == "p":
            lines.append(f"<p>{inline(' '.join(contents))}</p>")
        elif what == "quote":
            lines.append(f"<blockquote>{inline(' '.join(contents))}</blockquote>")
        elif what in ("ul", "ol"):
            lines.append(f"<{what}>")
            lines += [f"<li>{inline(content)}</li>" for content in contents]
            lines.append(f"</{what}>")
        else:
            lines.append(f'<{what} id="{slug(contents[0])}">{inline(contents[0])}</{what}>')
    return lines
