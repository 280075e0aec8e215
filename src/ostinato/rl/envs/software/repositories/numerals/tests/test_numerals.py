import unittest

from bases import from_base, group, to_base
from quantity import format_duration, human_size, parse_duration
from roman import from_roman, to_roman
from spelling import ordinal, spell


class NumeralsTest(unittest.TestCase):
    def test_roman(self):
        self.assertEqual(to_roman(7), "VII")
        self.assertEqual(from_roman("VII"), 7)

    def test_spell(self):
        self.assertEqual(spell(7), "seven")

    def test_ordinal(self):
        self.assertEqual(ordinal(7), "7th")

    def test_bases(self):
        self.assertEqual(to_base(6, 2), "110")
        self.assertEqual(from_base("110", 2), 6)

    def test_group(self):
        self.assertEqual(group("1234"), "1,234")

    def test_quantity(self):
        self.assertEqual(parse_duration("2m"), 120)
        self.assertEqual(format_duration(120), "2m")
        self.assertEqual(human_size(100), "100 B")


if __name__ == "__main__":
    unittest.main()
