"""A label leaves a note of a file, passes words, shards and windows, and comes back to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ostinato.data.batches import Batches
from ostinato.data.ngrams import NgramMatcher
from ostinato.data.shards import Documents, Entry, Header, read_shards
from ostinato.data.vocabulary import load_vocabulary
from ostinato.data.words import distinct_rows, word_table
from ostinato.infer.load import load
from ostinato.jobs.prepare import PrepareRequest, prepare
from ostinato.models.midiformer import checkpoint
from ostinato.music import labels
from ostinato.music.compound_words import encode
from ostinato.music.midi import write_midi
from ostinato.music.score import Track
from ostinato.train.notes import note_probabilities
from ostinato.train.steps import Reader
from tiny_model import random_score, write_model

CPU = torch.device("cpu")


def test_shards_label_each_row_as_the_file_labels_its_note(tmp_path: Path) -> None:
    """A file's notes come track by track, its rows by onset and pitch: their labels must too."""
    score = random_score(200)
    score = replace(
        score,
        track=(score.pitch % 3).astype(np.int16),  # so that a row's pitch tells its label
        tracks=(Track("MELODY"), Track("BRIDGE"), Track("PIANO")),
    )
    (tmp_path / "POP909" / "001").mkdir(parents=True)
    write_midi(score, tmp_path / "POP909" / "001" / "001.mid")
    beats = [f"{beat / 2} {float(beat % 2 == 0)} {float(beat % 4 == 0)}" for beat in range(200)]
    (tmp_path / "POP909" / "001" / "beat_midi.txt").write_text("\n".join(beats))
    prepare(PrepareRequest("pop909", tmp_path / "POP909", tmp_path / "shards", workers=1))
    found = read_shards([tmp_path / "shards"])
    note = found.label > 0
    assert np.count_nonzero(note) == 200
    expected = np.array([labels.MELODY, labels.BRIDGE, labels.ACCOMPANIMENT])
    assert found.label[note].tolist() == expected[found.values[note, 2] % 3].tolist()


def test_training_and_inference_give_a_note_the_same_probabilities(tmp_path: Path) -> None:
    """The score that chooses the weights is that of the model as it is shipped."""
    folder = write_model(tmp_path / "model", rows=64)
    score = random_score(300, seed=5)
    words = encode(score)
    rows = load(folder, device="cpu").rows.probabilities(words.values)
    vocabulary = load_vocabulary(folder)
    model = checkpoint.load(folder)
    matcher = NgramMatcher(
        vocabulary.lexicon, vocab_size=model.config.vocab_size, slots=32, device=CPU
    )
    document = Documents(
        Header("cp4", 4, words.vocab),
        (Entry("a", "a", "toy", len(words), len(score)),),
        words.values,
        np.zeros(len(words), dtype=np.int8),
        np.array([0, len(words)]),
    )
    distinct = distinct_rows(words.values, words.vocab)
    table = word_table(distinct, vocabulary.compoundation, transpose=0, device=CPU)
    batches = Batches(document, table, rows=64, device=CPU)
    reader = Reader(model, matcher, CPU)
    trained = note_probabilities(reader, "melody", batches, stride=32, batch=5)
    np.testing.assert_allclose(rows, trained.numpy(), atol=1e-5)
