"""Low-rank adapters (LoRA: Hu et al., arXiv 2106.09685, equation 3) of the encoder's linear layers.

A layer ``W x + b`` becomes ``(W + B A) x + b`` with ``A`` [rank, in] (``down``) and ``B``
[out, rank] (``up``, zero at first). The paper's factor ``alpha / rank`` is left out: it does what
the learning rate does. In training the factors stand beside the frozen weights; for inference
they are folded into them, and what is left is the plain encoder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ostinato.base.errors import UserError
from ostinato.models.midiformer.encoder import Midiformer

TARGETS = ("query_key_value", "output", "expand", "contract")


@dataclass(frozen=True)
class AdapterSpec:
    """Which linear layers are adapted, and how much each of them can change."""

    rank: int
    """Columns of ``up``. Each costs the preset ``small`` 92,160 bytes in half precision, so
    that a head directory with 8 of them stays under 1 MB."""
    targets: tuple[str, ...] = TARGETS
    """Names of the linear layers, in the layers of tokens and of n-grams alike."""

    def __post_init__(self) -> None:
        if self.rank < 1 or not self.targets or not {*self.targets} <= {*TARGETS}:
            raise UserError(
                f"an adapter has a rank of at least 1 and targets among {', '.join(TARGETS)}; got "
                f"{self.rank} and {list(self.targets)}."
            )


class AdaptedLinear(nn.Module):
    """A frozen linear layer and its two factors: the form for training."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base
        weight = base.weight
        # Drawn on the CPU: the same whatever the device.
        down = torch.randn(rank, base.in_features) / math.sqrt(base.in_features)
        self.down = nn.Parameter(down.to(weight.device, weight.dtype))
        self.up = nn.Parameter(weight.new_zeros(base.out_features, rank))

    def forward(self, hidden: Float[Tensor, "*b width"]) -> Float[Tensor, "*b out"]:
        """Return ``W x + b + B A x``."""
        low = nn.functional.linear(hidden, self.down)
        return self.base(hidden) + nn.functional.linear(low, self.up)


def attach(encoder: Midiformer, spec: AdapterSpec) -> None:
    """Freeze the encoder and put factors beside its targets, in place.

    The encoder computes what it did before. ``down`` is drawn from torch's generator.
    """
    encoder.requires_grad_(False)
    for path, layer in list(_targets(encoder, spec)):
        parent, _, name = path.rpartition(".")
        setattr(encoder.get_submodule(parent), name, AdaptedLinear(layer, spec.rank))


def factors(encoder: Midiformer) -> dict[str, Tensor]:
    """The factors of an encoder with adapters, by the path of their layer: ``PATH.down``."""
    return {
        f"{path}.{part}": tensor.detach()
        for path, layer in encoder.named_modules()
        if isinstance(layer, AdaptedLinear)
        for part, tensor in (("down", layer.down), ("up", layer.up))
    }


def factor_shapes(encoder: Midiformer, spec: AdapterSpec) -> dict[str, tuple[int, int]]:
    """The names and shapes of the factors that fit a plain encoder."""
    shapes: dict[str, tuple[int, int]] = {}
    for path, layer in _targets(encoder, spec):
        shapes[f"{path}.down"] = (spec.rank, layer.in_features)
        shapes[f"{path}.up"] = (layer.out_features, spec.rank)
    return shapes


@torch.no_grad()
def fold(encoder: Midiformer, found: Mapping[str, Tensor]) -> None:
    """Add the product of each pair of factors to the weights of a plain encoder, in place."""
    for name, down in found.items():
        path, _, part = name.rpartition(".")
        if part == "down":
            weight = encoder.get_parameter(f"{path}.weight")
            change = found[f"{path}.up"].float() @ down.float()
            weight += change.to(weight)


def _targets(encoder: Midiformer, spec: AdapterSpec) -> Iterator[tuple[str, nn.Linear]]:
    """The linear layers to adapt, by path; each kind that is asked for is there."""
    for path, layer in encoder.named_modules():
        if isinstance(layer, nn.Linear) and path.rpartition(".")[2] in spec.targets:
            yield path, layer
