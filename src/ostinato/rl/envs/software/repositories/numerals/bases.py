"""Numbers to other bases."""

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def to_base(number, base):
    """The digits of a whole number, a minus before them if it is negative."""
    if not 2 <= base <= 36:
        raise ValueError("expected a base of 2 to 36")
    if number == 0:
        return "0"
    digits = ""
    rest = abs(number)
    while rest > 0:
        digits = DIGITS[rest % base] + digits
        rest //= base
    return "-" + digits if number < 0 else digits


def from_base(text, base):
    """The value of digits, in either case; underscores between them are skipped."""
    if not 2 <= base <= 36:
        raise ValueError("expected a base of 2 to 36")
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    number = 0
    for char in digits.lower().replace("_", ""):
        digit = DIGITS.find(char)
        if digit < 0 or digit >= base:
            raise ValueError(f"no digit to base {base}: {char!r}")
        number = number * base + digit
    return sign * number


def group(digits, size=3, separator=","):
    """Separators between groups of ``size`` digits, counted from the right."""
    first = len(digits) % size
    groups = [digits[:first]] if first else []
    groups += [digits[at : at + size] for at in range(first, len(digits), size)]
    return separator.join(groups)
