"""Byte-level BPE on text: learnt here, or loaded from any ``tokenizer.json`` of that kind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from ostinato.base.errors import UserError
from ostinato.base.files import write_json, write_text
from ostinato.chat.jinja import chat_template
from ostinato.chat.template import Marker

SMALLEST = 256 + len(Marker)  # every byte, and the special tokens


class Tokenizer:
    """Text to ids and back. Every text has ids, and its ids give it back."""

    def __init__(self, backend: tokenizers.Tokenizer, config: Mapping[str, Any]) -> None:
        """``config`` is the content of ``tokenizer_config.json``."""
        _check_byte_level(backend)
        self._config = dict(config)
        self._backend = backend
        _mark_special(backend, config)
        # Whatever stands in a text is text; `encode` finds special tokens by itself when told to.
        self._backend.encode_special_tokens = True
        self._bytes = _bytes_of_ids(backend)
        added = backend.get_added_tokens_decoder()
        self._special = {token.content: i for i, token in added.items() if token.special}
        longest_first = sorted(self._special, key=len, reverse=True)
        self._pattern = re.compile(f"({'|'.join(map(re.escape, longest_first)) or '(?!)'})")
        self._special_ids = frozenset(self._special.values())

    @classmethod
    def load(cls, directory: Path | str) -> Tokenizer:
        """The tokenizer of a model directory; ``tokenizer_config.json`` may be absent."""
        path = Path(directory) / "tokenizer.json"
        text = _read(path)
        if text is None:
            raise UserError(f"{directory}: expected a tokenizer.json there, found none")
        try:
            backend = tokenizers.Tokenizer.from_str(text)
        except Exception as error:  # noqa: BLE001  the library raises nothing narrower
            raise UserError(f"{path}: expected a file of `tokenizers`, but {error}") from None
        try:
            return cls(backend, _read_config(Path(directory)))
        except UserError as error:
            raise UserError(f"{path}: {error}") from None

    def save(self, directory: Path | str) -> None:
        """``tokenizer.json`` and ``tokenizer_config.json``, as transformers reads them.

        With M1's special tokens the chat template is ours, whatever it was on loading.
        """
        config = self._config
        if all(marker in self._special for marker in Marker):
            config = config | {"chat_template": chat_template()}
        write_text(Path(directory) / "tokenizer.json", self._backend.to_str(pretty=True) + "\n")
        write_json(Path(directory) / "tokenizer_config.json", config)

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """Ids of ``text``. Names of special tokens in it are text, unless ``special``."""
        if not special:
            return self._encode(text)
        ids: list[int] = []
        for i, part in enumerate(self._pattern.split(text)):
            ids += [self._special[part]] if i % 2 else self._encode(part)
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each, on all cores."""
        for text in texts:
            _check_text(text)
        encodings = self._backend.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Iterable[int], *, special: bool = False) -> str:
        """The text of ``ids``; special tokens are left out, unless ``special``.

        Bytes that are no UTF-8 become U+FFFD.
        """
        return b"".join(self.bytes_of(i, special=special) for i in ids).decode(errors="replace")

    def bytes_of(self, token: int, *, special: bool = False) -> bytes:
        """What one id stands for: perhaps half a character."""
        if token in self._special_ids and not special:
            return b""
        try:
            return self._bytes[token]
        except KeyError:
            raise UserError(
                f"token id {token}: expected one of this tokenizer's, below {self.vocab_size}"
            ) from None

    @property
    def vocab_size(self) -> int:
        """The highest id plus one: the rows that a model's embedding needs at least."""
        return max(self._bytes) + 1

    @property
    def special_ids(self) -> Mapping[str, int]:
        """The id of each special token."""
        return dict(self._special)

    @property
    def bos(self) -> int:
        """Begins a turn."""
        return self._role("bos_token", Marker.BEGIN)

    @property
    def eos(self) -> int:
        """Ends a turn: generation stops there."""
        return self._role("eos_token", Marker.END)

    @property
    def document_begin(self) -> int:
        """Stands before a document or a conversation; a foreign tokenizer's bos."""
        return self._special.get(Marker.BEGIN_DOCUMENT, self.bos)

    @property
    def document_end(self) -> int:
        """Separates packed documents, and pads; a foreign tokenizer's eos."""
        return self._special.get(Marker.END_DOCUMENT, self.eos)

    def marker(self, marker: Marker) -> int:
        """The id of one of M1's special tokens."""
        try:
            return self._special[marker]
        except KeyError:
            raise UserError(
                f"this tokenizer has no special token {marker}, which M1's chat format needs"
            ) from None

    def _role(self, key: str, marker: Marker) -> int:
        name = _content(self._config.get(key) or str(marker))
        if name is None or name not in self._special:
            raise UserError(f"this tokenizer's {key} is {name!r}, which is not a special token")
        return self._special[name]

    def _encode(self, text: str) -> list[int]:
        _check_text(text)
        return self._backend.encode(text, add_special_tokens=False).ids


