"""The data of pre-training, from corpora as published to shards, without leaks and duplicates.

``build`` reads every corpus that lies below DATA (see ``docs/music.md``), and the folder of
``runs/music21_to_midi.py`` if given, fingerprints each document and writes to OUT:

- ``report.md``: what was read, which corpora share music, which splits leak;
- ``links.csv``: every two documents of different songs that share music;
- ``leaks.csv``: documents that no split holds out but that are near one that some split does,
  as a split file: ``exclude = ["OUT/leaks.csv"]`` in a recipe of ``pretrain``;
- ``duplicates-TRUNK.csv``: documents whose music a larger document of another song has too;
- ``prepared/CORPUS``: shards, and ``prepared/CORPUS-stretched``: copies of performances, 0.9 and
  1.1 times as long;
- ``TRUNK.npz.xz``: all that the trunk learns from, and POP909's validation songs, in one file,
  each document whose words are no copy of another's;
- ``CORPUS.npz.xz``: each corpus of a task, whole, for fine-tuning; ``pop909-velocity`` too, and
  ``pop909-versions-velocity``, of the versions in the trunk whose tracks are named.

The trunks: ``shipped`` learns from corpora whose licence text allows commercial use, ``research``
from all. Interrupted, the same command goes on. ``published`` writes ``published-TASK.npz.xz``,
what the tasks read by the published protocol. ``unpack`` makes a file shards again::

    python runs/music_corpora.py build DATA OUT --music21 FOLDER
    python runs/music_corpora.py published DATA OUT
    python runs/music_corpora.py unpack OUT/shipped.npz.xz shards/shipped
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from music_corpora import packing

from ostinato.base.errors import UserError
from ostinato.base.files import write_text


def main() -> None:
    """One of the commands."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    build_ = commands.add_parser("build", help="corpora to shards, and the report")
    build_.add_argument("data", type=Path, help="folder of the corpora")
    build_.add_argument("out", type=Path, help="folder to write")
    build_.add_argument("--music21", type=Path, help="what music21_to_midi.py wrote")
    build_.add_argument("--workers", type=int, help="processes; default: one per core")
    build_.add_argument("--scheme", choices=("cp4", "cp7"), default="cp4")
    build_.add_argument("--report-only", action="store_true", help="no shards")
    published_ = commands.add_parser("published", help="the tasks by the published protocol")
    published_.add_argument("data", type=Path, help="folder of the corpora")
    published_.add_argument("out", type=Path, help="folder to write")
    unpack = commands.add_parser("unpack", help="a packed file to a folder of shards")
    unpack.add_argument("file", type=Path)
    unpack.add_argument("folder", type=Path)
    given = parser.parse_args()
    try:
        if given.command == "build":
            build(given)
        elif given.command == "published":
            published(given.data, given.out)
        else:
            documents = packing.unpack(given.file, given.folder)
            print(f"{len(documents):,} documents, {len(documents.values):,} rows")
    except UserError as error:
        sys.exit(f"error: {error}")


def build(given: argparse.Namespace) -> None:
    """Everything that the module's docstring lists."""
    from music_corpora import findings, report, shards

    found = findings.study(given.data, given.music21, given.workers)
    given.out.mkdir(parents=True, exist_ok=True)
    report.write_lists(found, given.out)
    how = shards.Preparation(given.out, given.scheme, given.workers)
    sizes = [] if given.report_only else shards.write_shards(found, how)
    text = report.markdown(found, sizes)
    write_text(given.out / "report.md", text)
    print(text)


def published(data: Path, out: Path) -> None:
    """Pack what the tasks read by the published protocol."""
    from music_corpora.published import write_published

    for name, documents, rows, size in write_published(data, out):
        print(f"{name}: {documents:,} documents, {rows:,} rows, {size} MiB")


if __name__ == "__main__":
    main()
