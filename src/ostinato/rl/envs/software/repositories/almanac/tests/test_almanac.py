import unittest

from days import DateError, leap, month_length, weekday
from notation import iso, parse
from recur import every, workdays
from shift import add_days, add_months, age


class AlmanacTest(unittest.TestCase):
    def test_leap(self):
        self.assertTrue(leap(2028))
        self.assertFalse(leap(2027))

    def test_month(self):
        self.assertEqual(month_length(2027, 6), 30)

    def test_weekday(self):
        self.assertEqual(weekday((2027, 1, 1)), 4)

    def test_no_such_date(self):
        with self.assertRaises(DateError):
            parse("2027-02-30")

    def test_shift(self):
        self.assertEqual(add_days((2027, 1, 1), 1), (2027, 1, 2))
        self.assertEqual(add_months((2027, 1, 1), 1), (2027, 2, 1))

    def test_age(self):
        self.assertEqual(age((2000, 1, 1), (2027, 6, 1)), 27)

    def test_iso(self):
        self.assertEqual(iso((2027, 3, 4)), "2027-03-04")

    def test_series(self):
        self.assertEqual(every((2027, 1, 1), 1, "days", 1), [(2027, 1, 1)])
        self.assertEqual(workdays((2027, 1, 4), (2027, 1, 4)), 1)


if __name__ == "__main__":
    unittest.main()
