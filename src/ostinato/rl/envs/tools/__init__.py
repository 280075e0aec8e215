"""Function calls for a customer: a shop, a calendar, the desk of an airline."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ostinato.rl.envs.registry import Environment, Kind
from ostinato.rl.envs.tools import airline_cases, calendar_cases, shop_cases
from ostinato.rl.envs.tools.airline import AIRLINE
from ostinato.rl.envs.tools.calendar import CALENDAR
from ostinato.rl.envs.tools.case import LEVELS, Case
from ostinato.rl.envs.tools.service import Service
from ostinato.rl.envs.tools.shop import SHOP
from ostinato.rl.envs.tools.task import DeskTask

__all__ = ["TOOLS"]


def _desk(service: Service, draw: Callable[[int, Random], Case], summary: str) -> Environment:
    name = f"tools/{service.name}"

    def make(level: int, seed: int) -> DeskTask:
        return DeskTask(service, draw(level, Random(f"{name} {level} {seed}")), seed)

    return Environment(
        name=name,
        kind=Kind.TOOLS,
        summary=summary,
        truth="the database at the end, by the right changes made on a copy; what was told",
        levels=len(LEVELS),
        make=make,
    )


TOOLS: tuple[Environment, ...] = (
    _desk(SHOP, shop_cases.draw_case, "returns, exchanges, addresses and stock, by a policy"),
    _desk(
        CALENDAR, calendar_cases.draw_case, "meetings, rooms, conflicts and offices, by a policy"
    ),
    _desk(AIRLINE, airline_cases.draw_case, "changes, refunds and baggage, by fare rules"),
)
