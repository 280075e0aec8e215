"""Marks inside a line."""

from escape import attribute, escape

TAGS = {"*": "strong", "_": "em"}
MARKS = "*_`[\\"


def inline(text):
    """HTML of a line."""
    result = ""
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text) and text[at + 1] in MARKS:
            result += escape(text[at + 1])
            at += 2
            continue
        found = None
        if char in TAGS:
            found = _pair(text, at, TAGS[char])
        elif char == "`":
            found = _code(text, at)
        elif char == "[":
            found = _link(text, at)
        html, at = found or (escape(char), at + 1)
        result += html
    return result


def _pair(text, start, tag):
    """Marked text and where it ends; None if the mark is not closed, or nothing is inside."""
    end = text.find(text[start], start + 1)
    if end <= start + 1:
        return None
    return f"<{tag}>{inline(text[start + 1 : end])}</{tag}>", end + 1


def _code(text, start):
    end = text.find("`", start + 1)
    if end < 0:
        return None
    return f"<code>{escape(text[start + 1 : end])}</code>", end + 1


def _link(text, start):
    middle = text.find("](", start)
    end = text.find(")", middle + 2)
    if middle < 0 or end < 0:
        return None
    label = inline(text[start + 1 : middle])
    address = attribute(text[middle + 2 : end])
    return f'<a href="{address}">{label}</a>', end + 1
