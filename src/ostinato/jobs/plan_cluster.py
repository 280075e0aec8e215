"""What GPUs can hold and how fast they could be: the roofline of a model on a cluster.

A step takes the longer of moving its bytes and doing its arithmetic, over all GPUs together, at
``efficiency`` of both peaks. What GPUs send each other is not counted, nor queues and sampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ostinato.models.m1.config import M1Config
from ostinato.models.m1.cost import (
    Dtype,
    kv_bytes,
    prefill_flops,
    state_bytes,
    step_weight_bytes,
    token_flops,
    weight_bytes,
)

USABLE = 0.9
"""Share of a GPU's memory for weights, states and keys; the rest is activations and kernels."""

NODE = 8
"""GPUs that are rented together; a cluster is a power of two of them or whole nodes."""


@dataclass(frozen=True)
class Gpu:
    """A kind of GPU. The rates are the makers' peaks, without sparsity."""

    name: str
    memory: float
    """Bytes, a GB counted as 10^9."""
    bandwidth: float
    """Bytes per second from its memory."""
    flops: float
    """FLOPs per second in bf16. Weights of one byte are widened first: no faster arithmetic."""
    price: float
    """Dollars per hour, roughly as rented in 2025: an assumption, `--price` knows better."""


GPUS = {
    gpu.name: gpu
    for gpu in (
        Gpu("H100", 80e9, 3.35e12, 989e12, 2.5),
        Gpu("H200", 141e9, 4.8e12, 989e12, 3.0),
        Gpu("H800", 80e9, 3.35e12, 989e12, 2.0),
        Gpu("H20", 96e9, 4.0e12, 148e12, 1.5),
        Gpu("A100-80", 80e9, 2.04e12, 312e12, 1.5),
        Gpu("B200", 180e9, 7.7e12, 2250e12, 4.5),
        Gpu("L40S", 48e9, 0.864e12, 362e12, 0.9),
    )
}


@dataclass(frozen=True)
class Load:
    """What is asked of a cluster: ``batch`` sequences, each of ``context`` tokens."""

    context: int
    batch: int
    dtype: Dtype


@dataclass(frozen=True)
class Memory:
    """Bytes of a load; ``sequence`` is one sequence's state, keys and values."""

    weights: int
    state: int
    keys_and_values: int
    sequence: int
    total: int


@dataclass(frozen=True)
class Cluster:
    """``count`` GPUs of a kind; ``price`` in dollars for one GPU and hour."""

    gpu: Gpu
    count: int
    price: float
    efficiency: float

    def holds(self, total: int) -> bool:
        return total <= self.usable

    @property
    def usable(self) -> float:
        return self.count * self.gpu.memory * USABLE

    def most_sequences(self, memory: Memory) -> int:
        """How many sequences as long as the load's fit beside the weights."""
        return max(0, int((self.usable - memory.weights) // memory.sequence))


@dataclass(frozen=True)
class Speed:
    """A step (one decoding step, or one prompt read) on a cluster."""

    bytes_moved: float
    flops: float
    seconds: float
    limit: str
    """``memory`` or ``arithmetic``: what takes longer."""
    tokens_per_second: float
    """Of all sequences together."""
    dollars_per_million: float
    """Per million tokens, every GPU busy with this alone."""


def memory(config: M1Config, load: Load) -> Memory:
    weights = weight_bytes(config, load.dtype)
    state, keys = state_bytes(config), kv_bytes(config, load.context)
    total = weights + load.batch * (state + keys)
    return Memory(weights, load.batch * state, load.batch * keys, state + keys, total)


def fewest(gpu: Gpu, total: int) -> int:
    """GPUs that hold ``total`` bytes, split evenly."""
    return math.ceil(total / (gpu.memory * USABLE))


def rentable(count: int) -> int:
    """The next power of two up to a node, then whole nodes."""
    return 1 << (count - 1).bit_length() if count <= NODE else -(-count // NODE) * NODE


def decoding(config: M1Config, load: Load, cluster: Cluster) -> Speed:
    """One token for each sequence, the last of the load's context.

    It reads the weights that the batch's tokens go to, reads and writes every state, and reads
    every key and value.
    """
    sequence = 2 * state_bytes(config) + kv_bytes(config, load.context)
    moved = step_weight_bytes(config, load.dtype, load.batch) + load.batch * sequence
    flops = load.batch * token_flops(config, load.context)
    return _speed(cluster, moved, flops, load.batch)


def reading(config: M1Config, load: Load, cluster: Cluster) -> Speed:
    """One prompt of the load's context, in blocks; the weights are read once, as it is long."""
    moved = step_weight_bytes(config, load.dtype, load.context) + kv_bytes(config, load.context)
    return _speed(cluster, moved, prefill_flops(config, load.context), load.context)


def _speed(cluster: Cluster, moved: float, flops: float, tokens: int) -> Speed:
    bandwidth, peak = cluster.gpu.bandwidth, cluster.gpu.flops
    rate = cluster.count * cluster.efficiency
    limit = "memory" if moved / bandwidth > flops / peak else "arithmetic"
    seconds = max(moved / bandwidth, flops / peak) / rate
    dollars = cluster.count * cluster.price * seconds / 3600
    return Speed(moved, flops, seconds, limit, tokens / seconds, dollars / tokens * 1e6)
