"""A model directory comes back as it was, and says what is wrong when it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ostinato.base.errors import UserError
from ostinato.models.midiformer import MidiformerModel, NgramBatch
from ostinato.models.midiformer.checkpoint import load, save
from ostinato.models.safetensors_io import INDEX


def _output(model: MidiformerModel, tokens: torch.Tensor, ngrams: NgramBatch) -> torch.Tensor:
    hidden = model.encoder(tokens, ngrams=ngrams)
    words = torch.tensor([[-1, 0, 1, 1, 2, -1], [-1, 0, 1, -1, -1, -1]])
    assert model.masked_token is not None
    parts = [
        model.note_head("melody")(hidden, words, 3),
        model.sequence_head("dance")(hidden),
        model.masked_token(hidden.flatten(0, 1)),
    ]
    return torch.cat([part.flatten() for part in parts])


def test_float32_round_trip_is_exact(model, tokens, ngrams, tmp_path: Path) -> None:
    save(tmp_path, model)
    again = load(tmp_path)
    assert not again.training
    assert (again.config, again.specs) == (model.config, model.specs)
    assert again.state_dict().keys() == model.state_dict().keys()
    for name, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name
        assert again.state_dict()[name].dtype == tensor.dtype, name
    assert torch.equal(_output(again, tokens, ngrams), _output(model, tokens, ngrams))


def test_loaded_weights_learn_and_stay_tied(model, tokens, ngrams, tmp_path: Path) -> None:
    save(tmp_path, model)
    again = load(tmp_path)
    again.masked_token(again.encoder(tokens, ngrams=ngrams)[:, 1]).sum().backward()
    gradient = again.encoder.tokens.weight.grad
    assert gradient is not None
    assert gradient[19].abs().max() > 0  # not in the batch: through the decoder alone


def test_float16_is_close_and_half_as_large(model, tokens, ngrams, tmp_path: Path) -> None:
    save(tmp_path / "half", model, dtype=torch.float16)
    save(tmp_path / "full", model)
    again = load(tmp_path / "half")
    assert again.encoder.tokens.weight.dtype == torch.float32
    assert torch.equal(again.encoder.token_symbols, model.encoder.token_symbols)
    expected = _output(model, tokens, ngrams)
    torch.testing.assert_close(_output(again, tokens, ngrams), expected, atol=0.02, rtol=0.02)
    sizes = [
        json.loads((tmp_path / name / INDEX).read_text())["metadata"]["total_size"]
        for name in ("half", "full")
    ]
    integers = model.encoder.token_symbols.nbytes
    assert sizes[0] - integers == (sizes[1] - integers) / 2


def test_loads_in_bfloat16(model, tokens, ngrams, tmp_path: Path) -> None:
    save(tmp_path, model)
    again = load(tmp_path, dtype=torch.bfloat16)
    assert again.encoder.tokens.weight.dtype == torch.bfloat16
    expected = _output(model, tokens, ngrams)
    found = _output(again, tokens, ngrams).float()
    assert ((found - expected).norm() / expected.norm()).item() < 0.05


def test_shards_are_bounded_and_stale_ones_go(model, tmp_path: Path) -> None:
    save(tmp_path, model, max_shard_bytes=6000)
    many = sorted(path.name for path in tmp_path.glob("*.safetensors"))
    assert len(many) > 2
    assert many[0] == f"model-00001-of-{len(many):05d}.safetensors"
    for name in many:
        assert sum(tensor.nbytes for tensor in load_file(tmp_path / name).values()) <= 6000
    load(tmp_path)
    save(tmp_path, model)
    assert [path.name for path in tmp_path.glob("*.safetensors")] == [
        "model-00001-of-00001.safetensors"
    ]
    load(tmp_path)


def test_config_is_a_hugging_face_one(model, tmp_path: Path) -> None:
    save(tmp_path, model, dtype=torch.float16)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["model_type"] == "ostinato-midiformer"
    assert config["torch_dtype"] == "float16"
    assert config["hidden_size"] == 16
    labels = ["melody", "bridge", "accompaniment"]
    melody = {"kind": "note", "labels": labels, "pool": "first", "statistics": 0}
    assert config["heads"]["melody"] == melody
    index = json.loads((tmp_path / INDEX).read_text())
    assert set(index["weight_map"]) == set(model.state_dict())


def test_missing_left_over_and_misshapen_tensors_are_named(model, tmp_path: Path) -> None:
    save(tmp_path, model)
    shard = tmp_path / "model-00001-of-00001.safetensors"
    tensors = load_file(shard)
    renamed = {name.replace("tokens.weight", "words.weight"): t for name, t in tensors.items()}
    save_file(renamed, shard)
    with pytest.raises(UserError, match=r"missing encoder\.tokens.*left over encoder\.words"):
        load(tmp_path)
    save_file({**tensors, "encoder.norm.bias": torch.zeros(17)}, shard)
    with pytest.raises(UserError, match=r"encoder\.norm\.bias .* shape \[17\].* \[16\]"):
        load(tmp_path)
    shard.write_bytes(b"not a shard at all")
    with pytest.raises(UserError, match="not a readable safetensors file"):
        load(tmp_path)
    shard.unlink()
    with pytest.raises(UserError, match="is missing"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"model_type": "bert"}, "expected 'ostinato-midiformer'"),
        ({"hiden_size": 3}, "unknown key 'hiden_size'"),
        ({"hidden_size": "wide"}, "'hidden_size': expected int"),
        ({"heads": {"melody": {"kind": "note"}}}, "'labels' is missing"),
        ({"heads": ["melody"]}, "table of heads"),
        ({"hidden_size": 20}, "shape"),
        ({"num_layers": 4}, "missing encoder.layers.3"),
        ({"masked_token": False}, "left over masked_token"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(model, tmp_path: Path, change, expected) -> None:
    save(tmp_path, model)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=expected):
        load(tmp_path)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json is missing"):
        load(tmp_path)
    (tmp_path / "config.json").write_text("[")
    with pytest.raises(UserError, match="not valid JSON"):
        load(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(UserError, match="a JSON object"):
        load(tmp_path)


def test_a_shard_outside_the_directory_is_not_read(model, tmp_path: Path) -> None:
    save(tmp_path / "model", model)
    index = tmp_path / "model" / INDEX
    (tmp_path / "elsewhere.safetensors").write_bytes(b"")
    index.write_text(index.read_text().replace("model-00001-of-00001", "../elsewhere"))
    with pytest.raises(UserError, match="as a shard of this directory"):
        load(tmp_path / "model")


def test_weights_that_do_not_fit_float16_are_refused(model, tmp_path: Path) -> None:
    with torch.no_grad():
        model.encoder.norm.weight[0] = 1e6
    with pytest.raises(UserError, match=r"encoder\.norm\.weight is not finite"):
        save(tmp_path, model, dtype=torch.float16)
