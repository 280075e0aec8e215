"""Recipes either fit their dataclass or say in one sentence why not."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from ostinato.base.config import from_dict, load_recipe, to_dict
from ostinato.base.errors import UserError


@dataclass(frozen=True)
class Train:
    steps: int
    rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)


@dataclass(frozen=True)
class Recipe:
    train: Train
    scheme: Literal["cp4", "cp7"] = "cp4"
    corpora: tuple[str, ...] = ()
    out: Path = Path("runs")
    compile: bool = False
    seed: int | None = None
    stages: tuple[Train, ...] = field(default_factory=tuple)


TOML = """
scheme = "cp7"
corpora = ["pop909", "nottingham"]
out = "runs/one"
[train]
steps = 10
rate = 1
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(TOML)
    return path


def test_a_recipe_becomes_its_dataclass(recipe: Path) -> None:
    read = load_recipe(recipe, Recipe)
    assert read == Recipe(Train(10, 1.0), "cp7", ("pop909", "nottingham"), Path("runs/one"))
    assert type(read.train.rate) is float


def test_overrides_are_toml_or_bare_strings(recipe: Path) -> None:
    overrides = ("train.steps=20", "scheme=cp4", 'corpora=["asap"]', "compile=true", "seed = 3")
    read = load_recipe(recipe, Recipe, (*overrides, "out=a=b", "stages=[{steps = 1}]"))
    assert read.train == Train(20, 1.0)
    assert (read.scheme, read.corpora, read.compile, read.seed) == ("cp4", ("asap",), True, 3)
    assert read.out == Path("a=b")
    assert read.stages == (Train(1),)


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("train.stpes=1", r"'train\.stpes': expected one of betas, rate, steps"),
        ("lr=1", r"unknown key 'lr': expected one of compile, corpora, out"),
        ("train.steps=ten", r"'train\.steps': expected int, got 'ten'"),
        ("train.steps=1.5", r"'train\.steps': expected int, got 1\.5"),
        ("train.steps=true", r"'train\.steps': expected int, got True"),
        ("compile=1", r"'compile': expected bool, got 1"),
        ("train.rate=true", r"'train\.rate': expected float, got True"),
        ("train.rate=nan", r"'train\.rate': expected a finite number, got nan"),
        ("train.rate=-inf", r"'train\.rate': expected a finite number, got -inf"),
        ("scheme=cp5", r"'scheme': expected 'cp4' or 'cp7', got 'cp5'"),
        ("train.betas=[0.9]", r"'train\.betas': expected a list of \(float, float\), got \[0\.9\]"),
        ("corpora=asap", r"'corpora': expected a list of \(str, \.\.\.\), got 'asap'"),
        ("corpora=[1]", r"'corpora\[0\]': expected str, got 1"),
        ("stages=[{}]", r"'stages\[0\]\.steps' is missing: expected int"),
        ("seed=x", r"'seed': expected int, got 'x'"),
        ("train=3", r"'train': expected a table of keys, got 3"),
        ("scheme.deep=1", r"scheme is a value, not a table"),
        ("train.steps", r"expected key=value"),
        ("train..steps=1", r"expected key=value"),
    ],
)
def test_what_does_not_fit_is_named(recipe: Path, override: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        load_recipe(recipe, Recipe, [override])


def test_a_recipe_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such recipe"):
        load_recipe(tmp_path / "none.toml", Recipe)
    with pytest.raises(UserError, match="no such recipe"):
        load_recipe(tmp_path, Recipe)
    broken = tmp_path / "broken.toml"
    broken.write_text("[train")
    with pytest.raises(UserError, match="expected TOML"):
        load_recipe(broken, Recipe)
    broken.write_text("scheme = 'cp4'")
    with pytest.raises(UserError, match="'train' is missing: expected Train"):
        load_recipe(broken, Recipe)


def test_a_dictionary_leads_back(recipe: Path) -> None:
    config = load_recipe(recipe, Recipe, ["stages=[{steps = 1}, {steps = 2}]"])
    assert from_dict(Recipe, json.loads(json.dumps(to_dict(config)))) == config
