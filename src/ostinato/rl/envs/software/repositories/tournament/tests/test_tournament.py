import unittest

from fixtures import rounds
from ratings import expected
from results import Season
from standings import points, table


class TournamentTest(unittest.TestCase):
    def test_two_teams(self):
        self.assertEqual(rounds(["Oaks", "Elms"]), [[("Oaks", "Elms")]])

    def test_points(self):
        season = Season(["Oaks", "Elms"]).play("Oaks", "Elms", 3, 0)
        self.assertEqual(points(season, "Oaks"), 3)
        self.assertEqual(points(season, "Elms"), 0)

    def test_table(self):
        season = Season(["Oaks", "Elms"]).play("Oaks", "Elms", 3, 0)
        self.assertEqual(table(season), [(1, "Oaks", 1, 3, 3), (2, "Elms", 1, 0, -3)])

    def test_no_game_against_oneself(self):
        with self.assertRaises(ValueError):
            Season(["Oaks", "Elms"]).play("Oaks", "Oaks", 1, 0)

    def test_equal_ratings(self):
        self.assertEqual(expected(1500, 1500), 500)


if __name__ == "__main__":
    unittest.main()
