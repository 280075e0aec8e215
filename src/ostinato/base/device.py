"""Which device, and in which precision. torch is imported on the first call."""

from __future__ import annotations

import platform
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ostinato.base.errors import UserError

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "bfloat16", "float16")


def pick_device(name: str | None = None) -> torch.device:
    """The named device; None and "auto" take the GPU where there is one."""
    import torch

    if name is None or name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"device {name!r}: expected auto, cpu, cuda or cuda:N") from None
    if device.type not in ("cpu", "cuda"):
        raise UserError(f"device {name!r}: expected auto, cpu, cuda or cuda:N")
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    if (device.index or 0) >= count:
        raise UserError(f"device {name!r}: this machine has {count} CUDA devices; use auto or cpu")
    return device


def pick_dtype(name: str | None, device: torch.device) -> torch.dtype:
    """The named precision; None and "auto" take bfloat16 on a GPU and float32 elsewhere."""
    import torch

    if name is None or name == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    if name not in DTYPES:
        raise UserError(f"dtype {name!r}: expected auto, {', '.join(DTYPES)}")
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]


def autocast(device: torch.device) -> torch.autocast:
    """Where training computes in: bfloat16 on a GPU, float32 elsewhere."""
    import torch

    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


@contextmanager
def one_thread(asked: bool = True) -> Generator[None]:
    """Operations on the CPU by one thread, if ``asked``; then by as many as before.

    torch counts threads for the process: a thread of Python whose first operation falls into the
    block keeps to one for its life.
    """
    if not asked:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def machine() -> str:
    """The processor and the interpreter, for a result to name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else platform.machine()}, Python {platform.python_version()}"
