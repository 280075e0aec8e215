"""What importing costs, and what the package exports."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ostinato
from ostinato.music.midi import read_midi

HEAVY = ("numpy", "torch", "symusic", "matplotlib", "safetensors", "rich")
MODELS = ["M1", "M1Config", "Message", "Sampling"]
MUSIC = ["Score", "__version__", "decode", "encode", "load", "read_midi", "write_midi"]
EXPORTS = MODELS + MUSIC


def loaded_after(statement: str) -> set[str]:
    """The top-level modules in a fresh interpreter after ``statement``."""
    code = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_package_and_its_command_line_import_nothing_heavy() -> None:
    loaded = loaded_after("import ostinato, ostinato.cli")
    assert "ostinato" in loaded
    assert not loaded & set(HEAVY)


def test_help_loads_no_library_of_numbers() -> None:
    loaded = loaded_after("from ostinato.cli import main\nassert main(['melody', '--help']) == 0")
    assert not loaded & {"numpy", "torch", "symusic", "matplotlib", "safetensors"}


def test_music_works_without_torch() -> None:
    statement = "import sys; sys.modules['torch'] = None; import ostinato; ostinato.encode"
    assert "numpy" in loaded_after(statement)


def test_exports() -> None:
    assert ostinato.__all__ == EXPORTS
    assert set(EXPORTS) <= set(dir(ostinato))
    assert all(getattr(ostinato, name) is not None for name in EXPORTS)
    assert ostinato.read_midi is read_midi
    with pytest.raises(AttributeError, match="no attribute 'utils'"):
        _ = ostinato.utils
