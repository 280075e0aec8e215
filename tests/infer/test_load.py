"""Model directories: what loads, and what is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.data.vocabulary import load_vocabulary, load_window
from ostinato.infer.directory import bundled, find_model, model_type
from ostinato.infer.language import LanguageModel, load_language_model
from ostinato.infer.load import NoteModel, load, load_note_model
from ostinato.infer.requests import Sampling
from ostinato.models.m1.model import Layout
from tiny_language import tiny_language, tiny_tokenizer, write_language_model
from tiny_model import LABELS, write_model


def test_a_directory_loads_with_its_labels_and_words(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", rows=48)
    model = load(folder, device="cpu")
    assert isinstance(model, NoteModel)
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


def test_a_run_is_as_good_as_the_model_in_it(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "run" / "model")
    assert find_model(tmp_path / "run") == find_model(folder) == folder


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


@pytest.mark.parametrize("layout", ["minimax_m1", "minimax_text_01", "transformers"])
def test_a_language_model_of_each_dialect_loads(tmp_path: Path, layout: Layout) -> None:
    ours = tiny_language()
    ours.model.save_pretrained(tmp_path, layout=layout)
    tiny_tokenizer().save(tmp_path)
    assert model_type(tmp_path) == {"transformers": "minimax"}.get(layout, layout)
    loaded = load(tmp_path, device="cpu")
    assert isinstance(loaded, LanguageModel)
    greedy = Sampling(temperature=0)
    request = ours.text_request("The melody", sampling=greedy, max_tokens=20)
    assert loaded.generate([request])[0].tokens == ours.generate([request])[0].tokens


def test_a_model_of_another_kind_names_the_kinds(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(UserError, match="'llama': expected one of ostinato-midiformer, minimax_m1"):
        load(tmp_path)
    for text in ("", "[]", '{"model_type": 3}', "{}"):
        (tmp_path / "config.json").write_text(text)
        assert model_type(tmp_path) is None
        with pytest.raises(UserError, match="config"):
            load(tmp_path)


def test_each_loader_refuses_the_other_kind(tmp_path: Path) -> None:
    music = write_model(tmp_path / "music")
    language = write_language_model(tmp_path / "language")
    with pytest.raises(UserError, match=r"expected model_type .* 'ostinato-midiformer'"):
        load_language_model(music)
    with pytest.raises(UserError, match="type 'minimax': expected 'ostinato-midiformer'"):
        load_note_model(language)
