"""Where a model's vocabulary lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.infer.directory import bundled, words_of


def test_a_head_has_the_words_of_its_trunk(tmp_path: Path) -> None:
    write_json(tmp_path / "trunk/config.json", {"model_type": "ostinato-midiformer"})
    write_json(tmp_path / "head/config.json", {"trunk": "../trunk"})
    assert words_of(tmp_path / "trunk") == tmp_path / "trunk"
    assert words_of(tmp_path / "head").resolve() == tmp_path / "trunk"
    name, folder = next(iter(bundled().items()))
    write_json(tmp_path / "head/config.json", {"trunk": name})
    assert words_of(tmp_path / "head") == folder
    write_json(tmp_path / "head/config.json", {"trunk": "../lost"})
    with pytest.raises(UserError, match="this head needs its trunk"):
        words_of(tmp_path / "head")
