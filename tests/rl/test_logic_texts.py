"""The textual logic puzzles: right answers are right, near misses are not, and small solvers that
read nothing but the prompt agree.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from random import Random

import pytest

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.cipher import column_order, keyed_alphabet, rail_order, shifted
from ostinato.rl.envs.logic.texts import PUZZLES
from ostinato.rl.envs.logic.words import GOODS, PEOPLE, ROOMS, WORDS
from ostinato.rl.envs.question import QuestionTask
from ostinato.rl.envs.registry import Environment
from ostinato.rl.episode import play

BY_NAME = {one.name.partition("/")[2]: one for one in PUZZLES}
SEEDS = range(4)


def task_of(name: str, level: int, seed: int) -> QuestionTask:
    task = BY_NAME[name].task(level, seed)
    assert isinstance(task, QuestionTask)
    return task


def tasks_of(name: str, seeds: int = 4) -> list[QuestionTask]:
    levels = range(1, BY_NAME[name].levels + 1)
    return [task_of(name, level, seed) for level in levels for seed in range(seeds)]


def graded(task: QuestionTask, answer: str) -> Grade:
    return play(task.env(), task.says(answer)).grade


def numbered(prompt: str) -> list[str]:
    return re.findall(r"^\d+\. (.*)$", prompt, re.MULTILINE)


@pytest.mark.parametrize("puzzle", PUZZLES, ids=lambda one: one.name)
class TestEveryPuzzle:
    def test_only_the_right_answer_counts(self, puzzle: Environment):
        assert puzzle.levels >= 5
        for level, seed in itertools.product(range(1, puzzle.levels + 1), SEEDS):
            task = puzzle.task(level, seed)
            assert play(task.env(), task.perfect()).grade.correct
            for name, cheat in task.cheats().items():
                grade = play(task.env(), cheat).grade
                assert grade.score == 0, (name, level, seed)

    def test_extra_text_is_malformed(self, puzzle: Environment):
        for level, seed in itertools.product(range(1, puzzle.levels + 1), SEEDS):
            task = task_of(puzzle.name.partition("/")[2], level, seed)
            for odd in (
                f"The answer is: {task.answer}",
                f"{task.answer}.",
                f"{task.answer}!?",
                "-",
            ):
                grade = graded(task, odd)
                assert (grade.score, grade.well_formed) == (0, False), odd
            for odd in ("9" * 5000, "\0", "٣", "(" * 3000, ",", ">", "²"):
                assert graded(task, odd).score == 0, odd

    def test_level_and_seed_make_the_task(self, puzzle: Environment):
        prompts: set[str] = set()
        for level, seed in itertools.product(range(1, puzzle.levels + 1), SEEDS):
            task = task_of(puzzle.name.partition("/")[2], level, seed)
            assert puzzle.task(level, seed) == task
            prompts.add(task.question.prompt)
        assert len(prompts) == puzzle.levels * len(SEEDS)

    def test_neither_a_constant_nor_a_guess_pays(self, puzzle: Environment):
        tasks = [task_of(puzzle.name.partition("/")[2], 1, seed) for seed in range(200)]
        common = [answer for answer, _ in Counter(task.answer for task in tasks).most_common(3)]
        for answer in common:
            assert sum(graded(task, answer).correct for task in tasks) <= 40, answer
        rng = Random(1)
        guesses = [play(task.env(), task.guess(rng)).grade for task in tasks]
        assert all(grade.well_formed for grade in guesses)
        assert sum(grade.correct for grade in guesses) <= 40
        assert not puzzle.guessable


def test_words_are_different():
    for words in (GOODS, PEOPLE, ROOMS, WORDS):
        assert len(set(words)) == len(words)


def reduced(brackets: str) -> str:
    """What is left when matching neighbours are taken out until there are none."""
    while (shorter := re.sub(r"\(\)|\[\]|\{\}|<>", "", brackets)) != brackets:
        brackets = shorter
    return brackets


def brackets_of(prompt: str) -> str:
    return next(
        line.replace(" ", "")
        for line in prompt.splitlines()
        if re.fullmatch(r"[()\[\]{}<> ]+", line)
    )


class TestBrackets:
    def test_completion_balances(self):
        for task in tasks_of("dyck_language"):
            sequence, answer = brackets_of(task.question.prompt), task.answer.replace(" ", "")
            assert reduced(sequence + answer) == ""
            assert graded(task, answer).correct
            assert not graded(task, answer[:-1]).correct
            assert not graded(task, answer + ")").correct
            swapped = answer[1] + answer[0] + answer[2:]
            assert swapped == answer or not graded(task, swapped).correct
            assert not graded(task, f"({answer})").well_formed

    def test_first_error(self):
        kinds: Counter[str] = Counter()
        for task in tasks_of("dyck_errors", 20):
            sequence = brackets_of(task.question.prompt)
            fits = [
                not re.search(r"[)\]}>]", reduced(sequence[:end])) for end in range(len(sequence))
            ]
            if task.answer.isdigit():
                place = int(task.answer)
                assert fits[place - 1]
                assert re.search(r"[)\]}>]", reduced(sequence[:place]))
                assert not graded(task, str(place + 1)).correct
            else:
                assert all(fits)
                assert task.answer == ("open" if reduced(sequence) else "balanced")
                assert not graded(task, "0").correct
            kinds[task.answer if task.answer.isalpha() else "place"] += 1
        assert len(kinds) == 3

    def test_wrong_steps(self):
        for task in tasks_of("dyck_reasoning", 10):
            steps = re.findall(
                r"^Step (\d+): read . ; stack: (.*)$", task.question.prompt, re.MULTILINE
            )
            sequence = brackets_of(task.question.prompt)
            wrong = [
                number
                for number, stack in steps
                if stack.replace(" ", "").replace("empty", "") != reduced(sequence[: int(number)])
            ]
            assert task.answer == (", ".join(wrong) or "0")
            assert len(steps) == len(sequence)
            if len(wrong) > 1:
                assert not graded(task, ", ".join(wrong[:-1])).correct
                assert not graded(task, ", ".join(reversed(wrong))).well_formed
                assert not graded(task, ", ".join([*wrong, wrong[-1]])).well_formed


def exchanged(prompt: str) -> dict[str, str]:
    start = prompt.partition(": ")[2].partition(".")[0]
    holds = dict(re.findall(r"(\w+) the (\w+)", start))

    def swap(one: str, other: str) -> None:
        holds[one], holds[other] = holds[other], holds[one]

    def holder(good: str) -> str:
        return next(person for person, thing in holds.items() if thing == good)

    for line in numbered(prompt):
        if match := re.fullmatch(r"(\w+) and (\w+) swap\.", line):
            swap(match[1], match[2])
        elif match := re.fullmatch(r"Whoever has the (\w+) swaps with (\w+)\.", line):
            swap(holder(match[1]), match[2])
        elif match := re.fullmatch(
            r"The owner of the (\w+) and the owner of the (\w+) swap\.", line
        ):
            swap(holder(match[1]), holder(match[2]))
        elif match := re.match(r"All at once, (\w+) .* to (\w+), \w+ likewise to (\w+), and", line):
            one, two, three = match.groups()
            holds[one], holds[two], holds[three] = holds[three], holds[one], holds[two]
        else:
            match = re.match(
                r"If (\w+) has the (\w+) .*, (\w+) and (\w+) swap; otherwise \w+ and (\w+) swap",
                line,
            )
            assert match, line
            swap(match[3], match[4] if holds[match[1]] == match[2] else match[5])
    return holds


def test_goods_are_where_a_second_reading_puts_them():
    for task in tasks_of("goods_exchange", 8):
        final = list(exchanged(task.question.prompt).values())
        assert task.answer == ", ".join(final)
        assert graded(task, ",".join(final).upper()).correct
        assert not graded(task, ", ".join([final[1], final[0], *final[2:]])).correct
        assert not graded(task, ", ".join(final[:-1])).well_formed
        assert not graded(task, ", ".join([final[0], final[0], *final[2:]])).well_formed


class TestMathPath:
    def test_every_filling_that_holds_is_right_and_no_other(self):
        several = 0
        for seed in range(6):
            task = task_of("math_path", 1, seed)
            path = re.search(r"lost:\n\n(.*)\n", task.question.prompt)
            assert path
            parts = path[1].split()
            gaps = [i for i, part in enumerate(parts) if part == "?"]
            choices = [
                "+-*/" if i % 4 == 1 else map(str, range(1, 10)) if i % 4 == 2 else [""]
                for i in gaps
            ]
            right = 0
            for filling in itertools.product(*map(list, choices)):
                filled = list(parts)
                for i, part in zip(gaps, filling, strict=True):
                    filled[i] = part
                holds = self.completed(filled)
                if all(filled):
                    assert graded(task, " ".join(filled)).correct == holds
                    right += holds
            assert right >= 1
            several += right > 1
        assert several, "some have several answers"

    def completed(self, path: list[str]) -> bool:
        """Fill in lost totals; whether the path holds."""
        total = int(path[0])
        for at in range(1, len(path), 4):
            operand = int(path[at + 1])
            if path[at] == "/" and total % operand:
                path[at + 3] = path[at + 3] or "0"
                return False
            total = {
                "+": total + operand,
                "-": total - operand,
                "*": total * operand,
                "/": total // operand,
            }[path[at]]
            path[at + 3] = path[at + 3] or str(total)
            if int(path[at + 3]) != total:
                return False
        return True

    def test_what_is_given_may_not_be_changed(self):
        task = task_of("math_path", 2, 1)
        first = task.answer.split()[0]
        assert not graded(task, task.answer.replace(first, str(int(first) + 1), 1)).well_formed
        assert not graded(task, task.answer.replace(" ", "")).well_formed
        assert not graded(task, task.answer.replace(" = ", " =\n")).well_formed

    def test_numbers_are_bounded(self):
        for seed in range(40):
            task = task_of("math_path", 1, seed)
            path: list[str] = task.question.data["path"]
            if path[1:3] == ["?", "?"] or path[5:7] == ["?", "?"]:
                at = 1 if path[1:3] == ["?", "?"] else 5
                parts = task.answer.split()
                # adding a negative number would do, if any number were allowed
                gain = int(parts[at + 3]) - int(parts[at - 1])
                parts[at : at + 2] = ["+", str(gain)] if not 1 <= gain <= 9 else ["-", str(-gain)]
                assert not graded(task, " ".join(parts)).correct
                return
        raise AssertionError("no such path")


def described(prompt: str) -> tuple[dict[str, list[str]], list[str]]:
    things = {
        name: [size, colour, room]
        for name, size, colour, room in re.findall(
            r"^- The (\w+) is (\w+) and (\w+), and is in the (\w+)\.$", prompt, re.MULTILINE
        )
    }
    for line in numbered(prompt):
        if match := re.fullmatch(r"The (\w+) is painted (\w+)\.", line):
            things[match[1]][1] = match[2]
        elif match := re.fullmatch(r"The (\w+) is carried to the (\w+)\.", line):
            things[match[1]][2] = match[2]
        elif match := re.match(r"The (\w+) and the (\w+) change places", line):
            one, other = things[match[1]], things[match[2]]
            one[2], other[2] = other[2], one[2]
        elif match := re.match(r"The (\w+) is painted in the colour that the (\w+) has", line):
            things[match[1]][1] = things[match[2]][1]
        elif match := re.match(
            r"Everything (\w+) that is in the (\w+) is carried to the (\w+)", line
        ):
            for thing in things.values():
                if thing[1:] == [match[1], match[2]]:
                    thing[2] = match[3]
        elif match := re.match(r"Everything (\w+) in the (\w+) is painted (\w+)", line):
            for thing in things.values():
                if [thing[0], thing[2]] == [match[1], match[2]]:
                    thing[1] = match[3]
        else:
            match = re.match(
                r"The (\w+) is given away\. Into the (\w+) comes a (\w+): (\w+), and of the size",
                line,
            )
            assert match, line
            things[match[3]] = [things.pop(match[1])[0], match[4], match[2]]
    return things, re.findall(r"^\([abc]\) (.*)$", prompt, re.MULTILINE)


def test_properties_are_what_a_second_reading_makes_them():
    for task in tasks_of("object_properties", 8):
        things, questions = described(task.question.prompt)
        answers: list[str] = []
        for question in questions:
            if match := re.match(r"How many things are in the (\w+)", question):
                answers.append(str(sum(thing[2] == match[1] for thing in things.values())))
            elif match := re.match(r"How many things are (\w+)", question):
                answers.append(str(sum(thing[1] == match[1] for thing in things.values())))
            else:
                place = {"What size": 0, "What colo": 1, "In which ": 2}[question[:9]]
                match = re.search(r"the (\w+)\?$", question)
                assert match
                answers.append(things[match[1]][place])
        assert task.answer == ", ".join(answers)
        assert not graded(task, ", ".join(answers[:2])).well_formed
        assert not graded(task, ", ".join([*answers[:2], "nowhere"])).well_formed


COMPASS = ["north", "east", "south", "west"]
STEPS = [(0, 1), (1, 0), (0, -1), (-1, 0)]


def walked(prompt: str) -> list[tuple[int, int]]:
    side = int(prompt.partition("grid of ")[2].split()[0])
    places: dict[str, list[int]] = {}
    for name, x, y, facing in re.findall(
        r"(\w+) stands on \((\d+), (\d+)\) and faces (\w+)", prompt
    ):
        places[name] = [int(x), int(y), COMPASS.index(facing)]

    def walk(name: str, way: int, count: int) -> None:
        for _ in range(count):
            x, y = places[name][0] + STEPS[way][0], places[name][1] + STEPS[way][1]
            if 1 <= x <= side and 1 <= y <= side:
                places[name][:2] = [x, y]

    for line in numbered(prompt):
        if match := re.fullmatch(r"(\w+) walks (\d+) fields? (\w+)\.", line):
            walk(match[1], COMPASS.index(match[3]), int(match[2]))
        elif match := re.fullmatch(r"(\w+) turns (\w+) and walks (\d+) .*", line):
            turn = {"right": 1, "round": 2, "left": 3}[match[2]]
            places[match[1]][2] = (places[match[1]][2] + turn) % 4
            walk(match[1], places[match[1]][2], int(match[3]))
        elif match := re.fullmatch(r"(\w+) goes to the field where (\w+) is\.", line):
            places[match[1]][:2] = places[match[2]][:2]
        elif match := re.fullmatch(
            r"(\w+) goes to the field that is (\d+) fields? (\w+) of (\w+)\.", line
        ):
            places[match[1]][:2] = places[match[4]][:2]
            walk(match[1], COMPASS.index(match[3]), int(match[2]))
        elif match := re.match(r"(\w+) and (\w+) change places", line):
            one, other = places[match[1]], places[match[2]]
            one[:2], other[:2] = other[:2], one[:2]
        elif match := re.match(r"In the same (row|column), (\w+) jumps", line):
            axis = 0 if match[1] == "row" else 1
            places[match[2]][axis] = side + 1 - places[match[2]][axis]
        else:
            match = re.match(r"(\w+) turns to face the same way as (\w+) and walks (\d+)", line)
            assert match, line
            places[match[1]][2] = places[match[2]][2]
            walk(match[1], places[match[1]][2], int(match[3]))
    return [(x, y) for x, y, _ in places.values()]


def test_walkers_end_where_a_second_reading_puts_them():
    for task in tasks_of("space_reasoning", 12):
        places = walked(task.question.prompt)
        assert task.answer == ", ".join(map(str, places))
        assert graded(task, ",".join(f"({x},{y})" for x, y in places)).correct
        (x, y), rest = places[0], ", ".join(map(str, places[1:]))
        for near in ((x + 1, y), (x, y - 1), (y, x)):
            if near != (x, y):
                assert not graded(task, f"{near}, {rest}".removesuffix(", ")).correct
        assert not graded(task, f"{x}, {y}").well_formed


def test_the_way_is_the_only_one():
    for task in tasks_of("space_reasoning_tree", 6):
        prompt = task.question.prompt
        doors: set[frozenset[str]] = set()
        for line in re.findall(r"^- From the (.*)\.$", prompt, re.MULTILINE):
            room, _, others = line.partition(" door")
            doors |= {
                frozenset((room.split()[0], other)) for other in re.findall(r"the (\w+)", others)
            }
        for line in numbered(prompt):
            rooms = re.findall(r"the (\w+)", line)
            old, room, new = rooms[0], rooms[1], rooms[-1]
            doors.remove(frozenset((old, room)))
            doors.add(frozenset((room, new)))
        wanted = re.search(r"way from the (\w+) to the (\w+) that", prompt)
        assert wanted
        ways, found = [[wanted[1]]], list[list[str]]()
        while ways:
            way = ways.pop()
            if way[-1] == wanted[2]:
                found.append(way)
            ends = [next(iter(door - {way[-1]})) for door in doors if way[-1] in door]
            ways += [[*way, room] for room in ends if room not in way]
        assert [" > ".join(way) for way in found] == [task.answer]
        way = found[0]
        assert not graded(task, " > ".join(reversed(way))).correct
        assert not graded(task, " > ".join([way[0], way[-1]])).correct
        assert not graded(task, " > ".join([*way[:2], way[0], *way[1:]])).correct
        assert not graded(task, ", ".join(way)).well_formed


def minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return 60 * int(hour) + int(minute)


def free_slots(prompt: str) -> list[str]:
    """Every minute at which the meeting may begin."""
    length = int(re.findall(r"meet for (\d+) minutes", prompt)[0])
    days = re.findall(r"on ([\w ]+), between", prompt)[0].split(" or ")
    busy: set[tuple[str, int]] = set()
    for line in re.findall(r"^- (.*)$", prompt, re.MULTILINE):
        clock = re.search(r"clock (\d) h (ahead|behind)", line)
        shift = 60 * int(clock[1]) * (1 if clock[2] == "ahead" else -1) if clock else 0
        for day, start, end in re.findall(r"(\w{3}) (\d\d:\d\d)-(\d\d:\d\d)", line):
            busy |= {(day, at - shift) for at in range(minutes(start), minutes(end))}
    return [
        f"{day} {at // 60:02}:{at % 60:02}-{(at + length) // 60:02}:{(at + length) % 60:02}"
        for day in days
        for at in range(8 * 60, 18 * 60 - length + 1)
        if not any((day, one) in busy for one in range(at, at + length))
    ]


def test_meetings_fit_and_the_earliest_is_the_earliest():
    kinds: Counter[bool] = Counter()
    for task in tasks_of("time_sequence", 8):
        slots = free_slots(task.question.prompt)
        earliest = "Give the earliest" in task.question.prompt
        assert task.answer == slots[0]
        for slot in slots[1:40]:
            assert graded(task, slot).correct != earliest, slot
        day, _, times = task.answer.partition(" ")
        start, end = map(minutes, times.split("-"))
        for near in (
            (start - 5, end - 5),
            (start, end - 5),
            (start - 15, end),
            (start + 600, end + 600),
        ):
            written = "-".join(f"{at // 60:02}:{at % 60:02}" for at in near)
            assert not graded(task, f"{day} {written}").correct
        assert not graded(task, times).well_formed
        assert not graded(task, task.answer.replace(day, "Sun")).well_formed
        kinds[earliest] += 1
    assert len(kinds) == 2


def test_lies_have_one_solution():
    for task in tasks_of("web_of_lies", 4):
        prompt = task.question.prompt
        people = re.findall(r"\w+", prompt.partition("Each of ")[2].partition(" either")[0])
        people = [one for one in people if one != "and"]
        lines = re.findall(r"^- (.*)$", prompt, re.MULTILINE)
        found: list[str] = []
        for letters in itertools.product("TL", repeat=len(people)):
            true = dict(zip(people, (one == "T" for one in letters), strict=True))
            if all(consistent(line, true) for line in lines):
                found.append("".join(letters))
        assert found == [task.answer]
        other = "L" if task.answer[0] == "T" else "T"
        assert not graded(task, other + task.answer[1:]).correct
        assert not graded(task, task.answer + "T").well_formed
        assert not graded(task, " ".join(task.answer)).well_formed


def consistent(line: str, true: dict[str, bool]) -> bool:
    speaker, says, what = line.partition(" says: ")
    if not says:
        name, _, rest = line.partition(" ")
        return true[name] == (rest == "tells the truth.")
    honest = [true[name] for name in re.findall("[A-Z][a-z]+", what) if name in true]
    if "either both" in what:
        claim = honest[0] == honest[1]
    elif what.startswith("Exactly one"):
        claim = honest[0] != honest[1]
    elif what.startswith("At least one"):
        claim = any(honest)
    elif what.startswith("Both"):
        claim = not any(honest)
    else:
        claim = honest[0] == what.endswith("tells the truth.")
    return claim == true[speaker]


def test_the_first_wrong_step_of_sorting():
    for task in tasks_of("word_sorting_mistake", 12):
        prompt = task.question.prompt
        letters = re.search(r"like this: ([a-z ]+):", prompt)
        order = letters[1].replace(" ", "") if letters else "abcdefghijklmnopqrstuvwxyz"
        words = re.findall(r"\n\n([a-z, ]+)\n\n", prompt)[0].split(", ")
        steps = re.findall(r"^Step \d+: (\w+) -> (.*)$", prompt, re.MULTILINE)
        expected, left = 0, list(words)
        for number, (word, shown) in enumerate(steps, start=1):
            if "taken one by one" in prompt:
                taken = words[number - 1]
                after = sorted(words[:number], key=lambda one: [order.index(c) for c in one])
            else:
                taken = min(left, key=lambda one: [order.index(c) for c in one])
                after = left = [one for one in left if one != taken]
            if (word, shown) != (taken, ", ".join(after) or "nothing"):
                expected = number
                break
        assert task.answer == str(expected)
        assert not graded(task, str(expected + 1)).correct
        assert not graded(task, f"Step {expected}").well_formed


def test_tables_restored_by_a_second_reading():
    seen: Counter[str] = Counter()
    for seed in range(120):
        task = task_of("buggy_tables", 1, seed)
        prompt = task.question.prompt
        ask = re.search(r"sum of (\w+) over the rows of the town (\w+)", prompt)
        if not ask:
            continue
        rows = [
            line.strip("| ").split(" | ") for line in re.findall(r"^\|.*\|$", prompt, re.MULTILINE)
        ]
        heads, column = rows[0], ask[1]
        bug = numbered(prompt)[0]
        added = 0
        if match := re.search(r"(\d+) was added to every number in the column (\w+)", bug):
            added = int(match[1]) if match[2] == column else 0
        else:
            match = re.search(r"in the columns (\w+) and (\w+) changed places", bug)
            assert match
            column = {match[1]: match[2], match[2]: match[1]}.get(column, column)
        at = heads.index(column)
        total = sum(int(row[at]) - added for row in rows[2:] if row[0] == ask[2])
        assert task.answer == str(total)
        assert not graded(task, str(total + 1)).correct
        seen[bug.split()[1]] += 1
    assert len(seen) == 2


def truth(text: str) -> bool:
    """By rewriting the text from the inside out."""
    rules = {
        r"(\d+) < (\d+)": lambda m: int(m[1]) < int(m[2]),
        r"(\d+) > (\d+)": lambda m: int(m[1]) > int(m[2]),
        r"(\d+) is (even|odd)": lambda m: int(m[1]) % 2 == (m[2] == "odd"),
        r"(\d+) \+ (\d+) = (\d+)": lambda m: int(m[1]) + int(m[2]) == int(m[3]),
        r"(\d+) divides (\d+)": lambda m: int(m[2]) % int(m[1]) == 0,
    }
    for pattern, value in rules.items():
        text = re.sub(pattern, lambda m, value=value: str(value(m)).lower(), text)
    tables = {
        "and": lambda a, b: a and b,
        "or": lambda a, b: a or b,
        "xor": lambda a, b: a != b,
        "implies": lambda a, b: b or not a,
        "nor": lambda a, b: not a and not b,
    }
    while text not in ("true", "false"):
        before = text
        text = re.sub(
            r"(not )?\((true|false) (and|or|xor|implies|nor) (true|false)\)",
            lambda m: str(tables[m[3]](m[2] == "true", m[4] == "true") != bool(m[1])).lower(),
            text,
        )
        assert text != before, text
    return text == "true"


def test_truth_by_rewriting():
    for task in tasks_of("boolean_expressions", 4):
        values = [truth(line) for line in numbered(task.question.prompt)]
        assert task.answer == "".join("T" if value else "F" for value in values)
        assert graded(task, task.answer.lower()).correct
        assert not graded(task, task.answer[:-1]).well_formed
        flipped = ("F" if values[0] else "T") + task.answer[1:]
        assert not graded(task, flipped).correct


class TestCipher:
    def test_published_examples(self):
        text = "wearediscoveredfleeatonce"
        rails = "".join(text[i] for i in rail_order(len(text), 3))
        assert rails == "wecrlteerdsoeefeaocaivden"
        columns = "".join(text[i] for i in column_order(len(text), "zebras"))
        assert columns == "evlnacdtesearofodeecwiree"
        assert keyed_alphabet("zebras") == "zebrascdfghijklmnopqtuvwxy"
        key = ["abcdefghijklmnopqrstuvwxyz".index(letter) for letter in "lemon"]
        assert shifted("attackatdawn", key) == "lxfopvefrnhr"

    def test_near_misses(self):
        for task in tasks_of("cipher"):
            assert graded(task, task.answer.upper()).correct
            assert not graded(task, task.answer[:-1]).correct
            assert not graded(task, task.answer + "s").correct
            assert not graded(task, f"{task.answer} {task.answer}").well_formed
