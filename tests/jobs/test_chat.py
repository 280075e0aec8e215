"""A conversation, from a pipe and at a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ostinato import cli
from ostinato.infer import directory
from ostinato.infer.writer import Writer
from ostinato.jobs import talking
from tiny_language import tiny_tokenizer, write_language_model

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_language_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def prompts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A model that writes what it is told to, by the text of its prompt; what it was asked."""
    tokenizer, asked = tiny_tokenizer(), list[str]()

    def forced(writer: Writer) -> int:
        if not writer.deltas:
            asked.append(tokenizer.decode(writer.request.prompt, special=True))
        answer = f"<think>\nhm {len(asked)}\n</think>\nanswer {len(asked)}"
        return [*tokenizer.encode(answer), tokenizer.eos][len(writer.deltas)]

    monkeypatch.setattr(Writer, "forced", forced)
    return asked


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def chat(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    lines: str,
    *options: object,
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    code = cli.main(["chat", str(folder), "--device", "cpu", *map(str, options)])
    return code, *capsys.readouterr()


def test_lines_of_a_pipe_are_one_conversation(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    prompts: list[str],
) -> None:
    lines = "one\n\n  two \n/reset\nthree\n/exit\nfour\n"
    found = chat(capsys, monkeypatch, folder, lines, "--system", "Be brief.")
    assert found == (0, "answer 1\nanswer 2\nanswer 3\n", "")  # thinking is for terminals
    assert len(prompts) == 3
    assert all("Be brief." in prompt for prompt in prompts)
    assert "one" in prompts[1] and "\nhm 1\n</think>\nanswer 1<end_of_sentence>" in prompts[1]
    assert prompts[1].startswith(prompts[0])
    assert "three" in prompts[2] and "one" not in prompts[2]


def test_the_bundled_reasoner_takes_each_question_by_itself(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    prompts: list[str],
) -> None:
    """It was taught no other: with earlier questions before them it answers nothing right."""
    monkeypatch.setattr(directory, "bundled", lambda: {talking.REASONER: folder})
    for named in ([], [talking.REASONER]):
        prompts.clear()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"first\nsecond\n")))
        assert cli.main(["chat", *named, "--system", "short", "--device", "cpu"]) == 0
        first, second = prompts
        assert "first" in first and "second" in second and "first" not in second
        assert all("short" in one and "answer" not in one for one in prompts)


def test_an_answer_that_is_cut_off_says_so(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    prompts: list[str],
) -> None:
    count = len(tiny_tokenizer().encode("<think>\nhm 1\n</think>\nans"))
    code, out, _ = chat(capsys, monkeypatch, folder, "one\n", "--max-tokens", count)
    assert code == 0
    assert out.endswith("\n(cut off: --max-tokens were written, or the context is full)\n")


def test_the_real_model_answers_alike_for_a_seed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    options = ("--seed", 5, "--max-tokens", 8, "--temperature", 1.2, "--top-p", 0.9)
    first = chat(capsys, monkeypatch, folder, "Why?\nWhy?\n", *options)
    assert first == chat(capsys, monkeypatch, folder, "Why?\nWhy?\n", *options)
    assert first[0] == 0
    greedy = chat(capsys, monkeypatch, folder, "Why?\n", "--temperature", 0, "--max-tokens", 8)
    assert greedy[0] == 0 and greedy[1]


def test_in_a_pipe_a_mistake_ends_the_conversation(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    prompts: list[str],
) -> None:
    write_language_model(tmp_path, max_position_embeddings=100)
    code, out, error = chat(capsys, monkeypatch, tmp_path, "one\n" + "why " * 50 + "\n")
    assert (code, out) == (2, "answer 1\n")
    assert error.startswith("error: the prompt has ") and error.count("\n") == 1


def test_bytes_that_are_no_text_are_replaced(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    prompts: list[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\xffb\n"), encoding="utf-8"))
    assert cli.main(["chat", str(folder)]) == 0
    assert "a\ufffdb" in prompts[0]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], None]:
    """What somebody types at the terminal, then the end of the input."""

    def give(lines: list[str]) -> None:
        waiting: Iterator[str] = iter(lines)

        def read(prompt: str) -> str:
            line = next(waiting, None)
            if line is None:
                raise EOFError
            return line

        monkeypatch.setattr("builtins.input", read)
        monkeypatch.setattr("sys.stdin", Terminal())
        monkeypatch.setenv("FORCE_COLOR", "1")  # rich: a terminal for output too
        monkeypatch.setenv("TERM", "xterm")

    return give


def plain(out: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", out)


def test_at_a_terminal_thinking_is_dim(
    capsys: pytest.CaptureFixture[str],
    typed: Callable[[list[str]], None],
    folder: Path,
    prompts: list[str],
) -> None:
    typed(["one", "/reset", "two"])
    assert cli.main(["chat", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "hm 1\n\nanswer 1\n" in plain(out) and "hm 2\n\nanswer 2\n" in plain(out)
    dim = "".join(re.findall(r"\x1b\[2m(.*?)\x1b\[0m", out, re.DOTALL))
    assert "hm 1" in dim and "hm 2" in dim
    assert "answer 1" not in dim and "answer 2" not in dim


def test_at_a_terminal_a_mistake_ends_nothing(
    capsys: pytest.CaptureFixture[str],
    typed: Callable[[list[str]], None],
    tmp_path: Path,
    prompts: list[str],
) -> None:
    write_language_model(tmp_path, max_position_embeddings=100)
    typed(["why " * 50, "one"])
    assert cli.main(["chat", str(tmp_path)]) == 0
    out = plain(capsys.readouterr().out)
    assert "leaves no room" in out and "(/reset forgets" in out and "answer 1" in out
    assert "why" not in prompts[0]


def test_an_interrupt_ends_the_answer_at_a_terminal_and_all_in_a_pipe(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    typed: Callable[[list[str]], None],
    folder: Path,
    prompts: list[str],
) -> None:
    write = Writer.forced

    def forced(writer: Writer) -> int | None:
        if len(prompts) == 1 and len(writer.deltas) > 2:
            raise KeyboardInterrupt
        return write(writer)

    monkeypatch.setattr(Writer, "forced", forced)
    typed(["one", "two"])
    assert cli.main(["chat", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "(interrupted)" in out and len(prompts) == 2
    prompts.clear()
    assert chat(capsys, monkeypatch, folder, "one\ntwo\n")[0] == 130
