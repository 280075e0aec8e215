"""Corpora of text and conversations to shards: whole, resumable, and what is bad set aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.chat.tokenizer import Tokenizer
from ostinato.cli import main
from ostinato.data.text import read_text
from ostinato.data.text_source import read_items
from ostinato.infer.directory import bundled
from ostinato.jobs import prepare_text as job
from ostinato.jobs.prepare_text import PrepareTextRequest, TextSummary, prepare_text
from toy_text import conversation, write_chats, write_lines, write_texts


def prepared(
    tmp_path: Path, corpus: Path, out: str = "shards", *, kind: str = "text", **more: object
) -> TextSummary:
    return prepare_text(
        PrepareTextRequest(
            kind,  # type: ignore[arg-type]
            (corpus,),
            tmp_path / out,
            **{"vocab_size": 300, **more},  # type: ignore[arg-type]
        )
    )


def decoded(folder: Path) -> list[str]:
    tokenizer, documents = Tokenizer.load(folder), read_text([folder])
    return [
        tokenizer.decode(documents.read(d, 0, int(n))[0].tolist(), special=True)
        for d, n in enumerate(documents.lengths)
    ]


def test_texts_come_back_between_their_marks(tmp_path: Path) -> None:
    corpus = write_texts(tmp_path / "texts")
    summary = prepared(tmp_path, corpus)
    texts = [json.loads(line)["text"] for line in (corpus / "a.jsonl").read_text().splitlines()]
    texts.append((corpus / "b.md").read_text())
    expected = [f"<begin_of_document>{text}<end_of_document>" for text in texts]
    assert decoded(tmp_path / "shards") == expected
    assert (summary.documents, summary.files, summary.quarantined) == (61, 2, 0)
    assert 260 < summary.vocabulary <= 300
    assert summary.tokens == read_text([tmp_path / "shards"]).tokens


def test_many_texts_teach_a_tokenizer_and_a_wrong_size_claims_no_folder(tmp_path: Path) -> None:
    corpus = tmp_path / "many.jsonl"
    corpus.write_text("".join(f'{{"text": "the {n}th of many"}}\n' for n in range(700)))
    with pytest.raises(UserError, match="vocab_size 0: expected 260 or more"):
        prepared(tmp_path, corpus, vocab_size=0)
    assert prepared(tmp_path, corpus).documents == 700


def test_the_tokenizer_of_a_bundled_model_is_known_by_its_name(tmp_path: Path) -> None:
    prepared(tmp_path, write_texts(tmp_path / "texts"), tokenizer=Path("m1-spark"))
    given = (bundled()["m1-spark"] / "tokenizer.json").read_bytes()
    assert (tmp_path / "shards" / "tokenizer.json").read_bytes() == given


def test_only_what_the_assistant_wrote_is_to_be_learnt(tmp_path: Path) -> None:
    prepared(tmp_path, write_texts(tmp_path / "texts"))
    chats = write_chats(tmp_path / "chats")
    summary = prepared(tmp_path, chats, "chat", kind="chat", tokenizer=tmp_path / "shards")
    tokenizer, documents = Tokenizer.load(tmp_path / "chat"), read_text([tmp_path / "chat"])
    tokens, weights = documents.read(7, 0, int(documents.lengths[7]))
    assert weights is not None
    text = tokenizer.decode(tokens[weights == 1].tolist(), special=True)
    assert text.startswith("<think>")
    assert "it rains" in text
    assert text.endswith("7!<end_of_sentence>")
    assert "say 7" in tokenizer.decode(tokens[weights == 0].tolist())
    assert 0 < summary.learnt_tokens < summary.tokens
    assert read_text([tmp_path / "shards"]).tokenizer == documents.tokenizer


def test_an_interrupted_run_ends_with_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = write_texts(tmp_path / "texts")
    bad = '{"txt": 1}\n\n{"text": "one"}\nno JSON\n'
    (corpus / "a.jsonl").write_text((corpus / "a.jsonl").read_text() + bad)
    monkeypatch.setattr(job, "BATCH_BYTES", 300)
    writer = job.TextWriter
    monkeypatch.setattr(job, "TextWriter", lambda *given: writer(*given, max_tokens=200))
    prepared(tmp_path, corpus, "whole")

    def dies(files: list[Path], kind: str, *, first: int = 0) -> object:
        for item in read_items(files, kind, first=first):  # type: ignore[arg-type]
            if item.number == stop and first <= stop:
                raise KeyboardInterrupt
            yield item

    monkeypatch.setattr(job, "read_items", dies)
    for stop in (20, 62):  # noqa: B007  read in ``dies``
        with pytest.raises(KeyboardInterrupt):
            prepared(tmp_path, corpus, "parts", tokenizer=tmp_path / "whole")
    monkeypatch.setattr(job, "read_items", read_items)
    summary = prepared(tmp_path, corpus, "parts", tokenizer=tmp_path / "whole")
    assert 0 < summary.resumed < 62
    assert (summary.documents, summary.quarantined) == (62, 2)
    whole, parts = (
        {
            path.name: path.read_bytes()
            for path in (tmp_path / name).iterdir()
            if path.name != "prepare.json"  # says that the tokenizer was given
        }
        for name in ("whole", "parts")
    )
    assert whole == parts
    again = prepared(tmp_path, corpus, "parts", tokenizer=tmp_path / "whole")
    assert again.documents == 62


def test_what_is_bad_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    corpus = write_texts(tmp_path / "texts", 5)
    lines = [b'{"text": 3}', b"[1]", b"{", b'{"text": " "}', b'{"text": "\\ud800"}', b'"\xff"']
    (corpus / "c.jsonl").write_bytes(b"\n".join(lines))
    (corpus / "d.txt").write_bytes(b"abc\xff")
    (corpus / ".hidden.txt").write_text("no")
    summary = prepared(tmp_path, corpus)
    assert summary.documents == 6
    listed = (tmp_path / "shards" / "quarantine.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in listed]
    reasons = [(Path(row["file"]).name, row["line"], row["reason"]) for row in rows]
    words = ("field text", "got list", "JSON", "no text", "surrogate", "UTF-8", "UTF-8")
    assert [line for _, line, _ in reasons] == [1, 2, 3, 4, 5, 6, None]
    for (_, _, reason), word in zip(reasons, words, strict=True):
        assert word in reason
    assert "7 items could not be read" in summary.warnings[0]

    chats = write_chats(tmp_path / "chats", 3)
    bad = [{"text": "x"}, {"messages": [{"role": "king"}]}, {"messages": conversation(1)[:1]}]
    write_lines(chats / "x.jsonl", bad)
    summary = prepared(tmp_path, chats, "chat", kind="chat", tokenizer=tmp_path / "shards")
    assert (summary.documents, summary.quarantined) == (3, 3)
    reason = (tmp_path / "chat" / "quarantine.jsonl").read_text()
    for word in ("field messages", "king", "nothing in it is the assistant's"):
        assert word in reason


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = write_texts(tmp_path / "texts", 9)
    command = ["prepare", "text", f"{corpus}/a.jsonl", f"{corpus}/b.md", "-o", f"{tmp_path}/shards"]
    assert main([*command, "--vocab-size", "280", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["documents"], report["vocabulary"], report["resumed"]) == (10, 280, 0)
    assert main([*command, "--vocab-size", "280"]) == 0
    assert "10 documents" in capsys.readouterr().out
    assert main([*command, "--vocab-size", "290"]) == 2
    assert "other files or settings" in capsys.readouterr().err
    assert main(["prepare", "pop909", str(corpus), str(corpus), "-o", f"{tmp_path}/x"]) == 2
    assert "the one folder" in capsys.readouterr().err


def test_what_a_user_gets_wrong(tmp_path: Path) -> None:
    corpus = write_texts(tmp_path / "texts", 3)
    archive = tmp_path / "texts.zip"
    archive.touch()
    with pytest.raises(UserError, match="--tokenizer"):
        prepared(tmp_path, write_chats(tmp_path / "chats", 2), kind="chat")
    with pytest.raises(UserError, match="no such file"):
        prepared(tmp_path, tmp_path / "none")
    with pytest.raises(UserError, match=r"expected a file of type \.txt"):
        prepared(tmp_path, archive)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UserError, match="no file of type"):
        prepared(tmp_path, tmp_path / "nothing")
    with pytest.raises(UserError, match=r"tokenizer\.json is missing"):
        prepared(tmp_path, corpus, tokenizer=tmp_path / "nothing")
    with pytest.raises(UserError, match="260 or more"):
        prepared(tmp_path, corpus, vocab_size=10)
    (tmp_path / "bad.jsonl").write_text("x\n")
    with pytest.raises(UserError, match="nothing could be read"):
        prepared(tmp_path, tmp_path / "bad.jsonl", "bad")
