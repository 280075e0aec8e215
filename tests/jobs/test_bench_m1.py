"""``bench m1-cpu`` and ``m1-length``: one worker a figure, and silence while logits differ."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from ostinato import cli
from ostinato.base.errors import UserError
from ostinato.jobs import bench as job
from ostinato.jobs import bench_m1, bench_m1_length, bench_m1_worker
from ostinato.jobs.bench_m1_worker import OURS, READERS, THEIRS, THEIRS_ALL, Reading
from ostinato.jobs.m1_length_figure import figure

MEGABYTE = 10**6
READ = {"threads": 1, "passes": 2, "steps": 3}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Generator[None]:
    """A worker sets the number of its process, which here is everybody's."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("m1"))
    bench_m1_worker.write(folder, "transformers", 0, "tiny", {"max_position_embeddings": 900})
    return folder


def prompt(length: int) -> torch.Tensor:
    return torch.randint(512, (length,), generator=torch.Generator().manual_seed(1))


def test_a_worker_answers_in_json(model: str) -> None:
    told = bench_m1_worker.ask("read", directory=model, reader=OURS, tokens=40, **READ)
    found = Reading.told(told)
    assert [len(found.prefill_cpu), len(found.decode_wall)] == [2, 3]
    assert min(found.prefill_cpu + found.decode_cpu) > 0
    assert found.peak >= found.idle > 10 * MEGABYTE


def test_what_went_wrong_in_a_worker_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    call = {"call": "read", "directory": model, "reader": OURS, "tokens": 901, **READ}
    monkeypatch.setattr("sys.argv", ["worker", json.dumps(call)])
    bench_m1_worker.main()
    answer = capsys.readouterr().out
    code = 0

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, code, answer, "Traceback: odd")

    monkeypatch.setattr(bench_m1_worker.subprocess, "run", run)
    with pytest.raises(UserError, match=r"more than this model's 900"):
        bench_m1_worker.ask("read")
    code = bench_m1_worker.KILLED
    with pytest.raises(UserError, match="for want of memory"):
        bench_m1_worker.ask("read")
    code = 1
    with pytest.raises(RuntimeError, match="read ended with 1:\nTraceback: odd"):
        bench_m1_worker.ask("read")


@pytest.mark.filterwarnings("ignore")  # theirs, not ours
def test_both_implementations_agree_and_are_measured(model: str) -> None:
    pytest.importorskip("transformers")
    assert bench_m1_worker.agree(model, 300, 5)["difference"] < bench_m1.TOLERANCE
    for reader in (THEIRS, THEIRS_ALL):
        found = Reading.told(bench_m1_worker.read(model, reader, tokens=40, **READ))
        assert len(found.decode_cpu) == 3
        assert found.cache_bytes is None


def test_other_weights_are_seen(model: str, tmp_path: Path) -> None:
    bench_m1_worker.write(str(tmp_path), "transformers", 1, "tiny", {})
    ours, other = (READERS[OURS](Path(path)) for path in (model, tmp_path))
    assert bench_m1_worker.difference(ours, other, prompt(20), 2) > 0.01
    again = READERS[OURS](Path(model))
    assert bench_m1_worker.difference(ours, again, prompt(600), 2) < 1e-5


def test_the_watch_sees_what_was_there_and_is_gone() -> None:
    idle = bench_m1_worker.resident()
    with bench_m1_worker.Watch() as watch:
        held = torch.ones(30 * MEGABYTE)
        held.sum()
        torch.ones(4000, 4000).matmul(torch.ones(4000, 400))
        del held
    assert 100 * MEGABYTE < watch.peak - idle < 400 * MEGABYTE
    assert bench_m1_worker.resident() - idle < 50 * MEGABYTE


def reading(scale: float, growth: int) -> dict[str, Any]:
    times = (scale, 2 * scale)
    return asdict(Reading(times, times, times, times, 500, 500 + growth, None))


class Asked:
    """Stands in for the processes; theirs take twice as long, and three times the memory."""

    def __init__(self, difference: float = 1e-6) -> None:
        self.difference = difference
        self.readers: list[str] = []

    def __call__(self, call: str, **arguments: Any) -> dict[str, Any]:
        if call == "write":
            return {"parameters": 7}
        if call == "agree":
            return {"difference": self.difference}
        self.readers.append(arguments["reader"])
        own = arguments["reader"] == OURS
        return reading(arguments["tokens"] * (1 if own else 2), 10_000 if own else 30_000)


def peers(monkeypatch: pytest.MonkeyPatch, asked: Asked, *, beside: bool = True) -> None:
    monkeypatch.setattr(bench_m1, "ask", asked)
    monkeypatch.setattr(bench_m1, "available_cores", lambda: 2)
    monkeypatch.setattr(bench_m1, "find_spec", lambda name: object() if beside else None)
    monkeypatch.setattr(bench_m1, "version", lambda name: "1.2.3")


