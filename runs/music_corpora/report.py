"""The report in Markdown, and the lists that others read: CSV files of names."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from music_corpora.findings import Findings
from music_corpora.leaks import Leak, inside_splits
from music_corpora.pieces import Item, by_key
from ostinato.base.files import atomic_write
from ostinato.music import splits
from ostinato.music.corpora import CORPORA
from ostinato.music.similarity import Link

EXAMPLES = 3


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A CSV file, whole or not at all."""
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def write_lists(findings: Findings, out: Path) -> None:
    """``links.csv``, and the two kinds of split files for the ``exclude`` of a recipe."""
    known = by_key(findings.items)
    other = [x for x in findings.links if known[x.first].work != known[x.second].work]
    columns = ("first", "second", "share", "common")
    write_rows(out / "links.csv", columns, ((*x[:2], f"{x.share:.3f}", x.common) for x in other))
    _write_exclusions(out / "leaks.csv", [leak.document for leak in findings.leaks])
    for trunk, gone in findings.duplicates.items():
        _write_exclusions(out / f"duplicates-{trunk}.csv", [known[key] for key in gone])


def _write_exclusions(path: Path, items: Iterable[Item]) -> None:
    """A split file all of whose documents are held out, each name once."""
    rows = {item.name: (item.name, item.song, "test") for item in items}
    write_rows(path, ("name", "song", "side"), [rows[name] for name in sorted(rows)])


def markdown(findings: Findings, sizes: Sequence[Sequence[object]]) -> str:
    """The whole report."""
    items = findings.items
    gone = [(trunk, len(of)) for trunk, of in findings.duplicates.items()]
    parts = [
        ("What was read", corpora_table(items, findings.bad)),
        ("What could not be read", [f"- {line}" for line in findings.bad] or ["Nothing."]),
        ("Music that different songs share", pairs_table(items, findings.links)),
        ("Test documents near training ones of the same split", inside_table(findings)),
        ("Documents near held-out ones, which no trunk learns from", leaks_table(findings.leaks)),
        ("Duplicates that a trunk does without", table(("trunk", "documents"), gone)),
    ]
    if sizes:
        parts.append(("Files", table(("file", "documents", "rows", "MiB"), sizes)))
    body = "".join(f"\n## {head}\n\n" + "\n".join(lines) + "\n" for head, lines in parts)
    return "# Near-duplicates across corpora\n" + body


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a Markdown table; numbers stand right."""
    body = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    line = "|" + "|".join("---" for _ in head) + "|"
    return (
        [f"| {' | '.join(row)} |" for row in (head,)]
        + [line]
        + [f"| {' | '.join(row)} |" for row in body]
    )


def corpora_table(items: Sequence[Item], bad: Sequence[str]) -> list[str]:
    """What was read of each corpus."""
    rows = []
    for name in dict.fromkeys(item.corpus for item in items):
        own = [item for item in items if item.corpus == name]
        rows.append(
            (
                name,
                CORPORA[name].licence,
                len(own),
                sum(line.startswith(f"{name}:") for line in bad),
                len({item.work for item in own}),
                sum(item.notes for item in own),
                sum(not len(item.prints) for item in own),
            )
        )
    head = ("corpus", "licence", "documents", "unreadable", "songs", "notes", "no fingerprint")
    return table(head, rows)


def pairs_table(items: Sequence[Item], found: Iterable[Link]) -> list[str]:
    """Links between different songs, by the two corpora, with the strongest examples."""
    known = by_key(items)
    songs: defaultdict[tuple[str, str], dict[tuple[object, object], Link]] = defaultdict(dict)
    for link in found:
        first, second = known[link.first], known[link.second]
        if first.work == second.work:
            continue
        pair = (min(first.work, second.work), max(first.work, second.work))
        corpora = (min(first.corpus, second.corpus), max(first.corpus, second.corpus))
        best = songs[corpora].get(pair)
        if best is None or best.share < link.share:
            songs[corpora][pair] = link
    rows = []
    for (one, other), of in sorted(songs.items()):
        best = sorted(of.values(), key=lambda link: (-link.share, link.first, link.second))
        shown = "; ".join(_example(known, link) for link in best[:EXAMPLES])
        rows.append((one, other, len(of), shown))
    return table(("corpus", "corpus", "pairs of songs", "strongest"), rows)


def _example(known: Mapping[str, Item], link: Link) -> str:
    return f"`{known[link.first].name}` = `{known[link.second].name}` ({link.share:.0%})"


def inside_table(findings: Findings) -> list[str]:
    """Test documents of each split that share music with its own training side."""
    tests = Counter(
        split
        for item in findings.items
        for split, side in item.sides
        if side == "test" and item.corpus == splits.CORPORA[split][0]
    )
    inside = inside_splits(findings.items, findings.links)
    rows = []
    for split, of in inside.items():
        best = sorted(of, key=lambda leak: (-leak.share, leak.held.key))
        shown = "; ".join(
            f"`{leak.held.name}` = `{leak.document.name}` ({leak.share:.0%})"
            for leak in best[:EXAMPLES]
        )
        rows.append((split, tests.get(split, 0), len(of), shown))
    return table(("split", "test documents", "of them near a training one", "strongest"), rows)


def leaks_table(found: Sequence[Leak]) -> list[str]:
    """Documents of pre-training that are near a held-out one, by corpus and split."""
    count = Counter((leak.document.corpus, split) for leak in found for split in leak.held.held)
    rows = []
    for (corpus, split), number in sorted(count.items()):
        best = max(
            (x for x in found if x.document.corpus == corpus and split in x.held.held),
            key=lambda leak: (leak.share, leak.document.key),
        )
        shown = f"`{best.document.name}` = `{best.held.key}` ({best.share:.0%})"
        rows.append((corpus, split, number, shown))
    return table(("corpus", "held out by", "documents left out", "strongest"), rows)
