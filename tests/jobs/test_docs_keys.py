"""The tables of keys in the documentation hold what the recipes hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from ostinato.jobs.finetune_recipe import FinetuneRecipe
from ostinato.jobs.finetune_words import FinetuneWordsRecipe
from ostinato.jobs.pretrain import PretrainRecipe
from ostinato.jobs.pretrain_m1 import PretrainM1Recipe
from ostinato.jobs.pretrain_words import PretrainWordsRecipe
from ostinato.jobs.rl_recipe import RlRecipe
from ostinato.jobs.sft import SftRecipe

DOCS = Path(__file__).parents[2] / "docs"
NAME = re.compile(r"`(\.?[a-z][a-z0-9_.]*)`")


def told(page: str) -> set[str]:
    """The keys in the first columns of a page's tables of keys; `.x` follows a key of its table."""
    found: set[str] = set()
    inside = False
    for line in (DOCS / page).read_text(encoding="utf-8").splitlines():
        inside = line.startswith("|") and (inside or line.startswith("| key |"))
        if not inside:
            continue
        cells = line.split("|")
        table = ""
        for name in NAME.findall(cells[1]):
            key = f"{table}{name}" if name.startswith(".") else name
            table = key.rpartition(".")[0]
            found.add(key)
        if "`model.` and any of these" in cells[1]:
            found |= {f"model.{name}" for name in NAME.findall(cells[3])}
    return found


def keys(recipe: type[Any], table: str = "") -> Iterator[str]:
    """Every key of a recipe; a list of tables is one."""
    hints = get_type_hints(recipe)
    for field in fields(recipe):
        kind = hints[field.name]
        if is_dataclass(kind):
            yield from keys(kind, f"{table}{field.name}.")
        else:
            yield f"{table}{field.name}"


@pytest.mark.parametrize(
    "recipe",
    [
        FinetuneRecipe,
        FinetuneWordsRecipe,
        PretrainM1Recipe,
        PretrainRecipe,
        PretrainWordsRecipe,
        SftRecipe,
    ],
)
def test_every_key_of_training_is_described(recipe: type[Any]) -> None:
    assert sorted(set(keys(recipe)) - told("training.md")) == []


def test_the_keys_of_reinforcement_are_those_described() -> None:
    assert set(keys(RlRecipe)) == told("rl.md")
