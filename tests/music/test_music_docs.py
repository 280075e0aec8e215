"""What docs/music.md shows of the bundled merges and n-grams is what they say."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import ostinato
from ostinato.music.compoundation import Compoundation

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "music.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "src" / "ostinato"
TRUNK = PACKAGE / "weights" / "midiformer"


@pytest.fixture(scope="module")
def merges() -> Compoundation:
    return Compoundation.load(TRUNK / "merges.txt")


def test_words_of_the_example(merges: Compoundation) -> None:
    words = ostinato.encode(ostinato.read_midi(PACKAGE / "examples" / "auld_lang_syne.mid"), "cp4")
    shown = re.findall(r"^\[(.*)\]   +->   (.*)$", DOCS, flags=re.MULTILINE)
    assert len(shown) == 3
    for word, tokens in shown:
        values = np.array([[int(value) for value in word.split(",")]], dtype=np.int16)
        assert (words.values == values).all(axis=1).any(), f"the example has no word {word}"
        found, count = merges.pieces(values)
        assert [merges.text(token) for token in found[0, : count[0]].tolist()] == tokens.split()
    told = re.search(r"its ([\d,]+)\s+words are ([\d,]+)\)", DOCS)
    assert told is not None
    assert told.groups() == (str(len(words)), str(len(merges.apply(words).tokens)))


def test_the_vocabulary(merges: Compoundation) -> None:
    count = len(merges.merges)
    told = f"5 + 2 * {merges.symbol_count - 1} + {count:,} = {merges.vocab_size:,}."
    assert f"The bundled model: {told}" in DOCS


def test_the_files() -> None:
    head = (TRUNK / "merges.txt").read_text(encoding="utf-8").splitlines()[:4]
    assert "\n".join(["```", *head, "```"]) in DOCS
    shown = re.search(r"a line an n-gram: `(.*?)`", DOCS)
    assert shown is not None
    assert shown[1] in (TRUNK / "lexicon.txt").read_text(encoding="utf-8").splitlines()
