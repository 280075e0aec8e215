"""A language model in many conversations at once: nobody's turn depends on the others."""

from __future__ import annotations

import dataclasses

import pytest

from ostinato.chat.encode import encode_chat
from ostinato.chat.messages import Message, Tool, ToolCall, ToolResult
from ostinato.chat.template import reply as as_text
from ostinato.infer.language import LanguageModel
from ostinato.infer.replier import Conversation, ModelReplier, Written
from ostinato.infer.requests import Completion, Finish, Request, Sampling
from ostinato.infer.writer import Writer
from tiny_language import tiny_language

pytestmark = pytest.mark.usefixtures("one_thread")

GREEDY = Sampling(temperature=0)
TOOL = Tool({"name": "look", "description": "Looks.", "parameters": {"type": "object"}})


@pytest.fixture(scope="module")
def language() -> LanguageModel:
    return tiny_language()


def conversations() -> list[Conversation]:
    """Of very different lengths, sampled and greedy, one of several turns with a tool."""
    call = ToolCall("look", {"at": "it"})
    turns = (
        Message("user", "Look at it."),
        Message("assistant", "Well.", (call,), "What is it?"),
        Message("tool", results=(ToolResult("look", "It is small."),)),
    )
    return [
        Conversation(messages=(Message("user", "The melody"),), sampling=GREEDY, max_tokens=12),
        Conversation(messages=turns, tools=(TOOL,), sampling=Sampling(seed=1), max_tokens=20),
        *(
            Conversation(
                messages=(Message("user", "repeats " * number),),
                sampling=Sampling(seed=number),
                max_tokens=7 + number,
                thinking_budget=3,
            )
            for number in range(1, 6)
        ),
    ]


@pytest.mark.parametrize("batch", [1, 2, 3, 50])
def test_a_turn_does_not_depend_on_the_batch(language: LanguageModel, batch: int) -> None:
    asked = conversations()
    alone = [ModelReplier(language).reply([one])[0] for one in asked]
    assert len({one.text for one in alone}) == len(asked)
    assert ModelReplier(language, batch).reply(asked) == alone
    assert ModelReplier(language, batch).reply(asked[::-1]) == alone[::-1]


def test_batches_are_bounded_and_of_about_one_length(
    language: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []
    generate = LanguageModel.generate

    def counted(model: LanguageModel, requests: list[Request]) -> list[Completion]:
        seen.append([len(request.prompt) for request in requests])
        return generate(model, requests)

    monkeypatch.setattr(LanguageModel, "generate", counted)
    ModelReplier(language, 3).reply(conversations())
    assert [len(one) for one in seen] == [3, 3, 1]
    lengths = [length for one in seen for length in one]
    assert lengths == sorted(lengths, reverse=True)


def test_it_is_what_chat_says(language: LanguageModel) -> None:
    asked = conversations()[1]
    expected = language.chat(
        asked.messages, asked.tools, sampling=asked.sampling, max_tokens=asked.max_tokens
    )
    (written,) = ModelReplier(language).reply([asked])
    assert written.text == expected.completion.text
    assert written.message == expected.parsed.message()
    assert written.tokens == len(expected.completion.tokens)
    assert written.finish is expected.completion.finish


def test_a_full_context_is_no_error() -> None:
    """Whoever has no room is told so, and the others are answered."""
    limit = 100
    language = tiny_language(max_position_embeddings=limit)
    short, long = (Message("user", "Why?"),), (Message("user", "a" * limit),)
    assert len(encode_chat(language.tokenizer, long)) >= limit
    answers = ModelReplier(language).reply(
        [Conversation(messages=one, max_tokens=5) for one in (short, long, short)]
    )
    assert answers[1] == Written(text="", finish=Finish.LENGTH, overfull=True)
    assert answers[0] == answers[2]
    assert not answers[0].overfull and answers[0].tokens >= 1


def test_the_budget_is_kept_in_every_turn(
    language: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = language.tokenizer.encode("<think>")
    model_writes = Writer.forced

    def thinks(writer: Writer) -> int | None:
        n = len(writer.deltas)
        return begin[n] if n < len(begin) else model_writes(writer)

    monkeypatch.setattr(Writer, "forced", thinks)
    earlier = Message("assistant", "No.", thinking="of this and that, at some length")
    first = (Message("user", "Why?"),)
    for messages in (first, (*first, earlier, *first)):
        for budget in (0, 4):
            asked = Conversation(messages=messages, max_tokens=40, thinking_budget=budget)
            (written,) = ModelReplier(language).reply([asked])
            assert written.thinking_tokens == budget
            assert written.budget_reached


def test_a_message_is_what_was_written() -> None:
    said = Message("assistant", "See.", (ToolCall("look", {"at": 3}),), "Hm.")
    written = Written(text=as_text(said))
    assert written.message == said
    open_ended = dataclasses.replace(written, text="<think>\nHm, <answer>3</answer>")
    assert open_ended.message == Message("assistant", thinking="Hm, <answer>3</answer>")
