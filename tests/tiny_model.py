"""A model directory with random weights, small enough to be made and run in milliseconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from ostinato.models.midiformer import HeadSpec, MidiformerConfig, MidiformerModel, checkpoint
from ostinato.music.compound_words import encode
from ostinato.music.compoundation import learn
from ostinato.music.lexicon import count
from ostinato.music.score import Score, Track

LABELS = ("melody", "bridge", "accompaniment")


def random_score(notes: int, *, seed: int = 0, drums: int = 0) -> Score:
    """One piano track of random notes, and a drum track of ``drums`` notes."""
    draw = np.random.default_rng(seed)
    total = notes + drums
    return Score(
        ticks_per_quarter=480,
        onset=np.sort(draw.integers(0, max(4, notes), total)).astype(np.int32) * 120,
        duration=draw.integers(1, 9, total).astype(np.int32) * 120,
        pitch=draw.integers(40, 80, total).astype(np.int16),
        velocity=draw.integers(1, 128, total).astype(np.int16),
        track=draw.permutation(np.repeat([0, 1], [notes, drums])).astype(np.int16),
        tracks=(Track("piano"), Track("drums", is_drum=True)),
        tempos=np.array([[0, 500_000]], dtype=np.int32),
        time_signatures=np.array([[0, 4, 4]], dtype=np.int32),
    )


def write_model(folder: Path, *, rows: int = 64, merges: int = 40) -> Path:
    """A melody model whose windows are ``rows`` long; always the same weights."""
    words = encode(random_score(2000, seed=1))
    values, counts = np.unique(words.values, axis=0, return_counts=True)
    compoundation = learn(
        values, counts, merges=merges, scheme="cp4", steps_per_quarter=4, vocab=words.vocab
    )
    lexicon = count([compoundation.apply(words).tokens], threshold=5)
    assert len(lexicon) > 10
    torch.manual_seed(0)
    config = MidiformerConfig(
        vocab_size=compoundation.vocab_size,
        lexicon_size=len(lexicon),
        symbol_count=compoundation.symbol_count,
        hidden_size=16,
        num_layers=2,
        num_heads=2,
        intermediate_size=32,
        num_ngram_layers=1,
        initial_std=0.5,
    )
    symbols = torch.from_numpy(compoundation.token_symbols)
    heads = {"melody": HeadSpec("note", LABELS)}
    checkpoint.save(folder, MidiformerModel(config, heads, token_symbols=symbols))
    compoundation.save(folder / "merges.txt")
    lexicon.save(folder / "lexicon.txt", compoundation)
    described = {"scheme": "cp4", "window": {"rows": rows, "slots": 32}}
    (folder / "words.json").write_text(json.dumps(described))
    return folder
