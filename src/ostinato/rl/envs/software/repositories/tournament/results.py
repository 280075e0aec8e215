"""What was played."""


class Season:
    """Results of a set of teams."""

    def __init__(self, teams):
        self.teams = list(teams)
        self._games = {}

    def play(self, home, away, scored, conceded):
        """Record a game; returns the season."""
        if home not in self.teams or away not in self.teams or home == away:
            raise ValueError("expected two teams of the season")
        if scored < 0 or conceded < 0:
            raise ValueError("goals cannot be negative")
        if (home, away) in self._games:
            raise ValueError("this game has been played")
        self._games[home, away] = (scored, conceded)
        return self

    def games(self, team=None):
        """``(own goals, other's goals, opponent)`` of a team's games in the order of play; for
        None, all games from the view of the home team.
        """
        found = []
        for (home, away), (scored, conceded) in self._games.items():
            if team in (None, home):
                found.append((scored, conceded, away))
            elif team == away:
                found.append((conceded, scored, home))
        return found

    def left(self, team):
        """How many games a team still has, if everyone meets twice."""
        return 2 * (len(self.teams) - 1) - len(self.games(team))

    def streak(self, team):
        """The longest run of games without defeat."""
        best = current = 0
        for own, other, _ in self.games(team):
            current = current + 1 if own >= other else 0
            best = max(best, current)
        return best
