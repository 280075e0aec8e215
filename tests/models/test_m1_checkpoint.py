"""M1's weights on disk: every published name, both layouts, and files that are damaged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ostinato.base.errors import UserError
from ostinato.models.m1 import M1, M1Config
from ostinato.models.m1.checkpoint import published_parts, transformers_parts
from ostinato.models.safetensors_io import INDEX


def build() -> M1:
    torch.manual_seed(0)
    return M1(M1Config.preset("tiny", vocab_size=50, rotary_dim=8)).eval()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build().save_pretrained(tmp_path / "model", max_shard_bytes=400_000)
    return tmp_path / "model"


def test_all_published_names_and_none_left_over(shared: Path) -> None:
    index = json.loads((shared / "golden" / "minimax-m1" / INDEX).read_text())["weight_map"]
    assert len(index) == 8243
    assert set(published_parts(M1Config.preset("456b"))) == set(index)


def test_published_names_cover_every_parameter_once() -> None:
    config = M1Config.preset("456b")
    with torch.device("meta"):
        model = M1(config)
    covered: dict[str, int] = {}
    parameters = dict(model.named_parameters())
    for part in published_parts(config).values():
        size = part.of(parameters[part.parameter]).numel()
        covered[part.parameter] = covered.get(part.parameter, 0) + size
    assert covered == {name: p.numel() for name, p in parameters.items()}
    assert sum(covered.values()) == 456_089_655_296


@pytest.mark.parametrize("layout", ["minimax_m1", "minimax_text_01"])
def test_round_trip_is_exact(tmp_path: Path, layout: str) -> None:
    model = build()
    model.save_pretrained(tmp_path, layout=layout, max_shard_bytes=400_000)
    again = M1.from_pretrained(tmp_path)
    assert again.config == model.config
    assert len(list(tmp_path.glob("*.safetensors"))) > 3
    assert max(p.stat().st_size for p in tmp_path.glob("*.safetensors")) < 420_000
    found = dict(again.named_parameters())
    for name, parameter in model.named_parameters():
        assert torch.equal(found[name], parameter), name
    tokens = torch.arange(50)[None]
    with torch.no_grad():
        torch.testing.assert_close(again(tokens), model(tokens), atol=1e-5, rtol=1e-5)


def test_saving_again_leaves_nothing_of_before(folder: Path) -> None:
    build().save_pretrained(folder)
    assert [path.name for path in folder.glob("*.safetensors")] == [
        "model-00001-of-00001.safetensors"
    ]
    M1.from_pretrained(folder)


def test_half_precision_keeps_routers_and_head_exact(tmp_path: Path) -> None:
    model = build()
    model.save_pretrained(tmp_path, dtype=torch.bfloat16)
    with safe_open(tmp_path / "model-00001-of-00001.safetensors", framework="pt") as file:
        kinds = {name: file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
    exact = {name for name, kind in kinds.items() if kind == torch.float32}
    assert exact == {name for name in kinds if name.endswith("moe.gate.weight")}
    assert len(exact) == 8
    again = M1.from_pretrained(tmp_path, dtype=torch.bfloat16)
    assert again.lm_head.weight.dtype == torch.float32
    assert again.model.embed_tokens.weight.dtype == torch.bfloat16
    gate = "model.layers.3.block_sparse_moe.gate.weight"
    assert torch.equal(dict(again.named_parameters())[gate], dict(model.named_parameters())[gate])


def test_names_of_transformers_are_read_and_its_tables_skipped(
    folder: Path, tmp_path: Path
) -> None:
    model = build()
    parameters = dict(model.named_parameters())
    parts = transformers_parts(model.config)
    tensors = {n: p.of(parameters[p.parameter]).detach().clone() for n, p in parts.items()}
    tensors["model.layers.0.self_attn.slope_rate"] = torch.ones(4, 1, 1)
    other = tmp_path / "other"
    other.mkdir()
    save_file(tensors, other / "model.safetensors")
    (other / "config.json").write_text((folder / "config.json").read_text())
    again = dict(M1.from_pretrained(other).named_parameters())
    assert all(torch.equal(again[name], parameter) for name, parameter in parameters.items())


def damage(folder: Path, kind: str) -> None:
    shard = folder / sorted(path.name for path in folder.glob("model-*"))[1]
    tensors = load_file(shard)
    name = min(tensors)
    if kind == "missing":
        shard.unlink()
    elif kind == "truncated":
        shard.write_bytes(shard.read_bytes()[:-100])
    elif kind == "shape":
        tensors[name] = torch.zeros(3, 3)
        save_file(tensors, shard)
    elif kind == "name":
        index = json.loads((folder / INDEX).read_text())
        index["weight_map"]["model.extra.weight"] = index["weight_map"].pop(name)
        (folder / INDEX).write_text(json.dumps(index))
    elif kind == "index":
        (folder / INDEX).write_text("{}")
    elif kind == "outside":
        index = json.loads((folder / INDEX).read_text())
        index["weight_map"][name] = "../elsewhere.safetensors"
        (folder / INDEX).write_text(json.dumps(index))
    else:
        for path in (folder / INDEX, *folder.glob("*.safetensors")):
            path.unlink()


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", "is missing: model.safetensors.index.json names it as a shard"),
        ("truncated", "is not a readable safetensors file"),
        ("shape", r"has shape \[3, 3\], but config.json asks for"),
        ("name", r"missing .*; left over model\.extra\.weight"),
        ("index", "has no weight_map"),
        ("outside", "is missing"),
        ("nothing", "expected weights in"),
    ],
)
def test_damage_is_named(folder: Path, kind: str, sentence: str) -> None:
    damage(folder, kind)
    with pytest.raises(UserError, match=sentence):
        M1.from_pretrained(folder)


def test_weights_that_diverged_are_not_saved(tmp_path: Path) -> None:
    model = build()
    with torch.no_grad():
        model.model.layers[0].block_sparse_moe.down[0, 0, 0] = torch.nan
    with pytest.raises(UserError, match="is not finite"):
        model.save_pretrained(tmp_path)


MEMORY = """
import resource, sys
from pathlib import Path
from ostinato.models.m1 import M1

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

