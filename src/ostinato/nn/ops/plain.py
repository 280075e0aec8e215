"""Whether a faster call of PyTorch's, made for the CPU alone, may stand in for the usual one."""

from __future__ import annotations

import torch
from torch import Tensor


def is_plain(*tensors: Tensor) -> bool:
    """Float32 on a CPU, and nothing to be differentiated or cast."""
    tracked = torch.is_grad_enabled() and any(x.requires_grad for x in tensors)
    return (
        not tracked
        and all(x.is_cpu and x.dtype == torch.float32 for x in tensors)
        and not torch.is_autocast_enabled("cpu")
    )
