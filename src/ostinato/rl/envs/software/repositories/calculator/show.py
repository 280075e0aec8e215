"""Trees as text again."""

from syntax import parse

STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "neg": 3, "^": 4}
ATOM = 5


def tidy(text):
    """The expression with as few parentheses as it needs, and single spaces."""
    return show(parse(text))


def show(tree):
    """A tree as text: spaces around operators and after commas, none after a unary minus."""
    kind = tree[0]
    if kind in ("number", "name"):
        return str(tree[1])
    if kind == "call":
        return f"{tree[1]}({', '.join(show(argument) for argument in tree[2])})"
    strength = STRENGTH[kind]
    if kind == "neg":
        return f"-{_inside(tree[1], strength)}"
    if kind == "^":
        return f"{_inside(tree[1], ATOM)} ^ {_inside(tree[2], STRENGTH['neg'])}"
    return f"{_inside(tree[1], strength)} {kind} {_inside(tree[2], strength + 1)}"


def _inside(tree, least):
    """A part, in parentheses if it binds weaker than ``least``."""
    text = show(tree)
    return text if STRENGTH.get(tree[0], ATOM) >= least else f"({text})"
