import unittest

from booking import busiest, first_fit, free
from intervalset import IntervalSet
from spans import overlap


class IntervalsTest(unittest.TestCase):
    def test_overlap(self):
        self.assertEqual(overlap((1, 8), (4, 20)), (4, 8))

    def test_add(self):
        self.assertEqual(IntervalSet([(1, 5), (3, 9)]).spans(), [(1, 9)])

    def test_contains(self):
        self.assertTrue(IntervalSet([(1, 9)]).contains(4))
        self.assertFalse(IntervalSet([(1, 9)]).contains(40))

    def test_empty_interval(self):
        with self.assertRaises(ValueError):
            IntervalSet([(4, 2)])

    def test_free(self):
        self.assertEqual(free([], 9, 17), [(9, 17)])

    def test_first_fit(self):
        self.assertEqual(first_fit([(9, 12)], 9, 17, 2), 12)

    def test_busiest(self):
        self.assertEqual(busiest([(3, 5)]), (1, 3))


if __name__ == "__main__":
    unittest.main()
