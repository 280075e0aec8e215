"""``bench music``: rates of every step, and silence while the words are wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.data.vocabulary import load_vocabulary
from ostinato.infer.directory import MELODY
from ostinato.jobs import bench as job
from ostinato.jobs import bench_music
from ostinato.music import compound_words
from ostinato.music.midi import write_midi
from tiny_model import random_score, write_model

STEPS = ["bytes to Score", "bytes to cp4 words", "bytes to cp7 words", "bytes to compounds"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "more").mkdir()
    write_midi(random_score(200, seed=2), tmp_path / "a.mid")
    write_midi(random_score(100, seed=3), tmp_path / "more" / "b.MID")
    (tmp_path / "readme.txt").write_text("no music")
    return tmp_path


@pytest.fixture
def _no_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_music, "find_spec", lambda name: None)


@pytest.fixture
def _bundled(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    monkeypatch.setattr("ostinato.infer.directory.bundled", lambda: {MELODY: model})


@pytest.mark.usefixtures("_no_peers", "_bundled")
def test_every_step_is_timed_on_every_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job.bench("music", folder, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert [rate["name"] for rate in told["rates"]] == STEPS
    assert all((rate["files"], rate["notes"]) == (2, 300) for rate in told["rates"])
    assert all(rate["seconds"] > 0 for rate in told["rates"])
    assert told["missing"] == ["miditok", "mido"]


@pytest.mark.usefixtures("_no_peers", "_bundled")
def test_the_table_says_what_to_install(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job.bench("music", folder, as_json=False)
    told = capsys.readouterr().out
    assert "pip install miditok" in told
    assert "1.0 x" in told


@pytest.mark.parametrize("peer", ["_mido", "_miditok"])
def test_peers_read_the_same_notes(folder: Path, peer: str) -> None:
    pytest.importorskip(peer.strip("_"))
    _, step = getattr(bench_music, peer)()
    found = step((folder / "a.mid").read_bytes())
    if peer == "_mido":
        score = random_score(200, seed=2)
        assert np.array_equal(np.array(sorted(found)), score.sorted_notes())
    else:
        assert len(found[0].ids) >= 200


def test_wrong_words_are_not_timed(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    data = (folder / "a.mid").read_bytes()
    assert bench_music.check(data) == 200

    def shifted(words: compound_words.Words) -> object:
        score = compound_words.decode(words)
        return replace(score, onset=score.onset + np.int32(120))

    monkeypatch.setattr(bench_music, "decode", shifted)
    with pytest.raises(ValueError, match="nothing is measured"):
        bench_music.check(data)


@pytest.mark.usefixtures("_bundled")
def test_what_cannot_be_measured_is_said_in_one_sentence(tmp_path: Path, model: Path) -> None:
    with pytest.raises(UserError, match="no benchmark 'art'; there is music"):
        job.bench("art", None, as_json=False)
    with pytest.raises(UserError, match=r"no \.mid or \.midi file"):
        job.bench("music", tmp_path, as_json=False)
    with pytest.raises(UserError, match="expected a folder"):
        job.bench("music", tmp_path / "absent", as_json=False)
    (tmp_path / "bad.mid").write_bytes(b"RIFF")
    with pytest.raises(UserError, match=r"bad\.mid: expected a MIDI file"):
        job.bench("music", tmp_path, as_json=False)
    (tmp_path / "bad.mid").unlink()
    far = replace(random_score(5), ticks_per_quarter=1)
    write_midi(replace(far, onset=far.onset + np.int32(2**30)), tmp_path / "far.mid")
    with pytest.raises(UserError, match=r"far\.mid: the piece spans"):
        job.bench("music", tmp_path, as_json=False)
    write_midi(random_score(0), tmp_path / "empty.mid")
    silence = [(tmp_path / "empty.mid").read_bytes()]
    with pytest.raises(UserError, match="no note to measure"):
        bench_music.measure(silence, load_vocabulary(model).compoundation)
