"""One question through the command line: what it says, and every input that is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from ostinato import cli
from ostinato.chat.tokenizer import learn
from ostinato.infer.writer import Writer
from tiny_language import SENTENCES, tiny_tokenizer, write_language_model

pytestmark = pytest.mark.usefixtures("one_thread")

FIELDS = ("question", "model", "thinking", "answer", "tokens", "thinking_tokens")
FIELDS += ("thinking_budget", "budget_reached", "finish", "seconds", "tokens_per_second")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_language_model(tmp_path_factory.mktemp("model"))


def solve(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.main(["solve", *map(str, arguments)])
    return code, *capsys.readouterr()


def refused(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: object) -> str:
    """The one sentence of a call that is refused."""
    given = ("Is 91 prime?", "--model", folder, "--device", "cpu", *arguments)
    code, out, error = solve(capsys, *given)
    assert (code, out) == (2, "")
    assert error.startswith("error: ") and error.count("\n") == 1
    return error.removeprefix("error: ").rstrip("\n")


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    read = json.loads(path.read_text(encoding="utf-8"))
    change(read)
    path.write_text(json.dumps(read), encoding="utf-8")


def shard(folder: Path) -> Path:
    (found,) = folder.glob("model-*.safetensors")
    return found


def test_json(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    arguments = ("Is 91 prime?", "--model", folder, "--seed", 1, "--max-tokens", 12, "--json")
    code, out, error = solve(capsys, *arguments)
    assert (code, error) == (0, "")
    told = json.loads(out)
    assert tuple(told) == FIELDS
    assert told["finish"] in {"eos", "length"} and 1 <= told["tokens"] <= 12
    assert told["thinking"] is told["thinking_budget"] is None and not told["budget_reached"]
    again = json.loads(solve(capsys, *arguments)[1])
    assert again["answer"] == told["answer"]
    other = json.loads(solve(capsys, *arguments, "--system", "Be brief.")[1])
    assert other["answer"] != told["answer"]


def test_a_budget_is_kept_and_told(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = tiny_tokenizer().encode("<think>")
    model_writes = Writer.forced

    def forced(writer: Writer) -> int | None:
        """A model that always begins by thinking, then as the weights have it."""
        n = len(writer.deltas)
        return begin[n] if n < len(begin) else model_writes(writer)

    monkeypatch.setattr(Writer, "forced", forced)
    arguments = ("Why?", "--model", folder, "--seed", 3, "--thinking-budget", 5)
    told = json.loads(solve(capsys, *arguments, "--max-tokens", 40, "--json")[1])
    assert (told["thinking_tokens"], told["budget_reached"]) == (5, True)
    assert told["thinking"] and "<think>" not in told["answer"]
    code, out, _ = solve(capsys, *arguments, "--max-tokens", 40)
    assert code == 0
    assert out.startswith("thought for 5 tokens, its budget of 5\n")
    assert "tokens/s, ended by" in out
    out = solve(capsys, "Why?", "--model", folder, "--seed", 3, "--max-tokens", 11)[1]
    assert "no answer: it was still thinking" in out


def test_what_a_model_writes_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "[bold]a\x1b[31m :smile: \x07\tb\nc"
    ids = [*tiny_tokenizer().encode(text), tiny_tokenizer().eos]
    monkeypatch.setattr(Writer, "forced", lambda writer: ids[len(writer.deltas)])
    out = solve(capsys, "Why?", "--model", folder)[1]
    assert "[bold]a\ufffd[31m :smile: \ufffd" in out
    assert "\x1b" not in out and "\x07" not in out


def test_no_model_or_no_question(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ostinato.infer.directory.bundled", dict)
    code, out, error = solve(capsys, "Why?")
    assert (code, out) == (2, "")
    assert error == (
        "error: expected a model: no language model comes with the package yet, so name a model "
        "directory (chat MODEL, solve QUESTION --model MODEL)\n"
    )
    monkeypatch.setattr("ostinato.infer.directory.bundled", lambda: {"m1-reason": folder})
    told = json.loads(solve(capsys, "Why?", "--max-tokens", 5, "--json")[1])
    assert told["model"] == "m1-reason" and told["finish"] in {"eos", "length"}
    code, out, error = solve(capsys, " ", "--model", folder)
    assert (code, out, error) == (2, "", "error: the question is empty: expected some text\n")


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--temperature", "-1", "temperature must be at least 0 and finite, got -1.0"),
        ("--top-p", "0", "expected top_p in 0..1 (0 excluded)"),
        ("--max-tokens", "0", "max_tokens must be at least 1, got 0"),
        ("--thinking-budget", "-1", "a thinking budget is at least 0, got -1"),
        ("--seed", "-1", "a seed must be at least 0, got -1"),
        ("--device", "abacus", "device 'abacus': expected auto, cpu, cuda or cuda:N"),
    ],
)
def test_options_that_cannot_be(
    capsys: pytest.CaptureFixture[str], folder: Path, option: str, value: str, sentence: str
) -> None:
    assert sentence in refused(capsys, folder, option, value)


def test_an_unknown_key(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_language_model(tmp_path)
    rewrite(tmp_path / "config.json", lambda read: read.update(use_flash=True))
    expected = f"{tmp_path / 'config.json'}: unknown key 'use_flash' in a config of type minimax"
    assert refused(capsys, tmp_path) == expected


def test_a_model_of_another_kind(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_language_model(tmp_path)
    rewrite(tmp_path / "config.json", lambda read: read.update(model_type="llama"))
    assert "expected model_type minimax_m1, minimax_text_01, minimax, got 'llama'" in refused(
        capsys, tmp_path
    )


def test_a_missing_shard(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_language_model(tmp_path)
    shard(tmp_path).unlink()
    assert "-of-00001.safetensors is missing: model.safetensors.index.json names it" in refused(
        capsys, tmp_path
    )


@pytest.mark.parametrize("left", [0, 4, 100, -1])
def test_a_truncated_shard(capsys: pytest.CaptureFixture[str], tmp_path: Path, left: int) -> None:
    write_language_model(tmp_path)
    path = shard(tmp_path)
    path.write_bytes(path.read_bytes()[:left])
    said = refused(capsys, tmp_path)
    assert said.startswith(f"{path} is not a readable safetensors file (")
    assert said.endswith("): copy it anew")


def test_a_shape_that_does_not_fit(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_language_model(tmp_path)
    tensors = load_file(shard(tmp_path))
    tensors["model.norm.weight"] = torch.ones(33)
    save_file(tensors, shard(tmp_path))
    assert refused(capsys, tmp_path) == (
        f"model.norm.weight in {shard(tmp_path)} has shape [33], but config.json asks for [32]"
    )


def test_a_tensor_that_the_index_promises_and_no_shard_holds(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write_language_model(tmp_path)
    tensors = load_file(shard(tmp_path))
    del tensors["model.norm.weight"]
    save_file(tensors, shard(tmp_path))
    assert "missing model.norm.weight; left over none" in refused(capsys, tmp_path)


def test_a_tensor_too_few(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_language_model(tmp_path)
    rewrite(
        tmp_path / "model.safetensors.index.json",
        lambda read: read["weight_map"].pop("model.norm.weight"),
    )
    assert "missing model.norm.weight; left over none" in refused(capsys, tmp_path)


def test_a_token_id_out_of_range(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Through the command line that is a tokenizer with more tokens than the model has rows."""
    write_language_model(tmp_path)
    larger = learn(iter(SENTENCES), 310, min_count=1)
    larger.save(tmp_path)
    assert refused(capsys, tmp_path) == (
        f"{tmp_path}: the tokenizer has {larger.vocab_size} tokens and the model only "
        f"{tiny_tokenizer().vocab_size}: they do not belong together"
    )


def test_a_context_over_the_limit(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_language_model(tmp_path, max_position_embeddings=16)
    said = refused(capsys, tmp_path)
    assert said.startswith("the prompt has ")
    assert said.endswith("leaves no room for an answer in a context of 16: shorten it")


def test_no_tokenizer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_language_model(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    assert refused(capsys, tmp_path) == f"{tmp_path}: expected a tokenizer.json there, found none"
