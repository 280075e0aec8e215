"""Rows of numbers survive a killed job; the bar keeps silent off a terminal."""

import contextvars
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ostinato.base import log
from ostinato.base.errors import UserError
from ostinato.base.log import MetricsFile, progress, read_metrics


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "run" / "metrics.jsonl"
    metrics = MetricsFile(path)
    metrics.write(1, loss=2.5, split="train")
    MetricsFile(path).write(2, loss=2.0)
    assert read_metrics(path) == [
        {"step": 1, "loss": 2.5, "split": "train"},
        {"step": 2, "loss": 2.0},
    ]


def test_resuming_drops_later_rows_and_a_half_written_one(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    metrics = MetricsFile(path)
    metrics.resume(5)
    for step in range(1, 6):
        metrics.write(step, loss=1 / step)
    with path.open("a") as file:
        file.write('{"step": 6, "lo')
    metrics.resume(3)
    metrics.write(4, loss=0.0)
    rows = read_metrics(path)
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert rows[-1]["loss"] == 0.0


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\nnonsense\n')
    with pytest.raises(UserError, match="line 2"):
        read_metrics(path)


def test_no_bar_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(2, "reading") as advance:
        advance()
        advance(1, note="loss 2.0")
    assert capsys.readouterr() == ("", "")


def test_a_bar_may_end_in_another_context_than_it_began_in() -> None:
    """As one inside a generator does that a library reads by its threads."""

    def read() -> Iterator[int]:
        with progress(2, "reading") as advance:
            yield 1
            advance(2)

    reading = read()
    assert contextvars.copy_context().run(next, reading) == 1
    assert contextvars.copy_context().run(list, reading) == []


def test_a_line_each_minute_off_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(log, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    with progress(2000, "reading") as advance:
        for seconds in (30, 61, 100, 122):
            now[0] = seconds
            advance(500, note="3 bad" if seconds == 100 else "")
            with progress(2, "inner") as inner:
                inner()
    assert capsys.readouterr().err.splitlines() == [
        "reading: 1,000 of 2,000",
        "reading: 2,000 of 2,000, 3 bad",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    return terminal


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_a_terminal(monkeypatch)
    with progress(4, "reading") as advance:
        advance(3, note="loss 2.0")
        advance()
    assert "reading" in terminal.getvalue()
    assert "4/4" in terminal.getvalue()
    assert "loss 2.0" in terminal.getvalue()


def test_a_bar_inside_a_bar_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_a_terminal(monkeypatch)
    with progress(1, "songs") as advance:
        with progress(2, "windows") as inner:
            inner(2)
        advance()
    with progress(1, "again") as advance:
        advance()
    assert "songs" in terminal.getvalue()
    assert "windows" not in terminal.getvalue()
    assert "again" in terminal.getvalue()
