"""MiniMax-M1 (arXiv 2506.13585): lightning attention, softmax attention, mixture of experts.

What public implementations get wrong, and this one does not: the leading half of a softmax
head is rotated and not all of it; padding is no token in either kind of attention; decay is
counted alike for queries and keys; states, rates, routers and the head are float32; a cache
knows how many tokens it has seen whatever kind its first layer is.
"""

from ostinato.models.m1.cache import Cache, Snapshot
from ostinato.models.m1.config import M1Config
from ostinato.models.m1.model import M1, Encoded

__all__ = ["M1", "Cache", "Encoded", "M1Config", "Snapshot"]