@pytest.mark.parametrize("difference", [1e-3, float("nan")])
def test_nothing_is_measured_while_logits_differ(
    monkeypatch: pytest.MonkeyPatch, difference: float
) -> None:
    asked = Asked(difference)
    peers(monkeypatch, asked)
    with pytest.raises(UserError, match="nothing is measured"):
        bench_m1.measure()
    assert not asked.readers


def test_rounds_take_turns_and_ratios_are_times_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked()
    peers(monkeypatch, asked)
    report = bench_m1.measure((10, 20), (1, 2), rounds=2)
    assert len(asked.readers) == 2 * 3 * 4
    assert asked.readers[:3] == [OURS, THEIRS, THEIRS_ALL]
    assert asked.readers[12:] == asked.readers[11::-1]
    assert {(row.threads, row.tokens) for row in report.rows} == {
        (1, 10),
        (1, 20),
        (2, 10),
        (2, 20),
    }
    first = report.rows[0]
    assert (first.prefill_cpu, first.decode_cpu, first.growth) == (10, 15, 10_000)
    assert len(report.ratios) == 8
    assert all((one.prefill, one.decode, one.growth) == (2, 2, 3) for one in report.ratios)


def test_the_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    peers(monkeypatch, Asked())
    job.bench("m1-cpu", None, as_json=False)
    told = capsys.readouterr().out
    assert "16,384" in told
    assert "2.0x" in told
    assert "differ by 1e-06 at most" in told
    assert "pip install" not in told
    peers(monkeypatch, Asked(), beside=False)
    job.bench("m1-cpu", None, as_json=False)
    told = capsys.readouterr().out
    assert "pip install transformers" in told
    assert "transformers, last" not in told


def test_the_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    peers(monkeypatch, Asked())
    assert cli.main(["bench", "m1-cpu", "--lengths", "8,4", "--threads", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["tokens"] for row in told["rows"]] == [4, 4, 4, 8, 8, 8]
    assert told["difference"] == 1e-6
    assert told["machine"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("m1-cpu", "--data", "."), "m1-cpu takes no --data"),
        (("m1-length", "--threads", "1"), "m1-length takes no --threads"),
        (("music", "--lengths", "1024"), "music takes no --lengths"),
        (("m1-cpu", "--lengths", "1K"), "--lengths '1K': expected whole numbers"),
        (("m1-cpu", "--lengths", "0"), "--lengths '0': expected whole numbers"),
        (("m1-cpu", "--threads", "9999"), "9999 threads: this process may use"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert cli.main(["bench", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def in_process(call: str, **arguments: Any) -> dict[str, Any]:
    return json.loads(json.dumps(bench_m1_worker.CALLS[call](**arguments)))


@pytest.mark.long
def test_by_length(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(bench_m1_length, "ask", in_process)
    monkeypatch.setattr(bench_m1_length, "LONGEST", 200)
    report = bench_m1_length.measure_length((50, 200, 600), steps=2)
    sizes = {
        twin: [row.cache_bytes for row in report.rows if row.twin == twin]
        for twin in bench_m1_length.TWINS
    }
    heads, width, layers = 4, 32, 8
    state = heads * width * width * 4
    per_token = 2 * 2 * width * 4  # keys and values of two heads
    assert sizes["lightning"] == [layers * state] * 3  # the same at any length
    room = [50 + 3, 200 + 3]
    assert sizes["hybrid"] == [7 * state + n * per_token for n in room]
    assert sizes["softmax"] == [8 * n * per_token for n in room]
    assert report.parameters["lightning"] > report.parameters["hybrid"]

    bench_m1_length.show_length(report, "a machine")
    assert " 600 " in capsys.readouterr().out
    figure({"machine": "a machine", **asdict(report)}, tmp_path / "by_length.png")
    assert (tmp_path / "by_length.png").read_bytes().startswith(b"\x89PNG")


def test_by_length_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def ask(call: str, **arguments: Any) -> dict[str, Any]:
        return {"parameters": 7} if call == "write" else reading(1.0, 5) | {"cache_bytes": 3_000}

    monkeypatch.setattr(bench_m1_length, "ask", ask)
    job.bench("m1-length", None, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert max(row["tokens"] for row in told["rows"] if row["twin"] == "lightning") == 1_000_000
    assert max(row["tokens"] for row in told["rows"] if row["twin"] != "lightning") == 65_536
    figure({"date": "2026-01-01", **told}, tmp_path / "flat.png")
    assert (tmp_path / "flat.png").stat().st_size > 1000
