"""The bundled example: a MIDI file, and which part every one of its notes belongs to.

``auld_lang_syne.mid`` is one piano track with melody, counter-melody and accompaniment mixed,
as a user's file would be; ``auld_lang_syne.py`` beside it is the score that it was made from.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

NAME = "auld_lang_syne"


def example_path() -> Path:
    """The example's MIDI file."""
    return _file(f"{NAME}.mid")


def example_labels() -> dict[tuple[int, int], int]:
    """(onset tick, pitch) of every note of the example -> 1 melody, 2 bridge, 3 accompaniment.

    No two notes of it share both, so the answer depends on no order of notes.
    """
    read = json.loads(_file(f"{NAME}.labels.json").read_text("utf-8"))
    return {(onset, pitch): label for onset, pitch, label in read["notes"]}


def _file(name: str) -> Path:
    return Path(str(resources.files(__name__) / name))
