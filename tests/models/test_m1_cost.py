"""What an M1 costs: the published counts to the digit, and the report's comparison."""

from __future__ import annotations

import pytest

from ostinato.models.m1 import peers
from ostinato.models.m1.config import M1Config
from ostinato.models.m1.cost import (
    Dtype,
    generation_flops,
    kv_bytes,
    lightning_flops,
    parameters,
    prefill_flops,
    softmax_twin,
    state_bytes,
    step_weight_bytes,
    token_flops,
    touched_experts,
    weight_bytes,
)

M1 = M1Config.preset("456b")
TINY = M1Config.preset("tiny")


def test_parameters_of_the_published_model() -> None:
    found = parameters(M1)
    assert found.total == 456_089_655_296
    assert found.active == 45_944_920_064
    assert found.active_with_head == 45_944_920_064 + 1_229_193_216
    assert found.active_with_both == 45_944_920_064 + 2 * 1_229_193_216
    assert found.lightning == 70 * 251_666_432
    assert found.softmax == 10 * 113_246_208
    assert found.experts == 80 * 32 * 169_869_312
    assert found.routers == 80 * 196_608


def test_parts_add_up_for_every_preset() -> None:
    for name in ("tiny", "20m", "100m", "1b", "456b"):
        found = parameters(M1Config.preset(name)).to_json()
        parts = ("embedding", "lightning", "softmax", "routers", "experts", "norms", "head")
        assert sum(found[part] for part in parts) == found["total"]


def test_bytes_of_the_published_checkpoint_and_cache() -> None:
    assert weight_bytes(M1, "bf16") == 912_210_767_872  # total_size of its index
    assert state_bytes(M1) == 280 * 2**20
    assert kv_bytes(M1) == 40_960
    assert kv_bytes(M1, 7168) == state_bytes(M1)


@pytest.mark.parametrize("dtype", ["bf16", "int8", "fp8"])
def test_a_large_batch_reads_all_weights_but_the_embedding(dtype: Dtype) -> None:
    everything = weight_bytes(M1, dtype) - 2 * parameters(M1).embedding
    assert step_weight_bytes(M1, dtype, 10**6) == pytest.approx(everything)
    assert step_weight_bytes(M1, dtype, 1) < 0.2 * everything


def test_experts_that_a_batch_touches() -> None:
    assert touched_experts(M1, 0) == 0
    assert touched_experts(M1, 1) == pytest.approx(2)
    assert touched_experts(M1, 2) == pytest.approx(2 + 2 * 30 / 32)
    assert touched_experts(M1, 10**6) == pytest.approx(32)


@pytest.mark.parametrize("config", [M1, TINY])
def test_generation_is_the_sum_of_its_tokens(config: M1Config) -> None:
    tokens = sum(token_flops(config, position) for position in range(1, 101))
    assert generation_flops(config, 100) == tokens
    split = generation_flops(config, 60) + generation_flops(config, 40, prompt=60)
    assert split == tokens


def test_reading_costs_as_much_as_generating_but_for_the_head() -> None:
    head = parameters(M1).head
    read = prefill_flops(M1, 1000, block=None)
    assert read == generation_flops(M1, 1000) - 2 * 999 * head


def test_lightning_attention_per_head_in_blocks() -> None:
    heads = 70 * 64
    per_head = {block: lightning_flops(M1, block) / heads for block in (64, 128, 256)}
    assert per_head == {64: 98_304, 128: 131_072, 256: 196_608}
    assert lightning_flops(M1) / heads == 5 * 128**2


def test_softmax_twin_has_no_lightning() -> None:
    twin = softmax_twin(M1)
    assert parameters(twin).lightning == 0
    assert kv_bytes(twin) == 8 * kv_bytes(M1)
    assert state_bytes(twin) == 0


# K tokens; M1's and R1's FLOPs; M1 as a share of R1 expanded, R1 absorbed and Qwen3.
TABLE = [
    (8, 7.7e14, 7.5e14, 1.02, 0.68, 1.705),
    (32, 3.2e15, 4.9e15, 0.65, 0.29, 1.07),
    (64, 6.7e15, 1.50e16, 0.45, 0.17, 0.74),
    (100, 1.11e16, 3.24e16, 0.343, 0.120, 0.56),
    (128, 1.48e16, 5.04e16, 0.294, 0.100, 0.48),
    (1000, 2.6e17, 2.6e18, 0.10, 0.03, 0.16),
]


@pytest.mark.parametrize("row", TABLE)
def test_the_comparison_with_the_peers(row: tuple[float, ...]) -> None:
    kilo, own, r1, *ratios = row
    tokens = int(kilo) * peers.KILO
    found = generation_flops(M1, tokens)
    assert found == pytest.approx(own, rel=0.007)
    assert peers.R1_EXPANDED.generation_flops(tokens) == pytest.approx(r1, rel=0.011)
    for peer, ratio in zip(peers.PEERS.values(), ratios, strict=True):
        assert found / peer.generation_flops(tokens) == pytest.approx(ratio, abs=0.0055)


def test_a_k_of_1024_gives_other_figures() -> None:
    assert f"{generation_flops(M1, 8000):.1e}" == "7.7e+14"
    assert f"{generation_flops(M1, 8192):.1e}" == "7.9e+14"


def test_constants_of_the_peers() -> None:
    assert peers.R1_EXPANDED.position_flops == 4_997_120
    assert peers.R1_ABSORBED.position_flops == 16_990_208
    assert peers.QWEN3.position_flops == 3_080_192
    assert peers.R1_ABSORBED.cache == 70_272
    assert peers.QWEN3.cache == 192_512


@pytest.mark.parametrize(
    ("kilo", "r1", "qwen3"),
    [
        (8, 1.02, 1.713),
        (32, 0.584, 0.935),
        (64, 0.385, 0.604),
        (100, 0.287, 0.446),
        (128, 0.244, 0.377),
    ],
)
def test_the_curves_of_the_report(kilo: int, r1: float, qwen3: float) -> None:
    assert peers.plotted_ratio(kilo) == pytest.approx(r1, abs=0.0006)
    assert peers.plotted_ratio(kilo, "qwen3") == pytest.approx(qwen3, abs=0.0006)


def test_the_curves_halve_q_k_only_and_have_eight_softmax_layers() -> None:
    # What their quadratic terms are of ours, if their K is 1024.
    for curve, ours, factor in (
        ("r1", peers.R1_EXPANDED.position_flops, (192 + 2 * 128) / (192 + 128)),
        ("qwen3", peers.QWEN3.position_flops, 1.5),
        ("m1", 327_680, 1.5 * 8 / 10),
    ):
        theirs = 1e16 * peers.PLOTTED[curve].quadratic / 1024**2
        assert theirs / (ours / 2) == pytest.approx(factor, rel=3e-4)


def test_the_text_of_the_report_rounds_its_curves() -> None:
    assert peers.plotted_ratio(64) < peers.CLAIMS[64].percent / 100
    assert peers.plotted_ratio(100) > 1.14 * peers.CLAIMS[100].percent / 100
    assert peers.plotted_ratio(124) < 0.25 < peers.plotted_ratio(123)


def test_where_m1_begins_to_pay() -> None:
    for peer, tokens in ((peers.R1_EXPANDED, 8_872), (peers.QWEN3, 36_850)):
        assert generation_flops(M1, tokens - 1) > peer.generation_flops(tokens - 1)
        assert generation_flops(M1, tokens) < peer.generation_flops(tokens)
    at = 100_000
    assert token_flops(M1, at) / peers.R1_EXPANDED.token_flops(at) == pytest.approx(0.222, abs=5e-4)
