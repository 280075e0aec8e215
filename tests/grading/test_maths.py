"""Answers that are right in another spelling, and everything that only looks like one."""

from __future__ import annotations

import os
import re
import threading
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostinato.base.errors import UserError
from ostinato.grading import maths_library, maths_worker
from ostinato.grading.maths import check_answer

SAME = [
    ("47", "47.0"),
    ("47", "+47"),
    ("47", "$47$"),
    ("47", "x = 47"),
    ("47", "47."),
    ("47", "47 cm"),
    ("47", r"47\text{ cm}"),
    ("47", r"47\,\mathrm{cm}^2"),
    ("47", r"\(47\)"),
    ("x=47", "47"),
    ("47 cm", "47"),
    ("47 cm", "47 centimetres"),
    ("5 apples", "5"),
    ("5 apples", "5 apples"),
    (r"\$5.50", "5.5"),
    ("1234", "1,234"),
    ("1234567", "1,234,567"),
    ("1,234", "1234"),
    ("1234", "1{,}234"),
    ("1234", r"1\,234"),
    ("1234", r"1,\!234"),
    ("-7", "−7"),
    ("90", r"90^\circ"),
    ("1/2", "0.5"),
    ("0.5", r"\frac{1}{2}"),
    ("1/2", r"\frac12"),
    ("1/2", r"\dfrac{1}{2}"),
    ("2/4", "1/2"),
    ("-3/4", r"-\frac{3}{4}"),
    ("-3/4", r"\frac{-3}{4}"),
    ("7/2", r"3\frac{1}{2}"),
    ("25%", r"25\%"),
    ("25%", "0.25"),
    ("1/4", "25%"),
    (r"9\pi", "9π"),
    (r"\frac{4\pi}{3}", r"\frac{4}{3}\pi"),
    (r"\frac{4\pi}{3}", r"4\pi/3"),
    (r"\frac{3+\sqrt{5}}{2}", r"\frac{3}{2}+\frac{\sqrt5}{2}"),
    (r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt{2}}"),
    (r"\sqrt{2}-1", r"\frac{1}{1+\sqrt{2}}"),
    (r"2\sqrt{3}", r"\sqrt{12}"),
    (r"\sqrt{16}", "4"),
    ("(2, 3)", r"\left(2, 3\right)"),
    ("(2, 3)", "2, 3"),
    ("(1/2, -3)", r"(\frac{1}{2}, -3)"),
    ("(1, 234)", "(1,234)"),
    ("2, 3", "3, 2"),
    ("2, 3", "x = 2 or x = 3"),
    ("2, 3", r"2 \text{ and } 3"),
    ("2, 3", "x=3, x=2"),
    ("1/2, -1", "-1, 0.5"),
    (r"\{1, 2, 3\}", r"\{3,2,1\}"),
    ("(1, 2), (3, 4)", "(3, 4), (1, 2)"),
    (r"[1, \infty)", r"[1,\infty)"),
    ("[1, 2)", r"\left[1, 2\right)"),
    (r"\text{even}", "Even"),
    ("Tuesday", r"\text{tuesday}"),
    ("C", "C"),
    ("C", "(C)"),
    ("C", r"\text{(C)}"),
    ("1 1/2", "3/2"),
    ("3/2", "1 1/2"),
    ("-2, 2", r"\pm 2"),
    (r"\pm 2", "2, -2"),
    (r"1 \pm \sqrt{5}", r"1-\sqrt{5}, 1+\sqrt{5}"),
    ("x = 1, y = 2", "y = 2, x = 1"),
    (r"x \in [1, 2]", "[1, 2]"),
]

