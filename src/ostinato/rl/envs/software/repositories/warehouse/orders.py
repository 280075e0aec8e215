"""Orders: lines of part and count, as a dictionary."""


def allocate(stock, lines):
    """Reserve each line as far as the free stock goes.

    Returns two dictionaries, what was reserved and what is missing; neither has zero entries.
    """
    reserved, missing = {}, {}
    for part, count in lines.items():
        taken = min(count, stock.free(part))
        if taken > 0:
            stock.reserve(part, taken)
            reserved[part] = taken
        if taken < count:
            missing[part] = count - taken
    return reserved, missing


def discount(count, steps):
    """The highest percentage of the ``(minimum count, percent)`` steps that the count reaches."""
    best = 0
    for minimum, percent in steps:
        if count >= minimum and percent > best:
            best = percent
    return best


def price(lines, prices, steps=()):
    """The total in cents: each line is discounted by its own count and rounded down."""
    total = 0
    for part, count in lines.items():
        full = prices[part] * count
        total += full * (100 - discount(count, steps)) // 100
    return total


def boxes(lines, limit):
    """Pack the lines in order into boxes of at most ``limit`` pieces; a line may be spread."""
    packed = []
    room = 0
    for part, count in lines.items():
        while count > 0:
            if room == 0:
                packed.append({})
                room = limit
            put = min(count, room)
            packed[-1][part] = put
            room -= put
            count -= put
    return packed
