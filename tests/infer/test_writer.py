"""One answer, token by token: stop texts, half characters, thinking budgets, the end."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.base.errors import UserError
from ostinato.chat.parse import parse
from ostinato.infer.requests import Confidence, Finish, Request
from ostinato.infer.writer import CLOSING, Writer
from tiny_language import byte_tokenizer, bytes_writer, feed, tiny_tokenizer, write

CLOSING_BYTES = len(CLOSING)


class Pieces:
    """A tokenizer's stand-in whose tokens are given pieces of a text."""

    bos, eos, document_end = 1, 2, 3

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def encode(self, text: str) -> list[int]:
        raise AssertionError(text)

    def decode(self, ids: list[int]) -> str:
        return ""

    def bytes_of(self, token: int, *, special: bool = False) -> bytes:
        return self._pieces[token - 10]


def write_pieces(pieces: list[bytes], stop: tuple[str, ...]) -> tuple[str, str, Finish]:
    """Text of the whole, text of the deltas, and the end, where each piece is one token."""
    tokenizer = Pieces(pieces)
    tokenizer.encode = lambda text: []  # no budget: nothing will be forced
    writer = Writer(Request(prompt=(0,), stop=stop, max_tokens=len(pieces)), tokenizer, room=99)  # pyright: ignore[reportArgumentType]
    deltas = feed(writer, range(10, 10 + len(pieces)))
    found = writer.completion()
    return found.text, "".join(delta.text for delta in deltas), found.finish


def splits(data: bytes) -> st.SearchStrategy[list[bytes]]:
    cuts = st.sets(st.integers(1, max(1, len(data) - 1)))
    return cuts.map(
        lambda c: [data[a:b] for a, b in zip([0, *sorted(c)], [*sorted(c), None], strict=True)]
    )


def definition(text: str, stop: tuple[str, ...]) -> tuple[str, Finish]:
    """Character by character: the first stop text to be complete; of two at once the longer."""
    for end in range(len(text) + 1):
        ended = [len(one) for one in stop if text[:end].endswith(one)]
        if ended:
            return text[: end - max(ended)], Finish.STOP
    return text, Finish.LENGTH


@pytest.mark.parametrize(
    ("text", "stop", "expected"),
    [
        ("one\n\ntwo", ("\n\n",), "one"),
        ("aXbYc", ("Y", "X"), "a"),
        ("abcd", ("abcd", "c"), "ab"),  # the inner one is complete first
        ("abcd", ("cd", "abcd"), ""),  # both at once
        ("aab", ("ab",), "a"),  # a false beginning
        ("aaab!", ("aab",), "a"),
        ("Übung ü!", ("ü",), "Übung "),
        ("no end <en", ("<end>",), "no end <en"),  # held back, then released
        ("stop", ("stop",), ""),
    ],
)
def test_stop_texts_at_every_split(text: str, stop: tuple[str, ...], expected: str) -> None:
    data = text.encode()
    assert definition(text, stop)[0] == expected
    for at in range(1, len(data)):
        for beyond in range(at, len(data) + 1):
            pieces = [p for p in (data[:at], data[at:beyond], data[beyond:]) if p]
            whole, streamed, finish = write_pieces(pieces, stop)
            assert (whole, finish) == definition(text, stop)
            assert streamed == whole
    assert write(text, stop=stop, max_tokens=len(data))[0].text == expected


@given(st.data())
def test_stop_texts_by_their_definition(data: st.DataObject) -> None:
    text = data.draw(st.text("abé", min_size=1, max_size=12))
    stop = tuple(data.draw(st.lists(st.text("abé", min_size=1, max_size=4), max_size=3)))
    pieces = data.draw(splits(text.encode()))
    whole, streamed, finish = write_pieces(pieces, stop)
    assert streamed == whole
    assert (whole, finish) == definition(text, stop)


def test_what_may_begin_a_stop_text_is_held_back_and_no_more() -> None:
    found, told = write("ab\n\ncd", stop=("\n\n!",), end=True)
    assert told == ["a", "b", "", "", "\n\nc", "d", ""]
    assert (found.text, found.finish) == ("ab\n\ncd", Finish.EOS)
    found, told = write("ab\n\n", stop=("\n\n!",), end=True)
    assert told == ["a", "b", "", "", "\n\n"]


