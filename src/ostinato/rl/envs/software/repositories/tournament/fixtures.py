"""Who meets whom."""


def rounds(teams):
    """A list of rounds, each a list of ``(home, away)``; everyone meets everyone once.

    The first team stays, the others move round by one place each round. The first pair of every
    other round is swapped. With an odd number of teams, one is free each round: it has no pair.
    """
    ring = list(teams)
    if len(ring) % 2 == 1:
        ring.append(None)
    half = len(ring) // 2
    plan = []
    for number in range(len(ring) - 1):
        pairs = [(ring[k], ring[-1 - k]) for k in range(half)]
        if number % 2 == 1:
            pairs[0] = (pairs[0][1], pairs[0][0])
        plan.append([pair for pair in pairs if None not in pair])
        ring = [ring[0], ring[-1]] + ring[1:-1]
    return plan


def double(teams):
    """A round robin, then the same rounds again with home and away swapped."""
    first = rounds(teams)
    return first + [[(away, home) for home, away in pairs] for pairs in first]


def games_of(plan, team):
    """``(round, opponent, at home)`` of a team; rounds count from 1."""
    found = []
    for number, pairs in enumerate(plan, start=1):
        for home, away in pairs:
            if team == home:
                found.append((number, away, True))
            elif team == away:
                found.append((number, home, False))
    return found
