"""music21's scores to ours, and whose licence lets a piece in; music21 itself is not needed."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "runs"))

import music21_to_midi as script


def note(offset: float, quarters: float, pitch: int, tie: str = "", **more: Any) -> Any:
    """What of a music21 note or chord matters."""
    return SimpleNamespace(
        offset=offset,
        quarterLength=quarters,
        duration=SimpleNamespace(isGrace=more.get("grace", False)),
        classes=more.get("classes", ("Note",)),
        pitch=SimpleNamespace(midi=pitch),
        volume=SimpleNamespace(velocity=more.get("velocity")),
        tie=SimpleNamespace(type=tie) if tie else None,
    )


def part(*notes: Any) -> Any:
    flat = SimpleNamespace(
        notes=notes,
        getElementsByClass=lambda name: (
            [SimpleNamespace(offset=0.0, numerator=3, denominator=4)]
            if name == "TimeSignature"
            else []
        ),
    )
    return SimpleNamespace(
        flatten=lambda: flat, partName="Violin", parts=[], atSoundingPitch="unknown"
    )


def test_ties_are_joined_and_ornaments_and_symbols_left_out():
    chord = note(2.0, 1.0, 0)
    chord.notes = [note(2.0, 1.0, 60, "stop"), note(2.0, 1.0, 64)]
    violin = part(
        note(0.0, 1.0, 60, "start", velocity=90),
        note(0.0, 0.0, 72, grace=True),
        note(0.0, 1.0, 48, classes=("Chord", "Harmony")),
        note(1.0, 1.0, 60, "continue"),
        chord,
        note(3.0, 1.0, 60),
        note(5.0, 1.0, 60, "stop"),  # nothing that it could lengthen
    )
    score = script.to_score(SimpleNamespace(parts=[violin], flatten=violin.flatten))
    rows = [(0, 1440, 60, 90), (960, 480, 64, 64), (1440, 480, 60, 64), (2400, 480, 60, 64)]
    assert score.sorted_notes().tolist() == [list(row) for row in rows]
    assert score.time_signatures.tolist() == [[0, 3, 4]]
    assert [track.name for track in score.tracks] == ["Violin"]


def test_transposing_instruments_are_written_as_they_sound():
    written = note(0.0, 1.0, 72)
    clarinet, violin = part(written), part(note(0.0, 1.0, 70))

    def to_sounding_pitch(inPlace: bool) -> None:
        assert inPlace
        written.pitch.midi -= 2

    clarinet.atSoundingPitch, clarinet.toSoundingPitch = False, to_sounding_pitch
    violin.atSoundingPitch = True
    score = script.to_score(SimpleNamespace(parts=[clarinet, violin], flatten=violin.flatten))
    assert score.pitch.tolist() == [70, 70]


def test_whoever_is_stated_has_to_say_so():
    tiers = {collection.tier for collection in script.COLLECTIONS}
    assert tiers == {"stated", "silent"}
    for collection in script.COLLECTIONS:
        assert bool(collection.needs) == (collection.tier == "stated")
        assert collection.licence.startswith("unknown") == (collection.tier == "silent")


@pytest.mark.parametrize(
    "file",
    [
        "palestrina/Agnus_I_28.krn",
        "essenFolksong/han1.abc",
        "bach/bwv66.6.mxl",
        "bach/bwv277.krn",
        "beethoven/opus18no1/movement1.krn",
        "monteverdi/madrigal.5.5.mxl",
        "trecento/PMFC_04-Cara mi donna.xml",
        "leadSheet/berlinAlexandersRagtime.mxl",
        "schumann_clara/opus17/movement3.xml",
        "schubert/Lindenbaum.xml",
    ],
)
def test_what_is_reserved_or_unclear_is_not_on_the_list(file: str, tmp_path: Path):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).touch()
    assert not [c for c in script.COLLECTIONS if list(tmp_path.glob(c.files))]


def test_words_are_looked_for_inside_archives(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.mxl", "w") as archive:
        archive.writestr("a.xml", "<rights>Released to Public Domain in 1998</rights>")
    assert script._says(tmp_path / "a.mxl", "Public Domain")
    assert not script._says(tmp_path / "a.mxl", "CC BY")
    (tmp_path / "b.abc").write_text("% GNU General Public License")
    assert script._says(tmp_path / "b.abc", "GNU General")
