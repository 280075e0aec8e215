"""Cross-entropy of a linear head in float32, without ever holding all logits.

With hidden states x [N, D], head W [V, D] and targets y::

    loss_n = logsumexp_v(W x_n) - (W x_n)_{y_n}     (nats)

The head is float32 in inputs and weights (MiniMax-M1, section 3.2: in bfloat16 the
probabilities of training and inference drift apart).
"""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor

from ostinato.nn.ops.cross_entropy.chunked import LOGITS, cross_entropy_chunked
from ostinato.nn.ops.cross_entropy.reference import cross_entropy_reference

Backend = Literal["reference", "chunked"]
IGNORED = -100

__all__ = [
    "IGNORED",
    "Backend",
    "cross_entropy_chunked",
    "cross_entropy_reference",
    "linear_cross_entropy",
]


def linear_cross_entropy(
    hidden: Float[Tensor, "n d"],
    head: Float[Tensor, "v d"],
    targets: Int[Tensor, " n"],
    *,
    chunk: int | None = None,
    backend: Backend | None = None,
) -> Float[Tensor, " n"]:
    """Return the loss of each token in nats, float32; 0 where the target is ``IGNORED``.

    At most ``chunk`` rows of logits exist at a time, forward and backward; by default as many
    as make 2 ** 25 logits (128 MiB).
    """
    if backend == "reference":
        return cross_entropy_reference(hidden, head, targets)
    return cross_entropy_chunked(hidden, head, targets, chunk or max(1, LOGITS // len(head)))
