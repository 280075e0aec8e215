"""``ostinato finetune``: a head for notes or pieces, on a pre-trained encoder or from scratch.

Also runs as ``python -m ostinato.jobs.finetune RECIPE.toml key=value ...``. The weights and the
temperature are chosen on the valid side of the split; the test side is looked at once, at the
end, if asked. With ``adapter_rank`` the encoder stays as it is, and a small head directory is
written that needs it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ostinato.base.config import load_recipe
from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.data.learning import learn_vocabulary
from ostinato.data.shards import Documents, Header, Int8
from ostinato.data.vocabulary import Vocabulary, Window, load_vocabulary, load_window
from ostinato.infer.directory import bundled, find_model, model_type
from ostinato.jobs.finetune_card import write_card
from ostinato.jobs.finetune_data import Labelled, read_labelled
from ostinato.jobs.finetune_evaluation import (
    DOMAIN_PIECES,
    GOES_ON,
    PieceEvaluation,
    domain_of,
    round_weights,
)
from ostinato.jobs.finetune_recipe import FinetuneRecipe
from ostinato.jobs.finetune_regression import regress
from ostinato.jobs.finetuning import Evaluation, FineTuning
from ostinato.jobs.training import finish, main, report
from ostinato.models import midiformer
from ostinato.models.midiformer import Calibration, MidiformerModel, head_directory
from ostinato.models.midiformer.adapter import attach
from ostinato.models.midiformer.calibration import save_calibration
from ostinato.train.answers import fit_temperature
from ostinato.train.recipe import build_matcher, build_model, save_model
from ostinato.train.run import open_run
from ostinato.train.steps import Reader


def finetune(path: Path, overrides: Sequence[str] = (), as_json: bool = False) -> None:
    """Run a recipe, or go on with it, and report."""
    report(run(load_recipe(path, FinetuneRecipe, overrides)), as_json)


def run(recipe: FinetuneRecipe) -> dict[str, object]:
    """Train the head and what it stands on, and write the directory; returns what to report."""
    began, device = time.monotonic(), pick_device(recipe.device)
    labelled = read_labelled(recipe)
    others = [(one, read_labelled(one)) for one in recipe.other_recipes]
    of_first: list[Int8] = []  # what each further head is to say of the first one's documents
    for _, read in others:
        _check_words(labelled.header, read.header, recipe.shards[0])
        of_first.append(labelled.documents["train"].labels_from(read.documents["train"]))
    pretrained = midiformer.load(_trunk(recipe.init), device=device) if recipe.init else None
    also: dict[str, str] = {}
    if pretrained is not None and recipe.frozen:  # which the training state has not
        also[_TRUNK] = head_directory.digest(pretrained.encoder)
    resume = open_run(recipe.run, recipe, fresh=recipe.fresh, also=also)
    folder = recipe.run / "model"
    vocabulary = _vocabulary(recipe, labelled.documents["train"], folder if resume else None)
    if not recipe.frozen:
        vocabulary.save(folder, Window(recipe.window.rows, recipe.window.slots))
    model = _model(
        recipe, [labelled, *(read for _, read in others)], vocabulary, device, pretrained
    )
    matcher = build_matcher(model.config, vocabulary, recipe.window, device)
    reader = Reader(model, matcher, device)
    rest = tuple(
        FineTuning(one, read, vocabulary, reader, of_first=label)
        for (one, read), label in zip(others, of_first, strict=True)
    )
    fine = FineTuning(recipe, labelled, vocabulary, reader, rest)
    valid, states = fine.evaluation("valid"), None
    if recipe.regression:
        result, states = regress(fine, resume=resume, began=began)
    else:
        result = fine.train(valid, resume=resume, began=began)
    if result["reason"] == "finished":  # of a part, no test set is scored
        result |= _finish(fine, folder, valid, also.get(_TRUNK, ""), states)
    else:
        result["next"] = GOES_ON
    return finish(recipe.run, result)


_TRUNK = "weights of init"  # as `open_run` calls the digest of the trunk


def _finish(
    fine: FineTuning,
    folder: Path,
    valid: Evaluation,
    trunk_digest: str,
    states: NDArray[np.float32] | None,
) -> dict[str, object]:
    """Calibrate on the valid side, score, and write the directory.

    ``states``: the mean hidden states of the training pieces, where they have been read already.
    """
    recipe = fine.recipe
    round_weights(fine.reader.model, recipe.dtype)
    domain = None
    if isinstance(valid, PieceEvaluation):
        found = valid.read()
        if states is None:
            pieces = fine.labelled.pieces["train"].sample(DOMAIN_PIECES)
            states = PieceEvaluation(recipe, fine.reader, fine.vocabulary, pieces).read().states
        answers, domain = found.answers, domain_of(states, found)
    else:
        answers = valid.answers()
    calibration = Calibration(fit_temperature(answers), domain)
    result = fine.scores(answers, calibration.temperature)
    _save(fine, folder, calibration, trunk_digest)
    fine.record(folder)
    write_card(folder, recipe, fine.labelled, result)
    if fine.others:
        result["others"] = {other.recipe.head: _finish_other(other) for other in fine.others}
    return {**result, "model": str(folder)}


def _finish_other(fine: FineTuning) -> dict[str, object]:
    """The same for a further head, in a directory that stands on the model beside it."""
    recipe, model = fine.recipe, fine.reader.model
    answers, folder = fine.evaluation("valid").answers(), recipe.run / recipe.head
    temperature = fit_temperature(answers)
    result = fine.scores(answers, temperature)
    named = head_directory.NamedHead.of(recipe.head, model.specs[recipe.head])
    trunk = head_directory.digest(model.encoder)
    window = head_directory.HeadWindow(recipe.window.rows, recipe.window.slots)
    description = head_directory.HeadDescription(
        "../model", trunk, named, temperature=temperature, window=window
    )
    head_directory.save(folder, model, description, dtype=getattr(torch, recipe.dtype))
    fine.record(folder)
    write_card(folder, recipe, fine.labelled, result, further=True)
    return {**result, "model": str(folder)}


def _save(fine: FineTuning, folder: Path, calibration: Calibration, trunk_digest: str) -> None:
    recipe, model = fine.recipe, fine.reader.model
    if not recipe.frozen:
        first = _with_first_head(model, recipe.head)
        save_model(folder, first, fine.vocabulary, recipe.window, recipe.dtype)
        save_calibration(folder, calibration)
        return
    description = head_directory.HeadDescription(
        _trunk_name(recipe.init, folder),
        trunk_digest,
        head_directory.NamedHead.of(recipe.head, model.specs[recipe.head]),
        recipe.adapter,
        calibration.temperature,
        calibration.domain,
        _own_window(recipe),
    )
    head_directory.save(folder, model, description, dtype=getattr(torch, recipe.dtype))


def _with_first_head(model: MidiformerModel, head: str) -> MidiformerModel:
    """The model without its further heads; the weights are the same ones."""
    with torch.device("meta"):
        first = MidiformerModel(model.config, {head: model.specs[head]})
    first.encoder, first.heads[head] = model.encoder, model.heads[head]
    return first


def _own_window(recipe: FinetuneRecipe) -> head_directory.HeadWindow | None:
    """The head's window, where its trunk's is another."""
    known, own = load_window(_trunk(recipe.init)), recipe.window
    if (known.rows, known.slots) == (own.rows, own.slots):
        return None
    return head_directory.HeadWindow(own.rows, own.slots)


def _trunk(init: str) -> Path:
    """The directory of the pre-trained encoder."""
    folder = find_model(init)
    if model_type(folder) == head_directory.MODEL_TYPE:
        trunk = head_directory.describe(folder).trunk
        raise UserError(f"init: {init} is a head and no encoder: name its trunk, {trunk}.")
    return folder


def _trunk_name(init: str, folder: Path) -> str:
    """How the head's directory names its trunk: by a bundled name, or by the way there."""
    if init in bundled():
        return init
    return Path(os.path.relpath(Path(init).resolve(), folder.resolve())).as_posix()


