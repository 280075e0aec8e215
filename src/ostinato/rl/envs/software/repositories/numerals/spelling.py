"""Numbers in English."""

SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def spell(number):
    """0 to 999,999 in words."""
    if not 0 <= number <= 999_999:
        raise ValueError("expected 0 to 999,999")
    if number < 1000:
        return _below_thousand(number)
    thousands, rest = divmod(number, 1000)
    text = _below_thousand(thousands) + " thousand"
    if rest == 0:
        return text
    if rest < 100:
        return text + " and " + _below_thousand(rest)
    return text + " " + _below_thousand(rest)


def _below_thousand(number):
    if number < 20:
        return SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        text = TENS[tens - 2]
        return text + "-" + SMALL[ones] if ones else text
    hundreds, rest = divmod(number, 100)
    text = SMALL[hundreds] + " hundred"
    return text + " and " + _below_thousand(rest) if rest else text


def ordinal(number):
    """``1st``, ``2nd``, ``3rd``, ``4th`` ...; 11 to 13 of every hundred end in ``th``."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