def test_half_a_character_waits_and_is_replaced_at_the_end() -> None:
    found, told = write("é!"[:2].encode(), max_tokens=3)
    assert told == ["", "é", "!"]
    found, told = write("a🎼".encode()[:-1], end=True)
    assert told == ["a", "", "", "", "\ufffd"]
    assert found.text == "a\ufffd" and found.finish is Finish.EOS
    found, told = write("a🎼".encode()[:-1], max_tokens=4)
    assert told[-1] == "\ufffd" and found.finish is Finish.LENGTH
    assert write("é".encode()[:1], stop=("\ufffd",), end=True)[0].finish is Finish.STOP


@pytest.mark.parametrize("most", [1, 3])
def test_length(most: int) -> None:
    found, _ = write("abcdef", max_tokens=most)
    assert (found.text, found.finish, len(found.tokens)) == ("abcdef"[:most], Finish.LENGTH, most)
    full, _ = write("abcdef", room=most)
    assert full == found


def test_the_end_wins_over_length_and_is_no_text() -> None:
    found, _ = write("ab", end=True, max_tokens=3)
    assert (found.text, found.finish) == ("ab", Finish.EOS)
    assert found.tokens[-1] == byte_tokenizer().eos
    assert len(found.tokens) == len(found.logprobs) == len(found.forced) == 3
    writer = bytes_writer()
    feed(writer, [byte_tokenizer().document_end])
    assert writer.completion().finish is Finish.EOS


def think(text: str, budget: int | None, **options: object) -> tuple[str, int, bool, int]:
    """Text, tokens of thinking, whether the budget closed it, and how many tokens it forced."""
    found, told = write(text, end=True, thinking_budget=budget, **options)
    assert "".join(told) == found.text
    return found.text, found.thinking_tokens, found.budget_reached, sum(found.forced)


def test_a_budget_closes_thinking_and_the_answer_follows() -> None:
    said = think("<think>abcdeANSWER", 5)
    assert said == (f"<think>abcde{CLOSING}ANSWER", 5, True, CLOSING_BYTES)
    parsed = parse(said[0])
    assert (parsed.thinking, parsed.content, parsed.thinking_open) == ("abcde", "ANSWER", False)


def test_a_budget_of_nothing() -> None:
    assert think("<think>ANSWER", 0) == (f"<think>{CLOSING}ANSWER", 0, True, CLOSING_BYTES)
    assert think("no thoughts", 0) == ("no thoughts", 0, False, 0)


def test_a_budget_that_is_never_reached() -> None:
    text = "<think>ab</think>c"
    assert think(text, 100) == (text, len("ab</think>"), False, 0)
    assert think(text, len("ab</think>")) == (text, len("ab</think>"), False, 0)
    assert think(text, None) == (text, len("ab</think>"), False, 0)
    assert think("<think>abc", None) == ("<think>abc", 3, False, 0)


def test_a_budget_that_ends_inside_the_marker() -> None:
    text, count, reached, _ = think("<think>ab</thANSWER", 6)
    assert (text, count, reached) == (f"<think>ab</th{CLOSING}ANSWER", 6, True)
    assert parse(text).content == "ANSWER"


def test_thinking_that_the_prompt_opened() -> None:
    prompt = "<think>\n"
    assert think("abcANSWER", 3, prompt=prompt) == (f"abc{CLOSING}ANSWER", 3, True, CLOSING_BYTES)
    assert think("ANSWER", 0, prompt=prompt) == (f"{CLOSING}ANSWER", 0, True, CLOSING_BYTES)
    assert think("ab</think>c", 99, prompt=prompt) == ("ab</think>c", 10, False, 0)
    assert think("ab", 1, prompt="<think>a</think>") == ("ab", 0, False, 0)
    assert think("ink>ab", 1, prompt="<th") == (f"ink>a{CLOSING}b", 1, True, CLOSING_BYTES)


def test_what_a_user_wrote_opens_nothing() -> None:
    tokenizer = byte_tokenizer()
    said = [tokenizer.bos, *tokenizer.encode("user\nWhat is <think>?"), tokenizer.eos]
    prompt = (*said, tokenizer.bos, *tokenizer.encode("ai\n"))
    writer = Writer(Request(prompt=prompt, thinking_budget=0), tokenizer, room=99)
    assert writer.forced() is None
    feed(writer, tokenizer.encode("ab"))
    assert (writer.thinking_tokens, writer.budget_reached) == (0, False)