def _vocabulary(recipe: FinetuneRecipe, documents: Documents, begun: Path | None) -> Vocabulary:
    """That of the pre-trained encoder, or of the run so far, or a new one."""
    source = _trunk(recipe.init) if recipe.init else begun
    if source is None:
        return learn_vocabulary(documents, recipe.compoundation, recipe.lexicon)
    vocabulary = load_vocabulary(source)
    _check_words(vocabulary.header, documents.header, source)
    return vocabulary


def _check_words(known: Header, given: Header, whose: Path) -> None:
    if not known.same_words(given):
        raise UserError(
            f"{whose} speaks {known.scheme} with {known.steps_per_quarter} steps per quarter, the "
            f"shards {given.scheme} with {given.steps_per_quarter}: prepare anew."
        )


def _model(
    recipe: FinetuneRecipe,
    labelled: Sequence[Labelled],
    vocabulary: Vocabulary,
    device: torch.device,
    pretrained: MidiformerModel | None,
) -> MidiformerModel:
    """The model with its heads, all taken from the pre-trained model as far as it has them.

    With an adapter, the encoder is frozen.
    """
    names = [recipe.head, *(other.head for other in recipe.others)]
    specs = [recipe.spec(one.labels) for one in labelled]
    seed, heads = recipe.train.seed, dict(zip(names, specs, strict=True))
    if pretrained is None:
        config = recipe.model.config(vocabulary)
        return build_model(config, vocabulary, seed=seed, device=device, heads=heads)
    config = pretrained.config
    if recipe.model.dropout is not None:
        config = replace(config, dropout=recipe.model.dropout)
    model = build_model(config, vocabulary, seed=seed, device=device, heads=heads)
    model.encoder.load_state_dict(pretrained.encoder.state_dict())
    for name, spec in heads.items():
        if pretrained.specs.get(name) == spec:
            model.heads[name].load_state_dict(pretrained.heads[name].state_dict())
    if recipe.adapter is not None:
        attach(model.encoder, recipe.adapter)
    return model


if __name__ == "__main__":
    sys.exit(main(finetune, sys.argv[1:]))
