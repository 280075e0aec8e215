"""Amounts in cents."""


def parse_amount(text):
    """Cents of an amount like ``-1,234.50``; at most two digits behind the point."""
    text = text.strip().replace(",", "")
    sign = 1
    if text.startswith("-"):
        sign, text = -1, text[1:]
    whole, _, cents = text.partition(".")
    if not whole.isdecimal() or len(cents) > 2 or (cents and not cents.isdecimal()):
        raise ValueError(f"no amount: {text!r}")
    return sign * (int(whole) * 100 + int(cents.ljust(2, "0")))


def format_amount(cents):
    """Two digits behind the point, commas between thousands."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole:,}.{rest:02d}"


def split(cents, parts):
    """``parts`` amounts that sum to ``cents`` (not negative) and differ by a cent at most, the
    larger ones first.
    """
    if parts < 1:
        raise ValueError("expected at least one part")
    each, left = divmod(cents, parts)
    return [each + 1 if number < left else each for number in range(parts)]
