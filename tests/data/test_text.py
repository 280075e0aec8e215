"""Tokens on disk: what is written is read back, mapped, from whole shards only."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.data.text import TextHeader, TextWriter, read_text, tokenizer_digest
from toy_text import HEADER, toy_documents, write_documents


def contents(folder: Path) -> list[list[int]]:
    read = read_text([folder])
    return [read.read(d, 0, int(n))[0].tolist() for d, n in enumerate(read.lengths)]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    documents = toy_documents(40)
    write_documents(tmp_path, documents, max_tokens=100)
    assert len(list(tmp_path.glob("shard-*"))) > 3
    assert contents(tmp_path) == documents
    read = read_text([tmp_path])
    assert read.tokens == sum(map(len, documents))
    assert read.read(3, 1, 4)[0].tolist() == documents[3][1:4]
    assert all(tokens.dtype == np.uint16 for tokens, _ in read.shards)
    tokens = read.shards[0][0]
    while isinstance(tokens.base, np.ndarray):
        tokens = tokens.base
    assert isinstance(tokens, np.memmap), "a shard is mapped, not read"


def test_large_vocabularies_and_weights(tmp_path: Path) -> None:
    with TextWriter(tmp_path, TextHeader("chat", 70_000, "")) as writer:
        writer.add(0, [69_999, 1, 2], [0, 1, 1])
    tokens, weights = read_text([tmp_path]).read(0, 0, 2)
    assert (tokens.dtype, tokens.tolist()) == (np.uint32, [69_999, 1])
    assert weights is not None
    assert weights.tolist() == [0, 1]


def test_an_interrupted_writer_goes_on_to_the_same_files(tmp_path: Path) -> None:
    documents = toy_documents(40)
    write_documents(tmp_path / "whole", documents, max_tokens=100)
    broken = TextWriter(tmp_path / "parts", HEADER, max_tokens=100)
    for item, tokens in enumerate(documents[:23]):
        broken.add(item, tokens)
    with TextWriter(tmp_path / "parts", HEADER, max_tokens=100) as writer:
        resumed = writer.items
        for item in range(resumed, len(documents)):
            writer.add(item, documents[item])
    assert 0 < resumed < 23
    whole, parts = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("whole", "parts")
    )
    assert whole == parts


def test_the_held_out_side_is_the_documents_own(tmp_path: Path) -> None:
    documents = toy_documents(400)
    write_documents(tmp_path / "a", documents)
    write_documents(tmp_path / "b", [*documents[::-1], *toy_documents(50, seed=9)])

    def sides(folder: Path) -> tuple[set[bytes], set[bytes]]:
        parts = read_text([folder]).hold_out(0.2)
        train, held = (
            {p.read(d, 0, int(n))[0].tobytes() for d, n in enumerate(p.lengths)} for p in parts
        )
        assert not train & held
        return train, held

    (train_a, held_a), (train_b, held_b) = sides(tmp_path / "a"), sides(tmp_path / "b")
    assert 40 < len(held_a) < 120
    assert held_a <= held_b
    assert train_a <= train_b
    everything, nothing = read_text([tmp_path / "a"]).hold_out(0)
    assert (len(everything), len(nothing)) == (400, 0)


def test_what_does_not_fit(tmp_path: Path) -> None:
    good = write_documents(tmp_path / "good", toy_documents(5))
    with pytest.raises(UserError, match=r"no folder of tokens.*prepare text"):
        read_text([tmp_path])
    with pytest.raises(UserError, match="at least one folder"):
        read_text([])
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "text.json").write_text((good / "text.json").read_text())
    with pytest.raises(UserError, match="holds no shards"):
        read_text([tmp_path / "empty"])
    other = TextHeader("text", HEADER.vocab_size, "other")
    with TextWriter(tmp_path / "other", other) as writer:
        writer.add(0, [1])
    with pytest.raises(UserError, match="different tokenizers"):
        read_text([good, tmp_path / "other"])
    with pytest.raises(UserError, match="shards of other tokens"):
        TextWriter(good, other)
    with pytest.raises(UserError, match="ids up to 50"), TextWriter(tmp_path / "x", HEADER) as w:
        w.add(0, [3, 50])
    with pytest.raises(UserError, match="valid_share"):
        read_text([good]).hold_out(1.5)
    with pytest.raises(UserError, match=r"tokenizer.json is missing"):
        tokenizer_digest(good)


def test_damaged_shards(tmp_path: Path) -> None:
    folder = write_documents(tmp_path, toy_documents(5))
    shard = folder / "shard-00000.safetensors"
    whole = shard.read_bytes()
    for cut in (0, 5, 40, len(whole) - 3):
        shard.write_bytes(whole[:cut])
        with pytest.raises(UserError, match="damaged"):
            read_text([folder])
    shard.write_bytes(whole)
    described = json.loads((folder / "text.json").read_text())
    (folder / "text.json").write_text(json.dumps({**described, "vocab_size": 10}))
    read = read_text([folder])
    with pytest.raises(UserError, match="its vocabulary has 10"):
        [read.read(d, 0, int(n)) for d, n in enumerate(read.lengths)]
    (folder / "text.json").write_text("{}")
    with pytest.raises(UserError, match="damaged"):
        read_text([folder])
