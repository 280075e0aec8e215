"""Sizes and constants of an M1, and the three dialects of ``config.json`` that describe one.

``minimax_m1`` and ``minimax_text_01`` are the published dialects; ``minimax`` is that of
transformers. A key that none of them knows is refused: it may change what the model computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from ostinato.base.config import from_dict
from ostinato.base.errors import UserError
from ostinato.models.safetensors_io import read_object

Attention = Literal["lightning", "softmax"]
Dialect = Literal["minimax_m1", "minimax_text_01", "minimax"]


@dataclass(frozen=True, kw_only=True)
class M1Config:
    """What is needed to build the decoder."""

    vocab_size: int
    hidden_size: int
    attention: tuple[Attention, ...]
    """The kind of attention of each layer; its length is the number of layers."""
    num_heads: int
    num_kv_heads: int
    """Key and value heads of softmax layers; lightning layers have ``num_heads`` of each."""
    head_dim: int
    """Independent of ``hidden_size``: in the published model heads are wider together (8192)."""
    rotary_dim: int
    """Leading dimensions of a softmax head that are rotated; 64 of 128 in the published model."""
    intermediate_size: int
    """Width of one expert."""
    num_experts: int
    experts_per_token: int = 2
    max_position_embeddings: int = 1_000_000
    """Tokens of context at most; more are refused, though nothing in memory depends on it."""
    rope_theta: float = 10_000_000.0
    softmax_alpha: float = 1.0
    """Weight of the normed residual in softmax layers; DeepNorm's (2 * layers) ** 0.25."""
    softmax_beta: float = 1.0
    """Weight of the attention's output in softmax layers."""
    lightning_alpha: float = 1.0
    lightning_beta: float = 1.0
    mlp_alpha: float = 1.0
    mlp_beta: float = 1.0
    rms_norm_eps: float = 1e-5
    router_aux_loss_coef: float = 0.001
    initializer_range: float = 0.02
    bos_token_id: int | None = None
    eos_token_id: int | None = None

    def __post_init__(self) -> None:
        sizes = {
            name: getattr(self, name)
            for name in ("vocab_size", "hidden_size", "num_heads", "num_kv_heads", "head_dim")
            + ("intermediate_size", "num_experts", "experts_per_token", "max_position_embeddings")
        }
        if small := [name for name, size in sizes.items() if size < 1]:
            raise UserError(f"{small[0]} must be at least 1, got {sizes[small[0]]}")
        if not self.attention or set(self.attention) - {"lightning", "softmax"}:
            raise UserError(
                "attention must name lightning or softmax for each layer, got "
                f"{list(self.attention)}"
            )
        if self.num_heads % self.num_kv_heads:
            raise UserError(
                f"num_heads must be a multiple of num_kv_heads, got {self.num_heads} and "
                f"{self.num_kv_heads}"
            )
        if self.rotary_dim % 2 or not 0 <= self.rotary_dim <= self.head_dim:
            raise UserError(
                f"rotary_dim must be even and in 0..head_dim ({self.head_dim}), "
                f"got {self.rotary_dim}"
            )
        if self.experts_per_token > self.num_experts:
            raise UserError(
                f"experts_per_token must be at most num_experts ({self.num_experts}), got "
                f"{self.experts_per_token}"
            )

    @property
    def num_layers(self) -> int:
        return len(self.attention)

    @property
    def softmax_layers(self) -> int:
        """How many layers keep keys and values of every token."""
        return self.attention.count("softmax")

    @classmethod
    def preset(cls, name: str, **changes: Any) -> M1Config:
        """A named size with ``changes`` to any field on top.

        ``456b`` is the published model. The others rotate whole heads and have head counts
        that are powers of two, so that transformers computes the same with their weights.
        ``layers=N`` repeats seven lightning layers and a softmax one over N layers;
        ``attention="lightning"`` or ``"softmax"`` makes every layer of that kind.
        """
        if name not in PRESETS:
            raise UserError(f"no preset {name!r}: expected one of {', '.join(PRESETS)}")
        fields = {**PRESETS[name], **changes}
        layers = int(fields.pop("layers"))
        kind = fields.get("attention", "hybrid")
        if isinstance(kind, str):
            fields["attention"] = hybrid(layers) if kind == "hybrid" else (kind,) * layers
        layers = len(fields["attention"])
        deep = (2 * layers) ** 0.25
        alphas = dict.fromkeys(("softmax_alpha", "lightning_alpha", "mlp_alpha"), deep)
        fields.setdefault("rotary_dim", fields["head_dim"])
        return from_dict(cls, alphas | fields)

    @classmethod
    def from_pretrained(cls, directory: Path | str) -> M1Config:
        """Read ``config.json`` of a model directory, in any of the three dialects."""
        return read_config(Path(directory) / "config.json")

    def to_json(self, dialect: Dialect) -> dict[str, Any]:
        """The keys of ``config.json`` in a dialect; `UserError` where it cannot say them."""
        if dialect == "minimax":
            if self.rotary_dim != self.head_dim:
                raise UserError(
                    f"transformers rotates whole heads ({self.head_dim} dimensions) and this "
                    f"model {self.rotary_dim} of them: save it in the layout minimax_m1"
                )
            _check_rates_of_transformers(self.num_heads)
            kind, architecture = "minimax", "MiniMaxForCausalLM"
            rope: dict[str, Any] = {
                "rope_parameters": {"rope_type": "default", "rope_theta": self.rope_theta},
                "layer_types": [_HF_KIND[one] for one in self.attention],
            }
        else:
            kind = dialect
            architecture = {
                "minimax_m1": "MiniMaxM1ForCausalLM",
                "minimax_text_01": "MiniMaxText01ForCausalLM",
            }[dialect]
            rope = {
                "rope_theta": self.rope_theta,
                "rotary_dim": self.rotary_dim,
                "attn_type_list": [int(one == "softmax") for one in self.attention],
                "postnorm": True,
                "shared_intermediate_size": 0,
                "shared_moe_mode": "sigmoid",
            }
        names = _HF_FACTORS if dialect == "minimax" else _FACTORS
        return {
            "architectures": [architecture],
            "model_type": kind,
            **{theirs: getattr(self, ours) for theirs, ours in (_SAME | names).items()},
            "num_hidden_layers": self.num_layers,
            **rope,
            "hidden_act": "silu",
            "attention_dropout": 0.0,
            "tie_word_embeddings": False,
        }


