import unittest

from blocks import render
from escape import escape, slug
from inline import inline
from outline import number, outline


class MarkupTest(unittest.TestCase):
    def test_escape(self):
        self.assertEqual(escape("a < b"), "a &lt; b")

    def test_slug(self):
        self.assertEqual(slug("Hello"), "hello")

    def test_strong(self):
        self.assertEqual(inline("so *very* good"), "so <strong>very</strong> good")

    def test_paragraph(self):
        self.assertEqual(render("just text"), ["<p>just text</p>"])

    def test_heading(self):
        self.assertEqual(render("# Top"), ['<h1 id="top">Top</h1>'])

    def test_outline(self):
        self.assertEqual(outline("# Top\n## Below"), ["Top", "  Below"])

    def test_number(self):
        self.assertEqual(number("# Top"), ["1 Top"])


if __name__ == "__main__":
    unittest.main()
