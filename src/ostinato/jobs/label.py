"""``ostinato label``: to which class whole pieces belong, with calibrated probabilities."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ostinato.base.errors import UserError
from ostinato.base.log import progress
from ostinato.infer.directory import bundled, model_in
from ostinato.infer.load import load_piece_model
from ostinato.infer.pieces import PieceLabels, PieceModel
from ostinato.jobs.show import console, counted, naming, percent, print_json, printable, table
from ostinato.music.corpora import CORPORA
from ostinato.music.midi import read_midi

TASKS = {
    "composer": "midiformer-composer",
    "emotion": "midiformer-emotion",
    "dance": "midiformer-dance",
}
NO_LICENCE = "unknown"


@dataclass(frozen=True)
class LabelRequest:
    """What the user asked for. ``task``: a key of ``TASKS``, or a model's or a run's directory."""

    files: tuple[Path, ...]
    task: str
    top: int = 3
    device: str = "auto"
    as_json: bool = False

    def __post_init__(self) -> None:
        if self.top < 1:
            raise UserError(f"--top: expected 1 class or more to show; got {self.top}")


@dataclass(frozen=True)
class Labelled:
    """One file's label, or in ``error`` why it has none."""

    file: str
    found: PieceLabels | None = None
    error: str = ""

    def as_json(self) -> dict[str, object]:
        """The same as plain values."""
        if self.found is None:
            return {"file": self.file, "error": self.error}
        found = self.found
        shares = dict(zip(found.names, found.probabilities.tolist(), strict=True))
        known = found.distance == found.distance
        return {
            "file": self.file,
            "label": found.label,
            "probabilities": {name: round(share, 4) for name, share in shares.items()},
            "windows": len(found.windows),
            "distance": round(found.distance, 4) if known else None,
            "out_of_domain": found.out_of_domain,
        }


def label(request: LabelRequest) -> list[Labelled]:
    """Label every file and say so; one that cannot be read is named, and the others go on.

    ``UserError`` where none of them can be read.
    """
    folder = find_head(request.task)
    files = _files(request.files)
    model = load_piece_model(folder, device=request.device)
    found: list[Labelled] = []
    with progress(len(files), "labelling") as advance:
        for path in files:
            found.append(_label_file(model, path))
            advance()
    failed = [one for one in found if one.found is None]
    alone = len(found) == 1 and bool(failed)
    if request.as_json:
        print_json(
            {
                "model": request.task,
                "licence": licence(folder),
                "classes": list(model.names),
                "files": [one.as_json() for one in found],
            }
        )
    elif not alone:
        _show(console(), request, found, licence(folder))
    if alone:
        raise UserError(failed[0].error)
    if len(failed) == len(found):
        raise UserError(f"none of the {len(found)} files could be read")
    return found


def find_head(task: str) -> Path:
    """The model directory of a task's name, of a bundled model's, of a path, or of a run of fit."""
    known = bundled()
    own = model_in(Path(task))
    if task in TASKS and own is None:
        if TASKS[task] in known:
            return known[TASKS[task]]
        raise UserError(
            f"{task}: the model {TASKS[task]} did not come with this copy of ostinato; fit one to "
            "a folder of your own (`ostinato fit DIR`) and name it: --task RUN"
        )
    if task in known:
        return known[task]
    if own is not None:
        return own
    if task == "melody":
        raise UserError("melody: notes are labelled by `ostinato melody FILE -o OUT`")
    raise UserError(
        f"--task: expected {', '.join(TASKS)}, a model directory or a run of fit; got {task!r}"
    )


def licence(folder: Path) -> str:
    """What a model's card says of the licence of the music that it learnt from.

    That is a line that begins with ``Licence:``, else the rows of the table with a column that
    begins with ``licence``.
    """
    card = folder / "README.md"
    if not card.is_file():
        return NO_LICENCE
    lines = card.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in lines:
        if line.lower().startswith("licence:"):
            return printable(line.partition(":")[2])
    return "; ".join(_rows_of_licences(lines)) or NO_LICENCE


def _rows_of_licences(lines: Sequence[str]) -> Iterator[str]:
    """``corpus: licence`` for every row of the table that tells licences."""
    column = -1
    for line in lines:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            column = -1
        elif column < 0:
            named = [number for number, cell in enumerate(cells) if cell.startswith("licence")]
            column = named[0] if named else -1
        elif column < len(cells) and not re.fullmatch(r"[-: ]*", cells[column]):
            yield printable(f"{cells[0]}: {cells[column]}")


def _files(given: Sequence[Path]) -> list[Path]:
    """The files, and of folders the MIDI files in them and below."""
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            found += [document.path for document in CORPORA["folder"].documents(path)]
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _label_file(model: PieceModel, path: Path) -> Labelled:
    try:
        score = read_midi(path)
        with naming(path):
            return Labelled(str(path), model.label_piece(score))
    except UserError as error:
        return Labelled(str(path), error=str(error))
    except OSError as error:
        return Labelled(str(path), error=f"{path}: {error.strerror}")


def _show(out: Console, request: LabelRequest, found: Sequence[Labelled], terms: str) -> None:
    """A table of what could be labelled; the rest on standard error."""
    rows: list[tuple[str, ...]] = []
    for one in found:
        if one.found is None:
            sys.stderr.write(f"{printable(one.error)}\n")
        else:
            rows.append(_row(one.file, one.found, request.top))
    if rows:
        out.print(table(("file", "class", "", "then", "windows", ""), rows, left=("class", "then")))
    if failed := len(found) - len(rows):
        counts = counted(len(found), "file", "files")
        out.print(f"{failed:,} of {counts} could not be read", markup=False)
    out.print(f"licence of what {printable(request.task)} learnt from: {terms}", markup=False)


def _row(file: str, found: PieceLabels, top: int) -> tuple[str, ...]:
    order = (-found.probabilities).argsort(kind="stable").tolist()
    first, *others = order[:top]
    then = ", ".join(f"{found.names[n]} {percent(float(found.probabilities[n]))}" for n in others)
    share = percent(float(found.probabilities[first]))
    strange = "out of domain" if found.out_of_domain else ""
    return (_end(file), found.names[first], share, then, f"{len(found.windows):,}", strange)


def _end(file: str, most: int = 40) -> str:
    """The end of a path that is too long for the table: it tells more than the beginning."""
    return file if len(file) <= most else "\N{HORIZONTAL ELLIPSIS}" + file[1 - most :]
