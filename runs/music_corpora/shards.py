"""Shards of every corpus, and each trunk's and each task's share of them as one file."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from music_corpora.findings import Findings
from music_corpora.packing import pack, without_copies
from ostinato.data.shards import Documents, Entry, read_shards
from ostinato.jobs.prepare import Labels, PrepareRequest, prepare
from ostinato.music import splits
from ostinato.music.compound_words import Scheme
from ostinato.music.corpora import CORPORA, original

STRETCH = (0.9, 1.1)
VERSIONS = "pop909-versions"
TASKS = ("pop909", "pianist8", "emopia", "nottingham")
VALIDATES = ("pop909", "pop909_midibert")  # the corpus and the split that validate a trunk
Size = tuple[str, int, int, str]  # file, documents, rows, MiB


@dataclass(frozen=True)
class Preparation:
    """Where shards go, and how they are made."""

    out: Path
    scheme: Scheme = "cp4"
    workers: int | None = None  # None: one for each core


def write_shards(findings: Findings, how: Preparation) -> list[Size]:
    """Prepare all corpora and pack them; returns what was packed."""
    out = how.out
    folders: dict[str, list[Path]] = {}
    for name, folder in findings.corpora.items():
        folders[name] = [_prepare(name, folder, how)]
        if any(
            CORPORA[name].free_time(item.name) for item in findings.items if item.corpus == name
        ):
            folders[name].append(_prepare(name, folder, how, stretch=STRETCH))
    sizes: list[Size] = []
    labelled: dict[str, Callable[[Entry], bool]] = {}
    for trunk, names in findings.trunks.items():
        shards = [folder for name in names for folder in folders[name]]
        documents = without_copies(read_shards(shards, _learns_from(findings, trunk)))
        labelled[trunk] = _labelled(documents)
        sizes.append(_pack(documents, out / f"{trunk}.npz.xz", names))
    sizes += [
        _pack(read_shards(folders[name][:1]), out / f"{name}.npz.xz", [name])
        for name in TASKS
        if name in folders
    ]
    for name in ("pop909", VERSIONS):
        if name in folders:
            velocity = _prepare(name, findings.corpora[name], how, labels="velocity")
            documents = read_shards([velocity])
            if name == VERSIONS:
                documents = documents.select(labelled["shipped"])
            sizes.append(_pack(documents, out / f"{name}-velocity.npz.xz", [name]))
    return sizes


def _labelled(trunk: Documents) -> Callable[[Entry], bool]:
    """Whether a trunk's file holds a document, and labels of its notes."""
    with_labels = {
        (entry.corpus, entry.name) for entry, place in trunk.places() if trunk.label[place].any()
    }
    return lambda entry: (entry.corpus, entry.name) in with_labels


def _prepare(
    name: str,
    folder: Path,
    how: Preparation,
    *,
    labels: Labels = "tracks",
    stretch: tuple[float, ...] = (),
) -> Path:
    """Shards of one corpus; the whole of them, if they are there."""
    suffix = "-stretched" if stretch else "-velocity" if labels == "velocity" else ""
    shards = how.out / "prepared" / f"{name}{suffix}"
    print(f"{shards}:", flush=True)
    prepare(
        PrepareRequest(
            name,
            folder,
            shards,
            scheme=how.scheme,
            workers=how.workers,
            labels=labels,
            stretch=stretch,
        )
    )
    return shards


def _pack(documents: Documents, path: Path, names: Collection[str]) -> Size:
    size = pack(documents, path, {name: CORPORA[name].licence for name in names})
    return path.name, len(documents), len(documents.values), f"{size / (1 << 20):.1f}"


def _learns_from(findings: Findings, trunk: str) -> Callable[[Entry], bool]:
    """Whether a trunk's file holds a document: it learns from it, or is validated by it."""
    without = findings.left_out(trunk)
    corpus, split = VALIDATES
    valid = {(corpus, name) for name, side in splits.load(split).items() if side == "valid"}

    def keep(entry: Entry) -> bool:
        song = (entry.corpus, entry.song)
        if song in findings.held:
            return song in valid
        return f"{entry.corpus}:{original(entry.name)}" not in without

    return keep
