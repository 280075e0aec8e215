"""Text to be pre-trained on: true, varied, and the same wherever it is made."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import pytest
from written_sums import check_sums

from ostinato.chat.parse import parse
from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.software.repair import HELD_OUT
from ostinato.rl.envs.software.table import names, read_files
from ostinato.rl.traces import text
from ostinato.rl.traces.text import KINDS, LONGEST, SHORTEST, document, documents
from ostinato.rl.traces.text.loops import CONDITIONS, GROWTHS, UPDATES, Loop, arguments, loop
from ostinato.rl.traces.text.statements import FIRST_SEED, SOURCES, Statements


def lines(pattern: str, text: str) -> list[Any]:
    """All matches, where ^ and $ are the ends of lines."""
    return re.findall(pattern, text, re.MULTILINE)


def drawn(kind: str, count: int) -> list[str]:
    return [document(KINDS[kind][1], Random(f"{kind} {number}")) for number in range(count)]


def test_a_document_depends_on_its_seed_and_number_alone() -> None:
    ten = list(documents(0, 0, 10))
    assert list(documents(0, 5, 1)) == ten[5:6]
    assert list(documents(0, 3, 4)) == ten[3:7]
    assert list(documents(1, 0, 10)) != ten
    assert len(ten) == 10 and not list(documents(0, 7, 0))


def test_no_two_documents_are_the_same_and_all_have_the_length() -> None:
    every = list(documents(0, 0, 2000))
    assert len(set(every)) == len(every)
    assert all(SHORTEST <= len(one) <= LONGEST for one in every)
    assert {letter for one in every for letter in one if not letter.isascii()} <= {*"←↑→↓"}


def test_every_kind_comes_as_often_as_its_weight_says(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    for name, (weight, _) in KINDS.items():
        monkeypatch.setitem(
            KINDS, name, (weight, lambda _, name=name: made.append(name) or "x" * 3000)
        )
    list(documents(0, 0, 4000, without=SOURCES[1:]))
    total = text.STATEMENTS + sum(weight for weight, _ in KINDS.values())
    for name, (weight, _) in KINDS.items():
        assert made.count(name) == pytest.approx(4000 * weight / total, rel=0.35)


@pytest.mark.parametrize("kind", ["working", "facts"])
def test_every_sum_is_true(kind: str) -> None:
    for one in drawn(kind, 150):
        assert check_sums(one) >= 4


def test_comparisons_are_true() -> None:
    for one in drawn("comparison", 100):
        for line in one.splitlines():
            head, _, result = line.rpartition(": ")
            left, sign, right = re.fullmatch(r"(\d+)([<=>])(\d+)", result).groups()  # type: ignore[union-attr]
            assert head.startswith(f"{left} or {right}:")
            assert _true(int(left), sign, int(right))
            for a, by, b in re.findall(r"(\d+)([<=>])(\d+)", head.partition(": ")[2]):
                assert _true(int(a), by, int(b))


def _true(left: int, sign: str, right: int) -> bool:
    return {"<": left < right, "=": left == right, ">": left > right}[sign]


def test_sorted_rows_are_sorted() -> None:
    for one in drawn("sorting", 50):
        before, after = (
            lines(r"^sort (.*)$", one),
            lines(r"^sorted (.*)$", one),
        )
        assert len(before) == len(after) > 0
        for left, right in zip(before, after, strict=True):
            assert sorted(map(int, left.split())) == [*map(int, right.split())]


def test_counts_are_right() -> None:
    for one in drawn("counting", 50):
        rows = one.splitlines()
        for asked, counted in zip(rows[::2], rows[1::2], strict=True):
            wanted, _, row = asked.removeprefix("how many ").partition(" in ")
            assert int(counted.rpartition(": ")[2]) == row.split().count(wanted)


def test_brackets_are_closed_by_what_is_said() -> None:
    for one in drawn("brackets", 50):
        opened = lines(r"^brackets (.*)$", one)
        closed = lines(r"^to close: (.*)$", one)
        for before, after in zip(opened, closed, strict=True):
            row = (before + after.replace("nothing", "")).replace(" ", "")
            while (less := re.sub(r"\(\)|\[\]|\{\}|<>", "", row)) != row:
                row = less
            assert not row


def test_look_ups_and_chains_say_what_stands_above() -> None:
    for one in drawn("look-up", 50):
        for table in one.split("\n\n"):
            known = dict(lines(r"^(\w+): (\w+)$", table))
            for key, value in lines(r"^(\w+)\? (.+)$", table):
                assert value == known.get(key, "not there")
    for one in drawn("chain", 50):
        rows = one.splitlines()
        for mixed, way in zip(rows[::2], rows[1::2], strict=True):
            steps = dict(step.split(" > ") for step in mixed.split(", "))
            at, end = way.split(":")[0].removeprefix("from "), way.rpartition(": ")[2]
            while at in steps:
                at = steps[at]
            assert at == end


def test_truth_values_are_those_of_python() -> None:
    for one in drawn("truth", 60):
        for given, expression in re.findall(r"^((?:\w is \w+(?:, )?)+): (.*)$", one, re.MULTILINE):
            values = {name: value == "true" for name, value in re.findall(r"(\w) is (\w+)", given)}
            code = compile(expression, "truth", "eval")
            result = "true" if eval(code, {}, values) else "false"  # noqa: S307
            assert f"\n{expression} is {result}" in one


def test_what_a_cell_can_be_is_what_is_left() -> None:
    seen = 0
    for one in drawn("latin", 60):
        for piece in one.split("\n\n"):
            *rows, _, last = piece.strip().splitlines()
            grid = [row.split() for row in rows]
            numbers = re.fullmatch(r"row (\d) column (\d) can be (.*)", last)
            assert numbers
            row, column = int(numbers[1]) - 1, int(numbers[2]) - 1
            assert grid[row][column] == "_"
            taken = {*grid[row], *(line[column] for line in grid)}
            every = [str(number) for number in range(1, len(grid) + 1)]
            assert numbers[3].split() == [number for number in every if number not in taken]
            seen += 1
    assert seen > 60


def test_cells_are_read_from_their_grid() -> None:
    for one in drawn("cells", 40):
        for piece in one.split("\n\n"):
            rows = piece.strip().splitlines()
            grid = [line.split() for line in rows if ":" not in line]
            for row, column, value in lines(r"^row (\d) column (\d): (.)$", piece):
                assert grid[int(row) - 1][int(column) - 1] == value
            for row, column, up in lines(r"^around row (\d) column (\d): up (\w+|.),", piece):
                above = grid[int(row) - 2][int(column) - 1] if row != "1" else "edge"
                assert up == above


def test_programs_give_what_is_said() -> None:
    calls = 0
    for one in drawn("program", 120):
        names: dict[str, object] = {}
        rows = one.splitlines()
        at = 0
        while at < len(rows):
            if rows[at].startswith("def "):
                end = rows.index("", at)
                exec("\n".join(rows[at:end]), names)  # noqa: S102
                at = end
            elif re.match(r"\w+_[a-h]\(", rows[at]):
                call, _, value = rows[at].partition(") = ")
                if not value:
                    value = next(line for line in rows[at:] if line.startswith("= "))[2:]
                    call = call.removesuffix(")")
                assert repr(eval(call + ")", names)) == value, one  # noqa: S307
                calls += 1
            at += 1
    assert calls > 200


def test_loops_mean_what_their_text_does() -> None:
    words = {"xs": "xs", "x": "x", "k": "k", "t": "t"}
    for condition in CONDITIONS:
        for update in (*UPDATES, *GROWTHS):
            function = Loop("f", condition, update, 2, words)
            names: dict[str, object] = {}
            exec("\n".join(function.lines), names)  # noqa: S102
            for seed in range(3):
                xs, k = arguments(Random(seed))
                assert eval(f"f({xs}, {k})", names) == function.run(xs, k)[0]  # noqa: S307


def test_a_broken_loop_differs_in_the_line_that_is_named() -> None:
    for seed in range(300):
        whole = loop(Random(seed))
        broken, line, kind = whole.broken(Random(seed))
        pairs = zip(whole.lines, broken.lines, strict=True)
        assert [n for n, (one, other) in enumerate(pairs) if one != other] == [line] and kind


def test_repairs_show_two_different_values_and_end_in_the_right_line() -> None:
    for one in drawn("repair", 60):
        for wanted, got in lines(r"^Wanted (.*)\nGot (.*)$", one):
            assert wanted != got
        for number, wrong, right in lines(r"^(\d+) (.*)\n.*\. Right:\n(.*)$", one):
            assert wrong != right and re.search(
                rf"^{number}\t *{re.escape(wrong)}$", one, re.MULTILINE
            )


def test_mutants_end_in_what_the_module_was_and_none_is_held_out() -> None:
    every = {
        name: {
            line.strip() for path, text in read_files(name).items() for line in text.splitlines()
        }
        for name in names()
    }
    known = set[str]().union(*(every[name] for name in every if name not in HELD_OUT))
    held_out = set[str]().union(*(every[name] for name in HELD_OUT)) - known
    for one in drawn("mutant", 80):
        for right in lines(r"Right:\n(.+)$", one):
            assert right.strip() in known
        for number, wrong in lines(r"^(\d+) (.*)\n.*\. Right:$", one):
            assert lines(rf"^{number}\t *{re.escape(wrong)}$", one)
        assert not set(lines(r"^\d+\t *(\S.{8,})$", one)) & held_out


def test_dialogues_hold_calls_that_can_be_read() -> None:
    for one in drawn("dialogue", 60):
        for part in re.split(r"^(?=user name=user$)", one, flags=re.MULTILINE)[1:]:
            for turn in re.split(r"^ai name=assistant\n", part, flags=re.MULTILINE)[1:]:
                said = parse(turn.partition("\ntool name=tools")[0])
                assert said.thinking and not said.bad_lines and (said.tool_calls or said.content)
        for row in lines(r"^tool result: ([\[{].*)$", one):
            json.loads(row)


def test_statements_are_answered_rightly_and_leave_out_what_is_held_out() -> None:
    for name in SOURCES:
        only = Statements([other for other in SOURCES if other != name])
        assert find(name).task(1, FIRST_SEED).answer is not None
        assert re.search(r"<answer>.+</answer>|\\boxed", only(Random(1)), re.DOTALL), name
    held_out = [name for name in SOURCES if name.startswith("logic")]
    for number in range(100):
        assert "Write your answer once" in Statements(held_out)(Random(number))
        assert "board" not in Statements(held_out)(Random(number))
