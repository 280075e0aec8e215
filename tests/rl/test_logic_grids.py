"""Puzzles on boards: right answers are accepted, near-misses refused, one solution is one."""

import pickle
import re
from functools import cache
from itertools import combinations, permutations, product
from random import Random

import pytest

from ostinato.rl.envs.checks import check
from ostinato.rl.envs.logic.campsite import Campsite, matched
from ostinato.rl.envs.logic.counts import Counts, Group, OutOfNodesError
from ostinato.rl.envs.logic.grid import beside, judged, marked, mask, members, parse, with_marks
from ostinato.rl.envs.logic.grids import GRIDS
from ostinato.rl.envs.logic.minesweeper import Minesweeper
from ostinato.rl.envs.logic.number_wall import NumberWall
from ostinato.rl.envs.logic.skyscrapers import visible
from ostinato.rl.envs.logic.tables import Tables, relation
from ostinato.rl.envs.logic.wordscapes import Wordscapes
from ostinato.rl.envs.question import Question
from ostinato.rl.envs.registry import GUESSABLE

BY_NAME = {environment.name.partition("/")[2]: environment for environment in GRIDS}
NAMES = sorted(BY_NAME)
MARKS = {
    "campsite": "A",
    "minesweeper": "*",
    "norinori": "#",
    "number_wall": "#",
    "star_placement": "*",
}
FILLED = sorted(set(NAMES) - set(MARKS))
EVERY_LEVEL = [(name, level) for name in NAMES for level in range(1, BY_NAME[name].levels + 1)]
UNIQUE = sorted(set(NAMES) - {"wordscapes"})


@cache
def task(name, level, seed):
    return BY_NAME[name].task(level, seed)


def grade(name, level, seed, answer):
    drawn = task(name, level, seed)
    return drawn.family.check(drawn.question, answer)


def rows_of(answer):
    return [line.split() for line in answer.split("\n")]


def text(rows):
    return "\n".join(" ".join(row) for row in rows)


@pytest.mark.parametrize(("name", "level"), EVERY_LEVEL)
def test_the_stored_answer_is_right(name, level):
    for seed in range(3 if level < 5 else 1):
        drawn = task(name, level, seed)
        assert drawn.family.check(drawn.question, drawn.answer).correct
        assert drawn.answer not in drawn.question.prompt


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_is_a_question_that_can_be_pickled(name):
    assert len({task(name, 2, seed).question.prompt for seed in range(3)}) == 3
    again = BY_NAME[name].task(2, 0)
    assert again == task(name, 2, 0)
    assert pickle.dumps(again)


@pytest.mark.parametrize("name", NAMES)
def test_levels_grow(name):
    levels = BY_NAME[name].levels
    assert levels >= 5
    sizes = [
        sum(len(task(name, level, seed).answer.split()) for seed in range(1 + (level < levels)))
        / (1 + (level < levels))
        for level in range(1, levels + 1)
    ]
    assert sizes == sorted(sizes)
    assert sizes[-1] >= 3 * sizes[0]


