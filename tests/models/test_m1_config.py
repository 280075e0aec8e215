"""One configuration, three dialects of ``config.json``; what does not fit is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ostinato.base.errors import UserError
from ostinato.models.m1 import M1Config
from ostinato.models.m1.config import PRESETS, from_json, hybrid


def test_the_published_config(shared: Path) -> None:
    assert M1Config.from_pretrained(shared / "golden" / "minimax-m1") == M1Config.preset("456b")


def test_presets_are_what_transformers_can_load() -> None:
    for name in set(PRESETS) - {"456b"}:
        config = M1Config.preset(name)
        assert config.rotary_dim == config.head_dim
        assert config.num_heads & (config.num_heads - 1) == 0
        assert config.attention == hybrid(config.num_layers)
        assert config.softmax_alpha == pytest.approx((2 * config.num_layers) ** 0.25)
    assert M1Config.preset("456b").softmax_alpha == 3.5565588200778455


@pytest.mark.parametrize("dialect", ["minimax_m1", "minimax_text_01", "minimax"])
def test_every_dialect_says_everything(dialect: Any) -> None:
    config = M1Config.preset(
        "tiny", bos_token_id=2, eos_token_id=3, softmax_beta=0.5, mlp_alpha=1.5, rope_theta=5e5
    )
    assert from_json(json.loads(json.dumps(config.to_json(dialect)))) == config


def test_part_of_a_head_rotated_cannot_be_said_to_transformers() -> None:
    with pytest.raises(UserError, match="save it in the layout minimax_m1"):
        M1Config.preset("456b").to_json("minimax")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mystery": 1}, "unknown key 'mystery'"),
        ({"partial_rotary_factor": 0.5}, "unknown key 'partial_rotary_factor'"),
        ({"model_type": "llama"}, "expected model_type minimax_m1, minimax_text_01, minimax"),
        ({"postnorm": False}, "postnorm is False; only True"),
        ({"shared_intermediate_size": 64}, "shared_intermediate_size is 64; only 0"),
        ({"quantization_config": {"bits": 8}}, "quantization_config"),
        ({"attn_type_list": [0, 2]}, "attn_type_list must list 0"),
        ({"num_hidden_layers": 7}, "num_hidden_layers is 7, but 8 kinds are listed"),
        ({"hidden_size": "64"}, "key 'hidden_size': expected int, got '64'"),
        ({"hidden_size": 0}, "hidden_size must be at least 1"),
        ({"num_key_value_heads": 3}, "num_heads must be a multiple of num_kv_heads"),
        ({"rotary_dim": 7}, "rotary_dim must be even"),
        ({"num_experts_per_tok": 9}, "experts_per_token must be at most num_experts"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    described = M1Config.preset("tiny").to_json("minimax_m1") | change
    (tmp_path / "config.json").write_text(json.dumps(described))
    with pytest.raises(UserError) as caught:
        M1Config.from_pretrained(tmp_path)
    assert sentence in str(caught.value)
    assert "config.json" in str(caught.value)


def test_transformers_dialect_is_checked_too() -> None:
    described = M1Config.preset("tiny").to_json("minimax")
    with pytest.raises(UserError, match="layer_types must name"):
        from_json(described | {"layer_types": ["full"]})
    scaled = {"rope_type": "yarn", "rope_theta": 1e6}
    with pytest.raises(UserError, match="only the default type"):
        from_json(described | {"rope_parameters": scaled})
    old = {key: value for key, value in described.items() if key != "rope_parameters"}
    assert from_json(old | {"rope_theta": 10_000}).rope_theta == 10_000.0


def test_files_that_are_no_config(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected a model directory with config\.json"):
        M1Config.from_pretrained(tmp_path)
    for text, sentence in (("{", "not valid JSON"), ("[]", "a JSON object, got a list")):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(UserError, match=sentence):
            M1Config.from_pretrained(tmp_path)


def test_unknown_preset() -> None:
    with pytest.raises(UserError, match="no preset '7b': expected one of tiny"):
        M1Config.preset("7b")


def test_head_counts_that_transformers_decays_otherwise() -> None:
    config = M1Config.preset("tiny", num_heads=12, num_kv_heads=3)
    assert from_json(config.to_json("minimax_m1")) == config
    with pytest.raises(UserError, match="transformers decays 12 heads unlike the published code"):
        config.to_json("minimax")
    described = M1Config.preset("tiny").to_json("minimax")
    with pytest.raises(UserError, match="use the layout minimax_m1"):
        from_json(described | {"num_attention_heads": 12, "num_key_value_heads": 3})
