"""The whole model: the encoder and the heads that a model directory carries."""

from __future__ import annotations

from collections.abc import Mapping

from jaxtyping import Int
from torch import Tensor, nn

from ostinato.base.errors import UserError
from ostinato.models.midiformer.config import HeadSpec, MidiformerConfig
from ostinato.models.midiformer.encoder import Midiformer
from ostinato.models.midiformer.heads import MaskedTokenHead, NoteHead, SequenceHead


class MidiformerModel(nn.Module):
    """An encoder, its classifiers by name, and the masked-token head where wanted.

    Training and inference call the parts: ``model.encoder(tokens, ngrams=...)``, then
    ``model.note_head("melody")(hidden, word, num_words)`` and so on.
    """

    def __init__(
        self,
        config: MidiformerConfig,
        heads: Mapping[str, HeadSpec] | None = None,
        *,
        token_symbols: Int[Tensor, "vocab f"] | None = None,
        masked_token: bool = False,
    ) -> None:
        super().__init__()
        self.config = config
        self.specs = dict(heads or {})
        self.encoder = Midiformer(config, token_symbols)
        self.heads = nn.ModuleDict(
            {name: _build_head(config, spec) for name, spec in self.specs.items()}
        )
        self.masked_token = MaskedTokenHead(config, self.encoder) if masked_token else None

    def note_head(self, name: str) -> NoteHead:
        """Return the head of that name, which must label notes."""
        head = self._head(name)
        if not isinstance(head, NoteHead):
            raise UserError(f"head {name!r} labels whole windows, not notes: use sequence_head.")
        return head

    def sequence_head(self, name: str) -> SequenceHead:
        """Return the head of that name, which must label windows."""
        head = self._head(name)
        if not isinstance(head, SequenceHead):
            raise UserError(f"head {name!r} labels notes, not whole windows: use note_head.")
        return head

    def _head(self, name: str) -> nn.Module:
        if name not in self.heads:
            known = ", ".join(self.heads) or "none"
            raise UserError(f"this model has no head {name!r}: it has {known}.")
        return self.heads[name]


def _build_head(config: MidiformerConfig, spec: HeadSpec) -> nn.Module:
    if spec.kind == "note":
        return NoteHead(config, len(spec.labels))
    return SequenceHead(config, len(spec.labels), spec.pool, spec.statistics)
