"""Causal softmax attention with grouped keys: scale 1/sqrt(D), no window.

Queries are the last tokens of their sequence: with T queries and S >= T keys, query t sees keys
0 .. S - T + t. Each key and value head serves H / G consecutive query heads (GQA, arXiv
2305.13245).
"""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor

from ostinato.nn.ops.packed import check_bounds
from ostinato.nn.ops.softmax.fused import softmax_fused
from ostinato.nn.ops.softmax.reference import softmax_reference

Backend = Literal["reference", "fused"]

__all__ = ["Backend", "softmax_attention", "softmax_fused", "softmax_reference"]


def softmax_attention(
    query: Float[Tensor, "b t h d"],
    key: Float[Tensor, "b s g d"],
    value: Float[Tensor, "b s g d"],
    *,
    key_lengths: Int[Tensor, " b"] | None = None,
    cu_seqlens: Int[Tensor, " n_plus_1"] | None = None,
    backend: Backend | None = None,
) -> Float[Tensor, "b t h d"]:
    """Return the attended values in ``query``'s dtype.

    ``key_lengths`` [B]: how many keys of each row there are, T at least; what lies behind is
    never seen. ``cu_seqlens`` [N + 1]: N sequences packed in a row (B = 1, S = T), none of
    which sees another. ``backend`` None takes the fused kernel of
    ``scaled_dot_product_attention``; ``reference`` is the definition in float64.
    """
    run = softmax_reference if backend == "reference" else softmax_fused
    if cu_seqlens is not None:
        assert query.shape[:2] == key.shape[:2], "packed queries and keys are the same tokens"
        check_bounds(cu_seqlens, *query.shape[:2])
        assert key_lengths is None, "packed sequences have their lengths in cu_seqlens"
    return run(query, key, value, key_lengths, cu_seqlens)
