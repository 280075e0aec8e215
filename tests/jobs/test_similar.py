"""``embed`` and ``similar`` as a user runs them: what is found, resumed, left out and refused."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato import cli
from ostinato.base.errors import UserError
from ostinato.base.workers import Outcome
from ostinato.infer.alignment import Alignment, Run
from ostinato.infer.embedding import Embedded, Entry, Found
from ostinato.jobs import embed as embed_job
from ostinato.jobs.embed import EmbedRequest, embed
from ostinato.jobs.similar import SimilarRequest, similar
from ostinato.music import bar_features
from ostinato.music.bar_features import find_cells
from ostinato.music.corpora import Document
from ostinato.music.midi import write_midi
from ostinato.music.score import Score
from tiny_model import random_score

PIECES = 6


def _each(
    function: Callable[[Document], Embedded],
    items: Iterable[Document],
    *,
    workers: int,
    seconds: float,
) -> Generator[Outcome[Document, Embedded]]:
    """What ``run_each`` does, in this process: starting others takes longer than the work."""
    del workers, seconds
    for item in items:
        try:
            yield Outcome(item, function(item), None)
        except UserError as error:
            yield Outcome(item, None, str(error))


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_job, "run_each", _each)


def piece(seed: int, *, key: int = 0) -> Score:
    score = random_score(300, seed=seed, drums=10)
    return replace(score, pitch=score.pitch + np.int16(key))


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    folder = tmp_path / "catalogue"
    (folder / "more").mkdir(parents=True)
    for seed in range(PIECES):
        write_midi(piece(seed), folder / ("more" if seed % 2 else ".") / f"p{seed}.mid")
    (folder / "bad.mid").write_bytes(b"RIFF")
    write_midi(random_score(0, drums=5), folder / "drums.mid")
    return folder


def test_a_piece_in_another_key_is_found_with_its_bars(
    catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index, query = tmp_path / "index", tmp_path / "query.mid"
    made = embed(EmbedRequest(catalogue, index))
    assert (made.files, made.pieces, made.quarantined) == (PIECES + 2, PIECES, 2)
    whole = piece(3, key=-2)
    write_midi(whole.select(whole.onset >= 3 * 1920), query)  # its first 3 bars are silent
    capsys.readouterr()
    told = similar(SimilarRequest(query, index, top=2, as_json=True))
    assert json.loads(capsys.readouterr().out)["hits"][0]["name"] == "more/p3"
    best = told.hits[0]
    assert (best.semitones, best.pace, best.sure) == (2, 1, True)
    match = best.matches[0]
    assert match.query_bars == match.piece_bars
    assert match.query_bars[0] == 4
    assert match.query_seconds == match.piece_seconds
    assert match.query_seconds[0] == pytest.approx(3 * 2, abs=0.1)
    assert not told.hits[1].sure
    similar(SimilarRequest(query, index, top=2))
    shown = capsys.readouterr().out
    assert "more/p3" in shown
    assert "+2 semitones" in shown
    assert shown.count("same music") == 1
    assert "by chance" in shown
    exact = similar(SimilarRequest(query, index, transpose=False))
    assert not exact.hits or not exact.hits[0].sure


def test_bars_are_told_for_a_file_that_is_too_long_at_twice_its_pace(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, query = tmp_path / "index", tmp_path / "slow.mid"
    whole = piece(3)
    cells = len(find_cells(whole))
    embed(EmbedRequest(catalogue, index))
    slow = replace(whole, onset=whole.onset * 2, duration=whole.duration * 2)
    write_midi(slow, query)
    monkeypatch.setattr(bar_features, "MAX_CELLS", 3 * cells)
    best = similar(SimilarRequest(query, index, top=1, as_json=True)).hits[0]
    assert (best.name, best.pace) == ("more/p3", 0.5)
    match = best.matches[0]
    seconds = np.array(match.query_seconds) - 2 * np.array(match.piece_seconds)
    assert np.abs(seconds).max() < 0.1


def test_what_cannot_be_read_has_its_reason(catalogue: Path, tmp_path: Path) -> None:
    told = embed(EmbedRequest(catalogue, tmp_path / "index"))
    lines = (tmp_path / "index" / "quarantine.jsonl").read_text().splitlines()
    reasons = {row["file"]: row["reason"] for row in map(json.loads, lines)}
    assert set(reasons) == {"bad.mid", "drums.mid"}
    assert "no notes but drums" in reasons["drums.mid"]
    assert "2 files left out" in told.warnings[0]


def test_an_interrupted_run_goes_on_and_ends_with_the_same_index(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed_job, "PART", 2)
    embed(EmbedRequest(catalogue, tmp_path / "whole"))
    done: list[str] = []
    real = embed_job.embed_document

    def interrupted(document: Document) -> Embedded:
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(document.name)
        return real(document)

    out = tmp_path / "out"
    monkeypatch.setattr(embed_job, "embed_document", interrupted)
    with pytest.raises(KeyboardInterrupt):
        embed(EmbedRequest(catalogue, out))
    with pytest.raises(UserError, match="expected an index"):
        similar(SimilarRequest(catalogue / "p0.mid", out))
    monkeypatch.setattr(embed_job, "embed_document", real)
    told = embed(EmbedRequest(catalogue, out))
    assert told.resumed == 2
    assert told.pieces == PIECES
    assert told.quarantined == 2
    for name in ("index.json", "vectors.safetensors", "quarantine.jsonl"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert sorted(path.name for path in out.iterdir()) == [
        "embed.json",
        "index.json",
        "quarantine.jsonl",
        "vectors.safetensors",
    ]
    assert embed(EmbedRequest(catalogue, out)).resumed == PIECES


def test_a_folder_that_is_not_ours_is_left_alone(catalogue: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    embed(EmbedRequest(catalogue, index))
    before = (index / "vectors.safetensors").read_bytes()
    other = shutil.copytree(catalogue, tmp_path / "other")
    write_midi(piece(9), other / "new.mid")
    with pytest.raises(UserError, match=r"the index of another folder, or one .*: remove it"):
        embed(EmbedRequest(other, index))
    (index / "embed.json").write_text("[]")
    with pytest.raises(UserError, match=r"embed\.json: .* damaged: remove the folder"):
        embed(EmbedRequest(catalogue, index))
    assert (index / "vectors.safetensors").read_bytes() == before
    with pytest.raises(UserError, match="expected an empty folder"):
        embed(EmbedRequest(catalogue, catalogue))
    with pytest.raises(UserError, match="it is a file"):
        embed(EmbedRequest(catalogue, catalogue / "bad.mid"))
    with pytest.raises(UserError, match="at least 1 worker"):
        embed(EmbedRequest(catalogue, tmp_path / "more", workers=0))


def test_a_catalogue_that_has_changed_is_embedded_anew(catalogue: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    embed(EmbedRequest(catalogue, index))
    moved = catalogue.rename(tmp_path / "moved")
    assert embed(EmbedRequest(moved, index)).resumed == PIECES  # the same files, elsewhere
    moved.rename(catalogue)
    write_midi(piece(9), catalogue / "new.MID")
    (catalogue / "bad.mid").unlink()
    (catalogue / "gone.mid").symlink_to(tmp_path / "nowhere.mid")
    told = embed(EmbedRequest(catalogue, index))
    assert (told.pieces, told.resumed, told.quarantined) == (PIECES + 1, 0, 2)
    assert told.warnings[0] == "files have changed since: all was embedded anew"
    again = embed(EmbedRequest(catalogue, index))
    assert (again.pieces, again.resumed, len(again.warnings)) == (PIECES + 1, PIECES + 1, 1)
    (hit,) = similar(SimilarRequest(catalogue / "new.MID", index, top=1, as_json=True)).hits
    assert (hit.name, hit.file) == ("new", str(catalogue / "new.MID"))


def test_a_catalogue_without_one_good_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(UserError, match="nothing of that is there"):
        embed(EmbedRequest(folder, tmp_path / "index"))
    (folder / "bad.mid").write_bytes(b"RIFF")
    with pytest.raises(UserError, match=r"no piece could be read; the first reason: .*RIFF"):
        embed(EmbedRequest(folder, tmp_path / "index"))


def test_the_command_line(
    catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index, file = str(tmp_path / "index"), str(catalogue / "p0.mid")
    assert cli.main(["embed", str(catalogue), "-o", index, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pieces"] == PIECES
    assert cli.main(["similar", file, "--index", index, "--top", "1", "--exact-key", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [hit["name"] for hit in told["hits"]] == ["p0"]
    assert not told["transpose"]
    assert cli.main(["similar", file, "--index", index, "--top", "0"]) == 2
    assert cli.main(["similar", str(catalogue / "drums.mid"), "--index", index]) == 2
    assert "drums.mid: no notes but drums" in capsys.readouterr().err
    assert cli.main(["similar", file, "--index", str(catalogue)]) == 2
    assert "expected an index" in capsys.readouterr().err


def test_versions_find_their_songs(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The benchmark of the catalogue search, on eight songs, two of which are asked for."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import similar as benchmark

    few = tmp_path / "POP909"
    for number in (3, 14, 32, 36, 56, 61, 77, 88):
        name = f"{number:03}"
        shutil.copytree(shared / "data" / "POP909" / name, few / name)
    sides = {f"{number:03}": "valid" for number in (3, 14)}
    monkeypatch.setattr(benchmark.splits, "load", lambda name: sides)
    told = benchmark.measure(few, "valid")
    sys.modules.pop("similar")
    assert told["catalogue"] == 8
    found = told["all"]["similar"]
    assert found["songs"] == 2
    assert found["recall_at_1"] >= 0.8
    assert found["recall_at_1"] <= found["recall_at_10"]
    low, high = found["interval_at_1"]
    assert low <= found["recall_at_1"] <= high
    assert told["without_copies"]["similar"]["queries"] == found["queries"] - told["copies"]


def test_copies_are_told_from_other_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import similar as benchmark

    sys.modules.pop("similar")
    score = random_score(200)
    later = replace(score, onset=score.onset + np.int32(480 * 3), velocity=score.velocity * 0 + 5)
    assert benchmark.shared_notes(score, later) == 1
    half = score.select(np.arange(len(score)) % 2 == 0)
    assert 0.4 < benchmark.shared_notes(score, half) < 0.65
    assert benchmark.shared_notes(score, random_score(200, seed=4)) < 0.3
    assert benchmark.shared_notes(score, score.select(np.zeros(0, dtype=int))) == 0
    assert len(benchmark.moved(score, "a")) == len(score)
    assert set(benchmark.moved(score, "a").pitch - score.pitch) <= set(range(-6, 7)) - {0}
    part = benchmark.excerpt(score, "a")
    assert part.onset.max() < benchmark.EXCERPT * 480


def test_of_each_query_only_the_best_wrong_piece_counts_as_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import similar as benchmark

    sys.modules.pop("similar")

    class Told:
        """An index that finds, of its pieces a, b, c and d, what it was told, query by query."""

        pieces = tuple(Entry(name, 1, 1, 1, 1) for name in "abcd")
        answers = iter(({"b": 9.0, "c": 5.0, "a": 3.0}, {"a": 30.0, "d": 9.0, "b": 4.0}, {}))

        def search(self, query: object, *, top: int) -> list[Found]:
            del query, top
            return [
                Found("abcd".index(name), 1.0, Alignment(0, (Run(0, 0, 1, worth),)))
                for name, worth in next(self.answers).items()
            ]

    queries = [benchmark.Query(str(n), "a", random_score(20), 0.0) for n in range(3)]
    ranks, told = benchmark.index_ranks(Told(), queries)
    assert ranks == [3, 1, 11]
    assert told["worth_wrong_percentiles_50_95_99_100"] == [9.0] * 4
    assert told["worth_right_percentiles_1_5_50"][-1] == 16.5
