"""The reasoner that comes with the package: its whole life, in order.

::

    python runs/m1_reason.py data              # tokenizer, text and traces: minutes on 16 cores
    python runs/m1_reason.py pretrain          # on text that the package makes
    python runs/m1_reason.py sft               # on traces of solvers that think aloud
    python runs/m1_reason.py rl                # CISPO with curriculum and staged windows
    python runs/m1_reason.py control SECONDS   # as many as rl took, on more traces
    python runs/m1_reason.py tasks RUN MODEL.. # what is asked after RUN, into each model
    python runs/m1_reason.py score MODEL FILE  # all suites; examples=N budgets=0,64 taught=1
    python runs/m1_reason.py valid RECIPE MODEL FILE  # on the tasks that a recipe of rl keeps
    python runs/m1_reason.py mean A B TO       # a model half-way between two
    python runs/m1_reason.py pack MODEL        # into src/ostinato/weights/m1-reason
    python runs/m1_reason.py table FILE..      # of ``ostinato evaluate --json``, as markdown

Every step goes on where it was stopped. What follows a step's name are overrides of its recipe
in ``configs/``, or of ``data``: ``text=N``, ``traces=N``, ``cores=N``, ``after=N`` (other traces),
``thinks=PERCENT`` (the others guess). ``taught=1``: the kinds and levels of the traces alone.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import torch

from ostinato.base.config import load_recipe
from ostinato.base.files import write_json
from ostinato.data.text import copy_tokenizer
from ostinato.eval.reasoning import (
    SUITES,
    Levels,
    Suite,
    TaskList,
    entries,
    evaluate,
    read_tasks,
)
from ostinato.infer.directory import find_model
from ostinato.infer.engine_replier import EngineReplier
from ostinato.infer.language import load_language_model
from ostinato.jobs import pretrain_m1, rl, sft
from ostinato.jobs.pretrain_m1 import PretrainM1Recipe
from ostinato.jobs.rl_recipe import RlRecipe
from ostinato.jobs.sft import SftRecipe
from ostinato.models.m1 import M1
from ostinato.rl.envs.catalogue import find

sys.path.insert(0, str(Path(__file__).parent))

from m1_reason_data import Diet, Source, learn_tokenizer, write_text, write_traces
from m1_reason_evidence import row_title

ROOT = Path(__file__).parents[1]
OUT = Path("runs/out/m1-reason")
WEIGHTS = ROOT / "src" / "ostinato" / "weights" / "m1-reason"
VOCABULARY = 1024
SHARD = 12 * 2**20 - 2**16
"""Bytes of a shard of weights at most."""

HELD_KINDS = (
    "maths/sequences",
    "logic/dyck_errors",
    "logic/buggy_tables",
    "software/repair-unseen",
)
"""Never trained on, in no way."""

DIET = Diet(
    (
        Source("logic/boolean_expressions", {1: 2, 2: 1}),
        Source("logic/calcudoku", {1: 2, 2: 1}),
        Source("logic/dyck_language", {1: 1, 2: 1, 3: 1}, 0.6),
        Source("logic/goods_exchange", {1: 1, 2: 1}, 0.8),
        Source("logic/skyscrapers", {1: 2, 2: 1}),
        Source("logic/star_placement", {1: 2, 2: 1}),
        Source("logic/web_of_lies", {1: 1, 2: 1, 3: 1}, 0.8),
        Source("maths/arithmetic", {1: 1, 2: 1}, 1.2),
        Source("maths/equations", {1: 1, 2: 1}, 1.2),
        Source("code/lists", {1: 1, 2: 1}, 0.6),
        Source("software/repair", {1: 1}, 0.25),
        Source("tools/shop", {1: 1}, 0.3),
        Source("judged/rewrite", {1: 1, 2: 1}, 0.6),
    ),
    held=HELD_KINDS,
    longest=5120,
)

TAUGHT = TaskList(tuple(Levels(one.name, tuple(one.levels)) for one in DIET.sources))
"""What the traces teach."""


def data(
    text: int = 30_000, traces: int = 150_000, cores: int = 0, after: int = 0, thinks: int = 100
) -> None:
    """Learn the vocabulary, then write both corpora.

    ``after``: traces that come after so many others. ``thinks``: percent of the conversations with
    a trace; the others guess.
    """
    cores = cores or os.cpu_count() or 1
    for kind in ("text", "traces"):
        (OUT / kind).mkdir(parents=True, exist_ok=True)
    if not (OUT / "text" / "tokenizer.json").exists():
        learn_tokenizer(DIET, VOCABULARY, OUT / "text", 1500)
    copy_tokenizer(OUT / "text", OUT / "traces")
    write_text(DIET, OUT / "text", text, cores)
    write_traces(replace(DIET, thinks=thinks / 100), OUT / "traces", traces, cores, after)


def pretrain(overrides: list[str]) -> None:
    """Next tokens of the text."""
    recipe = load_recipe(ROOT / "configs" / "m1-reason-pretrain.toml", PretrainM1Recipe, overrides)
    show(pretrain_m1.run(recipe))


def learn_traces(overrides: list[str]) -> None:
    """What solvers think and say."""
    recipe = load_recipe(ROOT / "configs" / "m1-reason-sft.toml", SftRecipe, overrides)
    show(sft.run(recipe))


def reinforce(overrides: list[str]) -> None:
    """CISPO."""
    recipe = load_recipe(ROOT / "configs" / "m1-reason-rl.toml", RlRecipe, overrides)
    show(rl.run(recipe))


def valid(path: Path, model: str, out: Path, overrides: list[str]) -> None:
    """What a model is worth on the tasks that reinforcement keeps, sampled: to choose by."""
    recipe = load_recipe(path, RlRecipe, [f"init={model}", *overrides])
    write_json(out, {"name": model, "tasks": recipe.validation.tasks, **rl.validate(recipe)})


def control(seconds: float, overrides: list[str]) -> None:
    """More traces, from where reinforcement began, for as many seconds as that took."""
    given = [
        f"run={OUT / 'control'}",
        f"init={OUT / 'sft' / 'model'}",
        f"train.budget_seconds={seconds}",
        "train.steps=1000000",
        "train.seed=1",
        "train.optimizer.learning_rate=5e-4",
    ]
    learn_traces([*given, *overrides])


def name_tasks(run: Path, models: list[Path]) -> None:
    """Write into each model what it may be asked: the same for all, so that they compare.

    A row for the levels of the traces, one for the level above, which reinforcement may have
    reached (``run``'s own list says), one for the level above that, and the unseen kinds.
    """
    told = read_tasks(run / "model")
    reached = {one.environment: max(one.levels) for one in told.trained} if told else {}
    trained: list[Levels] = []
    above: list[Levels] = []
    for source in DIET.sources:
        top = max(source.levels)
        trained.append(Levels(source.name, tuple(source.levels)))
        # The levels of repairs share their bugs: one above is not new.
        if source.name != "software/repair":
            where = trained if reached.get(source.name, top) > top else above
            where.append(Levels(source.name, (top + 1,)))
            if top + 2 <= find(source.name).levels:
                above.append(Levels(source.name, (top + 2,)))
    unseen = tuple(Levels(name, (1, 2)) for name in HELD_KINDS)
    for model in models:
        TaskList(tuple(trained), tuple(above), unseen).write(model)


def score(model: str, out: Path, given: dict[str, str]) -> None:
    """Every suite at once, greedily, as ``ostinato evaluate --json`` tells each."""
    found = load_language_model(model, dtype="float32")
    tasks = TAUGHT if given.get("taught") == "1" else read_tasks(find_model(model))
    budgets = given.get("budgets", "none").split(",")
    most = int(given.get("most", 4096))
    suite = Suite(
        name="all",
        entries=tuple(entry for name in SUITES for entry in entries(name, tasks)),
        examples=int(given.get("examples", 100)),
        thinking_budgets=tuple(None if one == "none" else int(one) for one in budgets),
        max_tokens=most,
        baselines=given.get("baselines", "1") == "1",
    )
    slots = 768 if found.model.lm_head.weight.is_cuda else 192
    replier = EngineReplier(found, context=most + 4096, slots=slots)
    write_json(out, {"name": model, **evaluate(replier, suite).as_json()})


def mean(ours: Path, theirs: Path, to: Path) -> None:
    """The weights half-way between two models of one descent, with the tasks of the first.

    Half the way back to where reinforcement began: "linear interpolation towards initialization"
    (Ramé et al. 2024, arXiv 2406.16768).
    """
    found = M1.from_pretrained(ours, dtype=torch.float32)
    others = M1.from_pretrained(theirs, dtype=torch.float32).state_dict()
    with torch.no_grad():
        for name, weight in found.state_dict().items():
            weight.lerp_(others[name], 0.5)
    copy_tokenizer(ours, to)
    found.save_pretrained(to, layout="minimax_m1", dtype=torch.float16, max_shard_bytes=SHARD)
    shutil.copy(ours / "tasks.json", to)


def pack(model: Path, folder: Path = WEIGHTS) -> None:
    """Half-precision weights in small shards."""
    found = M1.from_pretrained(model)
    shutil.rmtree(folder, ignore_errors=True)
    copy_tokenizer(model, folder)
    found.save_pretrained(folder, layout="minimax_m1", dtype=torch.float16, max_shard_bytes=SHARD)
    shutil.copy(model / "tasks.json", folder)


def table(paths: list[Path]) -> None:
    """One line for each row of a suite: what is right, and what it took."""
    print("| | right | 95 % interval | blind guess | no form | tokens | asked, different |")
    print("|---|---|---|---|---|---|---|")
    titles = {"held-out levels": ", level never trained on", "never trained on": ", unseen kind"}
    for path in paths:
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            (cell,) = row["cells"]
            low, high = cell["interval"]
            guess = "" if row["guess"] is None else f"{100 * row['guess']:.0f}"
            print(
                f"| {row_title(row)}{titles.get(row['standing'], '')} "
                f"| {100 * cell['accuracy']:.0f} % | {100 * low:.0f} to {100 * high:.0f} | {guess} "
                f"| {100 * cell['malformed'] / cell['episodes']:.0f} | {cell['tokens']:.0f} "
                f"| {cell['episodes']}, {row['distinct']} |"
            )


def show(result: dict[str, object]) -> None:
    """What a step came to."""
    print(json.dumps(result, indent=2), flush=True)


def numbers(given: list[str]) -> dict[str, int]:
    """``name=N`` as arguments."""
    return {name: int(value) for name, value in (one.split("=") for one in given)}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["data", *given]:
            data(**numbers(given))
        case ["pretrain", *given]:
            pretrain(given)
        case ["sft", *given]:
            learn_traces(given)
        case ["rl", *given]:
            reinforce(given)
        case ["control", seconds, *given]:
            control(float(seconds), given)
        case ["tasks", run, *models]:
            name_tasks(Path(run), [Path(model) for model in models])
        case ["score", model, out, *given]:
            score(model, Path(out), dict(one.split("=") for one in given))
        case ["valid", recipe, model, out, *given]:
            valid(Path(recipe), model, Path(out), given)
        case ["table", *paths]:
            table([Path(path) for path in paths])
        case ["mean", ours, theirs, to]:
            mean(Path(ours), find_model(theirs), Path(to))
        case ["pack", model, *folder]:
            pack(Path(model), *map(Path, folder))
        case _:
            sys.exit(__doc__)
