"""``ostinato report``: a run's directory as one page, or in plain values."""

from __future__ import annotations

from pathlib import Path

from ostinato.base.files import write_text
from ostinato.jobs.report_page import page
from ostinato.jobs.report_run import read_run
from ostinato.jobs.report_summary import summary
from ostinato.jobs.show import console, print_json

PAGE = "report.html"


def report(run: Path, output: Path | None, as_json: bool) -> None:
    """Write the page, into the run's directory where no other place is named.

    It may be asked for while the run goes on, and needs no network and no scripts to be read.
    """
    read = read_run(run)
    path = output or run / PAGE
    write_text(path, page(read))
    if as_json:
        print_json({**summary(read), "page": str(path)})
    else:
        console().print(f"{path}: {read.step:,} steps", markup=False)
