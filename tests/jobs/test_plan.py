"""``plan``: exact counts, loads that fit and do not, speeds that follow from bytes and FLOPs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostinato import cli
from ostinato.base.errors import UserError
from ostinato.infer.directory import bundled
from ostinato.jobs.plan import amount
from ostinato.jobs.plan_cluster import GPUS, Cluster, Load, decoding, memory, reading, rentable
from ostinato.jobs.plan_numbers import PlanRequest, make_plan
from ostinato.models.m1.config import M1Config
from ostinato.models.m1.cost import kv_bytes, step_weight_bytes, token_flops

M1 = M1Config.preset("456b")


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert cli.main(["plan", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_published_model(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "456b")
    assert found["parameters"]["total"] == 456_089_655_296
    assert found["parameters"]["active"] == 45_944_920_064
    rows = {row["tokens"]: row for row in found["flops"]["by_length"]}
    assert list(rows) == [8_000, 32_000, 64_000, 100_000, 128_000, 1_000_000]
    ratios = {tokens: row["peers"]["r1_expanded"] for tokens, row in rows.items()}
    assert ratios[64_000] == pytest.approx(0.450, abs=5e-4)
    assert ratios[100_000] == pytest.approx(0.343, abs=5e-4)
    assert ratios[128_000] == pytest.approx(0.294, abs=5e-4)
    assert rows[100_000]["plotted"]["r1"] == pytest.approx(0.287, abs=6e-4)
    assert rows[1_000_000]["plotted"] is None
    assert found["bytes"]["weights"]["bf16"] == 912_210_767_872
    assert found["load"]["context"] == 1_000_000


def test_the_run_of_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    run = told(capsys, "456b", "--run-price", 2.072)["run"]
    assert run["gpu_hours"] == 512 * 21 * 24 == 258_048
    assert run["dollars"] == pytest.approx(534_700, rel=1e-3)
    assert run["report_dollars_per_gpu_hour"] == pytest.approx(2.07, abs=0.005)


def test_the_published_way_of_serving_fits_as_published(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # MiniMax's guide to vLLM with experts_int8: 8 GPUs of 80 GB take 2 million tokens, 8 of 96 GB
    # take 5 million.
    for gpu, context in (("H800", 2_000_000), ("H20", 5_000_000)):
        options = ("--dtype", "int8", "--gpus", 8, "--gpu", gpu, "--context")
        assert told(capsys, "456b", *options, context)["cluster"]["fits"]
        assert not told(capsys, "456b", *options, 6_000_000)["cluster"]["fits"]


def test_what_does_not_fit_has_no_speed(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "456b", "--gpus", 8)
    assert not found["cluster"]["fits"]
    assert found["cluster"]["gpus_needed"] == 14
    assert found["cluster"]["most_sequences"] == 0
    assert found["decoding"] is None and found["reading"] is None
    assert told(capsys, "456b", "--gpus", 14)["cluster"]["fits"]
    assert told(capsys, "456b")["cluster"]["count"] == 16
    assert cli.main(["plan", "456b", "--gpus", "8"]) == 0
    assert "does not fit (needs 14)" in capsys.readouterr().out


def test_as_many_sequences_fit_as_are_said_to() -> None:
    request = PlanRequest(model="456b", context=32_000, gpus=16)
    most = make_plan(request).most_sequences
    assert most > 1
    assert make_plan(replace(request, batch=most)).fits
    assert not make_plan(replace(request, batch=most + 1)).fits


def test_a_decoding_step_is_the_roofline_of_its_bytes_and_flops() -> None:
    load = Load(32_000, 4, "bf16")
    gpu = GPUS["H100"]
    cluster = Cluster(gpu, 16, 2.0, 0.5)
    speed = decoding(M1, load, cluster)
    moved = step_weight_bytes(M1, "bf16", 4) + 4 * (2 * 280 * 2**20 + kv_bytes(M1, 32_000))
    assert speed.bytes_moved == pytest.approx(moved)
    assert speed.flops == 4 * token_flops(M1, 32_000)
    assert speed.limit == "memory"
    assert speed.seconds == pytest.approx(moved / (16 * gpu.bandwidth * 0.5))
    assert speed.tokens_per_second == pytest.approx(4 / speed.seconds)
    hour = 3600 * speed.tokens_per_second
    assert speed.dollars_per_million == pytest.approx(16 * 2.0 / hour * 1e6)
    prompt = reading(M1, load, cluster)
    assert prompt.limit == "arithmetic"
    assert prompt.seconds == pytest.approx(prompt.flops / (16 * gpu.flops * 0.5))


def test_memory_grows_by_sequences() -> None:
    one, four = (memory(M1, Load(1000, batch, "bf16")) for batch in (1, 4))
    assert four.total - four.weights == 4 * (one.total - one.weights) == 4 * one.sequence


def test_clusters_are_powers_of_two_and_whole_nodes() -> None:
    assert [rentable(n) for n in (1, 2, 3, 5, 8, 9, 16, 17)] == [1, 2, 4, 8, 8, 16, 16, 24]


@pytest.mark.parametrize("layout", ["minimax_m1", "minimax"])
def test_a_model_directory(capsys: pytest.CaptureFixture[str], tmp_path: Path, layout: Any) -> None:
    config = M1Config.preset("tiny", max_position_embeddings=50_000)
    (tmp_path / "config.json").write_text(json.dumps(config.to_json(layout)))
    found = told(capsys, tmp_path)
    preset = told(capsys, "tiny")
    assert found["parameters"] == preset["parameters"]
    assert found["load"]["context"] == 50_000
    assert [row["tokens"] for row in found["flops"]["by_length"]] == [8_000, 32_000]
    assert found["flops"]["by_length"][0]["peers"] is None


def test_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", "456b"]) == 0
    out = capsys.readouterr().out
    for text in ("456,089,655,296", "45,944,920,064", "34.3 %", "28.7 %", "$516,096", "$534,700"):
        assert text in out
    assert cli.main(["plan", "tiny"]) == 0
    assert "Qwen3" not in capsys.readouterr().out


@pytest.mark.parametrize("model", ["456b", "tiny"])
def test_the_picture_is_a_png(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: str
) -> None:
    path = tmp_path / "new" / "flops.png"
    told(capsys, model, "--picture", path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_amounts_have_three_digits() -> None:
    found = [amount(n, "B") for n in (5, 999, 1234, 45_600, 912_210_767_872, 999_600_000, 1e21)]
    assert found == ["5 B", "999 B", "1.23 kB", "45.6 kB", "912 GB", "1.00 GB", "1,000 EB"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["457b"], "457b: expected a preset (tiny, 20m, 100m, 1b, 456b), a bundled model or"),
        (["tiny", "--gpu", "TPU"], "there is no GPU 'TPU' here; there is H100"),
        (["tiny", "--gpus", "0"], "--gpus must be between 1 and 1,000,000, got 0"),
        (["tiny", "--batch", "-1"], "--batch must be between 1"),
        (["tiny", "--run-gpus", "0"], "--run-gpus must be between 1"),
        (["tiny", "--context", "0"], "--context must be between 1 and the model's limit"),
        (["456b", "--context", "10240001"], "limit of 10,240,000 tokens, got 10240001"),
        (["tiny", "--efficiency", "1.5"], "--efficiency must be above 0 and at most 1, got 1.5"),
        (["tiny", "--efficiency", "nan"], "--efficiency must be"),
        (["tiny", "--price", "0"], "--price must be a number of dollars above 0"),
        (["tiny", "--run-price", "inf"], "--run-price must be a number of dollars above 0"),
        (["tiny", "--run-days", "-3"], "--run-days must be above 0"),
        (["tiny", "--dtype", "fp4"], "fp4"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], options: list[str], sentence: str) -> None:
    assert cli.main(["plan", *options]) == 2
    out, error = capsys.readouterr()
    assert out == "" and error.startswith("error: ") and error.count("\n") == 1
    assert sentence in error


def test_a_bundled_model_is_known_by_its_name() -> None:
    made = make_plan(PlanRequest(model="m1-reason"))
    assert made.config == M1Config.from_pretrained(bundled()["m1-reason"])


def test_a_directory_that_is_no_m1(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json is missing"):
        make_plan(PlanRequest(model=str(tmp_path)))
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(UserError, match="expected model_type minimax_m1"):
        make_plan(PlanRequest(model=str(tmp_path)))
