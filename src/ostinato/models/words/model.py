"""The whole model: the encoder, a Midiformer's heads, and the head that fills in masked words."""

from __future__ import annotations

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor, nn

from ostinato.base.errors import UserError
from ostinato.models.midiformer import HeadSpec, NoteHead, SequenceHead
from ostinato.models.words.config import WordConfig
from ostinato.models.words.encoder import WordEncoder


class WordModel(nn.Module):
    """An encoder of words, its classifiers by name, and the masked-word head where wanted.

    It has the verbs of a ``MidiformerModel``, so that training and scoring take either.
    """

    def __init__(
        self,
        config: WordConfig,
        heads: Mapping[str, HeadSpec] | None = None,
        *,
        masked_word: bool = False,
    ) -> None:
        super().__init__()
        self.config = config
        self.specs = dict(heads or {})
        self.encoder = WordEncoder(config)
        self.heads = nn.ModuleDict({name: _head(config, s) for name, s in self.specs.items()})
        self.masked_word = MaskedWordHead(config) if masked_word else None

    def note_head(self, name: str) -> NoteHead:
        """Return the head of that name, which must label notes."""
        head = self._found(name)
        if not isinstance(head, NoteHead):
            raise UserError(f"head {name!r} labels whole windows, not notes: use sequence_head.")
        return head

    def sequence_head(self, name: str) -> SequenceHead:
        """Return the head of that name, which must label windows."""
        head = self._found(name)
        if not isinstance(head, SequenceHead):
            raise UserError(f"head {name!r} labels notes, not whole windows: use note_head.")
        return head

    def _found(self, name: str) -> nn.Module:
        if name not in self.heads:
            known = ", ".join(self.heads) or "none"
            raise UserError(f"this model has no head {name!r}: it has {known}.")
        return self.heads[name]


class MaskedWordHead(nn.Module):
    """Which word was masked: one linear layer for each column, as in MidiBERT."""

    def __init__(self, config: WordConfig) -> None:
        super().__init__()
        self.vocab = config.vocab
        self.columns = nn.Linear(config.hidden_size, sum(config.vocab))
        nn.init.normal_(self.columns.weight, std=config.initial_std)
        nn.init.zeros_(self.columns.bias)

    def forward(self, hidden: Float[Tensor, "n d"]) -> tuple[Float[Tensor, "n _"], ...]:
        """Return the logits of each column."""
        return self.columns(hidden).split(self.vocab, -1)


def _head(config: WordConfig, spec: HeadSpec) -> nn.Module:
    if spec.kind == "note":
        return NoteHead(config.heads, len(spec.labels))
    return SequenceHead(config.heads, len(spec.labels), spec.pool, spec.statistics)
