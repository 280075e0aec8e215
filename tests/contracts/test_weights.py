"""What every bundled model directory must be: small enough to travel, and described."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from ostinato.infer.directory import MELODY, bundled

SHARD, ALL = 12 << 20, 45_000_000  # bytes
EXACT = ("block_sparse_moe.gate.weight", "lm_head.weight")


def test_the_weights_of_the_package_stay_small() -> None:
    shards = [path for folder in bundled().values() for path in folder.glob("*.safetensors")]
    assert MELODY in bundled()
    assert max(path.stat().st_size for path in shards) <= SHARD
    assert sum(path.stat().st_size for path in shards) < ALL


@pytest.mark.parametrize("folder", bundled().values(), ids=bundled().keys())
def test_a_model_has_half_precision_a_card_and_nothing_pickled(folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert all(word in card.lower() for word in ("licence", "95 % interval", "limits"))
    assert any(baseline in card for baseline in ("majority", "guess"))
    assert {path.suffix for path in folder.iterdir()} <= {".safetensors", ".json", ".txt", ".md"}
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="numpy") as tensors:
            # Routers and heads of an M1 are float32 whatever the rest is.
            names = [name for name in tensors.keys() if not name.endswith(EXACT)]  # noqa: SIM118  no mapping
            kinds = {tensors.get_tensor(name).dtype for name in names}
        assert kinds <= {np.dtype(np.float16), np.dtype(np.int32), np.dtype(np.int16)}
