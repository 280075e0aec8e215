"""Word problems about motion, work and mixtures: several tellings each, exact answers."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from ostinato.rl.envs.maths.family import (
    FRACTION,
    INTEGER,
    MathsFamily,
    Problem,
    counted,
    fraction,
    listed,
)
from ostinato.rl.envs.maths.words_money import ages, change, percent_profit, savings, sharing, stock

NAMES = ("Ada", "Bruno", "Chiara", "Dev", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jun")


def meeting(rng: Random, level: int) -> Problem:
    """Two travellers towards one another; later one starts late or rests."""
    one, two = rng.sample(range(3 + level, 12 + 8 * level), 2)
    late = Fraction(0) if level < 3 else Fraction(rng.randint(1, 3 + level), rng.choice((2, 3, 4)))
    together = Fraction(
        rng.randint(2, 6 + 2 * level), rng.choice((1, 2) if level < 4 else (2, 3, 5))
    )
    apart = one * late + (one + two) * together
    who, other = rng.sample(NAMES, 2)
    places = rng.choice((("village", "village"), ("harbour", "lighthouse"), ("mill", "castle")))
    start = f"{who} sets out from the {places[0]} at {one} km/h"
    if places[0] == places[1]:
        begin = f"Two villages are {apart} km apart. {who} sets out from one of them at {one} km/h"
        towards = f"{other} sets out from the other one at {two} km/h towards {who}"
    else:
        begin = f"The road from the {places[0]} to the {places[1]} is {apart} km long. {start}"
        towards = f"{other} sets out from the {places[1]} at {two} km/h towards {who}"
    when = "At the same moment" if not late else f"Exactly {counted(late, 'hour')} later"
    asked = rng.randrange(2) if level > 1 else 0
    question = (
        f"How many hours after {who} set out do they meet?",
        f"How many kilometres has {other} travelled when they meet?",
    )[asked]
    return Problem(
        f"{begin}. {when} {towards}, on the same road. Both keep their speeds. {question}",
        fraction((late + together, two * together)[asked]),
        FRACTION,
        {"one": one, "two": two, "late": str(late), "apart": str(apart), "asked": asked},
    )


def pursuit(rng: Random, level: int) -> Problem:
    """The faster one starts later; from level 3 it also rests."""
    slow = rng.randint(4 + level, 20 + 5 * level)
    fast = slow + rng.randint(2, 6 + 3 * level)
    lead = Fraction(rng.randint(1, 4 + level), 1 if level < 3 else rng.choice((2, 3)))
    rest = Fraction(0) if level < 4 else Fraction(rng.randint(1, 3), 4)
    riding = slow * (lead + rest) / Fraction(fast - slow)
    slower, faster = rng.choice(
        (("a bus", "a train"), ("a barge", "a ferry"), ("a moped", "a van"))
    )
    break_words = (
        f" Before the pursuer moves, it is held up for another {counted(rest, 'hour')}."
        if rest
        else ""
    )
    text = (
        f"At noon {slower} leaves a place at a steady {slow} km/h. After "
        f"{counted(lead, 'hour')} {faster} is to follow on the same route at a steady {fast} km/h."
        f"{break_words} How many kilometres from the place does the second catch up with the first?"
    )
    return Problem(
        text,
        fraction(fast * riding),
        FRACTION,
        {"slow": slow, "fast": fast, "lead": str(lead), "rest": str(rest)},
    )


def round_trip(rng: Random, level: int) -> Problem:
    """The mean speed over stretches, or a river's current."""
    speeds = rng.sample(range(2 + level, 30 + 15 * level), 2 + level // 3)
    if level < 3:
        distance = rng.randint(1, 5) * speeds[0] * speeds[1]
        lengths = [Fraction(distance)] * 2
        text = (
            f"A courier covers {distance} km at {speeds[0]} km/h and returns the same way at "
            f"{speeds[1]} km/h."
        )
    else:
        lengths = [Fraction(speed * rng.randint(1, 6), rng.randint(1, 4)) for speed in speeds]
        legs = ", then ".join(
            f"{length} km at {speed} km/h" for length, speed in zip(lengths, speeds, strict=True)
        )
        text = f"A courier covers {legs}."
    hours = sum((a / b for a, b in zip(lengths, speeds, strict=True)), Fraction(0))
    return Problem(
        f"{text} What is the average speed over the whole journey, in km/h?",
        fraction(sum(lengths, Fraction(0)) / hours),
        FRACTION,
        {"lengths": list(map(str, lengths)), "speeds": speeds},
    )


def filling(rng: Random, level: int) -> Problem:
    """Pipes or workers together; one joins later, one undoes the work."""
    count = 2 if level < 3 else 3
    hours = rng.sample(range(2, 8 + 4 * level), count)
    drain = level >= 4
    rates = [Fraction(1, hour) for hour in hours]
    if drain:
        slow = max(hours) + rng.randint(2, 10)
        rates, hours = [*rates[:-1], -Fraction(1, slow)], [*hours[:-1], slow]
    head = Fraction(0) if level < 2 else Fraction(rng.randint(1, 3), 4) * min(hours[:2]) / 2
    first = rates[0] * head
    time = head + (1 - first) / sum(rates)
    names = [chr(ord("A") + k) for k in range(count)]
    facts = [f"pump {n} alone fills it in {h} hours" for n, h in zip(names, hours, strict=True)]
    if drain:
        facts[-1] = f"drain {names[-1]} alone empties the full tank in {hours[-1]} hours"
    all_open = f"all {count} work" if count > 2 else "both work"
    begin = (
        f"Pump A runs alone for {counted(head, 'hour')}; from then on {all_open} at once"
        if head
        else f"From the beginning {all_open} at once"
    )
    return Problem(
        f"A tank is empty. Of the devices connected to it, {', '.join(facts)}. {begin}. How many "
        "hours after the beginning is the tank full?",
        fraction(time),
        FRACTION,
        {"hours": hours, "drain": drain, "head": str(head)},
    )


def mixture(rng: Random, level: int) -> Problem:
    """How much of one solution is added to reach a strength; or what comes of several."""
    liquid = rng.choice(("salt solution", "syrup", "cleaning agent", "vinegar"))
    low, goal, high = sorted(rng.sample(range(1, 20 if level < 3 else 95), 3))
    scale = 5 if level < 3 else 1
    low, goal, high = low * scale, goal * scale, high * scale
    amount = rng.randint(2, 20 * level)
    if level < 4:
        added = Fraction(amount * (goal - low), high - goal)
        return Problem(
            f"How many litres of {liquid} of {high}% must be added to {amount} litres of "
            f"{liquid} of {low}% to get {liquid} of {goal}%? (Percentages are by volume; volumes "
            "add up.)",
            fraction(added),
            FRACTION,
            {"low": low, "goal": goal, "high": high, "amount": amount},
        )
    taken = Fraction(rng.randint(1, 2 * amount - 1), 2)
    times = level - 3
    strength = Fraction(low)
    for _ in range(times):
        strength = (strength * (amount - taken) + high * taken) / amount
    again = "" if times == 1 else f" This is done {times} times in all."
    return Problem(
        f"A vessel holds {amount} litres of {liquid} of {low}%. {taken} litres of its content are "
        f"removed and replaced by as many litres of {liquid} of {high}%, and it is stirred "
        f"well.{again} Of how many percent is the content in the end? (Percentages are by volume; "
        "volumes add up.)",
        fraction(strength),
        "Give the number of percent, without the sign, as an integer or a fraction in lowest "
        "terms, for example 75/2.",
        {"low": low, "high": high, "amount": amount, "taken": str(taken), "times": times},
    )


def crew(rng: Random, level: int) -> Problem:
    """Workers times days; the crew changes on the way."""
    workers, days = rng.randint(3, 6 + 3 * level), rng.randint(4, 8 + 4 * level)
    passed = rng.randint(1, days - 2)
    change_by = rng.randint(1, workers - 1)
    leave = bool(rng.randrange(2))
    now = workers - change_by if leave else workers + change_by
    hours = 8
    later_hours = hours if level < 3 else rng.choice((6, 7, 9, 10))
    left = Fraction(workers * (days - passed) * hours, now * later_hours)
    job = rng.choice(("pave a square", "restore an organ", "pick an orchard", "bind an edition"))
    shift = (
        ""
        if level < 3
        else f", and from then on a working day has {later_hours} hours instead of {hours}"
    )
    verb = ("leave" if leave else "join") + ("s" if change_by == 1 else "")
    then = f"{change_by} of them {verb}"
    if not leave:
        then = f"{change_by} more, as fast as they, {verb} them"
    return Problem(
        f"{workers} people, all equally fast, would {job} in {days} days. After "
        f"{counted(passed, 'day')} {then}{shift}. How many more days does the rest of the job "
        "take?",
        fraction(left),
        FRACTION,
        {
            "workers": workers,
            "days": days,
            "passed": passed,
            "now": now,
            "hours": [hours, later_hours],
        },
    )


def heads_and_legs(rng: Random, level: int) -> Problem:
    """Counts from totals: two kinds at first, then three."""
    kinds = rng.sample(
        (("stools", 3), ("benches", 4), ("spiders", 8), ("beetles", 6), ("geese", 2)), 3
    )
    counts = [rng.randint(3, 12 * level) for _ in kinds]
    if level < 3:
        kinds, counts = kinds[:2], counts[:2]
    things, legs = sum(counts), sum(n * k[1] for n, k in zip(counts, kinds, strict=True))
    facts = ", ".join(f"{name} have {feet} legs each" for name, feet in kinds)
    extra = ""
    if level >= 3:
        difference = counts[0] - counts[1]
        extra = f" There are {abs(difference)} {'more' if difference >= 0 else 'fewer'} "
        extra += f"{kinds[0][0]} than {kinds[1][0]}."
        if 2 * kinds[2][1] == kinds[0][1] + kinds[1][1]:
            return heads_and_legs(rng, level)
    names = listed([name for name, _ in kinds])
    return Problem(
        f"An inventory counts only {names}: {things} in all, with {legs} legs together ({facts})."
        f"{extra} How many {kinds[0][0]} are there?",
        str(counts[0]),
        INTEGER,
        {"feet": [k[1] for k in kinds], "counts": counts, "things": things, "legs": legs},
    )


WORDS = MathsFamily(
    (
        meeting,
        pursuit,
        round_trip,
        filling,
        mixture,
        crew,
        heads_and_legs,
        ages,
        change,
        percent_profit,
        savings,
        sharing,
        stock,
    )
)
