"""Solved episodes as conversations to learn from."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

from ostinato.chat.encode import encode_training
from ostinato.chat.messages import Message, ToolCall
from ostinato.chat.parse import parse
from ostinato.chat.template import reply
from ostinato.chat.tokenizer import learn
from ostinato.rl.agents import says
from ostinato.rl.envs.catalogue import find
from ostinato.rl.episode import play
from ostinato.rl.traces.conversation import (
    Thinker,
    Turns,
    calling,
    conversation,
    guessed,
    messages_of,
    result,
)
from ostinato.rl.traces.tools import shop
from ostinato.rl.types import Agent, Observation

SHOP = find("tools/shop")


def test_it_is_what_was_said_in_the_order_of_the_episode() -> None:
    made = conversation(SHOP, 1, 0, shop)
    assert made is not None and (made.environment, made.level, made.seed) == ("tools/shop", 1, 0)
    begun = SHOP.task(1, 0).env().begin()
    assert made.messages[: len(begun.messages)] == begun.messages and made.tools == begun.tools
    roles = [message.role for message in made.messages]
    assert roles[:3] == ["system", "user", "assistant"] and roles[-1] == "assistant"
    assert all((one == "assistant") != (next_ == "assistant") for one, next_ in pairwise(roles[1:]))


def test_it_is_the_same_again() -> None:
    assert conversation(SHOP, 2, 5, shop) == conversation(SHOP, 2, 5, shop)
    assert conversation(SHOP, 2, 5, shop) != conversation(SHOP, 2, 6, shop)


def test_what_does_not_solve_it_is_none() -> None:
    def wrong(task: Any, rng: Random) -> Agent:
        del task, rng
        return says("42")

    assert conversation(SHOP, 1, 0, wrong) is None
    assert conversation(find("maths/arithmetic"), 1, 0, wrong) is None


def test_the_random_numbers_belong_to_environment_level_and_seed() -> None:
    drawn: list[float] = []

    def tracer(task: Any, rng: Random) -> Agent:
        drawn.append(rng.random())
        return task.perfect()

    for name, level, seed in [("tools/shop", 1, 0), ("tools/shop", 1, 0), ("tools/shop", 1, 1)]:
        conversation(find(name), level, seed, tracer)
    conversation(SHOP, 2, 0, tracer)
    conversation(find("tools/calendar"), 1, 0, tracer)
    assert drawn[0] == drawn[1] and len(set(drawn)) == 4


def test_it_can_be_encoded_and_all_that_is_learnt_was_written_by_the_assistant() -> None:
    made = conversation(SHOP, 1, 3, shop)
    assert made is not None
    tokenizer = learn(["the shop and its customer"] * 4, 300)
    ids, learnt = encode_training(tokenizer, made.messages, made.tools)
    kept = tokenizer.decode([one for one, is_ in zip(ids, learnt, strict=True) if is_])
    assert kept == "".join(reply(one) for one in made.messages if one.role == "assistant")
    for message in made.messages:
        if message.role == "assistant":
            assert parse(reply(message)).message() == message


def test_a_thinker_hears_what_each_turn_led_to_and_ends_by_saying_nothing() -> None:
    heard: list[str] = []

    def turns(prompt: Observation) -> Turns[None]:
        heard.append(prompt.messages[-1].content)
        answer = yield calling("Look.", ToolCall("find_products", {"name": "tea set"}))
        heard.append(result(answer))

    task = SHOP.task(1, 0)
    trajectory = play(task.env(), Thinker(turns))
    assert heard[0] == task.env().begin().messages[-1].content and "tea set" in heard[1]
    assert trajectory.grade.score == 0 and not trajectory.grade.well_formed
    last = messages_of(trajectory)[-1]
    assert isinstance(last, Message) and not last.content and not last.tool_calls


def test_a_guess_is_an_answer_without_a_thought() -> None:
    arithmetic = find("maths/arithmetic")
    told = guessed(arithmetic, 1, 0)
    assert told is not None
    assert told == guessed(arithmetic, 1, 0)
    question, answer = told.messages
    assert question == arithmetic.task(1, 0).env().begin().messages[0]
    assert answer.thinking is None
    assert answer.content.startswith("\\boxed{")
