"""Roman numbers."""

SIGNS = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)


def to_roman(number):
    """The Roman number of 1 to 3999."""
    if not 1 <= number <= 3999:
        raise ValueError("expected 1 to 3999")
    text = ""
    for value, sign in SIGNS:
        while number >= value:
            text += sign
            number -= value
    return text


def from_roman(text):
    """Its value; ValueError for any but the usual spelling."""
    rest = text.upper()
    number = 0
    for value, sign in SIGNS:
        while rest.startswith(sign):
            number += value
            rest = rest[len(sign) :]
    if rest or not text or number > 3999 or to_roman(number) != text.upper():
        raise ValueError(f"no Roman number: {text!r}")
    return number
