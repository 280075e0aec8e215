"""Whole documents of one side of a split, labelled with the weights as they stand."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ostinato.data.shards import Documents
from ostinato.data.vocabulary import Vocabulary
from ostinato.jobs.finetune_recipe import FinetuneRecipe
from ostinato.models.midiformer import Domain
from ostinato.models.midiformer.calibration import measure_domain
from ostinato.models.safetensors_io import check_finite
from ostinato.train.answers import Answers
from ostinato.train.notes import note_answers
from ostinato.train.pieces import PieceAnswers, PieceReader, Pieces
from ostinato.train.recipe import DTypeName, build_batches
from ostinato.train.steps import Reader

DOMAIN_PIECES = 500  # of training that its mean and variance are measured on
DOMAIN_QUANTILE = 0.99  # of the validation pieces; see `measure_domain`
GOES_ON = "the same command goes on"  # what the result says next, of a part of a run
_TIE = 1e-3  # of a nat; less than one piece in a thousand


class NoteEvaluation:
    """Documents whose notes have labels."""

    def __init__(
        self, recipe: FinetuneRecipe, reader: Reader, vocabulary: Vocabulary, documents: Documents
    ) -> None:
        self._recipe, self._reader, self._documents = recipe, reader, documents
        self._batches = build_batches(
            documents, vocabulary, recipe.window, transpose=0, device=reader.device
        )

    def answers(self) -> Answers:
        """Of every labelled note."""
        recipe = self._recipe
        return note_answers(
            self._reader,
            recipe.head,
            self._batches,
            self._documents,
            stride=recipe.stride,
            batch=recipe.evaluation_batch,
        )

    def validate(self) -> dict[str, float]:
        """The accuracy per note, by which the weights are chosen."""
        return {"score": self.answers().accuracy()}


class PieceEvaluation:
    """Pieces with a label each."""

    def __init__(
        self, recipe: FinetuneRecipe, reader: Reader, vocabulary: Vocabulary, pieces: Pieces
    ) -> None:
        self._recipe, self._reader = recipe, reader
        self._read = PieceReader(
            pieces,
            vocabulary,
            recipe.window,
            stride=recipe.stride,
            batch=recipe.evaluation_batch,
            device=reader.device,
        )

    def read(self) -> PieceAnswers:
        """The answer for each piece, and its mean hidden state."""
        return self._read(self._reader, self._recipe.head)

    def answers(self) -> Answers:
        """Of every piece."""
        return self.read().answers

    def validate(self) -> dict[str, float]:
        """The weights are chosen by accuracy per piece, and where that is equal by likelihood."""
        found = self.answers()
        accuracy, loss = found.accuracy(), found.loss()
        return {"score": accuracy - _TIE * np.tanh(loss), "accuracy": accuracy, "loss": loss}


def domain_of(training: NDArray[np.float32], valid: PieceAnswers) -> Domain:
    """What the head knows: the states of its training pieces, the threshold by the valid ones."""
    return measure_domain(training, valid.states, quantile=DOMAIN_QUANTILE)


@torch.no_grad()
def round_weights(model: nn.Module, dtype: DTypeName) -> None:
    """Round what was trained to the precision of the files, in place: so the files are scored."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            rounded = parameter.to(getattr(torch, dtype))
            check_finite(name, rounded)
            parameter.copy_(rounded)
