"""Find a time at which everybody can meet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from ostinato.grading.types import Grade, malformed, right, wrong
from ostinato.rl.envs.logic.words import PEOPLE, named
from ostinato.rl.envs.question import Question

_LEVELS = ((2, 1, False), (3, 1, False), (4, 2, False), (5, 3, True), (7, 5, True), (10, 5, True))
"""People, days, whether they live by different clocks."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")
_START, _END, _STEP = 8 * 60, 18 * 60, 15
_ANSWER = re.compile(r"(Mon|Tue|Wed|Thu|Fri) ([0-9]{1,2}):([0-9]{2}) ?- ?([0-9]{1,2}):([0-9]{2})")
Busy = tuple[int, int, int]
"""Day, first minute, and the minute after the last."""


@dataclass(frozen=True)
class _Person:
    name: str
    ahead: int
    """Minutes by which the person's clock is ahead of the clock of the office."""
    busy: list[Busy]


class TimeSequence:
    """The earliest slot, or any slot, as the prompt asks; few starting times are free."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        count, days, clocks = _LEVELS[level - 1]
        length = rng.choice((30, 45, 60, 75, 90))
        earliest = rng.random() < 0.5
        gap = _gap(rng, days, length)
        people = _people(rng, count, clocks)
        for day in range(days):
            _fill(rng, people, day, gap, length)
        if earliest:  # later slots may be free as well
            _free_later(rng, people, gap)
        busy = [one for person in people for one in person.busy]
        slots = free_starts(busy, days, length)
        answer = _written(*slots[0], length)
        kind = "earliest" if earliest else "any"
        prompt = _prompt(people, days, length, clocks, kind)
        data = {"busy": busy, "days": days, "length": length, "kind": kind}
        return Question(prompt, answer, data)

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        match = _ANSWER.fullmatch(answer)
        if not match:
            return malformed("expected a slot such as Mon 09:15-10:00")
        data = question.data
        hour, minute, to_hour, to_minute = map(int, match.groups()[1:])
        if max(hour, to_hour) > 23 or max(minute, to_minute) > 59:
            return malformed("expected times of the day")
        day, start, end = _DAYS.index(match[1]), hour * 60 + minute, to_hour * 60 + to_minute
        if end - start != data["length"]:
            return wrong("the meeting has another length")
        if not is_free(data["busy"], day, start, end) or day >= data["days"]:
            return wrong("somebody cannot come")
        slots = free_starts(data["busy"], data["days"], data["length"])
        if data["kind"] == "earliest" and (day, start) != slots[0]:
            return wrong("there is an earlier slot")
        return right()

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        length: int = question.data["length"]
        start = rng.randrange(_START, _END - length + 1, _STEP)
        return _written(rng.randrange(question.data["days"]), start, length)


def is_free(busy: list[Busy], day: int, start: int, end: int) -> bool:
    """Whether the slot is within working hours and nobody is busy in it."""
    clash = any(on == day and start < to and at < end for on, at, to in busy)
    return start >= _START and end <= _END and not clash


def free_starts(busy: list[Busy], days: int, length: int) -> list[tuple[int, int]]:
    """All days and minutes at which a meeting can begin, the earliest first.

    Appointments begin and end on quarters, so the earliest slot does too.
    """
    starts = range(_START, _END - length + 1, _STEP)
    slots = [(day, start) for day in range(days) for start in starts]
    return [(day, at) for day, at in slots if is_free(busy, day, at, at + length)]


def _gap(rng: Random, days: int, length: int) -> Busy:
    """The first free slot: as long as the meeting, or a quarter longer."""
    size = length + rng.choice((0, 0, _STEP))
    start = rng.randrange(_START, _END - size + 1, _STEP)
    return rng.randrange(days), start, start + size


def _people(rng: Random, count: int, clocks: bool) -> list[_Person]:
    names = rng.sample(PEOPLE, count)
    return [_Person(name, 60 * rng.randint(-3, 3) if clocks else 0, []) for name in names]


def _fill(rng: Random, people: list[_Person], day: int, gap: Busy, length: int) -> None:
    """Appointments that leave no slot on this day outside the gap."""
    holes = [(_START, gap[1]), (gap[2], _END)] if gap[0] == day else [(_START, _END)]
    for low, high in holes:
        at = low
        while at < high:
            end = min(high, at + rng.randrange(2 * _STEP, 12 * _STEP, _STEP))
            rng.choice(people).busy.append((day, at, end))
            # a pause that touches the gap would make the gap longer
            pause = rng.randrange(0, length, _STEP) if end < high and rng.random() < 0.4 else 0
            at = end if end + pause >= high else end + pause
    for person in people:
        if rng.random() < 0.5:
            _overlap(rng, person, day, gap)


def _overlap(rng: Random, person: _Person, day: int, gap: Busy) -> None:
    """One more appointment outside the gap; it may overlap those of others."""
    start = rng.randrange(_START, _END - 2 * _STEP, _STEP)
    end = min(_END, start + rng.randrange(2 * _STEP, 6 * _STEP, _STEP))
    own = any(on == day and start <= to and at <= end for on, at, to in person.busy)
    if not own and (day != gap[0] or end <= gap[1] or start >= gap[2]):
        person.busy.append((day, start, end))


def _free_later(rng: Random, people: list[_Person], gap: Busy) -> None:
    """Cancel some appointments after the gap."""
    for person in people:
        person.busy[:] = [
            one for one in person.busy if one[:2] < (gap[0], gap[2]) or rng.random() < 0.7
        ]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _written(day: int, start: int, length: int) -> str:
    return f"{_DAYS[day]} {_clock(start)}-{_clock(start + length)}"


def _prompt(people: list[_Person], days: int, length: int, clocks: bool, kind: str) -> str:
    lines: list[str] = []
    for person in people:
        times = [
            f"{_DAYS[day]} {_clock(at + person.ahead)}-{_clock(to + person.ahead)}"
            for day, at, to in sorted(person.busy)
        ]
        hours = abs(person.ahead) // 60
        zone = f"{hours} h {'ahead of' if person.ahead > 0 else 'behind'} the office"
        clock = f" (clock {zone if hours else 'as in the office'})" if clocks else ""
        lines.append(f"- {person.name}{clock}: {', '.join(times) or 'no appointments'}")
    local = " Appointments are given by each person's own clock." if clocks else ""
    listing = "\n".join(lines)
    wanted = (
        "Give the earliest possible slot"
        if kind == "earliest"
        else "Give a slot that is possible; if there are several, any of them will do"
    )
    return (
        f"{named([person.name for person in people])} want to meet for {length} minutes, all of "
        f"them together, on {' or '.join(_DAYS[:days])}, between {_clock(_START)} and "
        f"{_clock(_END)} by the clock of the office.{local} They have these appointments:\n\n"
        f"{listing}\n\nA meeting may begin when an appointment ends, and end when one begins. "
        f"{wanted}, by the clock of the office, in this form: Mon 09:15-10:00"
    )
