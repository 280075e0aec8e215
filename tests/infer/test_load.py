"""Model directories: what loads, and what is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.data.vocabulary import load_vocabulary, load_window
from ostinato.infer.directory import bundled, find_model
from ostinato.infer.load import load
from tiny_model import LABELS, write_model


def test_a_directory_loads_with_its_labels_and_words(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", rows=48)
    model = load(folder, device="cpu")
    assert model.names == LABELS
    assert load_window(folder).rows == 48
    assert load_vocabulary(folder).compoundation.vocab == model.vocabulary.compoundation.vocab


def test_an_unknown_name_lists_the_bundled_models() -> None:
    with pytest.raises(UserError, match="no-such-model: expected a model directory") as error:
        load("no-such-model")
    assert all(name in str(error.value) for name in bundled())


def test_bundled_names_win_over_folders() -> None:
    for name, folder in bundled().items():
        assert find_model(name) == folder


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"window": 1}', '{"window": {"rows": 0, "slots": 4}}']
)
def test_a_window_that_cannot_be_is_named(tmp_path: Path, text: str) -> None:
    folder = write_model(tmp_path)
    (folder / "words.json").write_text(text)
    with pytest.raises(UserError, match=r"words\.json: expected \"window\""):
        load_window(folder)


@pytest.mark.parametrize("missing", ["merges.txt", "lexicon.txt", "words.json"])
def test_an_incomplete_directory_is_named(tmp_path: Path, missing: str) -> None:
    folder = write_model(tmp_path / "model")
    (folder / missing).unlink()
    with pytest.raises(UserError, match=f"holds {missing}, and this one does not"):
        load(folder, device="cpu")
