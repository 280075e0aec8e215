"""The report on a folder before anything is trained: counts, copies, kin, and the split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.markup import escape

from ostinato.jobs.fit_folder import Item, Left
from ostinato.jobs.fit_groups import Grouping
from ostinato.jobs.fit_read import Reading
from ostinato.jobs.fit_split import FEWEST, assign_sides, straddling
from ostinato.jobs.show import counted, percent, printable, table
from ostinato.music.splits import SIDES, Side

SHOWN = 8  # of a list on the terminal; all of it is in the run's files and in --json
FEW_TESTED = 30  # songs below which an interval says little


@dataclass(frozen=True, eq=False)
class Look:
    """What was found in a folder."""

    names: tuple[str, ...]  # of the classes, or of the labels of notes
    of_notes: bool
    grouping: Grouping
    readings: Mapping[Item, Reading]
    sides: Mapping[str, Side]
    left: tuple[Left, ...]  # files that cannot be read, or have no class
    remarks: tuple[str, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """The files that are learnt from or tested on."""
        return self.grouping.items

    def on(self, side: Side) -> list[Item]:
        """The files of one side, in order."""
        return [item for item in self.items if self.sides[item.name] == side]

    def counts(self, side: Side | None = None) -> NDArrayInt:
        """Files, or notes, of each class: on a side, or on all."""
        chosen = self.items if side is None else self.on(side)
        if not self.of_notes:
            found = Counter(item.label for item in chosen)
            return np.array([found[name] for name in self.names], dtype=np.int64)
        size = len(self.names) + 1
        total = np.zeros(size, dtype=np.int64)
        for item in chosen:
            total += np.bincount(self.readings[item].label, minlength=size)
        return total[1:]

    def missing(self, side: Side) -> list[str]:
        """The classes of which there is something, but nothing on this side."""
        counts = zip(self.names, self.counts(), self.counts(side), strict=True)
        return [name for name, count, there in counts if count and not there]

    def songs(self, side: Side) -> int:
        """Groups of one side."""
        return len({self.grouping.group[item.name] for item in self.on(side)})

    def obstacle(self) -> str:
        """Why nothing can be trained on this, in one sentence; empty where it can."""
        if not self.items:
            return "none of the files can be learnt from"
        counts = self.counts()
        present = [name for name, count in zip(self.names, counts, strict=True) if count]
        if len(present) < 2:
            return (
                f"all that can be learnt from is of one class ({present[0]}), and there is nothing "
                "to tell apart: expected two or more"
            )
        for side in SIDES:
            if np.count_nonzero(self.counts(side)) < min(2, len(present)):
                return (
                    f"too few songs: the {side} side would hold fewer than two classes; expected "
                    f"{FEWEST} or more songs (files that are not kin) in at least two classes"
                )
        if untaught := self.missing("train"):
            return (
                f"too few songs of {_some(untaught)}: the training side would hold none of them; "
                f"expected {FEWEST} or more songs (files that are not kin) of each class"
            )
        return ""

    def as_json(self) -> dict[str, object]:
        """All of it as plain values."""
        group, label = self.grouping.group, {item.name: item.label for item in self.items}
        kin, test = straddling(group, label)
        return {
            "labels": "notes" if self.of_notes else "pieces",
            "classes": dict(zip(self.names, self.counts().tolist(), strict=True)),
            "files": len(self.items),
            "songs": len(set(group.values())),
            "left_out": [{"file": one.name, "reason": one.reason} for one in self.left],
            "copies": [{"file": one.name, "reason": one.reason} for one in self.grouping.copies],
            "kin": {source.name: source.sets() for source in self.grouping.sources},
            "near_duplicates_of_several_classes": [
                {item.name: item.label for item in items} for items in self.grouping.contrary()
            ],
            "split_by_file": {"test_files": test, "of_these_with_kin_in_train": kin},
            "split": {
                side: {
                    "files": len(self.on(side)),
                    "songs": self.songs(side),
                    "classes": dict(zip(self.names, self.counts(side).tolist(), strict=True)),
                }
                for side in SIDES
            },
            "remarks": list(self.remarks),
        }


NDArrayInt = np.ndarray[tuple[int], np.dtype[np.int64]]


def look(
    names: Sequence[str],
    grouping: Grouping,
    readings: Mapping[Item, Reading],
    left: Sequence[Left],
    remarks: Sequence[str],
    *,
    of_notes: bool,
) -> Look:
    """The split of a grouping, and what is to be said of it."""
    sides = assign_sides(grouping.group, {item.name: item.label for item in grouping.items})
    return Look(tuple(names), of_notes, grouping, readings, sides, tuple(left), tuple(remarks))


def show(out: Console, found: Look) -> None:
    """The report on the terminal."""
    unit = "notes" if found.of_notes else "files"
    columns = [found.counts(side) for side in SIDES]
    rows = [
        (name, f"{total:,}", *(f"{column[number]:,}" for column in columns))
        for number, (name, total) in enumerate(zip(found.names, found.counts(), strict=True))
    ]
    rows.append(("files", f"{len(found.items):,}", *(f"{len(found.on(s)):,}" for s in SIDES)))
    songs = [found.songs(side) for side in SIDES]
    rows.append(("songs", f"{sum(songs):,}", *(f"{count:,}" for count in songs)))
    out.print(table((f"class ({unit})", "all", *SIDES), rows))
    _show_left(out, "file is left out", "files are left out", found.left)
    _show_left(out, "exact copy is left out", "exact copies are left out", found.grouping.copies)
    for source in found.grouping.sources:
        sets = source.sets()
        if sets:
            files = sum(map(len, sets))
            kin = "set" if len(sets) == 1 else "sets"
            out.print(f"{source.name}: {files:,} files in {len(sets):,} {kin} of kin", markup=False)
            largest = max(sets, key=len)
            out.print(f"  the largest: {_some(largest)}", markup=False)
    for items in found.grouping.contrary()[:SHOWN]:
        pair = _some([f"{item.name} ({item.label})" for item in items])
        _warn(out, f"near-duplicates of several classes: {pair}")
    kin, test = straddling(found.grouping.group, {item.name: item.label for item in found.items})
    if kin:
        _warn(
            out,
            f"a split by file would leak: {kin:,} of {test:,} test files ({percent(kin / test)}) "
            "would have kin in training; here each song is on one side only",
        )
    for remark in (*found.remarks, *_remarks(found)):
        _warn(out, remark)


def _remarks(found: Look) -> list[str]:
    """What a reader of the numbers has to know."""
    said: list[str] = []
    if untested := found.missing("test"):
        said.append(f"too few songs to be tested on: {_some(untested)}")
    if 0 < found.songs("test") < FEW_TESTED:
        said.append(
            f"{counted(found.songs('test'), 'song', 'songs')} to test on: "
            "the figures will say little"
        )
    return said


def _show_left(out: Console, one: str, many: str, left: Sequence[Left]) -> None:
    if not left:
        return
    out.print(f"{counted(len(left), one, many)}:", markup=False)
    for file in left[:SHOWN]:
        out.print(f"  {printable(file.name)}: {printable(file.reason)}", markup=False)
    if len(left) > SHOWN:
        out.print(f"  and {len(left) - SHOWN:,} more (--json names them all)")


def _some(names: Sequence[str], most: int = 4) -> str:
    """The first few of a list and how many follow."""
    more = len(names) - most
    told = ", ".join(map(printable, names[:most]))
    return told + (f" and {more:,} more" if more > 0 else "")


def _warn(out: Console, text: str) -> None:
    out.print(f"[yellow]![/] {escape(printable(text))}")
