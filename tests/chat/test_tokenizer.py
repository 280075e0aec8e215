from __future__ import annotations

import json
from pathlib import Path

import pytest
import tokenizers
from conversations import texts
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import decoders, models, pre_tokenizers, trainers

from ostinato.base.errors import UserError
from ostinato.chat.detokenizer import Detokenizer
from ostinato.chat.jinja import chat_template
from ostinato.chat.messages import from_openai
from ostinato.chat.template import Marker, render
from ostinato.chat.tokenizer import SMALLEST, Tokenizer, learn

CORPUS = [
    "The melody repeats, and repeats again: an ostinato.",
    "Die Melodie über dem Baß; 旋律が繰り返される。🎼🎼",
    "12 + 34 = 46, 1234 * 5 = 6170",
] * 3


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return learn(iter(CORPUS), 320)


ids = st.lists(st.integers(0, 319), max_size=30)
# Words of the corpus, and halves of characters.
any_text = st.text() | texts | st.lists(st.sampled_from(" ".join(CORPUS).split())).map(" ".join)


@given(any_text)
def test_round_trip(tokenizer: Tokenizer, text: str) -> None:
    encoded = tokenizer.encode(text)
    assert tokenizer.decode(encoded) == text
    assert not set(encoded) & set(tokenizer.special_ids.values())
    assert tokenizer.encode_batch([text, "a"]) == [encoded, tokenizer.encode("a")]
    assert tokenizer.decode(tokenizer.encode(text, special=True), special=True) == text


def test_what_was_learnt(tokenizer: Tokenizer) -> None:
    assert tokenizer.vocab_size == 320
    assert len(tokenizer.encode(" repeats")) < len(" repeats")
    assert len(tokenizer.encode("1234")) == 4
    assert dict(tokenizer.special_ids) == {str(marker): i for i, marker in enumerate(Marker)}
    assert tokenizer.bos == tokenizer.marker(Marker.BEGIN)
    assert tokenizer.eos == tokenizer.marker(Marker.END)
    assert tokenizer.document_begin == tokenizer.marker(Marker.BEGIN_DOCUMENT)
    assert tokenizer.document_end == tokenizer.marker(Marker.END_DOCUMENT)


def test_special_tokens_in_a_text_are_found_only_when_told(tokenizer: Tokenizer) -> None:
    text = "a<end_of_sentence>b"
    assert tokenizer.eos not in tokenizer.encode(text)
    told = tokenizer.encode(text, special=True)
    assert told == [*tokenizer.encode("a"), tokenizer.eos, *tokenizer.encode("b")]
    assert tokenizer.decode(told) == "ab"
    assert tokenizer.decode(told, special=True) == text


@given(ids, st.booleans())
def test_detokenizer_joins_to_decode_without_half_characters(
    tokenizer: Tokenizer, tokens: list[int], special: bool
) -> None:
    detokenizer = Detokenizer(tokenizer, special=special)
    told = [detokenizer.push(token) for token in tokens]
    told.append(detokenizer.flush())
    assert "".join(told) == tokenizer.decode(tokens, special=special)
    assert detokenizer.flush() == ""


@given(st.text())
def test_detokenizer_never_tells_half_a_character(text: str) -> None:
    tokenizer = learn([], SMALLEST)
    detokenizer = Detokenizer(tokenizer)
    told = [detokenizer.push(token) for token in tokenizer.encode(text)]
    assert "".join(told) == text and detokenizer.flush() == ""
    assert [delta for delta in told if delta] == list(text)


def test_half_a_character_at_the_end(tokenizer: Tokenizer) -> None:
    half = tokenizer.encode("\U0010fffe")[:-1]
    detokenizer = Detokenizer(tokenizer)
    assert [detokenizer.push(token) for token in half] == [""] * len(half)
    assert detokenizer.flush() == tokenizer.decode(half) == "\ufffd"
    assert detokenizer.push(tokenizer.encode("a")[0]) == "a"


@given(ids)
def test_decode_is_that_of_the_library(tokenizer: Tokenizer, tokens: list[int]) -> None:
    ordinary = [token for token in tokens if token >= len(Marker)]
    assert tokenizer.decode(ordinary) == tokenizer._backend.decode(ordinary)


def test_learning_again_gives_the_same(tmp_path: Path, tokenizer: Tokenizer) -> None:
    tokenizer.save(tmp_path / "a")
    learn(iter(CORPUS), 320).save(tmp_path / "b")
    one, two = ((tmp_path / name / "tokenizer.json").read_bytes() for name in "ab")
    assert one == two