def learn(texts: Iterable[str], vocab_size: int, *, min_count: int = 2) -> Tokenizer:
    """Learn merges from ``texts``; the same texts in the same order give the same tokenizer.

    Ids 0 to 3 are the special tokens, then 256 bytes, then merges of pairs that were seen
    ``min_count`` times or more; with few texts ``vocab_size`` is not reached. Words are split as
    GPT-2's, but for digits: each is a token of its own, so that numbers line up.
    """
    check_size(vocab_size)
    backend = tokenizers.Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_count,
        special_tokens=[str(marker) for marker in Marker],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    return Tokenizer(backend, _CONFIG)


def check_size(vocab_size: int) -> None:
    """A ``UserError`` where so many tokens are too few."""
    if vocab_size < SMALLEST:
        raise UserError(
            f"vocab_size {vocab_size}: expected {SMALLEST} or more, for every byte has its token"
        )


_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "bos_token": str(Marker.BEGIN),
    "eos_token": str(Marker.END),
    "unk_token": str(Marker.END_DOCUMENT),
    "pad_token": str(Marker.END_DOCUMENT),
    "clean_up_tokenization_spaces": False,
    "model_max_length": 40960000,  # as published
}


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"text: expected Unicode, but character {error.start} is half of a surrogate pair"
        ) from None


def _check_byte_level(backend: tokenizers.Tokenizer) -> None:
    decoder = json.loads(backend.to_str())["decoder"] or {}
    kinds = [step["type"] for step in decoder.get("decoders", [decoder]) if step]
    if kinds != ["ByteLevel"]:
        found = ", ".join(kinds) or "nothing"
        raise UserError(f"expected a byte-level tokenizer (decoder ByteLevel), found {found}")


def _mark_special(backend: tokenizers.Tokenizer, config: Mapping[str, Any]) -> None:
    """M1's markers and the tokens with a role are special, however the file flags them."""
    named = [config.get(role) for role in ("bos_token", "eos_token", "unk_token", "pad_token")]
    names = {*(_content(name) for name in named), *map(str, Marker)}
    known = sorted(name for name in names if name and backend.token_to_id(name) is not None)
    backend.add_special_tokens(cast("list[Any]", known))


def _content(token: Any) -> str | None:
    """A token's name in a config: older files spell the token out as an object."""
    if isinstance(token, dict):
        token = cast("dict[str, Any]", token).get("content")
    return token if isinstance(token, str) else None


def _bytes_of_ids(backend: tokenizers.Tokenizer) -> dict[int, bytes]:
    """Special and added tokens stand for themselves; the others spell bytes as letters."""
    alphabet = _byte_alphabet()
    table: dict[int, bytes] = {}
    for token, i in backend.get_vocab(with_added_tokens=False).items():
        known = all(letter in alphabet for letter in token)
        table[i] = bytes(alphabet[letter] for letter in token) if known else token.encode()
    for i, token in backend.get_added_tokens_decoder().items():
        table[i] = token.content.encode()
    return table


def _byte_alphabet() -> dict[str, int]:
    """GPT-2's letter for each byte: printable Latin-1 is itself, the others follow from U+0100."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(0x100 + i): byte for i, byte in enumerate(others)
    }


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: expected UTF-8, but {error}") from None


def _read_config(directory: Path) -> dict[str, Any]:
    path = directory / "tokenizer_config.json"
    try:
        config: object = json.loads(_read(path) or "{}")
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: expected JSON, but {error}") from None
    if not isinstance(config, dict):
        raise UserError(f"{path}: expected a JSON object, got {config!r}")
    template = _read(directory / "chat_template.jinja")  # where transformers 5 puts it
    extra = {} if template is None else {"chat_template": template}
    return cast("dict[str, Any]", config) | extra
