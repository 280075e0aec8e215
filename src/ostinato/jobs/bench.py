"""``ostinato bench NAME``: the measurements behind the speed claims, on the user's machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ostinato.base.device import machine
from ostinato.base.errors import UserError
from ostinato.data.vocabulary import load_vocabulary
from ostinato.examples import example_path
from ostinato.infer.directory import MELODY, find_model, words_of
from ostinato.jobs import bench_env, bench_label, bench_m1, bench_m1_length
from ostinato.jobs.bench_music import Report, measure
from ostinato.jobs.show import console, naming, print_json, printable, table
from ostinato.music.compound_words import encode
from ostinato.music.midi import read_bytes, read_midi

NAMES = ("music", "label", "m1-cpu", "m1-length", "env")
REPEATS = 100  # of the bundled example, where no folder is given
MIDI = {".mid", ".midi"}


def bench(
    name: str,
    data: Path | None,
    as_json: bool,
    *,
    lengths: str | None = None,
    threads: str | None = None,
) -> None:
    """Measure and print.

    ``data`` is music's folder of MIDI files, else the bundled example is used. Of the models'
    benchmarks ``lengths`` are tokens of prompts, of label notes, and of m1-cpu ``threads`` counts
    of threads, all with commas between them.
    """
    if name not in NAMES:
        raise UserError(f"there is no benchmark {name!r}; there is {', '.join(NAMES)}")
    given = {"--data": data, "--lengths": lengths, "--threads": threads}
    taken = {
        "music": ("--data",),
        "label": ("--lengths",),
        "m1-cpu": ("--lengths", "--threads"),
        "m1-length": ("--lengths",),
        "env": (),
    }
    for option, value in given.items():
        if value is not None and option not in taken[name]:
            raise UserError(f"{name} takes no {option}: leave it out")
    if name == "music":
        _music(data, as_json)
    elif name == "label":
        sizes = bench_label.LENGTHS if lengths is None else _numbers("--lengths", lengths)
        labelling = bench_label.measure_labelling(sizes)
        if as_json:
            print_json({"machine": machine(), **asdict(labelling)})
        else:
            bench_label.show_labelling(labelling, machine())
    elif name == "m1-cpu":
        sizes = bench_m1.LENGTHS if lengths is None else _numbers("--lengths", lengths)
        counts = None if threads is None else _numbers("--threads", threads)
        report = bench_m1.measure(sizes, counts)
        if as_json:
            print_json({"machine": machine(), **asdict(report)})
        else:
            bench_m1.show(report, machine())
    elif name == "env":
        environments = bench_env.measure_environments()
        if as_json:
            print_json({"machine": machine(), **asdict(environments)})
        else:
            bench_env.show_environments(environments, machine())
    else:
        sizes = None if lengths is None else _numbers("--lengths", lengths)
        by_length = bench_m1_length.measure_length(sizes)
        if as_json:
            print_json({"machine": machine(), **asdict(by_length)})
        else:
            bench_m1_length.show_length(by_length, machine())


def _numbers(option: str, text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise UserError(f"{option} {text!r}: expected whole numbers from 1 on, such as 1024,4096")
    return tuple(sorted({int(part) for part in parts}))


def _music(data: Path | None, as_json: bool) -> None:
    files = _files(data)
    source = f"{data}" if data else f"the bundled example, {REPEATS} times (--data takes a folder)"
    report = measure(files, load_vocabulary(words_of(find_model(MELODY))).compoundation)
    if as_json:
        print_json({"data": source, "machine": machine(), **asdict(report)})
    else:
        _show(report, source, sum(map(len, files)))


def _files(data: Path | None) -> list[bytes]:
    if data is None:
        return [example_path().read_bytes()] * REPEATS
    if not data.is_dir():
        raise UserError(f"{data}: expected a folder of MIDI files")
    paths = sorted(path for path in data.rglob("*") if path.suffix.lower() in MIDI)
    if not paths:
        raise UserError(f"{data}: no .mid or .midi file in this folder or below")
    return [_checked(path) for path in paths]


def _checked(path: Path) -> bytes:
    """A file that can be measured; the measurement has no names for its complaints."""
    data = read_bytes(path)
    score = read_midi(data, name=path)
    with naming(path):
        encode(score)
    return data


def _show(report: Report, source: str, size: int) -> None:
    out = console()
    out.print(f"bytes in memory, one core, CPU time, best of 3; {machine()}")
    out.print(f"{printable(source)}: {size:,} bytes", markup=False)
    rows = [
        (
            rate.name,
            f"{rate.files:,}",
            f"{rate.files / rate.seconds:,.1f}",
            f"{rate.notes / rate.seconds:,.0f}",
            f"{rate.ratio:.1f} x",
        )
        for rate in report.rates
    ]
    out.print(table(("", "files", "files/s", "notes/s", "time of cp4"), rows))
    for name in report.missing:
        out.print(f"{name} is not installed: pip install {name} to measure it beside")