def test_save_and_load(tmp_path: Path, tokenizer: Tokenizer) -> None:
    tokenizer.save(tmp_path)
    again = Tokenizer.load(tmp_path)
    for text in CORPUS:
        assert again.encode(text) == tokenizer.encode(text)
    assert again.special_ids == tokenizer.special_ids and again.eos == tokenizer.eos
    config = json.loads((tmp_path / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert config["chat_template"] == chat_template()
    (tmp_path / "tokenizer_config.json").unlink()
    assert Tokenizer.load(tmp_path).bos == tokenizer.bos


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")  # theirs, not ours
def test_transformers_reads_it(tmp_path: Path, tokenizer: Tokenizer) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer.save(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    for text in [*CORPUS, "a<end_of_sentence>b"]:
        assert theirs.encode(text, add_special_tokens=False) == tokenizer.encode(text, special=True)
    assert (theirs.bos_token_id, theirs.eos_token_id) == (tokenizer.bos, tokenizer.eos)
    assert theirs.pad_token_id == theirs.unk_token_id == tokenizer.document_end
    conversation = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [{"name": "f", "arguments": {}}]},
    ]
    prompt = theirs.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
    assert prompt == render(from_openai(conversation))


def foreign(*, special: bool) -> tokenizers.Tokenizer:
    backend = tokenizers.Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.Sequence([decoders.ByteLevel()])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=256, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator([], trainer)
    token = tokenizers.AddedToken("<|end|>", special=special, normalized=False)
    backend.add_tokens(["<é>", token])
    return backend


@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize("name", ["<|end|>", {"content": "<|end|>", "lstrip": False}])
def test_a_foreign_tokenizer_keeps_its_own(tmp_path: Path, special: bool, name: object) -> None:
    foreign(special=special).save(str(tmp_path / "tokenizer.json"))
    config = {"eos_token": name, "bos_token": name}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}", encoding="utf-8")
    loaded = Tokenizer.load(tmp_path)
    loaded.save(tmp_path / "again")
    for tokenizer in (loaded, Tokenizer.load(tmp_path / "again")):
        assert tokenizer.eos == tokenizer.bos == tokenizer.document_begin == 257
        assert tokenizer.document_end == 257
        assert 257 not in tokenizer.encode("a<|end|>")
        assert tokenizer.decode(tokenizer.encode("<é>")) == "<é>"
    saved = json.loads((tmp_path / "again/tokenizer_config.json").read_text(encoding="utf-8"))
    assert saved == config | {"chat_template": "{{ messages }}"}
    with pytest.raises(UserError, match="no special token <end_of_sentence>"):
        loaded.marker(Marker.END)


def test_a_foreign_tokenizer_without_an_end() -> None:
    tokenizer = Tokenizer(foreign(special=True), {})
    with pytest.raises(UserError, match="eos_token is '<end_of_sentence>', which is not a special"):
        _ = tokenizer.eos
    assert tokenizer.encode("a", special=True) == tokenizer.encode("a")


def test_no_special_tokens_at_all() -> None:
    backend = tokenizers.Tokenizer(models.BPE({"a": 0, "語": 1}, []))
    backend.decoder = decoders.ByteLevel()
    tokenizer = Tokenizer(backend, {})
    assert tokenizer.encode("aa", special=True) == [0, 0]
    assert tokenizer.decode([0, 1]) == "a語"


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected a tokenizer\.json there, found none"):
        Tokenizer.load(tmp_path)
    with pytest.raises(UserError, match="found none"):
        Tokenizer.load(tmp_path / "nowhere")
    path = tmp_path / "tokenizer.json"
    for broken in ("", "{", "{}", "[1]", '{"model": {"type": "BPE"}}'):
        path.write_text(broken, encoding="utf-8")
        with pytest.raises(UserError, match=r"tokenizer\.json: expected a file of `tokenizers`"):
            Tokenizer.load(tmp_path)
    path.write_bytes(b"\xff")
    with pytest.raises(UserError, match=r"tokenizer\.json: expected UTF-8"):
        Tokenizer.load(tmp_path)


@pytest.mark.parametrize("decoder", [None, decoders.Metaspace()])
def test_a_tokenizer_of_another_kind(tmp_path: Path, decoder: object) -> None:
    backend = tokenizers.Tokenizer(models.BPE({"a": 0}, []))
    if decoder is not None:
        backend.decoder = decoder
    backend.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(UserError, match=r"tokenizer\.json: expected a byte-level tokenizer"):
        Tokenizer.load(tmp_path)


@pytest.mark.parametrize(
    ("config", "sentence"), [("{", "expected JSON"), ("[]", "expected a JSON object")]
)
def test_a_broken_config(tmp_path: Path, tokenizer: Tokenizer, config: str, sentence: str) -> None:
    tokenizer.save(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(config, encoding="utf-8")
    with pytest.raises(UserError, match=rf"tokenizer_config\.json: {sentence}"):
        Tokenizer.load(tmp_path)


def test_bad_arguments(tokenizer: Tokenizer) -> None:
    with pytest.raises(UserError, match="vocab_size 259: expected 260 or more"):
        learn(CORPUS, 259)
    for token in (320, -1):
        with pytest.raises(UserError, match=f"token id {token}: expected one of .* below 320"):
            tokenizer.decode([token])
    for encode in (tokenizer.encode, lambda text: tokenizer.encode_batch(["a", text])):
        with pytest.raises(UserError, match="character 1 is half of a surrogate pair"):
            encode("a\ud800")
