"""The decoder: tokens to hidden states to logits, with or without a cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ostinato.base.errors import UserError
from ostinato.models.m1.cache import Cache
from ostinato.models.m1.config import M1Config
from ostinato.models.m1.layers import Layer, Place, Routing
from ostinato.nn.norm import ExactLinear, RMSNorm
from ostinato.nn.ops.cross_entropy import linear_cross_entropy
from ostinato.nn.rotary import rotation

Layout = Literal["minimax_m1", "minimax_text_01", "transformers"]


@dataclass(frozen=True, eq=False)
class Encoded:
    """What the layers make of tokens."""

    hidden: Float[Tensor, "b t d"]
    """After the last norm; zeros where the mask was false."""
    routing: tuple[Routing, ...]
    """Of each layer, over the tokens that were computed."""


class Decoder(nn.Module):
    """Embedding, layers and the last norm, under their published names."""

    def __init__(self, config: M1Config) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        counts = {"lightning": 0, "softmax": 0}
        layers: list[Layer] = []
        for number, kind in enumerate(config.attention):
            layers.append(Layer(config, number, counts[kind]))
            counts[kind] += 1
        self.layers = nn.ModuleList(layers)
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)


class M1(nn.Module):
    """MiniMax-M1 of any size. Fresh weights are drawn from torch's global generator."""

    def __init__(self, config: M1Config) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        self.model = Decoder(config)
        self.lm_head = ExactLinear(config.hidden_size, config.vocab_size)
        for name, parameter in self.named_parameters():
            if parameter.device.type != "meta" and not name.endswith("norm.weight"):
                nn.init.normal_(parameter, std=config.initializer_range)

    def forward(
        self,
        input_ids: Int[Tensor, "b t"],
        *,
        cache: Cache | None = None,
        slots: Sequence[int] | None = None,
        mask: Bool[Tensor, "b t"] | None = None,
        cu_seqlens: Int[Tensor, " n_plus_1"] | None = None,
    ) -> Float[Tensor, "b t v"]:
        """Logits float32 of every token; the other arguments are those of ``encode``."""
        found = self.encode(input_ids, cache=cache, slots=slots, mask=mask, cu_seqlens=cu_seqlens)
        return self.logits(found.hidden)

    def logits(self, hidden: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch v"]:
        """The head, in float32."""
        return self.lm_head(hidden)

    def encode(
        self,
        input_ids: Int[Tensor, "b t"],
        *,
        cache: Cache | None = None,
        slots: Sequence[int] | None = None,
        mask: Bool[Tensor, "b t"] | None = None,
        cu_seqlens: Int[Tensor, " n_plus_1"] | None = None,
    ) -> Encoded:
        """Hidden states of tokens.

        With a ``cache`` the rows, or packed sequences, go on where its ``slots`` (by default
        0, 1, ...) are, and the slots move on; gradients are not tracked then. ``mask`` is true
        for tokens, false for padding on whichever side: each row is computed as if it stood
        alone, without its padding.
        ``cu_seqlens`` [N + 1] packs N sequences into one row; none sees another.
        """
        self._check_ids(input_ids)
        if mask is not None and not bool(mask.all()):
            assert cu_seqlens is None, "packed sequences have no padding"
            return self._encode_masked(input_ids, mask.bool(), cache, slots)
        if cache is not None:
            with torch.no_grad():
                return self._run(input_ids, cache, slots, cu_seqlens)
        return self._run(input_ids, cache, slots, cu_seqlens)

    def _run(
        self,
        input_ids: Tensor,
        cache: Cache | None,
        slots: Sequence[int] | None,
        cu_seqlens: Tensor | None,
    ) -> Encoded:
        place = self._place(input_ids, cache, slots, cu_seqlens)
        hidden = self.model.embed_tokens(input_ids)
        routing: list[Routing] = []
        for layer in self.model.layers:
            if self.gradient_checkpointing and self.training:
                hidden, said = checkpoint(layer, hidden, place, use_reentrant=False)
            else:
                hidden, said = layer(hidden, place)
            routing.append(said)
        if cache is not None:
            counts = _lengths(input_ids, place)
            for slot, before, count in zip(place.slots, place.before, counts, strict=True):
                cache.lengths[slot] = before + count
        return Encoded(self.model.norm(hidden), tuple(routing))

    def token_losses(
        self, hidden: Float[Tensor, "n d"], targets: Int[Tensor, " n"]
    ) -> Float[Tensor, " n"]:
        """Cross-entropy of each target in nats, 0 where it is -100; never holds all logits."""
        return linear_cross_entropy(hidden, self.lm_head.weight, targets)

    def router_loss(self, encoded: Encoded) -> Float[Tensor, ""]:
        """Switch-style load balance over all layers together: E sum_e f_e P_e, k at best.

        f_e counts how often an expert was chosen per token, P_e is its mean probability
        (arXiv 2101.03961, eq. 4, for k experts a token).
        """
        probabilities = torch.cat([one.probabilities for one in encoded.routing])
        chosen = torch.cat([one.chosen for one in encoded.routing])
        experts = probabilities.shape[1]
        load = torch.bincount(chosen.flatten(), minlength=experts) / len(chosen)
        return experts * (load * probabilities.mean(0)).sum()

    def make_cache(self, slots: int, *, capacity: int = 0) -> Cache:
        """An empty cache on the model's device, keys and values in the model's dtype."""
        weight = self.model.embed_tokens.weight
        return Cache(
            self.config, slots, device=weight.device, dtype=weight.dtype, capacity=capacity
        )

    @classmethod
    def from_pretrained(
        cls,
        directory: Path | str,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> M1:
        """Read a model directory in the published or in transformers' layout.

        Weights go straight to ``device`` in ``dtype``, tensor by tensor; routers and the head
        are float32.
        """
        from ostinato.models.m1.checkpoint import load

        return load(Path(directory), device=device, dtype=dtype)

    def save_pretrained(
        self,
        directory: Path | str,
        *,
        layout: Layout = "minimax_m1",
        dtype: torch.dtype | None = None,
        max_shard_bytes: int = 5 * 2**30,
    ) -> None:
        """Write ``config.json`` and sharded safetensors; ``dtype`` None keeps each tensor's."""
        from ostinato.models.m1.checkpoint import save

        save(Path(directory), self, layout=layout, dtype=dtype, max_shard_bytes=max_shard_bytes)

    def check_context(self, length: int) -> None:
        """Refuse more tokens of context than the model has positions for."""
        limit = self.config.max_position_embeddings
        if length > limit:
            raise UserError(
                f"{length:,} tokens of context are more than this model's {limit:,}: shorten the "
                "prompt or the answer"
            )

    def _check_ids(self, input_ids: Tensor) -> None:
        """On the CPU only: on a GPU it would wait for the device at every step."""
        if input_ids.device.type != "cpu" or not input_ids.numel():
            return
        low, high = (int(x) for x in input_ids.aminmax())
        if low < 0 or high >= self.config.vocab_size:
            raise UserError(
                f"token id {low if low < 0 else high} is outside of this model's vocabulary of "
                f"{self.config.vocab_size}: encode the text with the model's own tokenizer"
            )

    def _place(
        self,
        input_ids: Tensor,
        cache: Cache | None,
        slots: Sequence[int] | None,
        cu_seqlens: Tensor | None,
    ) -> Place:
        rows, length = input_ids.shape
        bounds = () if cu_seqlens is None else tuple(cu_seqlens.tolist())
        count = rows if cu_seqlens is None else len(bounds) - 1
        chosen = tuple(range(count)) if slots is None else tuple(slots)
        assert len(chosen) == count, f"{count} sequences need {count} slots, got {len(chosen)}"
        if cache is not None:
            known = set(range(cache.slots)).issuperset(chosen)
            assert known, f"the cache has slots 0 to {cache.slots - 1}, asked for {chosen}"
            assert len(set(chosen)) == count, f"each sequence needs a slot of its own: {chosen}"
        before = (0,) * count if cache is None else tuple(cache.lengths[slot] for slot in chosen)
        start = torch.tensor(before, dtype=torch.int64)
        if cu_seqlens is None:
            positions = start[:, None] + torch.arange(length)
            longest = max(before, default=0) + length
        else:
            sizes = torch.tensor(bounds).diff()
            shift = torch.repeat_interleave(start - torch.tensor(bounds[:-1]), sizes)
            positions = (torch.arange(length) + shift)[None]
            longest = int((start + sizes).max()) if count else 0
        self.check_context(longest)
        if cache is not None:
            cache.reserve(longest)
        turn = rotation(
            positions.to(input_ids.device), self.config.rotary_dim, self.config.rope_theta
        )
        host = None if cu_seqlens is None else cu_seqlens.cpu()
        return Place(turn, host, bounds, cache, chosen, before)

    def _encode_masked(
        self, input_ids: Tensor, mask: Tensor, cache: Cache | None, slots: Sequence[int] | None
    ) -> Encoded:
        counts = mask.sum(1).tolist()
        bounds = torch.tensor([0, *accumulate(counts)])
        found = self.encode(input_ids[mask][None], cache=cache, slots=slots, cu_seqlens=bounds)
        hidden = found.hidden.new_zeros(*input_ids.shape, found.hidden.shape[-1])
        hidden[mask] = found.hidden[0]
        return Encoded(hidden, found.routing)


def _lengths(input_ids: Tensor, place: Place) -> list[int]:
    if not place.bounds:
        return [input_ids.shape[1]] * input_ids.shape[0]
    return [b - a for a, b in zip(place.bounds[:-1], place.bounds[1:], strict=True)]