def hybrid(layers: int, period: int = 8) -> tuple[Attention, ...]:
    """Seven lightning layers to one softmax layer, the last of each ``period``."""
    return tuple("softmax" if (i + 1) % period == 0 else "lightning" for i in range(layers))


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "tiny": {
        "vocab_size": 512,
        "hidden_size": 64,
        "layers": 8,
        "num_heads": 4,
        "num_kv_heads": 2,
        "head_dim": 16,
        "intermediate_size": 64,
        "num_experts": 4,
    },
    "20m": {
        "vocab_size": 8192,
        "hidden_size": 256,
        "layers": 8,
        "num_heads": 4,
        "num_kv_heads": 2,
        "head_dim": 64,
        "intermediate_size": 256,
        "num_experts": 8,
    },
    "100m": {
        "vocab_size": 32000,
        "hidden_size": 512,
        "layers": 8,
        "num_heads": 8,
        "num_kv_heads": 2,
        "head_dim": 64,
        "intermediate_size": 512,
        "num_experts": 8,
    },
    "1b": {
        "vocab_size": 64000,
        "hidden_size": 1024,
        "layers": 16,
        "num_heads": 16,
        "num_kv_heads": 4,
        "head_dim": 64,
        "intermediate_size": 1024,
        "num_experts": 16,
    },
    "456b": {
        "vocab_size": 200064,
        "hidden_size": 6144,
        "layers": 80,
        "num_heads": 64,
        "num_kv_heads": 8,
        "head_dim": 128,
        "rotary_dim": 64,
        "intermediate_size": 9216,
        "num_experts": 32,
        "max_position_embeddings": 10_240_000,
    },
}

_SAME = {
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "num_attention_heads": "num_heads",
    "num_key_value_heads": "num_kv_heads",
    "head_dim": "head_dim",
    "intermediate_size": "intermediate_size",
    "num_local_experts": "num_experts",
    "num_experts_per_tok": "experts_per_token",
    "max_position_embeddings": "max_position_embeddings",
    "rms_norm_eps": "rms_norm_eps",
    "router_aux_loss_coef": "router_aux_loss_coef",
    "initializer_range": "initializer_range",
    "bos_token_id": "bos_token_id",
    "eos_token_id": "eos_token_id",
}
_FACTORS = {
    "layernorm_full_attention_alpha": "softmax_alpha",
    "layernorm_full_attention_beta": "softmax_beta",
    "layernorm_linear_attention_alpha": "lightning_alpha",
    "layernorm_linear_attention_beta": "lightning_beta",
    "layernorm_mlp_alpha": "mlp_alpha",
    "layernorm_mlp_beta": "mlp_beta",
}
_HF_FACTORS = {
    "full_attn_alpha_factor": "softmax_alpha",
    "full_attn_beta_factor": "softmax_beta",
    "linear_attn_alpha_factor": "lightning_alpha",
    "linear_attn_beta_factor": "lightning_beta",
    "mlp_alpha_factor": "mlp_alpha",
    "mlp_beta_factor": "mlp_beta",
}
_HF_KIND: Mapping[str, str] = {"lightning": "linear_attention", "softmax": "full_attention"}

