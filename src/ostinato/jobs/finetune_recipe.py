"""What decides a run of ``ostinato finetune``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Literal

from ostinato.base.errors import UserError
from ostinato.data.batches import WindowConfig
from ostinato.data.learning import CompoundationConfig, LexiconConfig
from ostinato.models.midiformer.adapter import TARGETS, AdapterSpec
from ostinato.models.midiformer.config import HeadSpec, Pool
from ostinato.music.statistics import NUM_STATISTICS
from ostinato.train.loop import LoopConfig
from ostinato.train.pieces import Drawing
from ostinato.train.recipe import DTypeName, ModelChoice


@dataclass(frozen=True)
class OtherHead:
    """A further head for notes, which all of the encoder learns beside the first: it labels the
    same documents, or some of them, and reads the same windows.
    """

    head: str
    shards: tuple[Path, ...]
    labels: tuple[str, ...]
    train_shards: tuple[Path, ...] = ()
    weight: float = 1.0  # of its loss; that of the first head's is 1


@dataclass(frozen=True)
class FinetuneRecipe:
    """Everything that decides a run."""

    run: Path  # directory of the run; its ``model`` becomes the model directory
    shards: tuple[Path, ...]
    split: str  # a split's name, or a CSV file: the sides of songs or documents
    train_shards: tuple[Path, ...] = ()  # further documents, of which only the train side counts
    init: str = ""  # the pre-trained encoder: a directory or a bundled name; none: from scratch
    kind: Literal["note", "sequence"] = "note"  # what is labelled: each note, or the whole piece
    head: str = "melody"
    # Of notes, the names of the ids 1, 2, ...; of pieces, the classes. Left out: POP909's
    # tracks, or every label that a piece of the train side has, sorted.
    labels: tuple[str, ...] = ()
    piece_labels: str = ""  # CSV with the columns name,label; none: what the corpus itself says
    piece_task: str = ""  # which of the labels that the corpus knows; none: its first
    # What a head of pieces reads. With "layers" nothing is trained by steps: the encoder stays as
    # it is, and a regression on its mean states is the head; `batch`, `train` (but for
    # max_seconds) and what is said of windows to train on then mean nothing.
    pool: Pool = "attention"
    statistics: bool = False  # the regression also reads simple statistics of the words, of cp4
    adapter_rank: int = 0  # 0: the whole encoder is trained; else it is frozen, with an adapter
    adapter_targets: tuple[str, ...] = TARGETS
    smoothing: float = 0.0  # of the labels
    hide: float = 0.0  # share of a training window's notes that are masked, of notes only
    batch: int = 32  # windows
    windows_per_piece: int = 1  # windows of one piece in a batch
    balanced: bool = False  # pieces of each class are drawn as often as of any other
    by_rows: bool = False  # pieces are drawn as often as they have rows, not all alike
    stride: int = 128  # rows between the windows of an evaluation
    evaluation_batch: int = 64  # windows
    report_test: bool = False
    # Where a line says that the test side was scored; none: scorings.jsonl in ``run``. With that of
    # `evaluate --suite music -o DIR` (DIR/scorings.jsonl), its table counts these scorings too.
    scorings: Path | None = None
    device: str = "auto"
    dtype: DTypeName = "float16"  # of the weights in the model directory
    fresh: bool = False  # begin anew even if the run directory holds a run
    window: WindowConfig = field(default_factory=WindowConfig)
    compoundation: CompoundationConfig = field(default_factory=CompoundationConfig)
    lexicon: LexiconConfig = field(default_factory=LexiconConfig)
    model: ModelChoice = field(default_factory=ModelChoice)  # with ``init``: dropout only
    # Each becomes a directory of its own in ``run``, which stands on ``run/model``. The weights are
    # chosen by the first head.
    others: tuple[OtherHead, ...] = ()
    train: LoopConfig = field(default_factory=LoopConfig)

    def __post_init__(self) -> None:
        if not 1 <= self.stride <= self.window.rows:
            raise UserError(
                f"stride lies in 1..window.rows ({self.window.rows}), or notes between windows "
                f"would have no answer; got {self.stride}."
            )
        asked = {
            "model": replace(self.model, dropout=None) != ModelChoice(),
            "compoundation": self.compoundation != CompoundationConfig(),
            "lexicon": self.lexicon != LexiconConfig(),
        }
        if self.init and (given := [name for name, differs in asked.items() if differs]):
            raise UserError(
                f"{', '.join(given)}: with `init` the pre-trained encoder decides them (but for "
                "model.dropout); leave them out of the recipe."
            )
        if self.adapter_rank and not self.init:
            raise UserError(
                "adapter_rank needs `init`: an adapter changes a pre-trained encoder by little."
            )
        if self.kind == "note" and (
            given := [name for name in _OF_PIECES if getattr(self, name) != _default(name)]
        ):
            raise UserError(f'{", ".join(given)}: only a recipe of kind = "sequence" has them.')
        if not 0 <= self.hide < 1 or (self.hide and self.kind != "note"):
            raise UserError(
                f'hide: expected 0 to below 1, and 0 but for kind = "note"; got {self.hide}.'
            )
        if self.others and (self.kind != "note" or self.frozen):
            raise UserError(
                'others: only a recipe of kind = "note" that trains all of the encoder has them.'
            )
        names = [self.head, *(other.head for other in self.others)]
        reserved = [name for name in names[1:] if not _NAME.fullmatch(name) or name in _RESERVED]
        if self.others and (reserved or len({*names}) < len(names)):
            raise UserError(
                "others: expected heads of different names, of letters, digits and _, none of them "
                f"{', '.join(_RESERVED)}; got {', '.join(map(repr, names))}."
            )
        if idle := [other for other in self.others if not 0 < other.weight < inf]:
            raise UserError(
                f"others: the weight of the head {idle[0].head!r} is a number above 0; got "
                f"{idle[0].weight}."
            )
        if nameless := [other.head for other in self.others if not other.labels]:
            raise UserError(f"others: the head {nameless[0]!r} needs the names of its `labels`.")
        if self.statistics and not self.regression:
            raise UserError('statistics: only a regression (pool = "layers") reads them.')
        if self.regression and (self.adapter_rank or not self.init):
            raise UserError(
                'pool = "layers" is a regression on a pre-trained encoder as it is: it needs '
                "`init` and no adapter_rank."
            )
        _ = self.adapter, self.drawing  # they check themselves

    @property
    def other_recipes(self) -> tuple[FinetuneRecipe, ...]:
        """A recipe for each further head: its documents and labels, the rest the same."""
        return tuple(
            replace(
                self,
                head=other.head,
                shards=other.shards,
                labels=other.labels,
                train_shards=other.train_shards,
                others=(),
            )
            for other in self.others
        )

    def spec(self, labels: tuple[str, ...]) -> HeadSpec:
        """A head of the recipe's kind for such labels."""
        pool = self.pool if self.kind == "sequence" else "first"
        return HeadSpec(self.kind, labels, pool, NUM_STATISTICS if self.statistics else 0)

    @property
    def regression(self) -> bool:
        """Whether the head is a regression, and nothing is trained by steps."""
        return self.kind == "sequence" and self.pool == "layers"

    @property
    def frozen(self) -> bool:
        """Whether the encoder stays as it is, and a head's directory is written."""
        return self.adapter_rank > 0 or self.regression

    @property
    def adapter(self) -> AdapterSpec | None:
        """The adapter to train; None: the whole encoder is."""
        if not self.adapter_rank:
            return None
        return AdapterSpec(self.adapter_rank, self.adapter_targets)

    @property
    def drawing(self) -> Drawing:
        """How windows of pieces are drawn."""
        return Drawing(
            self.batch, self.windows_per_piece, self.balanced, self.by_rows, self.train.seed
        )


_NAME = re.compile(r"[A-Za-z0-9_]+")
_RESERVED = ("model", "head", "trunk")  # folders beside them
_OF_PIECES = ("piece_labels", "piece_task", "windows_per_piece", "balanced", "by_rows")


def _default(name: str) -> object:
    return FinetuneRecipe.__dataclass_fields__[name].default
