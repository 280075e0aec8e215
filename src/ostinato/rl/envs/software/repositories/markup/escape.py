"""Text that is safe in HTML."""


def escape(text):
    """Text between tags: ``&``, ``<`` and ``>``."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute(text):
    """A value between double quotes."""
    return escape(text).replace('"', "&quot;")


def slug(text):
    """An anchor for a heading."""
    parts = []
    word = ""
    for char in text.lower():
        if char.isalnum():
            word += char
        elif word:
            parts.append(word)
            word = ""
    if word:
        parts.append(word)
    return "-".join(parts)
