import unittest

from layers import lookup, merge
from reader import SettingsError, parse
from values import convert
from writer import write


class SettingsTest(unittest.TestCase):
    def test_parse(self):
        self.assertEqual(parse("[Net]\nport = 80"), {"net": {"port": "80"}})

    def test_no_pair(self):
        with self.assertRaises(SettingsError):
            parse("port 80")

    def test_convert(self):
        self.assertEqual(convert("80"), 80)
        self.assertEqual(convert("plain"), "plain")

    def test_merge(self):
        self.assertEqual(merge({"a": {"x": "1"}}, {"b": {}}), {"a": {"x": "1"}, "b": {}})

    def test_lookup(self):
        self.assertEqual(lookup({"net": {"port": "80"}}, "net.port"), 80)

    def test_write(self):
        self.assertEqual(write({"net": {"port": "80"}}), "[net]\nport = 80")


if __name__ == "__main__":
    unittest.main()