@pytest.mark.parametrize("level", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_one_changed_cell_is_one_too_many(name, level):
    for seed in range(2):
        right = rows_of(task(name, level, seed).answer)
        symbols = sorted({cell for row in right for cell in row} | {"."} - {"#"})
        for r, row in enumerate(right):
            for c, old in enumerate(row):
                for new in symbols:
                    if new != old:
                        near_miss = [list(line) for line in right]
                        near_miss[r][c] = new
                        found = grade(name, level, seed, text(near_miss))
                        assert found.score < 1, text(near_miss)


@pytest.mark.parametrize("name", NAMES)
def test_two_swapped_cells_are_refused(name):
    for seed in range(2):
        right = rows_of(task(name, 2, seed).answer)
        places = [(r, c) for r, row in enumerate(right) for c in range(len(row))]
        for (r, c), (s, d) in combinations(places, 2):
            if right[r][c] != right[s][d]:
                swapped = [list(row) for row in right]
                swapped[r][c], swapped[s][d] = right[s][d], right[r][c]
                assert grade(name, 2, seed, text(swapped)).score < 1


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_such_board_is_malformed(name):
    drawn = task(name, 2, 1)
    right = rows_of(drawn.answer)
    odd = [
        "",
        " ",
        "?",
        "\n" * 50,
        drawn.question.prompt,
        f"The answer:\n{drawn.answer}",
        f"{drawn.answer}\nThat is all.",
        f"{drawn.answer}\n\n{drawn.answer}",
        text(right[:-1]),
        text(right[1:]),
        text([*right, right[-1]]),
        text([row[:-1] for row in right]),
        text([[*row, row[-1]] for row in right]),
        text([*right[:-1], right[-1][:-1]]),
        drawn.answer.replace("\n", "\n\n", 1),
        " ".join(drawn.answer.split()),
        ",".join(drawn.answer),
        text([["".join(row)] for row in right]),
        text([["٣", *right[0][1:]], *right[1:]]),
        text([["$", *right[0][1:]], *right[1:]]),
        f"```\n{drawn.answer}\n```",
    ]
    for answer in odd:
        found = drawn.family.check(drawn.question, answer)
        assert not found.well_formed, answer
    spaced = "  \n ".join("   ".join(row) for row in right)
    assert drawn.family.check(drawn.question, spaced).correct


@pytest.mark.parametrize("name", [name for name in FILLED if name != "calcudoku"])
def test_what_the_board_shows_must_stay(name):
    changed = 0
    for seed in range(3):
        drawn = task(name, 3, seed)
        board = drawn.question.data["board"]
        right = drawn.answer.split()
        width = len(rows_of(drawn.answer)[0])
        others = {"arrow_maze": "↑", "wordscapes": "a"}
        for cell, shown in enumerate(board):
            other = others.get(name, "1")
            if shown in (".", "_") or right[cell] == other:
                continue
            spoilt = [*right[:cell], other, *right[cell + 1 :]]
            lines = [spoilt[at : at + width] for at in range(0, len(spoilt), width)]
            assert not drawn.family.check(drawn.question, text(lines)).well_formed
            changed += 1
    assert changed > 0


@pytest.mark.parametrize(("name", "level"), EVERY_LEVEL)
def test_the_same_everywhere_earns_next_to_nothing(name, level):
    drawn = task(name, level, 0)
    rows = rows_of(drawn.answer)
    for symbol in sorted(set(drawn.answer.split()) | {"."}):
        constant = text([[symbol] * len(row) for row in rows])
        assert drawn.family.check(drawn.question, constant).score <= 0.2


@pytest.mark.parametrize("name", NAMES)
def test_guesses_have_the_form_and_are_seldom_right(name):
    for level in (1, 2, 4):
        drawn = task(name, level, 0)
        guesses = [drawn.family.guess(drawn.question, Random(seed)) for seed in range(20)]
        grades = [drawn.family.check(drawn.question, guess) for guess in guesses]
        assert all(found.well_formed for found in grades)
        assert len(set(guesses)) > 1
        assert sum(found.correct for found in grades) <= 10


@pytest.mark.parametrize("name", NAMES)
def test_nobody_gets_reward_for_nothing(name):
    found = check(BY_NAME[name], 1, 40)
    assert found.failures == ()
    assert found.constant is not None and found.random is not None
    assert max(found.constant, found.random) <= 1.5 * GUESSABLE
    assert not BY_NAME[name].guessable


def candidates(name, question):
    """Every answer of a small question that could be right, and many that could not."""
    data = question.data
    size = data.get("size", 0)
    cells = range(size * size)
    if name in MARKS:
        chosen = {
            "minesweeper": lambda: subsets([i for i in cells if data["board"][i] == "?"]),
            "number_wall": lambda: subsets([i for i in cells if data["board"][i] == "."]),
            "campsite": lambda: (set(some) for k in range(5) for some in combinations(cells, k)),
            "norinori": lambda: (set(some) for some in combinations(cells, 8)),
            "star_placement": lambda: (
                {row * size + column for row, column in enumerate(columns)}
                for columns in product(range(size), repeat=size)
            ),
        }[name]()
        for some in chosen:
            yield with_marks(mask(some), size, size, MARKS[name])
        return
    if name == "numbrix":
        blanks = [i for i in cells if data["board"][i] == "."]
        left = [str(i + 1) for i in cells if str(i + 1) not in data["board"]]
        fillings = permutations(left)
    else:
        board = data.get("board", ["."] * len(cells))
        blanks = [i for i in cells if board[i] == "."]
        fillings = product(data.get("arrows", ["1", "2", "3"]), repeat=len(blanks))
    for filling in fillings:
        filled = list(data.get("board", ["."] * len(cells)))
        for cell, value in zip(blanks, filling, strict=True):
            filled[cell] = value
        yield text([filled[at : at + size] for at in range(0, len(filled), size)])


def subsets(cells):
    for bits in product((0, 1), repeat=len(cells)):
        yield {cell for cell, bit in zip(cells, bits, strict=True) if bit}


@pytest.mark.parametrize("name", UNIQUE)
def test_exactly_one_of_all_answers_is_right(name):
    for seed in range(2):
        drawn = task(name, 1, seed)
        right = [
            answer
            for answer in candidates(name, drawn.question)
            if drawn.family.check(drawn.question, answer).correct
        ]
        assert [answer.split() for answer in right] == [drawn.answer.split()]


def test_crossing_words_may_cross_in_another_way():
    board = list("____#____")
    question = Question("", "", {"width": 3, "board": board, "words": ["bin", "cat", "cub", "ten"]})
    family = Wordscapes()
    assert family.check(question, "c a t\nu # e\nb i n").correct
    assert family.check(question, "c u b\na # i\nt e n").correct
    twice = family.check(question, "c a t\na # e\nt e n")
    assert twice.well_formed and twice.score == 0.5
    assert family.check(question, "c a t\nu # e\nb a n").score == 0.75
    assert not family.check(question, "C A T\nU # E\nB I N").well_formed


def test_a_vague_minefield_has_several_right_answers():
    question = Question("", "", {"size": 2, "board": ["1", "?", "?", "?"]})
    family = Minesweeper()
    right = {
        marks for marks in range(16) if family.check(question, with_marks(marks, 2, 2, "*")).correct
    }
    assert right == {0b0010, 0b0100, 0b1000}


def right_marks(family, data, mark):
    """All sets of marks on a board of three rows that are right."""
    question = Question("", "", {"size": 3, **data})
    return {
        marks
        for marks in range(512)
        if family.check(question, with_marks(marks, 3, 3, mark)).correct
    }


def test_a_wall_is_one_piece_and_every_island_has_a_number():
    def right(number, cell):
        board = ["."] * 9
        board[cell] = number
        return {511 & ~wall for wall in right_marks(NumberWall(), {"board": board}, "#")}

    assert right("1", 4) == {mask([4])}
    assert right("1", 0) == set()
    hooks = ([0, 1], [1, 2], [2, 5], [5, 8], [7, 8], [6, 7], [3, 6], [0, 3])
    assert right("3", 4) == {mask([4, *hook]) for hook in hooks}  # all others cut the wall


def test_a_camp_has_a_tent_for_each_tree_apart_from_others():
    def right(trees, counts):
        board = ["T" if cell in trees else "." for cell in range(9)]
        return right_marks(Campsite(), {"board": board, "counts": counts}, "A")

    unknown = [None] * 6
    assert right([0], unknown) == {mask([1]), mask([3])}
    assert right([0], [0, *[None] * 5]) == {mask([3])}
    assert right([0, 2], unknown) == {mask([3, 5])}
    assert right([0, 8], unknown) == {mask([1, 7]), mask([3, 5])}


def test_tents_and_trees_are_matched_one_to_one():
    near = beside(3, 3)
    assert matched(mask([0, 2]), mask([1]), near) == 1
    assert matched(mask([0, 2]), mask([1, 3]), near) == 2
    assert matched(mask([0, 8]), mask([1, 3]), near) == 1


def test_visible_buildings():
    assert [visible(row) for row in ([1, 2, 3], [3, 1, 2], [2, 1, 3], [2, 1, 4, 3])] == [3, 1, 2, 2]


def test_every_regions_puzzle_is_cut_into_joined_regions():
    for name in ("star_placement", "norinori"):
        data = task(name, 3, 0).question.data
        near = beside(data["size"], data["size"])
        for letter in sorted(set(data["board"])):
            cells = [i for i, cell in enumerate(data["board"]) if cell == letter]
            reached = {cells[0]}
            for _ in cells:
                reached |= {i for i in cells if any(near[i] >> one & 1 for one in reached)}
            assert reached == set(cells)


def test_the_words_of_a_board_are_all_listed():
    for level in range(1, BY_NAME["wordscapes"].levels + 1):
        question = task("wordscapes", level, 0).question
        listed = question.data["words"]
        rows = rows_of(question.answer)
        lines = [" ".join("".join(line).split("#")) for line in (*rows, *zip(*rows, strict=True))]
        found = [word for line in lines for word in line.split() if len(word) > 1]
        assert len(set(found)) == len(found) and set(found) <= set(listed)
        spare = re.search(r"(\d+) words are not used", question.prompt)
        assert len(listed) - len(found) == (int(spare.group(1)) if spare else 0)


def test_counts_finds_all_markings():
    rng = Random(3)
    for _ in range(20):
        groups = [Group(rng.getrandbits(9), low, low + rng.randrange(2)) for low in (1, 1, 2)]
        excluded = beside(3, 3) if rng.random() < 0.5 else None
        partners = beside(3, 3) if rng.random() < 0.3 else None
        expected = {
            marks
            for marks in range(512)
            if all(one.low <= (one.cells & marks).bit_count() <= one.high for one in groups)
            and not (excluded and any(excluded[i] & marks for i in members(marks)))
            and not (
                partners and any((partners[i] & marks).bit_count() != 1 for i in members(marks))
            )
        }
        found = list(Counts(511, groups, excluded, partners).solutions(10_000))
        assert len(found) == len(set(found)) and set(found) == expected


def test_tables_finds_all_assignments():
    rng = Random(5)
    for _ in range(20):
        tables = Tables([0b111] * 5)
        rules = []
        for _ in range(3):
            cells = rng.sample(range(5), 3)
            rows = rng.sample(list(product(range(3), repeat=3)), 14)
            rules.append((cells, rows))
            tables.add(cells, relation(rows, 3))
        expected = [
            list(values)
            for values in product(range(3), repeat=5)
            if all(tuple(values[cell] for cell in cells) in rows for cells, rows in rules)
        ]
        assert sorted(tables.solutions(10_000)) == expected


def test_a_search_ends_at_its_limit():
    with pytest.raises(OutOfNodesError):
        list(Counts((1 << 40) - 1, []).solutions(100))
    with pytest.raises(OutOfNodesError):
        list(Tables([0b11] * 40).solutions(100))


def test_boards_are_read_strictly():
    assert parse("a b\nb a", 2, 2, "ab") == ["a", "b", "b", "a"]
    assert parse("a b\nb c", 2, 2, "ab") is None
    assert marked("* .\n. *", 2, 2, "*") == 0b1001
    assert marked("* .\n. x", 2, 2, "*") is None


def test_faults_never_leave_a_full_score():
    assert judged(5, 5, 0, "").correct
    assert judged(5, 5, 1, "").score == 0.8
    assert judged(0, 5, 9, "").score == 0
    assert judged(4, 5, 0, "").score == 0.8
