"""Durations and sizes."""

UNITS = (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
SIZES = ("B", "KB", "MB", "GB")


def parse_duration(text):
    """Seconds of ``2d 3h``; units in falling order, each once at most."""
    total = 0
    names = [unit for unit, _ in UNITS]
    for part in text.split():
        number, unit = part[:-1], part[-1]
        if unit not in names or not number.isdecimal():
            raise ValueError(f"no duration: {part!r}")
        names = names[names.index(unit) + 1 :]
        total += int(number) * dict(UNITS)[unit]
    return total


def format_duration(seconds, parts=5):
    """The largest ``parts`` units that are not zero, the rest dropped; ``0s`` for nothing."""
    found = []
    for unit, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count and len(found) < parts:
            found.append(f"{count}{unit}")
    return " ".join(found) or "0s"


def human_size(count):
    """Bytes as people read them: ``512 B``, ``1.5 KB``."""
    if count < 1024:
        return f"{count} B"
    power = 1
    while power < len(SIZES) - 1 and count >= 1024 ** (power + 1):
        power += 1
    tenths = count * 10 // 1024**power
    return f"{tenths // 10}.{tenths % 10} {SIZES[power]}"
