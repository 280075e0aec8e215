"""Repairing repositories: the tools, who gets reward and who does not, and the tables of bugs."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest

from ostinato.base.errors import UserError
from ostinato.chat.messages import Message, ToolCall
from ostinato.grading.types import Grade
from ostinato.rl.agents import Script
from ostinato.rl.envs.software import SOFTWARE, Bounds, from_directory, repair
from ostinato.rl.envs.software.build import verify
from ostinato.rl.envs.software.episode import RepositoryEnv
from ostinato.rl.envs.software.mutate import mutations
from ostinato.rl.envs.software.own import TESTS as OWN_TESTS
from ostinato.rl.envs.software.own import matches
from ostinato.rl.envs.software.repair import BUGS, HELD_OUT, LEVELS, RepairTask, count
from ostinato.rl.envs.software.table import (
    digest,
    mutated,
    names,
    read_files,
    read_table,
    repository,
)
from ostinato.rl.envs.software.verdict import HiddenCases
from ostinato.rl.envs.software.workspace import TESTS, TOOLS, Workspace
from ostinato.rl.episode import play
from ostinato.rl.types import Action, RewardRule, StopReason
from ostinato.sandbox import best
from ostinato.sandbox.types import Limits

T = TypeVar("T")

FILES = {"README.md": "# small\n", "pkg/a.py": "x = 1\ny = 2\nx = 1\n", "tests/test_a.py": ""}
DRAWN = [("tournament", "fixtures.py"), ("warehouse", "orders.py")]
"""Repositories and first modules of level 1, seed 0 and of level 5, seed 7."""
QUICK = [(1, 0), (3, 1), (5, 0)]
REPOSITORIES = 14
FEWEST_MODULES, MOST_MODULES = 2, 5
FEWEST_LINES, MOST_LINES = 80, 250


def workspace(given: dict[str, str] | None = None, **bounds: Any) -> Workspace:
    return Workspace(given or FILES, TESTS, Bounds(**bounds), None)


def call(work: Workspace, name: str, **arguments: Any) -> str:
    return work.call(ToolCall(name, arguments))


def turns(*calls: ToolCall) -> Script:
    return Script([Message("assistant", tool_calls=(each,)) for each in calls])


def reborn(value: T) -> T:
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # our own bytes


# Tools


def test_listing_and_reading() -> None:
    work = workspace()
    assert call(work, "list_files").splitlines()[1] == "pkg/a.py  3 lines"
    assert call(work, "read_file", path="./pkg/a.py") == "1\tx = 1\n2\ty = 2\n3\tx = 1"
    assert call(work, "read_file", path="pkg/a.py", first=2, last=9) == "2\ty = 2\n3\tx = 1"
    assert "empty" in call(work, "read_file", path="tests/test_a.py")


def test_editing_and_writing() -> None:
    work = workspace()
    call(work, "edit_file", path="pkg/a.py", old="y = 2\nx = 1", new="y = 3")
    assert work.files["pkg/a.py"] == "x = 1\ny = 3\n"
    assert "new" in call(work, "write_file", path="pkg/b.py", text="z = 1")
    assert "replaced" in call(work, "write_file", path="./pkg/b.py", text="z = 2")
    assert work.files["pkg/b.py"] == "z = 2"
    assert FILES["pkg/a.py"] == "x = 1\ny = 2\nx = 1\n", "the task keeps its own"


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("remove", {}, "no tool 'remove': there are list_files"),
        ("list_files", {"path": "pkg"}, "takes no arguments"),
        ("read_file", {}, "needs the argument 'path'"),
        ("read_file", {"path": 7}, "must be of type string, not int"),
        ("read_file", {"path": "pkg/a.py", "first": True}, "must be of type integer, not bool"),
        ("read_file", {"path": "pkg/a.py", "first": "2"}, "must be of type integer, not str"),
        ("read_file", {"path": "pkg/c.py"}, "no file 'pkg/c.py'"),
        ("read_file", {"path": "../secret"}, "no file '../secret'"),
        ("read_file", {"path": "pkg/a.py", "first": 4}, "has 3 lines"),
        ("read_file", {"path": "pkg/a.py", "first": 0}, "has 3 lines"),
        ("read_file", {"path": "pkg/a.py", "first": 3, "last": 2}, "no lines 3 to 2"),
        ("edit_file", {"path": "pkg/a.py", "old": "x = 1", "new": ""}, "more than once"),
        ("edit_file", {"path": "pkg/a.py", "old": "x = 2", "new": ""}, "does not stand in"),
        ("edit_file", {"path": "pkg/a.py", "old": "", "new": ""}, "is empty"),
        ("edit_file", {"path": "pkg/c.py", "old": "x", "new": ""}, "no file"),
        ("write_file", {"path": "/etc/passwd", "text": ""}, "no path inside the repository"),
        ("write_file", {"path": "a/../../b", "text": ""}, "no path inside the repository"),
        ("write_file", {"path": "a//b", "text": ""}, "no path inside the repository"),
        ("write_file", {"path": "a\x00b", "text": ""}, "no path inside the repository"),
        ("write_file", {"path": "", "text": ""}, "no path inside the repository"),
        ("write_file", {"path": "pkg", "text": ""}, "a file and a folder"),
        ("write_file", {"path": "README.md/x", "text": ""}, "a file and a folder"),
        ("write_file", {"path": "pkg/a.py", "text": "x" * 201}, "more than 200 characters"),
        ("write_file", {"path": "pkg/a.py", "text": "x" * 195}, "files together"),
        ("write_file", {"path": "pkg/a.py", "text": "\ud800"}, "halves of characters"),
        ("write_file", {"path": "b.py", "text": ""}, "no more are allowed"),
        ("run_python", {"code": "x" * 201}, "more than 200 characters"),
        ("run_python", {"code": None}, "needs the argument 'code'"),
    ],
)
def test_a_bad_call_is_answered(name: str, arguments: dict[str, Any], says: str) -> None:
    work = workspace(text=200, files=3, total=200)
    result = call(work, name, **arguments)
    assert result.startswith("error: ") and says in result
    assert work.files == FILES


def test_running() -> None:
    files = {"m.py": "n = 6 * 7\n", "tests/test_m.py": "import m\nraise SystemError(m.n)\n"}
    work = workspace(files)
    out = call(work, "run_python", code="import m\nprint(m.n)\nopen('new', 'w').close()")
    assert out == "exit code 0\n--- stdout\n42"
    assert "SystemError: 42" in call(work, "run_tests")
    assert work.files == files, "a run leaves nothing behind"


def test_long_output_loses_its_middle() -> None:
    out = call(workspace(output=100), "run_python", code="print('a' * 500 + 'b')")
    assert "characters left out" in out and out.endswith("b") and len(out) < 150


def test_a_run_that_hangs_is_stopped() -> None:
    limits = Limits(wall_seconds=0.5)
    out = call(workspace(run=limits), "run_python", code="while True:\n    pass")
    assert out.startswith("stopped after 0.5 seconds")


def test_every_tool_has_a_method() -> None:
    assert set(TOOLS) - {"submit"} == {name for name in TOOLS if hasattr(Workspace, name)}


# Episodes


def test_an_episode_ends() -> None:
    task = repair(1, 0, bounds=Bounds(turns=3))
    looking = [ToolCall("list_files")] * 5
    assert not play(task.env(), turns(*looking)).grade.well_formed
    assert len(play(task.env(), turns(*looking)).transitions) == 3
    assert play(task.env(), task.says("done")).reward.total < 0
    env = task.env()
    env.begin()
    cut = Action(Message("assistant", tool_calls=(ToolCall("submit"),)), StopReason.LENGTH)
    grade = env.step(cut).grade
    assert grade is not None and not grade.well_formed


def test_the_agent_hears_how_many_turns_are_left() -> None:
    env = repair(1, 0, bounds=Bounds(turns=2)).env()
    env.begin()
    step = env.step(Action(Message("assistant", tool_calls=(ToolCall("list_files"),))))
    assert step.observation is not None
    assert step.observation.messages[0].results[0].text.endswith("(1 turn left)")


def test_runs_in_one_turn_are_bounded() -> None:
    env = repair(1, 0, bounds=Bounds(runs=2)).env()
    env.begin()
    run = ToolCall("run_python", {"code": "print(7)"})
    for _ in range(2):  # counted anew in each turn
        step = env.step(Action(Message("assistant", tool_calls=(run,) * 1000)))
        assert step.observation is not None
        texts = [result.text for result in step.observation.messages[0].results]
        assert ["7" in text for text in texts[:4]] == [True, True, False, False]
        assert len(texts) == 1000 and texts[-1].startswith("error: not run")


def test_a_bad_submission_is_no_submission() -> None:
    env = repair(1, 0).env()
    env.begin()
    step = env.step(Action(Message("assistant", tool_calls=(ToolCall("submit", {"x": 1}),))))
    assert step.observation is not None
    assert "takes no arguments" in step.observation.messages[0].results[0].text


@pytest.mark.parametrize(("level", "seed"), QUICK)
def test_the_perfect_agent_gets_everything(level: int, seed: int) -> None:
    task = repair(level, seed)
    assert play(task.env(), task.perfect()).grade == Grade(1.0, f"all {_cases(task)} cases")


def test_cheats_get_nothing() -> None:
    task = repair(3, 1)
    for name, agent in task.cheats().items():
        reward = play(task.env(), agent, RewardRule(partial=True)).reward
        assert reward.correctness == 0 and reward.total <= 0, name


def test_tampering_and_regression_cost_a_repair() -> None:
    task = repair(3, 0)
    edits = [ToolCall("edit_file", edit) for edit in task.repairs()]
    done = [*edits, ToolCall("submit")]
    blank = ToolCall("write_file", {"path": "tests/test_issue.py", "text": ""})
    more = ToolCall("write_file", {"path": "tests/test_more.py", "text": "import unittest\n"})
    readme = ToolCall("write_file", {"path": "README.md", "text": "# changed\n"})
    grade = play(task.env(), turns(blank, *done)).grade
    assert grade.score == 0 and grade.reason.startswith("tampering")
    assert play(task.env(), turns(more, readme, *done)).grade.correct
    module = task.mutant.edits[0].path
    gone = ToolCall("write_file", {"path": module, "text": "raise SystemExit\n"})
    grade = play(task.env(), turns(*edits, gone, ToolCall("submit"))).grade
    assert grade.score == 0 and grade.reason.startswith("regression")


def test_one_bug_of_three_is_partial_credit() -> None:
    task = repair(5, 0)
    edit = ToolCall("edit_file", task.repairs()[0])
    grade = play(task.env(), turns(edit, ToolCall("submit"))).grade
    assert 0 < grade.score < 1
    assert RewardRule()(grade).total == 0


def test_shown_cases_earn_no_partial_credit() -> None:
    verdict = repair(5, 0).env().verdict
    assert isinstance(verdict, HiddenCases)
    shown = frozenset(number for number, _ in verdict.mutant.shown)
    broken = frozenset(verdict.mutant.broken)
    assert verdict.judge(broken - shown).score == 0
    assert 0 < verdict.judge(shown).score < 1


# Tasks


def test_tasks_are_the_same_everywhere_and_picklable() -> None:
    drawn = [(task.name, task.mutant.edits[0].path) for task in (repair(1, 0), repair(5, 7))]
    assert drawn == DRAWN
    for level in range(1, LEVELS + 1):
        task = SOFTWARE[0].task(level, 11)
        assert task == repair(level, 11)
        assert reborn(task) == task
        assert reborn(task.env()).begin() == task.env().begin()


@pytest.mark.parametrize("level", range(1, LEVELS + 1))
def test_prompts_say_less_as_levels_rise(level: int) -> None:
    for seed in range(count(level)):
        task = repair(level, seed)
        prompt, edits = task.prompt(), task.mutant.edits
        assert len(edits) == BUGS[level - 1]
        named = f"`{edits[0].path}`" in prompt
        assert named == (level <= 2)
        assert (f"`{edits[0].function}`" in prompt) == (level == 1 and bool(edits[0].function))
        shown = task.shown()
        assert len(shown) >= len(edits)
        for case, got in shown:
            assert case.expected.removeprefix("raises ") in prompt
            assert got.removeprefix("raises ") in prompt
        ast.parse(task.files()["tests/test_issue.py"])


def test_hidden_cases_are_hidden() -> None:
    """Neither in a prompt nor in a visible file stands a whole hidden case."""
    for level in (1, 3, 5):
        task = repair(level, 3)
        visible = task.prompt() + "".join(task.files().values())
        shown = [case for case, _ in task.shown()]
        for case in repository(task.name).cases:
            if case not in shown and case.expected[0] in "[{(":
                assert len(case.expected) < 10 or case.expected not in visible, case


def _cases(task: RepairTask) -> int:
    return len(repository(task.name).cases)


# Tables


def test_repositories_are_small_and_varied() -> None:
    assert len(names()) == REPOSITORIES
    for name in names():
        files, modules = read_files(name), _modules(name)
        assert FEWEST_MODULES <= len(modules) <= MOST_MODULES, name
        assert sum(len(text.splitlines()) for text in files.values()) >= FEWEST_LINES, name
        assert sum(len(files[path].splitlines()) for path in modules) <= MOST_LINES, name
        assert "README.md" in files and any(path.startswith("tests/") for path in files)


def test_tables_fit_their_repositories() -> None:
    for name in names():
        assert read_table(name)["digest"] == digest(name), f"{name}: build the tables again"
        every = repository(name)
        possible = {path: set(mutations(path, every.files[path])) for path in _modules(name)}
        for mutant in (mutant for group in every.mutants for mutant in group):
            hidden = set(mutant.broken) - {number for number, _ in mutant.shown}
            assert hidden and len(mutant.shown) >= len(mutant.edits)
            for edit in mutant.edits:
                assert edit in possible[edit.path]
            for path, text in mutated(every.files, mutant.edits).items():
                assert (text == every.files[path]) == all(e.path != path for e in mutant.edits)


def _modules(name: str) -> list[str]:
    return [path for path in read_files(name) if path.endswith(".py") and "/" not in path]


def test_there_are_many_tasks() -> None:
    counts = [count(level) for level in range(1, LEVELS + 1)]
    assert counts[0] == counts[1] == counts[2] >= 100
    assert min(counts[3:]) >= 30
    kinds = {m.edits[0].kind for name in names() for m in repository(name).mutants[0]}
    assert len(kinds) >= 10


def test_a_guess_is_one_change_and_seldom_right() -> None:
    task = repair(1, 0)
    played = [play(task.env(), task.guess(Random(seed))) for seed in range(3)]
    assert not any(episode.grade.correct for episode in played)
    assert all(episode.grade.well_formed for episode in played)
    wrote = [episode.transitions[0].action.message.tool_calls[0] for episode in played]
    assert all(call.arguments["text"] != task.files()[call.arguments["path"]] for call in wrote)


def test_what_is_held_out_is_never_shown() -> None:
    for level in range(1, LEVELS + 1):
        asked = [
            {repair(level, seed, unseen=unseen).name for seed in range(count(level, unseen=unseen))}
            for unseen in (False, True)
        ]
        assert asked[1] <= set(HELD_OUT)
        assert not asked[0] & set(HELD_OUT)
        assert len(asked[0]) >= 9


def test_mutations_have_their_place_in_the_text() -> None:
    source = (
        "LIMIT = 3\n\n\ndef f(a, b):\n"
        '    """Of 1 and 2."""\n'
        "    if a < b and not b:\n        raise ValueError\n"
        "    return min(a[1:b], (b) - (a)), f'{a + 1}'\n"
    )
    made = {
        (e.kind, source[: e.start] + e.text + source[e.end :]) for e in mutations("m.py", source)
    }
    changed = {(kind, line) for kind, text in made for line in _changed(source, text)}
    assert ("wrong comparison", "    if a <= b and not b:") in changed
    assert ("wrong operator", "    if a < b or not b:") in changed
    assert ("negated condition", "    if a < b and b:") in changed
    assert ("missing check", "    pass") in changed
    assert ("wrong function", "    return max(a[1:b], (b) - (a)), f'{a + 1}'") in changed
    assert ("off by one", "    return min(a[2:b], (b) - (a)), f'{a + 1}'") in changed
    assert ("off by one", "    return min(a[1:b + 1], (b) - (a)), f'{a + 1}'") in changed
    assert ("wrong operator", "    return min(a[1:b], (b) + (a)), f'{a + 1}'") in changed
    assert all("LIMIT = 3" in text and '"""Of 1 and 2."""' in text for _, text in made)
    assert all("f'{a + 1}'" in text for _, text in made)


def _changed(before: str, after: str) -> list[str]:
    return [line for line in after.splitlines() if line not in before.splitlines()]


@pytest.mark.long
@pytest.mark.parametrize("name", names())
def test_every_mutant_breaks_what_the_table_says(name: str) -> None:
    assert verify(name, best(), read_table(name)) == []


@pytest.mark.long
@pytest.mark.parametrize("level", range(1, LEVELS + 1))
def test_many_tasks_are_solved_and_not_cheated(level: int) -> None:
    rule = RewardRule(partial=True)
    for seed in range(8):
        task = repair(level, seed)
        assert play(task.env(), task.perfect()).reward.total == 1
        for name, agent in task.cheats().items():
            assert play(task.env(), agent, rule).reward.total <= 0, (seed, name)


# A user's own repository


PROGRAM = "def double(n):\n    return n + n + 1\n"
REPAIRED = "def double(n):\n    return 2 * n\n"
TEST = (
    "import unittest\n\nfrom program import double\n\n\n"
    "class Test(unittest.TestCase):\n    def test(self):\n"
    "        self.assertEqual(double(4), 8)\n"
)
COMMAND = ("python", "-m", "unittest", "discover", "-s", "tests", "-t", ".")


def folder(root: Path, program: str) -> Path:
    (root / "tests").mkdir(parents=True)
    (root / "tests" / "__init__.py").write_text("")
    (root / "tests" / "test_program.py").write_text(TEST)
    (root / "program.py").write_text(program)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret")
    (root / "picture.png").write_bytes(b"\xff\xfe\x00")
    (root / "link").symlink_to("/etc/passwd")
    return root


def test_own_repository(tmp_path: Path) -> None:
    solution = folder(tmp_path / "done", REPAIRED)
    own = from_directory(
        folder(tmp_path / "own", PROGRAM), COMMAND, issue="double(4) gives 9.", solution=solution
    )
    task = own.task(1, 0)
    assert reborn(task) == task
    env = task.env()
    assert isinstance(env, RepositoryEnv)
    assert set(env.files) == {"program.py", "tests/__init__.py", "tests/test_program.py"}
    solved = play(env, task.perfect())
    assert solved.grade.correct and not solved.reward.trusted
    for name, agent in task.cheats().items():
        reward = play(task.env(), agent).reward
        assert reward.total == 0 and not reward.trusted, name


def test_own_repository_without_a_solution(tmp_path: Path) -> None:
    own = from_directory(folder(tmp_path / "own", PROGRAM), COMMAND, issue="Repair it.")
    with pytest.raises(UserError, match="expected a solution"):
        own.task(1, 0).perfect()
    assert own.task(1, 0) == own.task(1, 99)


def test_new_tests_of_the_agent_do_not_run(tmp_path: Path) -> None:
    own = from_directory(folder(tmp_path / "own", REPAIRED), COMMAND, issue="Nothing.")
    failing = {"path": "tests/test_no.py", "text": "raise SystemExit(1)\n"}
    agent = turns(ToolCall("write_file", failing), ToolCall("submit"))
    assert play(own.task(1, 0).env(), agent).grade.correct
    assert matches("package/conftest.py", OWN_TESTS)


def test_what_is_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="expected a directory"):
        from_directory(tmp_path / "absent", COMMAND, issue="")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="text files, got none"):
        from_directory(tmp_path / "empty", COMMAND, issue="")
    own = folder(tmp_path / "own", PROGRAM)
    with pytest.raises(UserError, match="as a list of words"):
        from_directory(own, "make test", issue="")
    monkeypatch.setattr("ostinato.rl.envs.software.own.MAX_FILES", 2)
    with pytest.raises(UserError, match="at most 2 text files"):
        from_directory(own, COMMAND, issue="")
    monkeypatch.setattr("ostinato.rl.envs.software.own.MAX_FILES", 9)
    monkeypatch.setattr("ostinato.rl.envs.software.own.MAX_BYTES", 20)
    with pytest.raises(UserError, match="20 bytes"):
        from_directory(own, COMMAND, issue="")
