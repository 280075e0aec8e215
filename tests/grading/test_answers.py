"""Where the answer stands: one, several, nested, never closed, escaped."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostinato.grading.answers import AnswerForm

TAGGED = [
    ("<answer>47</answer>", "47"),
    ("so <answer>\n 47 \n</answer> it is", "47"),
    ("<answer>a < b</answer>", "a < b"),
    ("<answer><b>47</b></answer>", "<b>47</b>"),
    ("<answer></answer>", None),
    ("<answer>  </answer>", None),
    ("47", None),
    ("", None),
    ("<answer>47", None),
    ("47</answer>", None),
    ("</answer>47<answer>", None),
    ("<answer>1</answer><answer>2</answer>", None),
    ("<answer>1</answer><answer>1</answer>", None),
    ("<answer>1</answer><answer>", None),
    ("<answer><answer>47</answer></answer>", None),
    ("<answer>1<answer>2</answer>", None),
    ("<ANSWER>47</ANSWER>", None),
    ("<answer >47</answer >", None),
]

BOXED = [
    (r"\boxed{47}", "47"),
    (r"so $\boxed{ \frac{1}{2} }$.", r"\frac{1}{2}"),
    (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
    (r"\boxed{\}}", r"\}"),
    (r"\boxed{[1, 2)}", "[1, 2)"),
    (r"\boxed{\text{a}\\{b}}", r"\text{a}\\{b}"),
    (r"\boxed{}", None),
    (r"\boxed{ }", None),
    (r"\boxed{{}}", "{}"),
    ("47", None),
    (r"\boxed 47", None),
    (r"\boxed{47", None),
    (r"\boxed{\frac{1}{2}", None),
    (r"\boxed{47\}", None),
    (r"\boxed{1} \boxed{2}", None),
    (r"\boxed{1} and \boxed{1}", None),
    (r"\boxed{1} \boxed{2", None),
    (r"\boxed{1\\", None),
]


@pytest.mark.parametrize(("reply", "answer"), TAGGED)
def test_between_tags(reply: str, answer: str | None) -> None:
    assert AnswerForm.TAG.read(reply) == answer


@pytest.mark.parametrize(("reply", "answer"), BOXED)
def test_in_a_box(reply: str, answer: str | None) -> None:
    assert AnswerForm.BOXED.read(reply) == answer


def test_a_box_in_a_box_is_the_outer_one() -> None:
    # what the checkers make of a box inside is their affair
    assert AnswerForm.BOXED.read(r"\boxed{\boxed{47}}") == r"\boxed{47}"


@pytest.mark.parametrize(("reply", "answer"), [(" 47\n", "47"), ("", None), (" \n", None)])
def test_plain(reply: str, answer: str | None) -> None:
    assert AnswerForm.PLAIN.read(reply) == answer


def test_long_replies_are_read_in_little_time() -> None:
    many = r"\boxed{" * 50_000
    assert AnswerForm.BOXED.read(many) is None
    assert AnswerForm.BOXED.read(r"\boxed{" + "{" * 200_000 + "}" * 200_001) is not None
    assert AnswerForm.TAG.read("<answer>" * 50_000) is None


@pytest.mark.parametrize("form", AnswerForm)
@settings(max_examples=30)
@given(answer=st.text(alphabet="0123456789/,() xyz", min_size=1))
def test_what_is_marked_is_read(form: AnswerForm, answer: str) -> None:
    assert form.read(form.mark(answer)) == (answer.strip() or None)


@pytest.mark.parametrize("form", AnswerForm)
@settings(max_examples=30)
@given(reply=st.text(alphabet="\\boxed{}<answer/> 1", max_size=60))
def test_any_reply_is_read_or_refused(form: AnswerForm, reply: str) -> None:
    answer = form.read(reply)
    assert answer is None or (answer in reply and answer == answer.strip())


@pytest.mark.parametrize("form", AnswerForm)
def test_the_instruction_shows_the_mark(form: AnswerForm) -> None:
    shown = {AnswerForm.TAG: "<answer>", AnswerForm.BOXED: r"\boxed{}", AnswerForm.PLAIN: "alone"}
    assert shown[form] in form.instruction
