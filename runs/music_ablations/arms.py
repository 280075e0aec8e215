"""What is compared: arms, tasks and sizes, and the width that makes an arm as large as ``full``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import torch

from ostinato.models.midiformer import MidiformerConfig, MidiformerModel
from ostinato.models.words import WordConfig, WordModel
from ostinato.music.compound_words import vocabulary


@dataclass(frozen=True)
class Arm:
    """What is compared; ``positions`` is of a word encoder, the rest of a Midiformer.

    ``layers`` are the positions of a Midiformer, and what goes with them.
    """

    scheme: str = "cp4"
    merges: int = 1000
    ngrams: int = 3000  # at most, as in the trunk; none with the rank "none"
    rank: str = "count"
    masking: str = "note"
    pretrained: bool = True
    layers: str = "relative"
    token_rank: int = 0
    positions: str = ""

    @property
    def vocabulary(self) -> str:
        """The name of the merges and n-grams that the arm takes; arms share them."""
        return f"{self.scheme}-{self.merges}-{self.rank}"


ARMS: Mapping[str, Arm] = {
    "full": Arm(),
    "no-ngrams": Arm(rank="none"),
    "no-compoundation": Arm(merges=0),
    "pmi": Arm(rank="pmi"),
    "cp7": Arm(scheme="cp7"),
    "token-masking": Arm(masking="token"),
    "scratch": Arm(pretrained=False),
    "rotary-layers": Arm(layers="rotary"),
    "relative": Arm(positions="relative"),
    "rotary": Arm(positions="rotary"),
}


@dataclass(frozen=True)
class Task:
    """What an encoder is fine-tuned for; ``piece``: the label of whole pieces, by its corpus."""

    split: str
    shards: str
    train_shards: str = ""
    labels: tuple[str, ...] = ()
    piece: str = ""


TASKS: Mapping[str, Task] = {
    "melody": Task("pop909_song", "pop909", "pop909-versions"),
    "velocity": Task("pop909_song", "pop909-velocity", labels=tuple("123456")),
    "composer": Task("pianist8_song", "pianist8", piece="composer"),
    "emotion": Task("emopia_song", "emopia", piece="emotion"),
    "dance": Task("nottingham_tune", "nottingham", piece="dance9"),
}
CORPORA = ("pop909", "pop909-versions", "pop909-cl", "giantmidi", "nottingham")
FOLDERS = {  # below the folder of all datasets
    **dict.fromkeys(("pop909", "pop909-versions", "pop909-velocity"), "POP909"),
    "pop909-cl": "POP909-CL",
    "giantmidi": "GiantMIDI-Piano-preview",
    "nottingham": "Nottingham",
    "pianist8": "Pianist8",
    "emopia": "EMOPIA",
}


@dataclass(frozen=True)
class Size:
    """Sizes of ``full``; the other arms get as many parameters by depth and width."""

    hidden_size: int
    num_layers: int
    num_heads: int
    num_ngram_layers: int
    intermediate_size: int


SIZES = {
    "tiny": Size(32, 2, 2, 1, 64),
    "small": Size(
        320, 8, 5, 2, 1024
    ),  # 12.5 M parameters; the shipped trunk has these sizes, and other tokens
    "large": Size(448, 7, 7, 2, 1792),  # 24.7 M: the calibration's size
}


@cache
def shape(arm: Arm, size: Size, full: Arm = ARMS["full"]) -> dict[str, int]:
    """The sizes of an arm's model.

    As many layers as the parameters of ``full`` pay for at its width, and then the width between
    layers at which the parameters are those of ``full``.
    """
    found, wanted = asdict(size), parameters(full, asdict(size))
    if arm.positions or arm.rank == "none":
        found["num_ngram_layers"] = 0
        now = parameters(arm, found)
        layer = now - parameters(arm, {**found, "num_layers": size.num_layers - 1})
        found["num_layers"] += round((wanted - now) / layer)
    width, now = size.intermediate_size, parameters(arm, found)
    slope = (parameters(arm, {**found, "intermediate_size": width + 64}) - now) / 64
    width += (wanted - now) / slope
    return {**found, "intermediate_size": max(16, 16 * round(width / 16))}


def parameters(arm: Arm, sizes: Mapping[str, int]) -> int:
    """Those of pre-training."""
    return _parameters(arm, tuple(sizes.items()))


@cache
def _parameters(arm: Arm, given: tuple[tuple[str, int], ...]) -> int:
    sizes = dict(given)
    columns = vocabulary(arm.scheme)  # pyright: ignore[reportArgumentType]
    with torch.device("meta"):
        if arm.positions:
            config = WordConfig(vocab=columns, **of_words(arm, sizes))
            model = WordModel(config, masked_word=True)
        else:
            config = MidiformerConfig(
                vocab_size=5 + 2 * sum(columns) + arm.merges,
                lexicon_size=1 + arm.ngrams * (arm.rank != "none"),
                symbol_count=sum(columns) + 1,
                symbols_per_token=len(columns),
                positions=arm.layers,  # pyright: ignore[reportArgumentType]
                token_rank=arm.token_rank,
                **sizes,
            )
            model = MidiformerModel(config, masked_token=True)
    return sum(p.numel() for p in model.parameters())


def of_words(arm: Arm, sizes: Mapping[str, int]) -> dict[str, Any]:
    """The sizes as a word encoder calls them: it has no n-grams, and four columns make a word."""
    kept = {name: value for name, value in sizes.items() if name != "num_ngram_layers"}
    return {**kept, "column_size": sizes["hidden_size"] // 4, "positions": arm.positions}


def unfair(arm: Arm, task: str) -> bool:
    """The words of cp7 hold the velocity: it would not be a task. And what has learnt nothing yet
    says nothing of pieces: only a regression is fitted to them.
    """
    if TASKS[task].piece:
        return not arm.pretrained
    return arm.scheme == "cp7" and task == "velocity"


def folder(name: str, scheme: str) -> str:
    """The folder of some shards below that of all shards."""
    return name if scheme == "cp4" else f"{name}-{scheme}"
