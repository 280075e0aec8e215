"""Masked-token training: which tokens are hidden, and what stands in their place.

BERT's rule: 15 % of the tokens are targets; of these 80 % become [MASK], 10 % a random token,
and 10 % stay. In ``token`` mode every token is drawn by itself; in ``note`` mode all pieces of
a word are drawn, and replaced, together, so that no piece of a note gives the others away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.music.compoundation import MASK, SPECIALS


@dataclass(frozen=True)
class MaskingConfig:
    """How targets are drawn."""

    mode: Literal["token", "note"] = "token"
    rate: float = 0.15  # share of tokens, or of notes, that are targets
    masked: float = 0.8  # share of the targets that become [MASK]
    random: float = 0.1  # share that becomes a random token; the rest stays

    def __post_init__(self) -> None:
        if self.mode not in ("token", "note"):
            raise UserError(f"masking.mode is 'token' or 'note'; got {self.mode!r}.")
        if not 0 < self.rate < 1 or not 0 <= self.masked + self.random <= 1:
            raise UserError(
                "masking.rate lies between 0 and 1, and masked + random are at most 1; got "
                f"{self.rate}, {self.masked} and {self.random}."
            )


def mask_tokens(
    tokens: Tensor,
    row: Tensor,
    config: MaskingConfig,
    *,
    vocab_size: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """The tokens that the model sees [B, T], and bool [B, T] where it must tell the true one.

    ``row`` [B, T] is the word that a token is a piece of, -1 for none. Special tokens are
    never targets and never take a token's place, but for [MASK].
    """
    compound = tokens >= len(SPECIALS)
    drawn, fate = (_draw(tokens, row, config, generator) for _ in range(2))
    target = (drawn < config.rate) & compound
    other = torch.randint(
        len(SPECIALS), vocab_size, tokens.shape, device=tokens.device, generator=generator
    )
    seen = torch.where(target & (fate < config.masked), MASK, tokens)
    replaced = target & (fate >= config.masked) & (fate < config.masked + config.random)
    return torch.where(replaced, other, seen), target


def _draw(tokens: Tensor, row: Tensor, config: MaskingConfig, generator: torch.Generator) -> Tensor:
    """A number in 0..1 for each token, the same for all pieces of a word in ``note`` mode."""
    number = torch.rand(tokens.shape, device=tokens.device, generator=generator)
    # A window has no more words than tokens: the word's index picks its number.
    return number.gather(1, row.clamp(min=0)) if config.mode == "note" else number
