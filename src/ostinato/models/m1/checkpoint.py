"""M1's weights on disk: names in two layouts, read and written tensor by tensor.

Published names are this model's own, but for the experts, which the model holds stacked:

==========================================  =================================================
on disk, published                          in the model
==========================================  =================================================
block_sparse_moe.experts.E.w1 [F, D]        block_sparse_moe.gate_up[E, :F]
block_sparse_moe.experts.E.w3 [F, D]        block_sparse_moe.gate_up[E, F:]
block_sparse_moe.experts.E.w2 [D, F]        block_sparse_moe.down[E]
==========================================  =================================================

transformers' own names (``mlp.gate``, ``mlp.experts.gate_up_proj``, ``mlp.experts.down_proj``)
are read as well, and the decay tables that it stores are derived and skipped. It reads the
published names, so the layout ``transformers`` differs from ``minimax_m1`` in config.json only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.models.m1.config import Dialect, M1Config
from ostinato.models.m1.model import M1, Layout
from ostinato.models.safetensors_io import (
    INDEX,
    check_finite,
    check_names,
    check_shape,
    opened,
    read_weight_map,
    split,
    write_shards,
)

SINGLE = "model.safetensors"
DERIVED = re.compile(r"\.self_attn\.(slope_rate|query_decay|key_decay|diagonal_decay)$")
DIALECTS: Mapping[Layout, Dialect] = {
    "minimax_m1": "minimax_m1",
    "minimax_text_01": "minimax_text_01",
    "transformers": "minimax",
}


@dataclass(frozen=True)
class Part:
    """The part of a parameter that a tensor on disk holds; None: all of it."""

    parameter: str
    expert: int | None = None
    rows: tuple[int, int] | None = None

    def of(self, tensor: Tensor) -> Tensor:
        """That part, as a view."""
        chosen = tensor if self.expert is None else tensor[self.expert]
        return chosen if self.rows is None else chosen[self.rows[0] : self.rows[1]]


def published_parts(config: M1Config) -> dict[str, Part]:
    """Every name of the published layout, in order, and what it holds."""
    parts: dict[str, Part] = {"model.embed_tokens.weight": Part("model.embed_tokens.weight")}
    width = config.intermediate_size
    for layer, kind in enumerate(config.attention):
        prefix = f"model.layers.{layer}"
        projections = {
            "lightning": ("qkv_proj", "output_gate", "norm", "out_proj"),
            "softmax": ("q_proj", "k_proj", "v_proj", "o_proj"),
        }[kind]
        names = ("input_layernorm", *(f"self_attn.{name}" for name in projections))
        for name in (*names, "post_attention_layernorm", "block_sparse_moe.gate"):
            key = f"{prefix}.{name}.weight"
            parts[key] = Part(key)
        moe = f"{prefix}.block_sparse_moe"
        for expert in range(config.num_experts):
            stem = f"{moe}.experts.{expert}"
            parts[f"{stem}.w1.weight"] = Part(f"{moe}.gate_up", expert, (0, width))
            parts[f"{stem}.w3.weight"] = Part(f"{moe}.gate_up", expert, (width, 2 * width))
            parts[f"{stem}.w2.weight"] = Part(f"{moe}.down", expert)
    for key in ("model.norm.weight", "lm_head.weight"):
        parts[key] = Part(key)
    return parts


def transformers_parts(config: M1Config) -> dict[str, Part]:
    """The names under which transformers holds the same weights in memory."""
    parts: dict[str, Part] = {}
    for name, part in published_parts(config).items():
        if part.expert is not None:
            names = {"gate_up": "mlp.experts.gate_up_proj", "down": "mlp.experts.down_proj"}
            stem, last = part.parameter.rsplit(".block_sparse_moe.", 1)
            parts[f"{stem}.{names[last]}"] = Part(part.parameter)
        else:
            parts[name.replace(".block_sparse_moe.", ".mlp.")] = part
    return parts


def load(directory: Path, *, device: torch.device | str, dtype: torch.dtype) -> M1:
    """Return the model of a directory, in evaluation mode."""
    config = M1Config.from_pretrained(directory)
    files = _files(directory)
    held = {name for name in files if not DERIVED.search(name)}
    fused = any(".mlp.experts." in name for name in held)
    parts = transformers_parts(config) if fused else published_parts(config)
    check_names(directory, set(parts), held)
    with torch.device("meta"):
        model = M1(config)
    model = model.to(dtype).to_empty(device=device)
    parameters = dict(model.named_parameters())
    copied: set[str] = set()
    with torch.no_grad():
        for file in dict.fromkeys(files[name] for name in parts):
            path = directory / file
            with opened(path) as shard:
                for name in shard.keys():  # noqa: SIM118  no mapping
                    if name in parts and files[name] == file:
                        part = parts[name]
                        _copy(path, name, shard, part.of(parameters[part.parameter]))
                        copied.add(name)
    check_names(directory, set(parts), copied)  # the index may promise what no shard holds
    return model.eval()


def save(
    directory: Path,
    model: M1,
    *,
    layout: Layout,
    dtype: torch.dtype | None,
    max_shard_bytes: int,
) -> None:
    """Write a model directory, routers in float32; one shard is in memory at a time."""
    description = model.config.to_json(DIALECTS[layout])
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    parts = published_parts(model.config)

    def tensor(name: str) -> Tensor:
        held = parts[name].of(parameters[parts[name].parameter])
        exact = name.endswith("block_sparse_moe.gate.weight")
        kept = torch.float32 if exact else dtype or held.dtype
        return held.to("cpu", kept, copy=True).contiguous()

    sizes: dict[str, int] = {}
    for name in parts:
        made = tensor(name)
        check_finite(name, made)  # before anything is written
        sizes[name] = made.nbytes
    directory.mkdir(parents=True, exist_ok=True)
    write_shards(directory, split(sizes, max_shard_bytes), tensor)
    stored = dtype or model.model.embed_tokens.weight.dtype
    description["torch_dtype"] = str(stored).removeprefix("torch.")
    write_json(directory / "config.json", description)


def _files(directory: Path) -> dict[str, str]:
    """The file of each tensor, by the index or by the single file's own header."""
    if (directory / INDEX).is_file():
        return read_weight_map(directory)
    if not (directory / SINGLE).is_file():
        raise UserError(f"{directory}: expected weights in {INDEX} or {SINGLE}; none is there")
    with opened(directory / SINGLE) as shard:
        return dict.fromkeys(shard.keys(), SINGLE)


def _copy(path: Path, name: str, shard: Any, target: Tensor) -> None:
    tensor = shard.get_tensor(name)
    check_shape(path, name, tensor, target)
    target.copy_(tensor)
