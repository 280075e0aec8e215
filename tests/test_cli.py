"""The command line: help for every verb, one sentence for every mistake, and the exit codes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from ostinato import __version__, cli
from ostinato.base.errors import UserError
from ostinato.examples import example_path
from ostinato.infer.directory import MELODY

REPORTING = ("inspect", "melody", "prepare", "pretrain", "sft", "finetune", "evaluate", "bench")
REPORTING += ("solve", "plan", "demo", "rl", "report", "label", "fit", "embed", "similar")
VERBS = (*REPORTING, "chat")


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


def assert_one_sentence(found: tuple[int, str, str]) -> None:
    code, out, error = found
    assert code == 2
    assert out == ""
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, error = run(capsys, "--help")
    assert (code, error) == (0, "")
    assert all(f" {verb} " in out for verb in VERBS)
    assert run(capsys) == (code, out, error)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_its_help(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    code, out, _ = run(capsys, verb, "--help")
    assert code == 0
    assert f"ostinato {verb}" in out
    assert ("--json" in out) == (verb in REPORTING)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"ostinato {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("compose",),
        ("melody",),
        ("melody", "a.mid"),
        ("melody", "a.mid", "-o", "b.mid", "--threshold", "high"),
        ("inspect", "a.mid", "--scheme", "cp5"),
        ("inspect", "--colour", "a.mid"),
        ("--quiet", "demo"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert_one_sentence(run(capsys, *arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        ("melody", "{}/none.mid", "-o", "{}/out.mid"),
        ("pretrain", "{}/none.toml"),
        ("finetune", "{}/none.toml", "train.steps=1"),
        ("prepare", "folder", "{}/none", "-o", "{}/shards"),
        ("prepare", "no-such-corpus", "{}", "-o", "{}/shards"),
        ("evaluate", "--suite", "pop909-melody", "--data", "{}/none"),
        ("evaluate", "--suite", "no-such-suite", "--data", "{}"),
        ("bench", "no-such-benchmark"),
        ("bench", "music", "--data", "{}/none"),
        ("chat", "{}/none"),
        ("solve", "Why?", "--model", "{}/none"),
    ],
)
def test_a_missing_thing_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    found = run(capsys, *(argument.format(tmp_path) for argument in arguments))
    assert_one_sentence(found)


def test_inspect_names_the_missing_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, error = run(capsys, "inspect", tmp_path / "none.mid")
    assert code == 2
    assert "none.mid" in "".join((out + error).split())
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (UserError("expected a\nMIDI file"), 2, "error: expected a MIDI file\n"),
        (PermissionError(errno.EACCES, "Permission denied", "x.mid"), 2, "error: x.mid: Perm"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (typer.Exit(3), 3, ""),
    ],
)
def test_exit_codes(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    code: int,
    said: str,
) -> None:
    def job(out: Path, as_json: bool, *, seed: int | None = None) -> None:
        del out
        raise raised

    monkeypatch.setattr("ostinato.jobs.demo.demo", job)
    found, out, error = run(capsys, "demo")
    assert (found, out) == (code, "")
    assert error.strip("\n").startswith(said.strip("\n"))
    assert bool(error) == bool(said)


def child(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """The command in a process and with streams of its own."""
    command = [sys.executable, "-m", "ostinato", *map(str, arguments)]
    return subprocess.run(  # pyright: ignore[reportCallIssue]
        command, stderr=subprocess.PIPE, text=True, errors="replace", timeout=100, **options
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_full_disk_is_one_sentence(unbuffered: str, options: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123  a device
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        found = child("inspect", example_path(), *options, stdout=full, env=environment)
    assert (found.returncode, found.stderr) == (2, "error: cannot write: No space left on device\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_the_shell_has_closed_are_no_error(closed: str) -> None:
    command = f"{sys.executable} -m ostinato plan tiny {closed}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_goes_away_is_no_error() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    found = child("inspect", example_path(), stdout=theirs)
    os.close(theirs)
    assert (found.returncode, found.stderr) == (1, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8:strict"])
def test_names_are_printed_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / os.fsdecode("Мелодия ü 🎹 \x1b[31m".encode() + b"\xff.mid")
    path.write_bytes(example_path().read_bytes())
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    plain = child("inspect", path, stdout=subprocess.PIPE, env=environment)
    assert (plain.returncode, plain.stderr) == (0, "")
    assert "\x1b" not in plain.stdout
    told = child("inspect", path, "--json", stdout=subprocess.PIPE, env=environment)
    assert json.loads(told.stdout)[0]["file"] == str(path)
    path.unlink()
    absent = child("inspect", path, stdout=subprocess.PIPE, env=environment)
    assert (absent.returncode, absent.stderr.count("\n")) == (2, 1)
    assert "\x1b" not in absent.stderr


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def job(out: Path, as_json: bool, *, seed: int | None = None) -> None:
        raise ZeroDivisionError(out)

    monkeypatch.setattr("ostinato.jobs.demo.demo", job)
    with pytest.raises(ZeroDivisionError):
        cli.main(["demo"])


def test_the_default_model_is_the_bundled_one() -> None:
    assert cli.MELODY_MODEL == MELODY