before = peak()
model = M1.from_pretrained(Path(sys.argv[1]))
print(peak() - before, sum(p.nbytes for p in model.parameters()))
"""


@pytest.mark.long
def test_loading_takes_the_model_and_about_one_shard(tmp_path: Path) -> None:
    shard = 40_000_000
    torch.manual_seed(0)
    M1(M1Config.preset("20m")).save_pretrained(tmp_path, max_shard_bytes=shard // 4)
    command = [sys.executable, "-c", MEMORY, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    grown, size = map(int, told.split())
    assert size > 70_000_000
    assert grown < size + shard


def test_what_diverged_leaves_the_model_before_it_whole(tmp_path: Path) -> None:
    model = build()
    model.save_pretrained(tmp_path, max_shard_bytes=400_000)
    with torch.no_grad():
        model.lm_head.weight[0, 0] = torch.inf
        model.model.embed_tokens.weight.zero_()
    with pytest.raises(UserError, match="lm_head"):
        model.save_pretrained(tmp_path, max_shard_bytes=400_000)
    assert float(M1.from_pretrained(tmp_path).model.embed_tokens.weight.detach().abs().max()) > 0


def test_without_a_dtype_every_tensor_keeps_its_own(tmp_path: Path) -> None:
    model = build().to(torch.bfloat16)
    model.save_pretrained(tmp_path)
    again = dict(M1.from_pretrained(tmp_path, dtype=torch.bfloat16).named_parameters())
    for name, parameter in model.named_parameters():
        assert again[name].dtype == parameter.dtype
        assert torch.equal(again[name], parameter), name
