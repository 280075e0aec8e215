"""A head's directory: with its trunk the trained model, with another one a sentence."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ostinato.base.errors import UserError
from ostinato.models.midiformer import (
    AdapterSpec,
    Domain,
    HeadSpec,
    MidiformerModel,
    checkpoint,
    head_directory,
)
from ostinato.models.midiformer.adapter import attach
from ostinato.models.midiformer.head_directory import HeadDescription, NamedHead, digest

DOMAIN = Domain((0.5,) * 16, (2.0,) * 16, 3.25, 0.99)


def description(model: MidiformerModel, head: NamedHead, rank: int = 2) -> HeadDescription:
    adapter = AdapterSpec(rank) if rank else None
    return HeadDescription("../trunk", digest(model.encoder), head, adapter, 1.25, DOMAIN)


@pytest.fixture
def written(model, tmp_path: Path) -> tuple[MidiformerModel, Path, Path]:
    """A trained model with an adapter and a head "dance", the head's directory, its trunk's."""
    trunk, head = tmp_path / "trunk", NamedHead("dance", "sequence", ("jig", "reel"), "attention")
    checkpoint.save(trunk, model)
    trained = MidiformerModel(model.config, {"dance": head.spec})
    trained.encoder.load_state_dict(model.encoder.state_dict())
    described = description(model, head)
    attach(trained.encoder, AdapterSpec(2))
    for parameter in trained.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.2)
    head_directory.save(tmp_path / "head", trained.eval(), described, dtype=torch.float32)
    return trained, tmp_path / "head", trunk


def test_with_its_trunk_it_is_the_trained_model(written, tokens, ngrams) -> None:
    trained, folder, trunk = written
    loaded = head_directory.load(folder, trunk)
    assert list(loaded.specs) == ["dance"]
    assert not loaded.training
    expected = trained.sequence_head("dance")(trained.encoder(tokens, ngrams=ngrams), tokens != 0)
    found = loaded.sequence_head("dance")(loaded.encoder(tokens, ngrams=ngrams), tokens != 0)
    torch.testing.assert_close(found, expected)
    plain = set(MidiformerModel(trained.config, trained.specs).state_dict())
    assert set(loaded.state_dict()) == plain


def test_in_half_precision_as_by_default_it_is_nearly_the_same(
    written, tokens, ngrams, tmp_path: Path
) -> None:
    trained, folder, trunk = written
    head_directory.save(tmp_path / "half", trained, head_directory.describe(folder))
    half, whole = (folder.parent / name / "model.safetensors" for name in ("half", "head"))
    assert {tensor.dtype for tensor in load_file(half).values()} == {torch.float16}
    assert half.stat().st_size < whole.stat().st_size
    loaded = head_directory.load(tmp_path / "half", trunk)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    expected = trained.sequence_head("dance")(trained.encoder(tokens, ngrams=ngrams), tokens != 0)
    found = loaded.sequence_head("dance")(loaded.encoder(tokens, ngrams=ngrams), tokens != 0)
    torch.testing.assert_close(found, expected, rtol=0.01, atol=0.002)
    assert not torch.equal(found, expected)


def test_what_it_knows_comes_back(written) -> None:
    _, folder, _ = written
    told = head_directory.describe(folder)
    assert told.calibration.temperature == 1.25
    assert told.domain == DOMAIN
    assert told.head.spec == HeadSpec("sequence", ("jig", "reel"), "attention")
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors"}


def test_a_head_without_an_adapter(model, tmp_path: Path, tokens) -> None:
    checkpoint.save(tmp_path / "trunk", model)
    head = NamedHead("melody", "note", ("melody", "bridge", "accompaniment"))
    described = description(model, head, rank=0)
    head_directory.save(tmp_path / "head", model, described, dtype=torch.float32)
    loaded = head_directory.load(tmp_path / "head", tmp_path / "trunk")
    word = torch.zeros_like(tokens)
    found, expected = (m.note_head("melody")(m.encoder(tokens), word, 1) for m in (loaded, model))
    torch.testing.assert_close(found, expected)


def test_another_trunk_is_refused_in_one_sentence(written, model) -> None:
    _, folder, trunk = written
    with torch.no_grad():
        model.encoder.layers[0].expand.bias[0] += 0.1
    checkpoint.save(trunk, model)
    with pytest.raises(UserError, match="a head of another trunk") as error:
        head_directory.load(folder, trunk)
    assert "\n" not in str(error.value)


def test_the_digest_is_of_the_encoder_in_half_precision(model, tmp_path: Path) -> None:
    """A trunk may be trained in float32 and shipped in float16, with other heads or none."""
    before = digest(model.encoder)
    checkpoint.save(tmp_path, model, dtype=torch.float16)
    loaded = checkpoint.load(tmp_path)
    assert not torch.equal(loaded.encoder.tokens.weight, model.encoder.tokens.weight)
    assert digest(loaded.encoder) == before
    bare = MidiformerModel(model.config)
    bare.encoder.load_state_dict(model.encoder.state_dict())
    assert digest(bare.encoder) == before
    for name in ("token_symbols", "layers.1.attention.position_bias"):
        changed = copy.deepcopy(bare.encoder)
        changed.state_dict()[name].view(-1)[0] += 1
        assert digest(changed) != before


def test_damage_is_named(written) -> None:
    _, folder, trunk = written
    config = json.loads((folder / "config.json").read_text())
    weights = (folder / "model.safetensors").read_bytes()
    broken = {
        "another trunk": {**config, "trunk_digest": "0" * 32},
        "left over adapter": {**config, "adapter": None},
        "has shape": {**config, "adapter": {**config["adapter"], "rank": 3}},
        "'ostinato-midiformer': expected 'midiformer_head'": {
            **config,
            "model_type": "ostinato-midiformer",
        },
        "unknown key": {**config, "colour": 1},
        "expected rows >= 1": {**config, "window": {"rows": 0, "slots": 4}},
        "key 'head.kind'": {**config, "head": {**config["head"], "kind": "chord"}},
    }
    for sentence, changed in broken.items():
        (folder / "config.json").write_text(json.dumps(changed))
        with pytest.raises(UserError, match=sentence):
            head_directory.load(folder, trunk)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(weights[:-40])
    with pytest.raises(UserError, match="not a readable safetensors file"):
        head_directory.load(folder, trunk)
    save_file({"head.pool.bias": torch.zeros(16)}, folder / "model.safetensors")
    with pytest.raises(UserError, match="missing"):
        head_directory.load(folder, trunk)
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match="is missing"):
        head_directory.load(folder, trunk)


def test_weights_that_diverged_are_not_written(written, model, tmp_path: Path) -> None:
    trained, folder, _ = written
    with torch.no_grad():
        trained.sequence_head("dance").pool.bias[0] = torch.inf
    described = head_directory.describe(folder)
    with pytest.raises(UserError, match="not finite"):
        head_directory.save(tmp_path / "new", trained, described)
    assert not (tmp_path / "new" / "config.json").exists()