# Keys whose only value that we compute with is this one; what is absent means the same.
_FIXED: Mapping[str, Any] = {
    "hidden_act": "silu",
    "postnorm": True,
    "shared_intermediate_size": 0,
    "sliding_window": None,
    "attention_dropout": 0,
    "tie_word_embeddings": False,
    "rope_scaling": None,
    "quantization_config": None,
}
# Keys that say nothing about inference and training with the weights.
_IGNORED = frozenset(
    ("architectures", "auto_map", "model_type", "torch_dtype", "dtype", "transformers_version")
    + ("use_cache", "output_router_logits", "router_jitter_noise", "shared_moe_mode")
    + ("block_size", "_name_or_path", "pad_token_id", "unk_token_id")
)


def read_config(path: Path) -> M1Config:
    """A ``config.json`` as an `M1Config`; `UserError` names the key that does not fit."""
    read = read_object(path)
    try:
        return from_json(read)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def from_json(read: Mapping[str, Any]) -> M1Config:
    """The keys of a ``config.json`` as an `M1Config`."""
    kind = read.get("model_type")
    readers: Mapping[Any, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "minimax_m1": _published,
        "minimax_text_01": _published,
        "minimax": _transformers,
    }
    if kind not in readers:
        raise UserError(f"expected model_type {', '.join(readers)}, got {kind!r}")
    rest = {key: value for key, value in read.items() if key not in _IGNORED}
    for key, expected in _FIXED.items():
        if (value := rest.pop(key, expected)) != expected:
            raise UserError(f"{key} is {value!r}; only {expected!r} is computed here")
    layers = rest.pop("num_hidden_layers", None)
    fields = readers[kind](rest)
    fields |= {ours: rest.pop(theirs) for theirs, ours in _SAME.items() if theirs in rest}
    if rest:
        raise UserError(f"unknown key {min(rest)!r} in a config of type {kind}")
    for key in ("rope_theta", "rms_norm_eps"):
        if type(fields.get(key)) is int:
            fields[key] = float(fields[key])
    config = from_dict(M1Config, fields)
    if layers is not None and layers != config.num_layers:
        raise UserError(f"num_hidden_layers is {layers}, but {config.num_layers} kinds are listed")
    return config


def _published(rest: dict[str, Any]) -> dict[str, Any]:
    kinds = rest.pop("attn_type_list", None)
    if not isinstance(kinds, list) or set(cast("list[Any]", kinds)) - {0, 1}:
        raise UserError("attn_type_list must list 0 (lightning) or 1 (softmax) for each layer")
    fields = {ours: rest.pop(theirs) for theirs, ours in _FACTORS.items() if theirs in rest}
    fields["attention"] = [("lightning", "softmax")[one] for one in cast("list[int]", kinds)]
    fields["rotary_dim"] = rest.pop("rotary_dim", rest.get("head_dim"))
    if "rope_theta" in rest:
        fields["rope_theta"] = rest.pop("rope_theta")
    return fields


def _check_rates_of_transformers(heads: object) -> None:
    """Refuse head counts for which its rates of decay are not those of the published code."""
    if isinstance(heads, int) and heads > 0 and heads & (heads - 1):
        raise UserError(
            f"transformers decays {heads} heads unlike the published code, which interleaves the "
            "rates of counts that are no power of two: use the layout minimax_m1"
        )


def _transformers(rest: dict[str, Any]) -> dict[str, Any]:
    names = {theirs: ours for ours, theirs in _HF_KIND.items()}
    kinds = rest.pop("layer_types", None)
    if not isinstance(kinds, list) or set(cast("list[Any]", kinds)) - set(names):
        raise UserError(f"layer_types must name {' or '.join(names)} for each layer")
    fields = {ours: rest.pop(theirs) for theirs, ours in _HF_FACTORS.items() if theirs in rest}
    fields["attention"] = [names[one] for one in cast("list[str]", kinds)]
    fields["rotary_dim"] = rest.get("head_dim")
    _check_rates_of_transformers(rest.get("num_attention_heads"))
    rope = rest.pop("rope_parameters", None)
    if rope is not None:
        if not isinstance(rope, dict) or rope.get("rope_type", "default") != "default":
            raise UserError(f"rope_parameters is {rope!r}; only the default type is computed here")
        fields["rope_theta"] = cast("dict[str, Any]", rope).get("rope_theta")
    if "rope_theta" in rest:
        fields["rope_theta"] = rest.pop("rope_theta")
    return fields
