"""From text to values."""

TRUE = ("true", "yes", "on")
FALSE = ("false", "no", "off")
UNITS = {"k": 1024, "m": 1024 * 1024}


def convert(text):
    """The value that a text stands for."""
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"':
        return text[1:-1]
    if "," in text:
        return [convert(part.strip()) for part in text.split(",") if part.strip()]
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    number = whole(text)
    if number is not None:
        return number
    if text and text[-1].lower() in UNITS:
        number = whole(text[:-1])
        if number is not None:
            return number * UNITS[text[-1].lower()]
    return text


def whole(text):
    """The whole number that a text is, or None; a sign may stand before it."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    return int(text) if digits.isdecimal() else None