BY_LIBRARY = [
    ("x^2+3x+2", "(x+1)(x+2)"),
    ("x^2+3x+2", "f(x) = 2+3x+x^2"),
    ("y=2x+1", "2x+1"),
    ("2x+1", "y=2x+1"),
    ("y=2x+1", "2x-y+1=0"),
    (r"(1,2)\cup(3,4)", r"(3,4)\cup(1,2)"),
    ("x>2", "2<x"),
    ("2^{10}x", "1024x"),
    (r"\frac{x}{2}", "0.5x"),
    ("10^{-3}", "0.001"),
    ("x^{1/2}", "x^{0.5}"),
    (r"\sqrt[3]{2}", "2^{1/3}"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{bmatrix}1&2\\3&4\end{bmatrix}"),
    (r"\cos 2x", r"1-2\sin^2 x"),
]

TOWER = "9" + "^{9" * 8 + "}" * 8

DIFFERENT = [
    ("47", "12+35"),
    ("47", "47+0*x"),
    ("47", r"47\cdot 1"),
    ("47", r"\text{47}"),
    ("47", "46.9999999"),
    ("47", "47.0000001"),
    ("47", "94/2"),
    ("47", "47/1"),
    ("47", r"\frac{94}{2}"),
    ("47", r"\sqrt{2209}"),
    ("47", r"\boxed{47}"),
    ("47", "-47"),
    ("47", "--47"),
    ("47", "-(-47)"),
    ("47", "4 7"),
    ("47", r"4\,7"),
    ("47", "47%"),
    ("47", "47!"),
    ("47", "47^1"),
    ("47", "x=1 or x=47"),
    ("47", "46 or 47"),
    ("47", "47, 48"),
    ("47", "(47, 47)"),
    ("47", r"\{46, 47\}"),
    ("47", "[46, 48]"),
    ("47", r"46 \pm 1"),
    ("47", "x > 46"),
    ("47", r"\ge 47"),
    ("47", "46 < x < 48"),
    ("47", "3=47"),
    ("47", "47=47"),
    ("47", "x=y=47"),
    ("47", "47 or so"),
    ("47", "at least 47"),
    ("47", "not 47"),
    ("47", "４７"),
    ("47", "٤٧"),
    ("47", "NaN"),
    ("47", "inf"),
    ("47", r"\infty"),
    ("47", "0/0"),
    ("47", r"\frac{47}{0}"),
    ("47", "10**10**10"),
    ("47", TOWER),
    ("47", "9" + "!" * 30),
    ("47", "0x2f"),
    ("47", "4.7e1"),
    ("47", "int('47')"),
    ("47", ".".join("47")),
    ("1234", "12,34"),
    ("1234", "1,2,3,4"),
    ("1234", "1.234"),
    ("1/3", "0.333333333333"),
    ("1/2", "2/4"),
    ("1/2", "1/3, 1/2"),
    ("25%", "25"),
    ("25", "25%"),
    ("0.5", "5"),
    (r"9\pi", r"3\cdot3\pi"),
    (r"9\pi", "28.274333882"),
    (r"9\pi", r"9\pi+0"),
    (r"9\pi", r"4\pi+5\pi"),
    (r"9\pi", "9"),
    (r"9\pi", r"9\pi^2"),
    (r"2\sqrt{3}", "3.4641016151"),
    (r"2\sqrt{3}", r"\sqrt{2}\sqrt{6}"),
    (r"2\sqrt{3}", r"-2\sqrt{3}"),
    (r"\sqrt{2}-1", r"1-\sqrt{2}"),
    ("(2, 3)", "(3, 2)"),
    ("(2, 3)", "x=2, y=3"),
    ("(2, 3)", r"\{2, 3\}"),
    ("(2, 3)", "(2, 3), (3, 2)"),
    ("(2, 3)", "(2, 3, 3)"),
    ("(2, 3)", "(2, 1+2)"),
    ("2, 3", "2"),
    ("2, 3", "2, 3, 4"),
    ("2, 3", "2, 3, 3"),
    ("2, 2", "2"),
    (r"\{1, 2\}", r"\{1, 2, 2\}"),
    ("[1, 2)", "[1, 2]"),
    ("[1, 2)", "[1, 3)"),
    ("(1, 2)", "[1, 2]"),
    (r"[1, \infty)", r"[1, -\infty)"),
    ("5 cm", "5 m"),
    ("5 cm", "5 cm^2"),
    ("5 apples", "5 pears"),
    ("2xyz", "2"),
    ("1ABC", "1"),
    (r"\text{even}", "odd"),
    ("A", "B"),
    ("A", "A or B"),
    ("A", "(A), (B)"),
    ("A", "x"),
    ("3/2", "3/2 1/2"),
    ("11/2", "1 1/2"),
    ("2", r"\pm 2"),
    ("-2, 2", r"\pm 3"),
    ("x = 1, y = 2", "x = 2, y = 1"),
    ("x = 1, y = 2", "1, 2"),
    ("x = 1, y = 2", "x = 1, x = 1, y = 2"),
    ("1, 2", "x = 1, y = 2"),
    ("x+1", "{x+2}"),
    ("x^2+1", "x^2+1+10^{-30}"),
    ("x^2+1", "x^2+1.0000000001"),
    ("x^2+1", "y^2+1"),
    ("x^2+1", "x = x^2+1"),
    ("x^2+1", "x^2+1, x^2+2"),
    ("x^2+1", "x^2 or x^2+1"),
    ("x^2+1", r"x^2+1 \text{ or } x"),
    ("x^2+1", "x^2+1=x^2+1"),
    ("x^2", r"\frac{d}{dx}\frac{x^3}{3}"),
    ("x^2", r"\int 2x dx"),
    (r"\sqrt{2}x", "1.41421356237x"),
    ("x>2", "x>1"),
    ("x>2", r"x\ge 2"),
    ("x>2", "x<2"),
    ("x>2", "3"),
    ("x=2", "x^2=4"),
    ("x^2=4", "x=2"),
    (r"\sin 20", r"\sin 20^\circ"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&3\\2&4\end{pmatrix}"),
    ("ab", "a"),
    ("x+1", "__import__('os')"),
]

HARD = [
    "(" * 25_000 + "1" + ")" * 25_000,
    "{" * 900,
    "9" * 900,
    "1" * 5_000,
    "1" * 1_000 + "." + "1" * 1_000,
    r"\frac" * 150,
    r"\frac{1}{" * 80 + "1" + "}" * 80,
    r"\sqrt{" * 150,
    r"\sqrt{99999989}" * 60,
    r"(1+\sqrt2)" * 80,
    r"\pi^9" * 100,
    "," * 900,
    "1," * 450 + "1",
    "x=" * 400 + "1",
    TOWER,
    "x^{" + TOWER + "}",
    r"(x+1)^{999}(x+2)^{999}",
    "\x00",
    "\ud800",
    "$",
    "$$",
    "\\",
    "%",
    "}{",
    r"\left(",
    "-",
    "=",
    "|" * 300,
    "\n".join("12345"),
    "🙂",
]


@pytest.fixture(scope="module", autouse=True)
def _no_worker_left() -> object:
    yield
    maths_worker.stop()


@pytest.mark.parametrize(("right", "given"), SAME)
def test_another_spelling_is_right(right: str, given: str) -> None:
    grade = check_answer(given, right)
    assert grade.correct, grade.reason


@pytest.mark.parametrize(("right", "given"), BY_LIBRARY)
def test_computer_algebra_decides(right: str, given: str) -> None:
    pytest.importorskip("math_verify")
    grade = check_answer(given, right, seconds=20)
    assert grade.correct, grade.reason


@pytest.mark.parametrize(("right", "given"), DIFFERENT)
def test_what_only_looks_right_is_wrong(right: str, given: str) -> None:
    grade = check_answer(given, right, seconds=20)
    assert grade.score == 0
    assert grade.well_formed
    assert grade.reason


@pytest.mark.parametrize("right", ["47", r"2\pi", "(1, 2)", "1, 2", "x+1", r"\text{even}"])
def test_nothing_hangs_or_raises(right: str) -> None:
    pytest.importorskip("math_verify")
    for text in HARD:
        start = time.monotonic()
        assert not check_answer(text, right, seconds=0.5).correct
        # two seconds to start the worker again after it was killed, on a busy machine
        assert time.monotonic() - start < 10, text[:40]
    assert check_answer("1+x", "x+1", seconds=20).correct, "the worker is there again"


def test_an_empty_answer_has_no_form() -> None:
    assert not check_answer("  ", "47").well_formed


@given(st.fractions(max_denominator=10**6), st.fractions(max_denominator=10**6))
def test_fractions_are_exact(one: Fraction, two: Fraction) -> None:
    assert check_answer(str(one), str(two)).correct == (one == two)
    sign = "-" if one < 0 else ""
    latex = rf"{sign}\frac{{{abs(one.numerator)}}}{{{one.denominator}}}"
    assert check_answer(latex, str(one)).correct == (one.denominator > 1)


@given(st.integers(min_value=-(10**15), max_value=10**15), st.integers(0, 6))
def test_decimals_and_separators(number: int, places: int) -> None:
    value = Fraction(number, 10**places)
    digits = str(abs(number)).rjust(places + 1, "0")
    whole, rest = digits[: len(digits) - places], digits[len(digits) - places :]
    sign = "-" if number < 0 else ""
    written = f"{sign}{int(whole):,}" + (f".{rest}" if rest else "")
    assert check_answer(written, str(value)).correct
    assert not check_answer(written + "1" if rest else written + ".1", str(value)).correct


@settings(max_examples=200)
@given(st.text(alphabet="0123456789+-*/^=<>(){}[],.;%$ \\xyfracsqtpi!|&_", max_size=60))
def test_any_text_gets_a_grade(text: str) -> None:
    for right in ("47", r"\sqrt{2}", "(1, 2)", "[1, 2)"):
        assert check_answer(text, right).score in (0, 1)


def test_threads_share_one_worker() -> None:
    pytest.importorskip("math_verify")
    grades: list[bool] = []

    def ask(k: int) -> None:
        grades.append(check_answer(f"{k}+x", f"x+{k}", seconds=20).correct)
        grades.append(not check_answer(f"{k}+x", f"x+{k + 1}", seconds=20).correct)

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert grades == [True] * 8


def test_the_worker_is_bounded_and_comes_back() -> None:
    pytest.importorskip("math_verify")
    worker = maths_worker.Worker()
    try:
        assert worker.decide("1+x", "x+1", 20) == "equal"
        process = worker._process  # pyright: ignore[reportPrivateUsage]
        assert process is not None
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert re.search(rf"Max address space +{maths_library.MEMORY_BYTES} ", limits)
        process.kill()
        process.wait()
        assert worker.decide("1+x", "x+1", 20) == "equal"
    finally:
        worker.stop()


def test_a_forked_child_has_a_worker_of_its_own() -> None:
    pytest.importorskip("math_verify")
    assert check_answer("1+x", "x+1", seconds=20).correct
    parents = maths_worker._shared.worker  # pyright: ignore[reportPrivateUsage]
    child = os.fork()
    if child == 0:
        own = maths_worker._shared.worker  # pyright: ignore[reportPrivateUsage]
        os._exit(0 if own is not parents else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maths_worker, "find_spec", lambda name: None)
    assert check_answer("1/2", "0.5").correct
    assert check_answer("(x+1)", "(x+1)").correct
    with pytest.raises(UserError, match=r"ostinato\[reasoning\]"):
        check_answer("1+x", "x+1")
