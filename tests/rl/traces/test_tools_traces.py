"""The clerk of the shop: settles every case, from nothing but what was said and found."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from written_sums import check_sums

from ostinato.chat.messages import Message
from ostinato.chat.template import render
from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.tools.case import expected
from ostinato.rl.envs.tools.task import DeskTask
from ostinato.rl.episode import play
from ostinato.rl.traces.conversation import messages_of
from ostinato.rl.traces.tools import LEVELS, TRACERS, shop
from ostinato.rl.traces.tools_steps import MONTHS, days_later, later
from ostinato.rl.traces.tools_wishes import wishes_in
from ostinato.rl.types import Trajectory

SHOP = find("tools/shop")
SERVED = LEVELS["tools/shop"]


def case(level: int, seed: int) -> DeskTask:
    task = SHOP.task(level, seed)
    assert isinstance(task, DeskTask)
    return task


def played(level: int, seed: int) -> Trajectory:
    return play(case(level, seed).env(), shop(case(level, seed), Random(0)))


@pytest.mark.parametrize("level", range(1, 6))
def test_every_case_is_settled_with_thinking_in_every_turn(level: int) -> None:
    for seed in range(80):
        trajectory = played(level, seed)
        assert trajectory.grade.correct, (seed, trajectory.grade.reason)
        for turn in trajectory.transitions:
            assert turn.action.message.thinking and not turn.metrics.get("bad_calls"), seed


def test_the_served_levels_hold_every_end() -> None:
    ends: set[str | None] = set()
    for level in range(1, SERVED + 1):
        for seed in range(80):
            for request in case(level, seed).case.requests:
                ends.add(request.reason)
                ends.add(request.change and request.change.name)
    assert set(SHOP_REASONS) < ends
    assert {"return_item", "exchange_item", "change_address", "cancel_order"} < ends


SHOP_REASONS = case(1, 0).service.reasons


def test_it_knows_nothing_but_what_it_is_told() -> None:
    other = case(3, 1)
    for level in range(1, SERVED + 1):
        for seed in range(20):
            trajectory = play(case(level, seed).env(), shop(other, Random(seed)))
            assert trajectory == played(level, seed)


def test_what_is_called_for_was_said_or_found_before() -> None:
    for level in range(1, SERVED + 1):
        for seed in range(30):
            seen = ""
            for turn in played(level, seed).transitions:
                for message in turn.observation.messages:
                    seen += message.content + "".join(one.text for one in message.results)
                for call in turn.action.message.tool_calls:
                    for value in _texts(call.arguments):
                        assert value in seen or call.name == "tell_customer", value


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    return [str(value)]


def test_numbers_and_dates_that_are_thought_are_right() -> None:
    sums = 0
    for level in range(1, SERVED + 1):
        for seed in range(60):
            for message in messages_of(played(level, seed)):
                for part in re.split(r"[.,] |\.$", message.thinking or ""):
                    sums += check_sums(part.rpartition(": ")[2] if "Last day" in part else part)
                for one, sign, two in re.findall(r"(\d+) ([<>]) (\d+)", message.thinking or ""):
                    assert (int(one) < int(two)) == (sign == "<") and int(one) != int(two)
    assert sums > 50


def test_what_is_told_is_what_is_expected() -> None:
    for seed in range(60):
        task = case(3, seed)
        told = [
            call.arguments["value"]
            for turn in played(3, seed).transitions
            for call in turn.action.message.tool_calls
            if call.name == "tell_customer"
        ]
        assert tuple(told) == expected(task.service, task.case).told


def test_whole_episodes_are_short_enough() -> None:
    for level in range(1, SERVED + 1):
        lengths: list[int] = []
        for seed in range(60):
            trajectory = played(level, seed)
            messages: tuple[Message, ...] = messages_of(trajectory)
            tools = trajectory.transitions[0].observation.tools
            lengths.append(len(render(messages, tools, add_generation_prompt=False)))
            assert sum(len(one.thinking or "") for one in messages) < 900
        assert sum(lengths) / len(lengths) < 10_500 and max(lengths) < 12_500


def test_days_later_counts_as_the_calendar_does() -> None:
    for start in range(0, 800, 3):
        for days in (1, 30, 60):
            day = date(2030, 6, 1) + timedelta(start)
            end, steps = days_later(day.isoformat(), days)
            assert end == (day + timedelta(days)).isoformat() and steps.endswith(end)
            for month, length in re.findall(r"([A-Z][a-z]+) (\d+)", steps):
                number = MONTHS.index(month) + 1
                assert int(length) in {monthrange(year, number)[1] for year in (2030, 2031, 2032)}


def test_later_compares_dates() -> None:
    days = ["2030-12-31", "2031-01-01", "2031-01-31", "2031-02-01", "2031-10-09"]
    for one in days:
        for other in days:
            assert later(one, other)[0] == (one > other)
    assert later("2031-02-01", "2031-01-31")[1] == "month 02 > 01"
    assert later("2031-02-01", "2031-02-01")[1] == "the same day"


def test_wishes_are_read_whole() -> None:
    (wish,) = wishes_in(
        "Hello. I want to return the red tea set (order W12345) and get my money back by gift "
        "card, and in no other way."
    )
    assert wish.words == "return, red tea set, order W12345, pay to gift card"
    both = wishes_in(
        "Please cancel the order with the blue desk lamp. I want to exchange the red tea set for "
        "the green one."
    )
    assert [one.words for one in both] == [
        "cancel, blue desk lamp",
        "exchange, red tea set, new colour green",
    ]
    assert not wishes_in("Please paint the blue desk lamp.")


def test_it_is_listed() -> None:
    assert set(TRACERS) == set(LEVELS) == {"tools/shop"}
