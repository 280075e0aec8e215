"""What the two jobs of fine-tuning share: the objective, the sides of the split, their scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ostinato.data.shards import Int8
from ostinato.data.vocabulary import Vocabulary
from ostinato.eval.music import record
from ostinato.jobs.finetune_data import Labelled
from ostinato.jobs.finetune_evaluation import NoteEvaluation, PieceEvaluation
from ostinato.jobs.finetune_recipe import FinetuneRecipe
from ostinato.jobs.training import describe
from ostinato.train.answers import Answers
from ostinato.train.loop import LossOf, train
from ostinato.train.pieces import PieceBatches
from ostinato.train.recipe import build_batches
from ostinato.train.steps import (
    NoteLabelStep,
    Reader,
    Regularisation,
    SequenceLabelStep,
    Taught,
)

Evaluation = NoteEvaluation | PieceEvaluation


@dataclass(frozen=True, eq=False)
class FineTuning:
    """A model on its way, with all that it is trained and judged by."""

    recipe: FinetuneRecipe
    labelled: Labelled
    vocabulary: Vocabulary
    reader: Reader
    others: tuple[FineTuning, ...] = ()  # further heads of the same model, learnt in the same steps
    of_first: Int8 | None = None  # of a further head: its labels of the first one's train documents

    def step(self) -> LossOf:
        """The objective."""
        recipe, reader, window = self.recipe, self.reader, self.recipe.window
        if recipe.kind == "sequence":
            pieces = self.labelled.pieces["train"]
            return SequenceLabelStep(
                reader,
                PieceBatches(pieces, self.vocabulary, window, recipe.drawing, device=reader.device),
                recipe.head,
                smoothing=recipe.smoothing,
                compiled=recipe.train.compile,
            )
        documents, reach = self.labelled.documents["train"], window.transpose
        return NoteLabelStep(
            reader,
            build_batches(
                documents, self.vocabulary, window, transpose=reach, device=reader.device
            ),
            window,
            [Taught(recipe.head), *self._taught_besides()],
            batch=recipe.batch,
            seed=recipe.train.seed,
            regularisation=Regularisation(recipe.smoothing, recipe.hide),
            compiled=recipe.train.compile,
        )

    def _taught_besides(self) -> Iterator[Taught]:
        """The further heads, and what they are to say of the first one's documents."""
        for asked, other in zip(self.recipe.others, self.others, strict=True):
            assert other.of_first is not None
            label = torch.from_numpy(other.of_first.astype(np.int64))
            yield Taught(asked.head, label.to(self.reader.device), asked.weight)

    def evaluation(self, side: str) -> Evaluation:
        """Whole documents of one side, ready to be labelled."""
        if self.recipe.kind == "note":
            documents = self.labelled.documents[side]
            return NoteEvaluation(self.recipe, self.reader, self.vocabulary, documents)
        pieces = self.labelled.pieces[side]
        return PieceEvaluation(self.recipe, self.reader, self.vocabulary, pieces)

    def train(self, valid: Evaluation, *, resume: bool, began: float) -> dict[str, object]:
        """Train, and what to report of how that ended; ``began`` as in ``train``."""
        recipe = self.recipe
        outcome = train(
            self.reader.model,
            self.step(),
            recipe.train,
            recipe.run,
            resume=resume,
            validate=valid.validate,
            began=began,
        )
        documents = {side: len(held) for side, held in self.labelled.documents.items()}
        told: dict[str, object] = {"best_step": outcome.counters.best_step, "documents": documents}
        if self.labelled.unlabelled:
            told["unlabelled"] = self.labelled.unlabelled
        return {**describe(outcome), **told}

    def scores(self, valid: Answers, temperature: float) -> dict[str, object]:
        """What to report of the answers to the valid side and, if asked, to the test side."""
        unit = "notes" if self.recipe.kind == "note" else "pieces"
        result: dict[str, object] = {
            "labels": list(self.labelled.labels),
            "temperature": temperature,
            "valid": valid.as_json(unit, temperature),
        }
        if self.recipe.report_test:
            result["test"] = self.evaluation("test").answers().as_json(unit, temperature)
        return result

    def record(self, folder: Path) -> None:
        """Say in the record of scorings that the model in ``folder`` was scored on the test side,
        if it was.
        """
        recipe = self.recipe
        if recipe.report_test:
            digest, model = record.digest(folder), str(folder)
            line = record.Scoring(
                recipe.head, "finetune", recipe.split, model, digest, record.now()
            )
            record.append(recipe.scorings or recipe.run / record.NAME, [line])
