"""Whether a faster call of PyTorch's, made for the CPU alone, may stand in for the usual one."""

from __future__ import annotations

import torch
from torch import Tensor


def is_plain(*tensors: Tensor) -> bool:
    """Float32 on a CPU, and nothing to be differentiated, cast or transformed."""
    if _under_a_transform():
        return False
    tracked = torch.is_grad_enabled() and any(x.requires_grad for x in tensors)
    return (
        not tracked
        and all(x.is_cpu and x.dtype == torch.float32 for x in tensors)
        and not torch.is_autocast_enabled("cpu")
    )


def _under_a_transform() -> bool:
    """Inside of ``torch.func.vmap`` and its like, which know nothing of such calls."""
    return torch._C._functorch.peek_interpreter_stack() is not None  # pyright: ignore[reportAttributeAccessIssue, reportPrivateUsage]