def test_thinking_that_is_opened_again_shares_the_budget() -> None:
    again = "<think>ab</think>c<think>d"
    assert think(again, 99) == (again, len("ab</think>d"), False, 0)
    text, count, reached, forced = think("<think>abcd<think>ef", 3)
    assert text == f"<think>abc{CLOSING}d<think>{CLOSING}ef"
    assert (count, reached, forced) == (3, True, 2 * CLOSING_BYTES)
    assert parse(text).content == "def"


def test_markers_across_tokens_of_any_size() -> None:
    tokenizer = tiny_tokenizer()
    ids = tokenizer.encode("<think>\nIs 91 a prime? 91 = 7 * 13.")
    request = Request(prompt=(tokenizer.bos,), thinking_budget=4, max_tokens=60)
    writer = Writer(request, tokenizer, room=99)
    answer = tokenizer.encode("No.")
    opened = next(n for n in range(len(ids)) if "<think>" in tokenizer.decode(ids[:n]))
    feed(writer, [*ids[: opened + 4], *answer, tokenizer.eos])
    found = writer.completion()
    assert found.text == tokenizer.decode(ids[: opened + 4]) + CLOSING + "No."
    assert (found.thinking_tokens, found.budget_reached) == (4, True)
    forced = [t for t, by in zip(found.tokens, found.forced, strict=True) if by]
    assert tokenizer.decode(forced) == CLOSING


def test_length_may_come_while_thinking_is_being_closed() -> None:
    found, _ = write("<think>abc", thinking_budget=1, max_tokens=10)
    assert (found.text, found.finish) == ("<think>a\n<", Finish.LENGTH)


def test_a_budget_works_without_assertions() -> None:
    """Python's -O drops them, and with them whatever they did."""
    code = (
        "from ostinato.chat.tokenizer import learn\n"
        "from ostinato.infer.writer import Request, Writer\n"
        "tokenizer = learn([], 260)\n"
        "prompt = (tokenizer.bos, *tokenizer.encode('<think>'))\n"
        "writer = Writer(Request(prompt=prompt, thinking_budget=0), tokenizer, room=99)\n"
        "while (token := writer.forced()) is not None and len(writer.deltas) < 50:\n"
        "    writer.accept(token, 0.0, False)\n"
        "print(''.join(delta.text for delta in writer.deltas))"
    )
    command = [sys.executable, "-O", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{CLOSING}\n"


@pytest.mark.parametrize("tokens", [1, 4])
def test_the_confident_stop_comes_after_exactly_so_many(tokens: int) -> None:
    writer = bytes_writer(confidence=Confidence(tokens=tokens))
    ids = byte_tokenizer().encode("abcdefgh")
    feed(writer, ids, probable=True)
    found = writer.completion()
    assert (found.text, found.finish) == ("abcdefgh"[:tokens], Finish.CONFIDENT)


def test_an_unsure_token_begins_the_count_anew() -> None:
    ids = byte_tokenizer().encode("abcdefgh")
    writer = bytes_writer(confidence=Confidence(tokens=3))
    for token, probable in zip(ids, [True, True, False, True, True, True], strict=False):
        assert not writer.finished
        writer.accept(token, 0.0, probable)
    assert writer.completion().text == "abcdef"
    never = bytes_writer(confidence=None)
    assert not feed(never, ids * 10, probable=True)[-1].finish


def test_forced_tokens_are_not_the_models_confidence() -> None:
    writer = bytes_writer(prompt="<think>", thinking_budget=0, confidence=Confidence(tokens=2))
    for token in byte_tokenizer().encode(CLOSING):
        writer.accept(token, 0.0, True)
    assert not writer.finished
    feed(writer, byte_tokenizer().encode("ab"), probable=True)
    assert writer.completion().text == f"{CLOSING}ab"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"prompt": ()}, "the prompt is empty: a model needs at least one token to go on from"),
        ({"max_tokens": 0}, "max_tokens must be at least 1, got 0"),
        ({"stop": ("a", "")}, "a stop text is empty: it would end every answer before it begins"),
        ({"stop": "end"}, r"stop takes several texts: give \('end',\) in place of one"),
        ({"thinking_budget": -1}, "a thinking budget is at least 0, got -1"),
    ],
)
def test_requests_that_cannot_be(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        Request(**({"prompt": (1,)} | options))


@pytest.mark.parametrize("values", [{"tokens": 0}, {"probability": 1.0}, {"probability": -0.1}])
def test_confidence_that_cannot_be(values: dict[str, float]) -> None:
    with pytest.raises(UserError, match="a confident stop takes at least 1 token and a probab"):
        Confidence(**values)
