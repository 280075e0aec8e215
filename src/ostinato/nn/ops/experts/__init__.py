"""A mixture of gated perceptrons: each token passes through its k experts and no other.

For a token u with experts e_1 .. e_k of weights p_1 .. p_k::

    y = sum_i p_i down_e( silu(gate_e u) * (up_e u) )

``gate_up`` [E, 2 F, D] holds the rows of ``gate`` and then those of ``up``; ``down`` is
[E, D, F]. No token is ever dropped, whatever the load of an expert.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ostinato.nn.ops.experts.dense import experts_dense
from ostinato.nn.ops.experts.gathered import experts_gathered
from ostinato.nn.ops.experts.grouped import experts_grouped
from ostinato.nn.ops.experts.reference import experts_reference

Backend = Literal["reference", "grouped", "gathered", "dense"]

SMALL = 1 << 20  # weights of all gates up to which a GPU had rather compute than wait

__all__ = [
    "Backend",
    "experts_dense",
    "experts_gathered",
    "experts_grouped",
    "experts_reference",
    "mix_experts",
]

_BACKENDS = {
    "reference": experts_reference,
    "grouped": experts_grouped,
    "gathered": experts_gathered,
    "dense": experts_dense,
}


def mix_experts(
    tokens: Float[Tensor, "n d"],
    gate_up: Float[Tensor, "e f2 d"],
    down: Float[Tensor, "e d f"],
    chosen: Int[Tensor, "n k"],
    weights: Float[Tensor, "n k"],
    *,
    backend: Backend | None = None,
) -> Float[Tensor, "n d"]:
    """Return the mixture for each token in ``tokens``' dtype.

    ``backend``: ``reference`` in float64; ``grouped`` sorts the tokens by expert; ``gathered``
    and ``dense`` have shapes that depend on N alone, so that a decoding step can be captured in
    a CUDA graph: the one reads the chosen experts' weights for each token, the other computes
    all experts for all tokens. None: grouped on a CPU; on a GPU gathered for so few tokens that
    it reads no more than all experts once, else dense for small experts or in a graph that is
    being captured, else grouped.
    """
    usual: Backend = "grouped"
    if tokens.device.type == "cuda":
        few = chosen.numel() <= gate_up.shape[0]
        # Grouped waits for the device, which a captured step must not.
        fixed = gate_up.numel() <= SMALL or torch.cuda.is_current_stream_capturing()
        usual = "gathered" if few else "dense" if fixed else "grouped"
    return _BACKENDS[backend or usual](tokens, gate_up, down, chosen, weights)
