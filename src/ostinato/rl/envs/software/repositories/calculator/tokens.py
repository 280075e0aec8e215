"""From text to tokens."""

SYMBOLS = "+-*/%^(),"


class CalculatorError(Exception):
    """The text is no expression, or has no value."""


def tokenize(text):
    """A list of ``(kind, value)``: kinds are number, name and symbol. Space separates."""
    found = []
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
        elif char.isdigit():
            end = _end(text, at, str.isdigit)
            found.append(("number", int(text[at:end])))
            at = end
        elif char.isalpha() or char == "_":
            end = _end(text, at, _in_name)
            found.append(("name", text[at:end]))
            at = end
        elif char in SYMBOLS:
            found.append(("symbol", char))
            at += 1
        else:
            raise CalculatorError(f"unexpected {char!r}")
    return found


def _end(text, start, belongs):
    """Where the run of characters that belong together ends."""
    end = start
    while end < len(text) and belongs(text[end]):
        end += 1
    return end


def _in_name(char):
    return char.isalnum() or char == "_"
