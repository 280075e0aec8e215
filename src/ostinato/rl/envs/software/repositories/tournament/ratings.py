"""Elo ratings in whole numbers."""

# Expected score in thousandths by the difference of ratings, in steps of 100.
STEPS = (500, 640, 760, 849, 909, 947, 969)


def expected(own, other):
    """The expected score in thousandths: linear between steps of 100, rounded down, the last step
    for anything beyond; the weaker side gets what the stronger leaves.
    """
    gap = abs(own - other)
    step, rest = divmod(gap, 100)
    if step >= len(STEPS) - 1:
        strong = STEPS[-1]
    else:
        strong = STEPS[step] + (STEPS[step + 1] - STEPS[step]) * rest // 100
    return strong if own >= other else 1000 - strong


def update(own, other, score, weight=32):
    """Both ratings after a game; ``score`` is 1000 for a win, 500 for a draw, 0 for a defeat. What
    one side gains the other loses.
    """
    gain = round_half_up(weight * (score - expected(own, other)), 1000)
    return own + gain, other - gain


def round_half_up(number, divisor):
    """``number / divisor`` to the nearest whole number, halves upwards."""
    return (2 * number + divisor) // (2 * divisor)


def season_ratings(games, start=1500):
    """Ratings after ``(home, away, goals, goals)`` games in order; all begin equal."""
    ratings = {}
    for home, away, scored, conceded in games:
        own, other = ratings.get(home, start), ratings.get(away, start)
        score = 1000 if scored > conceded else 500 if scored == conceded else 0
        ratings[home], ratings[away] = update(own, other, score)
    return ratings
