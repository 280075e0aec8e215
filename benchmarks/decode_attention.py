"""The claim: on a GPU one long conversation costs its neighbours nothing.

Run as ``python benchmarks/decode_attention.py``, on a GPU: one query token a row, 864 rows of 8
heads of 32 channels on 2 heads of keys, by ``decode_attention``'s kernel and by PyTorch's
``scaled_dot_product_attention``, which looks at as many keys of every row as the longest row has.
Both must agree with float64 before anything is timed. It keeps milliseconds, the ratio and the
greatest differences in ``benchmarks/results``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from keep import keep
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from ostinato.base.device import machine
from ostinato.nn.ops.softmax.decode import decode_attention, reads_own_past

ROWS, HEADS, SHARED, WIDTH, PLACES = 864, 2, 4, 32, 6144
REPEATS = 200
LENGTHS = {
    "all of 256": (256, 256),
    "all of 512": (512, 512),
    "one of 2,048 among 512": (512, 2048),
    "one of 6,144 among 512": (512, 6144),
    "all of 6,144": (6144, 6144),
}


def peer(query: Tensor, keys: Tensor, values: Tensor, last: Tensor, span: int) -> Tensor:
    """PyTorch's own, with a mask over the first ``span`` keys."""
    seen = torch.arange(span, device=last.device) <= last[:, None]
    return scaled_dot_product_attention(
        query, keys[:, :, :span], values[:, :, :span], attn_mask=seen[:, None, None]
    )


def milliseconds(run: Callable[[], Tensor]) -> float:
    """Of one call among many that are captured as a graph, as decoding replays them."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(10):
            run()
    begun, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    graph.replay()
    begun.record()
    for _ in range(REPEATS // 10):
        graph.replay()
    ended.record()
    torch.cuda.synchronize()
    return begun.elapsed_time(ended) / REPEATS


@torch.inference_mode()
def measure() -> list[dict[str, Any]]:
    """One row for each mixture of lengths."""
    random = torch.Generator("cuda").manual_seed(0)
    query = torch.randn(ROWS, HEADS, SHARED, WIDTH, generator=random, device="cuda")
    keys, values = torch.randn(
        2, ROWS, HEADS, PLACES, WIDTH, generator=random, device="cuda"
    ).unbind()
    assert reads_own_past(query, keys), "the kernel does not serve this machine"
    found: list[dict[str, Any]] = []
    for name, (usual, longest) in LENGTHS.items():
        last = torch.full((ROWS,), usual - 1, device="cuda")
        last[ROWS // 2] = longest - 1
        some = slice(ROWS // 2 - 4, ROWS // 2 + 4)
        exact = peer(
            query[some].double(), keys[some].double(), values[some].double(), last[some], longest
        )
        ours = decode_attention(query, keys, values, last, span=None)
        theirs = peer(query, keys, values, last, longest)
        torch.testing.assert_close(ours[some].double(), exact, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(theirs[some].double(), exact, rtol=1e-5, atol=1e-5)
        kernel = milliseconds(
            lambda last=last: decode_attention(query, keys, values, last, span=None)
        )
        usual_way = milliseconds(
            lambda last=last, span=longest: peer(query, keys, values, last, span)
        )
        found.append(
            {
                "keys": name,
                "kernel_ms": kernel,
                "peer_ms": usual_way,
                "ratio": usual_way / kernel,
                "kernel_error": float((ours[some] - exact).abs().max()),
                "peer_error": float((theirs[some] - exact).abs().max()),
            }
        )
    return found


if __name__ == "__main__":
    told = {"gpu": torch.cuda.get_device_name(), "machine": machine(), "torch": torch.__version__}
    keep("decode-attention", {**told, "attention": measure()})
