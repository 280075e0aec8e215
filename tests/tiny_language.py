"""An M1 with random weights and a tokenizer of a few sentences: made and run in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ostinato.chat.tokenizer import SMALLEST, Tokenizer, learn
from ostinato.infer.language import LanguageModel
from ostinato.infer.requests import Completion, Delta, Request
from ostinato.infer.writer import Writer
from ostinato.models.m1 import M1, M1Config

SENTENCES = [
    "The melody repeats, and repeats again: an ostinato.",
    "<think>\nIs 91 a prime? 91 = 7 * 13.\n</think>\nNo, 91 is no prime.",
    "Über dem Baß wiederholt sich die Melodie.",
] * 3


@cache
def tiny_tokenizer() -> Tokenizer:
    return learn(iter(SENTENCES), 300)


@cache
def byte_tokenizer() -> Tokenizer:
    """One token for each byte."""
    return learn([], SMALLEST)


def tiny_m1(*, layers: int = 2, seed: int = 0, **changes: Any) -> M1:
    """A lightning layer and a softmax one, or more; its opinions are strong for fresh weights."""
    kinds = tuple("softmax" if i % 2 else "lightning" for i in range(layers))
    fields = {"vocab_size": tiny_tokenizer().vocab_size, "initializer_range": 0.2}
    fields |= {"hidden_size": 32, "head_dim": 8, "intermediate_size": 32, "attention": kinds}
    torch.manual_seed(seed)
    return M1(M1Config.preset("tiny", **(fields | changes))).eval()


def tiny_language(**changes: Any) -> LanguageModel:
    return LanguageModel("tiny", tiny_m1(**changes), tiny_tokenizer())


def write_language_model(folder: Path, **changes: Any) -> Path:
    tiny_m1(**changes).save_pretrained(folder, layout="transformers")
    tiny_tokenizer().save(folder)
    return folder


def full_logprobs(model: M1, prompt: Iterable[int], answer: Iterable[int]) -> Tensor:
    """The distribution of each token of an answer by one pass without a cache, [n, V]."""
    prompt, answer = list(prompt), list(answer)
    with torch.inference_mode():
        logits = model(torch.tensor([prompt + answer]))[0]
    return logits[len(prompt) - 1 : -1].log_softmax(-1)


def feed(writer: Writer, tokens: Iterable[int], *, probable: bool = False) -> list[Delta]:
    """Give a writer tokens as a model would: those that it forces come first."""
    given: Iterator[int] = iter(tokens)
    while not writer.finished:
        token = writer.forced()
        if token is None and (token := next(given, None)) is None:
            break
        writer.accept(token, -0.5, probable)
    return writer.deltas


def bytes_writer(*, room: int = 1000, prompt: str = "?", **options: Any) -> Writer:
    """A writer whose tokens are bytes."""
    tokenizer = byte_tokenizer()
    ids = (tokenizer.bos, *tokenizer.encode(prompt))
    return Writer(Request(prompt=ids, **options), tokenizer, room=room)


def write(text: str | bytes, *, end: bool = False, **options: Any) -> tuple[Completion, list[str]]:
    """The answer and the texts of its deltas, where a model writes ``text`` byte by byte."""
    tokenizer = byte_tokenizer()
    data = text.encode() if isinstance(text, str) else text
    spelt = {tokenizer.bytes_of(i): i for i in range(len(tokenizer.special_ids), 260)}
    tokens = [spelt[bytes([byte])] for byte in data]
    writer = bytes_writer(**options)
    deltas = feed(writer, [*tokens, tokenizer.eos] if end else tokens)
    return writer.completion(), [delta.text for delta in deltas]
