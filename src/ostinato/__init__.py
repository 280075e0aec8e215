"""Symbolic music, from a MIDI file to what its notes mean; and language models that think.

The names below are imported on first use, so that `import ostinato` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ostinato.chat.messages import Message
    from ostinato.infer.load import load
    from ostinato.infer.requests import Sampling
    from ostinato.models.m1 import M1, M1Config
    from ostinato.music.compound_words import decode, encode
    from ostinato.music.midi import read_midi, write_midi
    from ostinato.music.score import Score

__version__ = "0.1.0"

__all__ = [
    "M1",
    "M1Config",
    "Message",
    "Sampling",
    "Score",
    "__version__",
    "decode",
    "encode",
    "load",
    "read_midi",
    "write_midi",
]

_HOMES = {
    "M1": "ostinato.models.m1",
    "M1Config": "ostinato.models.m1",
    "Message": "ostinato.chat.messages",
    "Sampling": "ostinato.infer.requests",
    "Score": "ostinato.music.score",
    "decode": "ostinato.music.compound_words",
    "encode": "ostinato.music.compound_words",
    "load": "ostinato.infer.load",
    "read_midi": "ostinato.music.midi",
    "write_midi": "ostinato.music.midi",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
