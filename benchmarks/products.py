"""The claim: on this machine oneDNN multiplies float32 faster than PyTorch's usual library.

Run as ``python benchmarks/products.py``, on a quiet machine: y = x W^T at the sizes of the
preset ``100m``, by ``nn.functional.linear`` and by ``nn/ops/linear.py``, on one thread. Both
must agree before anything is timed. It keeps GFLOP/s and the ratio in ``benchmarks/results``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from keep import keep
from torch import Tensor

from ostinato.base.device import machine
from ostinato.nn.ops.linear import linear

WEIGHTS = {"queries, keys and values": (1536, 512), "gate and up": (1024, 512), "out": (512, 512)}
ROWS = (16, 128, 512)
REPEATS = 31


def seconds(product: Callable[[Tensor, Tensor], Tensor], x: Tensor, weight: Tensor) -> float:
    """The median time of a product."""
    product(x, weight)
    taken: list[float] = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        product(x, weight)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


@torch.inference_mode()
def measure() -> list[dict[str, Any]]:
    """One row for each matrix and number of rows."""
    torch.set_num_threads(1)
    found: list[dict[str, Any]] = []
    for name, (outputs, inputs) in WEIGHTS.items():
        weight = torch.randn(outputs, inputs)
        for rows in ROWS:
            x = torch.randn(rows, inputs)
            torch.testing.assert_close(
                linear(x, weight), torch.nn.functional.linear(x, weight), rtol=1e-4, atol=1e-4
            )
            flop = 2 * rows * weight.numel()
            usual = seconds(torch.nn.functional.linear, x, weight)
            ours = seconds(linear, x, weight)
            found.append(
                {
                    "weights": name,
                    "shape": [outputs, inputs],
                    "rows": rows,
                    "usual_gflops": flop / usual / 1e9,
                    "ours_gflops": flop / ours / 1e9,
                    "ratio": usual / ours,
                }
            )
    return found


if __name__ == "__main__":
    keep("products", {"machine": machine(), "torch": torch.__version__, "products": measure()})
