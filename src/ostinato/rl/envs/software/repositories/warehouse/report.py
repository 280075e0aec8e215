"""What the office wants to know."""


def reorder(stock, minimums, pack=1):
    """What to buy: for each part whose free stock is below its minimum, the smallest number of
    whole packs of ``pack`` pieces that reaches the minimum, in pieces.
    """
    wanted = {}
    for part in sorted(minimums):
        short = minimums[part] - stock.free(part)
        if short > 0:
            packs = (short + pack - 1) // pack
            wanted[part] = packs * pack
    return wanted


def turnover(movements):
    """Sum ``(part, change)`` movements: part -> (pieces in, pieces out), both positive."""
    totals = {}
    for part, change in movements:
        came, went = totals.get(part, (0, 0))
        if change > 0:
            came += change
        else:
            went -= change
        totals[part] = (came, went)
    return totals


def table(counts):
    """Lines of part and count, sorted by part: names padded to the longest name, counts to the
    longest count (right-aligned), two spaces between.
    """
    if not counts:
        return []
    names = max(len(part) for part in counts)
    digits = max(len(str(count)) for count in counts.values())
    return [f"{part:<{names}}  {counts[part]:>{digits}}" for part in sorted(counts)]
