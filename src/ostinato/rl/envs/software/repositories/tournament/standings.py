"""The table."""


def points(season, team, against=None):
    """3 for each win, 1 for each draw; only in games against some teams, if given."""
    total = 0
    for own, other, opponent in season.games(team):
        if against is None or opponent in against:
            total += 3 if own > other else 1 if own == other else 0
    return total


def goals(season, team):
    """``(scored, conceded)``."""
    games = season.games(team)
    return sum(game[0] for game in games), sum(game[1] for game in games)


def _record(season, team):
    scored, conceded = goals(season, team)
    return points(season, team), scored - conceded, scored


def ranking(season):
    """The teams, best first."""
    records = {team: _record(season, team) for team in season.teams}

    def key(team):
        equal = [other for other in season.teams if records[other] == records[team]]
        total, difference, scored = records[team]
        return (-total, -difference, -scored, -points(season, team, equal), team)

    return sorted(season.teams, key=key)


def table(season):
    """``(place, team, games, points, difference)``; places count from 1."""
    rows = []
    for place, team in enumerate(ranking(season), start=1):
        total, difference, _ = _record(season, team)
        rows.append((place, team, len(season.games(team)), total, difference))
    return rows


def champion(season):
    """The team whose points nobody else can reach any more, or None."""
    leader = max(season.teams, key=lambda team: points(season, team))
    for team in season.teams:
        possible = points(season, team) + 3 * season.left(team)
        if team != leader and possible >= points(season, leader):
            return None
    return leader
