"""What a user's folder offers to learn from: files with a class each, by sub-folder or by CSV."""

from __future__ import annotations

import csv
import io
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.jobs.show import counted, printable
from ostinato.music.corpora import CORPORA
from ostinato.music.corpora.types import SUFFIXES


@dataclass(frozen=True)
class Item:
    """One file. ``name`` is its path below the folder, as it is shown to the user."""

    name: str
    path: Path
    label: str = ""  # the class; none where notes are labelled
    group: str = ""  # what must stay together, by the CSV; none: not said


@dataclass(frozen=True)
class Left:
    """A file that is not learnt from, and one sentence why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Found:
    """What is in the folder, in the order of names."""

    items: tuple[Item, ...]
    left: tuple[Left, ...] = ()
    remarks: tuple[str, ...] = ()


def find_items(folder: Path, labels: Path | None, *, of_notes: bool) -> Found:
    """The files to learn from.

    With ``labels`` a CSV names them; else the first folder below ``folder`` is a file's class.
    Where notes are labelled (``of_notes``) files have no class, and any file of ``folder`` counts.
    """
    if labels is not None:
        return _from_csv(folder, labels, of_notes=of_notes)
    paths = _midi_files(folder)
    if of_notes:
        return Found(tuple(Item(_name(path, folder), path) for path in paths))
    items: list[Item] = []
    left: list[Left] = []
    for path in paths:
        name, parts = _name(path, folder), path.relative_to(folder).parts
        if len(parts) > 1:
            items.append(Item(name, path, printable(parts[0])))
        else:
            left.append(Left(name, "lies in no class's sub-folder"))
    if not items:
        raise UserError(
            f"{folder}: expected a sub-folder to each class, and its "
            f"{counted(len(paths), 'MIDI file lies', 'MIDI files lie')} in none: sort them into "
            "sub-folders, or name their classes in a CSV (--labels), or label notes (--notes)"
        )
    _check_apart(path.relative_to(folder).parts[0] for path in (item.path for item in items))
    return Found(tuple(items), tuple(left))


def _midi_files(folder: Path) -> list[Path]:
    """All of them, sorted; a ``UserError`` where there are none."""
    if not folder.is_dir():
        what = "this is a file" if folder.exists() else "there is no such folder"
        raise UserError(f"{folder}: expected a folder of MIDI files; {what}")
    return sorted(document.path for document in CORPORA["folder"].documents(folder))


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _check_apart(names: Iterator[str]) -> None:
    """Folders whose names look the same once they are printable would be one class."""
    seen: dict[str, str] = {}
    for name in names:
        if seen.setdefault(printable(name), name) != name:
            raise UserError(f"two folders are both shown as {printable(name)!r}: rename one")


def _from_csv(folder: Path, labels: Path, *, of_notes: bool) -> Found:
    present = {_name(path, folder): path for path in _midi_files(folder)}
    short: defaultdict[str, list[str]] = defaultdict(list)
    for name, path in present.items():
        short[name.removesuffix(path.suffix)].append(name)
    items: dict[Path, Item] = {}
    left: list[Left] = []
    contrary: set[Path] = set()
    for written, label, group in _rows(labels, of_notes=of_notes):
        name = written if written in present or written in short else _tidy(written, folder)
        meant = [name] if name in present else short.get(name, [name])
        if len(meant) > 1:
            left.append(Left(name, f"may be {' or '.join(meant)}: the CSV has to say which"))
            continue
        path = present.get(meant[0]) or _elsewhere(folder, name)
        if path is None:
            left.append(Left(name, "is named in the CSV, and there is no such MIDI file"))
            continue
        if not (label or of_notes):
            left.append(Left(name, "has no label in the CSV"))
            continue
        item = Item(name, path, label, group)
        if items.setdefault(path, item).label != label:
            contrary.add(path)
    left += [Left(items.pop(path).name, "has two labels in the CSV") for path in sorted(contrary)]
    unnamed = len(set(present.values()) - set(items) - contrary)
    remark = f"{counted(unnamed, 'MIDI file is', 'MIDI files are')} not named in {labels}"
    if not items:
        raise UserError(
            f"{labels}: expected the names of MIDI files below {folder} and their labels; "
            + (f"the first, {left[0].name}, {left[0].reason}" if left else "it names none")
        )
    ordered = sorted(items.values(), key=lambda item: item.name)
    return Found(tuple(ordered), tuple(left), (remark,) if unnamed else ())


def _tidy(name: str, folder: Path) -> str:
    """A name as spreadsheets and Windows write it, or by a path of its own, as a path below the
    folder, if it leads there.
    """
    name = name.strip().replace("\\", "/").removeprefix("./")
    if not name:
        return name
    for real in (os.path.abspath, os.path.realpath):
        with suppress(ValueError):  # it leads elsewhere, or holds a zero
            return Path(real(folder / name)).relative_to(real(folder)).as_posix()
    return name


def _elsewhere(folder: Path, name: str) -> Path | None:
    """A file that the CSV names by a path that does not lead into the folder."""
    path = folder / name
    try:
        return path if path.suffix.lower() in SUFFIXES and path.is_file() else None
    except (OSError, ValueError):  # a name that is too long, or holds a zero
        return None


def _rows(labels: Path, *, of_notes: bool) -> Iterator[tuple[str, str, str]]:
    """(file, label, group) of every line; the last two may be empty."""
    try:
        text = labels.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(f"{labels}: expected a CSV file with the columns file,label") from None
    except UnicodeDecodeError:
        raise UserError(f"{labels}: expected a CSV file in UTF-8; save it anew as that") from None
    first, _, _ = text.partition("\n")
    if ";" in first and "," not in first:
        raise UserError(
            f"{labels}: expected commas between the columns; its first line has semicolons: save "
            "it anew with commas"
        )
    needed = ("file",) if of_notes else ("file", "label")
    lines = csv.DictReader(io.StringIO(text, newline=""), restval="", strict=True)
    try:
        columns = [name.strip().lower() for name in lines.fieldnames or ()]
        lines.fieldnames = columns
        if any(name not in columns for name in needed):
            raise UserError(
                f"{labels}: expected the columns {', '.join(needed)} and maybe group in its first "
                f"line; got {', '.join(columns) or 'nothing'}"
            )
        for line in lines:
            name = line["file"].removeprefix("./")
            yield name, printable(line.get("label", "")), line.get("group", "").strip()
    except csv.Error as error:
        raise UserError(f"{labels}: line {lines.line_num} is no CSV ({error})") from error
