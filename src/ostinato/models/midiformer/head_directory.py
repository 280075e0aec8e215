"""A head, and the adapter it was trained with, as a small directory of its own.

``config.json`` names the trunk (a bundled model, or a path relative to the directory) and the
digest of its weights; ``model.safetensors`` holds ``head.*`` and ``adapter.*``. Loading is:
load the trunk, fold the adapter into a copy of its linear layers, attach the head. What comes
out is the plain model.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor

from ostinato.base.config import from_dict, to_dict
from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write, write_json
from ostinato.models.midiformer import checkpoint
from ostinato.models.midiformer.adapter import AdapterSpec, factor_shapes, factors, fold
from ostinato.models.midiformer.calibration import Calibration, Domain
from ostinato.models.midiformer.config import HeadSpec, Pool
from ostinato.models.midiformer.encoder import Midiformer
from ostinato.models.midiformer.model import MidiformerModel
from ostinato.models.safetensors_io import check_finite, check_names, opened, read_config

MODEL_TYPE = "midiformer_head"
WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class NamedHead:
    """A head and its name: what ``HeadSpec`` says, flat."""

    name: str
    kind: Literal["note", "sequence"]
    labels: tuple[str, ...]
    pool: Pool = "first"
    statistics: int = 0

    @classmethod
    def of(cls, name: str, spec: HeadSpec) -> NamedHead:
        """A head under a name."""
        return cls(name, spec.kind, spec.labels, spec.pool, spec.statistics)

    @property
    def spec(self) -> HeadSpec:
        """The head without its name."""
        return HeadSpec(self.kind, self.labels, self.pool, self.statistics)


@dataclass(frozen=True)
class HeadWindow:
    """What is read at once: rows of words, and n-grams among them."""

    rows: int
    slots: int

    def __post_init__(self) -> None:
        if self.rows < 1 or self.slots < 0:
            raise UserError(
                f"window: expected rows >= 1 and slots >= 0; got {self.rows} and {self.slots}."
            )


@dataclass(frozen=True)
class HeadDescription:
    """``config.json`` of a head's directory."""

    trunk: str
    """A bundled model's name, or the trunk's directory relative to the head's."""
    trunk_digest: str
    head: NamedHead
    adapter: AdapterSpec | None = None
    temperature: float = 1.0
    domain: Domain | None = None
    window: HeadWindow | None = None
    """Of the head's training, where it is not its trunk's."""

    @property
    def calibration(self) -> Calibration:
        """How to read the head's answers."""
        return Calibration(self.temperature, self.domain)


def digest(encoder: Midiformer) -> str:
    """Of a plain encoder's weights in half precision: the same for a trunk shipped in either."""
    hashed = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(encoder.state_dict().items()):
        stored = tensor.half() if tensor.is_floating_point() else tensor
        hashed.update(f"{name} {list(stored.shape)} {stored.dtype}\n".encode())
        hashed.update(stored.cpu().contiguous().numpy().tobytes())
    return hashed.hexdigest()


def save(
    directory: Path,
    model: MidiformerModel,
    description: HeadDescription,
    *,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write a head and the factors of its encoder; ``config.json`` comes last."""
    directory.mkdir(parents=True, exist_ok=True)
    head = model.heads[description.head.name]
    found = {f"head.{name}": tensor for name, tensor in head.state_dict().items()}
    found |= {f"adapter.{name}": tensor for name, tensor in factors(model.encoder).items()}
    stored = {name: t.detach().to("cpu", dtype).contiguous() for name, t in found.items()}
    for name, tensor in stored.items():
        check_finite(name, tensor)
    with atomic_write(directory / WEIGHTS) as temporary:
        save_file(stored, temporary, metadata={"format": "pt"})
    write_json(directory / "config.json", {"model_type": MODEL_TYPE, **to_dict(description)})


def describe(directory: Path) -> HeadDescription:
    """``config.json`` of a head's directory; its weights and trunk are not looked at."""
    read = read_config(directory, MODEL_TYPE)
    try:
        return from_dict(HeadDescription, read)
    except UserError as error:
        raise UserError(f"{directory / 'config.json'}: {error}") from None


def load(directory: Path, trunk: Path, *, device: torch.device | str = "cpu") -> MidiformerModel:
    """The plain model of a head and its trunk, in evaluation mode and float32."""
    description = describe(directory)
    encoder = checkpoint.load(trunk, device=device).encoder
    if (found := digest(encoder)) != description.trunk_digest:
        raise UserError(
            f"{directory} is a head of another trunk (digest {description.trunk_digest[:12]}) than "
            f"{trunk} ({found[:12]}): its answers would be noise; get the trunk it was trained on, "
            "or fine-tune anew."
        )
    with torch.device("meta"):
        model = MidiformerModel(encoder.config, {description.head.name: description.head.spec})
    adapter = description.adapter
    shapes = {} if adapter is None else factor_shapes(encoder, adapter)
    expected = {f"adapter.{name}": shape for name, shape in shapes.items()}
    head = model.heads[description.head.name]
    expected |= {f"head.{name}": tuple(tensor.shape) for name, tensor in head.state_dict().items()}
    tensors = _read(directory, expected, device)
    model.encoder = encoder
    fold(encoder, _under("adapter.", tensors))
    head.load_state_dict(_under("head.", tensors), assign=True)
    return model.eval()


def _read(
    directory: Path, expected: dict[str, Any], device: torch.device | str
) -> dict[str, Tensor]:
    """The tensors of the file in float32, their names and shapes checked."""
    path = directory / WEIGHTS
    if not path.is_file():
        raise UserError(f"{path} is missing: copy the head's directory anew")
    with opened(path) as file:
        tensors = cast("dict[str, Tensor]", {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    check_names(directory, expected, tensors)
    for name, tensor in tensors.items():
        if tuple(tensor.shape) != expected[name]:
            raise UserError(
                f"{name} in {path} has shape {list(tensor.shape)}, but config.json and the trunk "
                f"ask for {list(expected[name])}"
            )
    return {name: tensor.to(device, torch.float32) for name, tensor in tensors.items()}


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
