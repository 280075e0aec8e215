"""The models that the MiniMax-M1 report compares itself with, and the curves that it plots.

FLOPs as in `cost`: n tokens generated from nothing cost n * 2P + c * n (n + 1) / 2, where P are
the parameters that a token goes through and c the FLOPs it spends on each token it sees.
"""

from __future__ import annotations

from dataclasses import dataclass

KILO = 1000
"""Tokens in a K of our table. Its figures are those of 1000; of 1024 they would not be."""

LENGTHS = (8, 32, 64, 100, 128, 1000)
"""Rows of the table, in K."""

COMPARABLE = 10**10
"""Active parameters from which a model is set beside these; a small one is cheaper anyway."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A published model as far as its cost goes."""

    name: str
    active: int
    """P as published, rounded by its makers."""
    layers: int
    heads: int
    key: int
    """Dimensions of a head that q k sums over."""
    value: int
    """Dimensions of a head that p v yields."""
    cache: int
    """Bytes of bf16 cache per token."""

    @property
    def position_flops(self) -> int:
        """c: multiplications and additions of q k and p v in every head and layer."""
        return self.layers * self.heads * 2 * (self.key + self.value)

    def token_flops(self, position: int) -> int:
        return 2 * self.active + self.position_flops * position

    def generation_flops(self, tokens: int) -> int:
        return tokens * 2 * self.active + self.position_flops * (tokens * (tokens + 1) // 2)


# DeepSeek-V3's config.json, which R1 shares: 61 layers, 128 heads, q and k of 128 + 64 (rotated)
# dimensions, v of 128, one latent of 512 for all heads' k and v. 37 billion active is the published
# figure; its config gives 36.6 with the head.
R1_EXPANDED = Peer(
    name="DeepSeek-R1, expanded",
    active=37 * 10**9,
    layers=61,
    heads=128,
    key=128 + 64,
    value=128,
    cache=61 * 128 * (128 + 64 + 128) * 2,
)
"""Multi-head latent attention with each head's keys and values in hand, as in training."""

R1_ABSORBED = Peer(
    name="DeepSeek-R1, absorbed",
    active=37 * 10**9,
    layers=61,
    heads=128,
    key=512 + 64,
    value=512,
    cache=61 * (512 + 64) * 2,
)
"""The same with queries moved into the latent space, as it is decoded: a small cache, 3.4 times
the FLOPs per position."""

# Qwen3-235B-A22B's config.json: 94 layers, 64 heads and 4 of keys and values, of 128 dimensions.
# 22 billion active is the published figure; its config gives 21.6 with the head.
QWEN3 = Peer(
    name="Qwen3-235B-A22B",
    active=22 * 10**9,
    layers=94,
    heads=64,
    key=128,
    value=128,
    cache=94 * 2 * 4 * 128 * 2,
)

PEERS = {"r1_expanded": R1_EXPANDED, "r1_absorbed": R1_ABSORBED, "qwen3": QWEN3}


@dataclass(frozen=True)
class Curve:
    """A quadratic of the report's figure: ``1e16 * (linear * k + quadratic * k * k)`` FLOPs."""

    name: str
    linear: float
    quadratic: float

    def flops(self, kilo: int | float) -> float:
        """FLOPs of generating ``kilo`` K tokens, K as on the figure's axis."""
        return 1e16 * (self.linear * kilo + self.quadratic * kilo * kilo)


PLOTTED_SOURCE = "MiniMax-M1 report (arXiv 2506.13585), figure 1 right, read off its vector art"
PLOTTED = {
    "m1": Curve("MiniMax-M1", 0.0107051, 2.06195e-5),
    "r1": Curve("DeepSeek-R1", 0.0077230, 3.66863e-4),
    "qwen3": Curve("Qwen3-235B-A22B", 0.0044073, 2.42284e-4),
}
PLOTTED_LENGTHS = (8, 16, 32, 48, 64, 80, 96, 112, 128)
"""Where we draw the curves, in K; their fit misses the report's markers by 2e-6 of its axis."""


@dataclass(frozen=True)
class Claim:
    """What the report's text says of M1's FLOPs as a share of R1's."""

    text: str
    percent: float


CLAIMS = {64: Claim("less than 50 %", 50.0), 100: Claim("approximately 25 %", 25.0)}
"""By K tokens generated. The report's curves: 38.5 % and 28.7 %; they fall to 25 % near 124K."""


def plotted_ratio(kilo: int | float, peer: str = "r1") -> float:
    """M1's FLOPs as a share of a peer's, on the report's own curves."""
    return PLOTTED["m1"].flops(kilo) / PLOTTED[peer].flops(kilo)
