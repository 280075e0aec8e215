import unittest

from layout import centre, columns, justify
from lines import fill, indent, paragraphs
from words import chop, longest


class TypesetterTest(unittest.TestCase):
    def test_short_word(self):
        self.assertEqual(chop("oak", 8), ["oak"])

    def test_longest(self):
        self.assertEqual(longest("a willow"), "willow")

    def test_fill(self):
        self.assertEqual(fill("elm and oak", 4), ["elm", "and", "oak"])

    def test_one_paragraph(self):
        self.assertEqual(paragraphs("elm\noak", 20), ["elm oak"])

    def test_indent(self):
        self.assertEqual(indent(["elm"], "> "), ["> elm"])

    def test_justify_one_gap(self):
        self.assertEqual(justify("elm oak", 9), "elm   oak")

    def test_centre(self):
        self.assertEqual(centre("elm", 7), "  elm")

    def test_one_column(self):
        self.assertEqual(columns(["elm", "oak"], 1), ["elm", "oak"])


if __name__ == "__main__":
    unittest.main()
