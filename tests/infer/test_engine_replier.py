"""The engine in conversations: what the plain replier says, and budgets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ostinato.base.errors import UserError
from ostinato.chat.messages import Message
from ostinato.infer.engine_replier import EngineReplier
from ostinato.infer.replier import Conversation, ModelReplier
from ostinato.infer.requests import Sampling
from tiny_language import tiny_language

CONVERSATIONS = [
    Conversation(messages=(Message("user", text),), max_tokens=room)
    for text, room in (("Is 91 a prime?", 40), ("No.", 25), ("The melody" * 9, 60), ("No.", 1))
]


@pytest.fixture(scope="module")
def model():
    return tiny_language(max_position_embeddings=600, initializer_range=0.1)


def test_both_say_the_same(model) -> None:
    plain = ModelReplier(model).reply(CONVERSATIONS)
    engine = EngineReplier(model, context=600, slots=2).reply(CONVERSATIONS)
    assert [one.text for one in engine] == [one.text for one in plain]
    assert [one.tokens for one in engine] == [one.tokens for one in plain]
    assert [one.finish for one in engine] == [one.finish for one in plain]


@pytest.mark.parametrize("budget", [1, 7, 30])
def test_a_budget_closes_thinking(model, budget: int) -> None:
    """The prompt is made to open thinking: a user's text cannot, so the reply's first words do."""
    thinker = Thinker(model)
    asked = [replace(one, thinking_budget=budget, max_tokens=80) for one in CONVERSATIONS]
    for one in thinker.replier.reply(asked):
        head, closed, _ = one.text.partition("</think>")
        assert closed, "it is closed in the end"
        assert one.budget_reached
        assert one.thinking_tokens == budget
        assert head.startswith("<think>")


class Thinker:
    """A model that opens thinking at once and never closes it."""

    def __init__(self, model) -> None:
        self.replier = EngineReplier(model, context=600, slots=3)
        opening = model.tokenizer.encode("<think>")
        begin = self.replier._engine.begin

        def opened(prompt, *, room, seed):
            number = begin([*prompt, *opening], room=room, seed=seed)
            self.fresh.add(number)
            return number

        self.fresh: set[int] = set()
        advance = self.replier._engine.advance

        def told():
            turns = []
            for number, written in advance():
                if number in self.fresh:
                    self.fresh.remove(number)
                    written = replace(written, tokens=(*opening, *written.tokens))
                turns.append((number, written))
            return turns

        self.replier._engine.begin, self.replier._engine.advance = opened, told


def test_what_fills_the_context_is_overfull(model) -> None:
    long = Conversation(messages=(Message("user", "No. " * 700),))
    (one,) = EngineReplier(model, context=600, slots=1).reply([long])
    assert one.overfull


def test_it_answers_greedily_alone(model) -> None:
    warm = replace(CONVERSATIONS[0], sampling=Sampling(temperature=1.0))
    with pytest.raises(UserError, match="greedily"):
        EngineReplier(model, context=600, slots=1).reply([warm])
