"""The live view: a panel on a terminal, seldom a line elsewhere."""

import io
import math
import sys

import pytest
from rich.console import Console

from ostinato.jobs.rl_view import sparkline, view
from toy_rl_run import rows

HOSTILE = "logic/[red]x[/red]\x1b[2J"


def terminal(height: int = 50, width: int = 100) -> Console:
    # The environment is not the machine's: TERM=dumb or NO_COLOR there would change the screen.
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        width=width,
        height=height,
        _environ={"TERM": "xterm"},
    )


def screen(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


class Clock:
    """A time that passes when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_panel_shows_the_last_row_and_the_last_three_events() -> None:
    console = terminal()
    made = rows(60)
    with view(400, console=console) as show:
        for row in made[:-1]:
            show(row, [f"event of step {row['step']}"])
        before = len(screen(console))
        show(made[-1], ["the window is 1,024 now"])
        last = screen(console)[before:]
    assert "step 60 of 400" in last
    for word in ("reward", "truncated", "entropy", "correlation", "tokens/s", "of 4,096"):
        assert word in last
    assert all(name in last for name in ("logic/minesweeper", "judged/summary", "level 2"))
    assert "the window is 1,024 now" in last
    assert "event of step 58" in last and "event of step 57" not in last
    assert "about 1 h 22 min to go" in last  # 340 steps of 14.5 s


def test_a_low_terminal_counts_the_environments_that_it_cannot_show() -> None:
    console = terminal(height=18)
    with view(10, console=console) as show:
        show(rows(1)[0])
    assert "and 6 more" in screen(console)
    assert "judged/summary" not in screen(console)


def test_an_environment_that_a_batch_left_out_keeps_its_last_accuracy() -> None:
    console = terminal()
    with view(10, console=console) as show:
        show({"step": 1, "accuracy/a": 0.25, "accuracy/b": 0.5})
        before = len(screen(console))
        show({"step": 2, "accuracy/b": 0.75})
        last = screen(console)[before:]
    assert "25.0 %" in last and "75.0 %" in last


def test_hostile_names_and_missing_numbers_are_shown_as_text() -> None:
    console = terminal()
    row = {"step": 1, "reward": math.nan, "entropy": None, f"accuracy/{HOSTILE}": 0.5}
    with view(10, console=console) as show:
        show(row, ["[bold]\x1b[31mnot bold"])  # pyright: ignore[reportArgumentType]
    assert "[red]x[/red]" in screen(console)
    assert "[bold]" in screen(console)
    assert "\x1b[31m" not in screen(console)
    assert "\x1b[2J" not in screen(console)


def test_off_a_terminal_lines_come_every_ten_seconds_and_at_both_ends() -> None:
    console, clock = Console(file=io.StringIO(), force_terminal=False, width=40), Clock()
    with view(100, console=console, clock=clock) as show:
        for row in rows(8):
            show(row, ["a warning"] if row["step"] == 3 else [])
            clock.now += 4
    lines = screen(console).splitlines()
    assert [line.split(",")[0] for line in lines] == [f"step {n} of 100" for n in (1, 4, 7, 8)]
    assert lines[1].endswith("; a warning")  # told late, not lost
    assert sum("warning" in line for line in lines) == 1
    assert "\x1b" not in screen(console)


def test_the_last_row_is_told_once_even_when_the_run_dies() -> None:
    console, clock = Console(file=io.StringIO(), force_terminal=False), Clock()

    def dying() -> None:
        with view(3, console=console, clock=clock) as show:
            for row in rows(2):
                show(row)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dying()
    assert len(screen(console).splitlines()) == 2
    again = Console(file=io.StringIO(), force_terminal=False)
    with view(3, console=again, clock=clock) as show:
        for row in rows(3):
            show(row)
    assert screen(again).count("step 3 of 3") == 1


def test_standard_error_is_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    assert not sys.stderr.isatty()
    with view(2) as show:
        show(rows(1)[0])
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("step 1 of 2, reward ")
    with view(2, quiet=True) as show:
        show(rows(1)[0], ["a warning"])
    told = capsys.readouterr()
    assert told.out == "" and told.err == ""


def test_a_sparkline_has_a_letter_for_every_number_and_a_blank_for_none() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, math.nan, 2]) == "▁ █"
    assert sparkline([3, 3]) == "▅▅"
    assert sparkline([0.0, 0.5, 1.5], (0, 1)) == "▁▅█"
    assert sparkline([math.nan]) == " " and sparkline([]) == ""
