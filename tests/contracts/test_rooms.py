"""The house keeps its own rules where no linter looks."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_there_are_sources() -> None:
    assert len(SOURCES) > 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT / "src")))
def test_functions_stay_small(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    longest = max((n.end_lineno - n.lineno + 1 for n in functions if n.end_lineno), default=0)
    assert longest <= 70
    assert len(path.read_text(encoding="utf-8").splitlines()) < 500


def test_every_dependency_has_its_exact_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {
        line.partition("==")[0]
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    }
    extras = project["optional-dependencies"].values()
    named = {
        re.split("[>=]=", name)[0] for names in (project["dependencies"], *extras) for name in names
    }
    wanted = {name for name in named if not name.startswith("ostinato[")}
    assert wanted <= pinned
    assert "torch==2.13.0\n" in (ROOT / "constraints.txt").read_text(encoding="utf-8")
