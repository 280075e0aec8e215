"""Suites of environments, played by repliers whose score is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest

from ostinato.base.errors import UserError
from ostinato.chat.messages import Message
from ostinato.chat.template import render
from ostinato.chat.template import reply as as_text
from ostinato.eval.metrics import wilson
from ostinato.eval.reasoning import (
    Entry,
    Levels,
    Manner,
    Played,
    Result,
    Standing,
    Suite,
    TaskList,
    chosen,
    entries,
    evaluate,
    play_together,
    read_tasks,
)
from ostinato.infer.replier import Conversation, ModelReplier, Written
from ostinato.infer.requests import Finish
from ostinato.rl.curriculum_plan import FIRST_SEED
from ostinato.rl.envs.catalogue import find, mixture
from ostinato.rl.envs.registry import Kind
from ostinato.rl.episode import play
from ostinato.rl.split import kept, prompt
from ostinato.rl.types import Action, Agent, Observation, StopReason, Task
from tiny_language import tiny_language

pytestmark = pytest.mark.usefixtures("one_thread")

ENTRIES = (
    Entry("logic/campsite", (1, 2), Standing.TRAINED),
    Entry("maths/arithmetic", (1,), Standing.TRAINED),
    Entry("maths/arithmetic", (3,), Standing.HELD_LEVELS),
    Entry("tools/shop", (1, 3), Standing.HELD_KINDS),
)
SUITE = Suite(name="some", entries=ENTRIES, examples=12)

Chooser = Callable[[Task], Agent]


@dataclass
class Scripted:
    """Says what an agent of the task would say that a conversation begins with."""

    suite: Suite
    choose: Chooser
    change: Callable[[Written], Written] = lambda written: written
    calls: list[int] = field(default_factory=list[int])
    asked: list[Conversation] = field(default_factory=list[Conversation])

    def __post_init__(self) -> None:
        self._tasks = {
            prompt(one.task): one.task
            for entry in self.suite.entries
            for one in entry.tasks(self.suite.examples)
        }

    def reply(self, conversations: Sequence[Conversation]) -> list[Written]:
        self.calls.append(len(conversations))
        self.asked += conversations
        return [self._turn(one) for one in conversations]

    def _turn(self, asked: Conversation) -> Written:
        said = [n for n, one in enumerate(asked.messages) if one.role == "assistant"]
        opening = asked.messages[: said[0]] if said else asked.messages
        agent = self.choose(self._tasks[render(opening, asked.tools)])
        heard = Observation(asked.messages)
        turns = [agent.act(heard).message for _ in range(len(said) + 1)]
        assert [asked.messages[n] for n in said] == turns[:-1], "what was said is remembered"
        text = as_text(turns[-1])
        return self.change(Written(text=text, tokens=len(text), thinking_tokens=len(text) // 2))


def perfect(task: Task) -> Agent:
    return task.perfect()


def silent(task: Task) -> Agent:
    return task.says("")


def all_right(result: Result) -> list[float]:
    return [cell.accuracy for row in result.rows for cell in row.cells]


def test_perfect_is_one_and_wrong_is_none() -> None:
    result = evaluate(Scripted(SUITE, perfect), SUITE)
    assert all_right(result) == [1, 1, 1, 1]
    assert [row.cells[0].malformed for row in result.rows] == [0, 0, 0, 0]
    assert result.rows[3].cells[0].turns > 2
    assert [row.distinct for row in result.rows] == [12, 12, 12, 12]
    wrong = evaluate(Scripted(SUITE, lambda task: task.says("?")), SUITE)
    assert all_right(wrong) == [0, 0, 0, 0]
    assert wrong.prompts == result.prompts


def test_code_and_repositories_are_played_too() -> None:
    suite = Suite(
        name="programs",
        entries=(Entry("code/lists", (1,)), Entry("software/repair", (1,))),
        examples=2,
        baselines=False,
    )
    result = evaluate(Scripted(suite, perfect), suite)
    assert all_right(result) == [1, 1]
    assert result.rows[1].cells[0].turns >= 2
    assert [(row.guess, row.constant) for row in result.rows] == [(None, None)] * 2


def test_malformed_and_truncated_are_counted() -> None:
    suite = replace(SUITE, entries=ENTRIES[:2], baselines=False)
    answers = iter(range(10_000))
    finishes = {0: Finish.LENGTH, 1: Finish.CONFIDENT, 2: Finish.EOS, 3: Finish.STOP}

    def change(written: Written) -> Written:
        return replace(written, finish=finishes[next(answers) % 4], budget_reached=True)

    for row in evaluate(Scripted(suite, perfect, change), suite).rows:
        (cell,) = row.cells
        assert (cell.right, cell.malformed, cell.truncated, cell.confident) == (6, 6, 6, 3)
        assert (cell.budget_reached, cell.overfull) == (12, 0)
    none = evaluate(Scripted(suite, silent), suite)
    assert [row.cells[0].malformed for row in none.rows] == [12, 12]
    assert [row.cells[0].truncated for row in none.rows] == [0, 0]


def test_stops_are_those_of_the_trajectories() -> None:
    (task,) = ENTRIES[0].tasks(1)
    for finish, stop in {
        Finish.LENGTH: StopReason.LENGTH,
        Finish.CONFIDENT: StopReason.CONFIDENT,
        Finish.EOS: StopReason.TURN,
        Finish.STOP: StopReason.TURN,
    }.items():
        suite = replace(SUITE, entries=ENTRIES[:1], examples=1)
        player = Scripted(suite, perfect, lambda one, finish=finish: replace(one, finish=finish))
        (played,) = play_together([task], player, Manner())
        assert played.trajectory.stop is stop
        assert played.trajectory.grade.correct == (stop is StopReason.TURN)


def test_budgets_and_manners_reach_the_model() -> None:
    suite = replace(
        SUITE,
        entries=ENTRIES[2:],
        thinking_budgets=(0, 64, None),
        max_tokens=77,
        temperature=0.5,
        baselines=False,
    )
    player = Scripted(suite, perfect)
    result = evaluate(player, suite)
    assert [[cell.thinking_budget for cell in row.cells] for row in result.rows] == [
        [0, 64, None]
    ] * 2
    budgets = [asked.thinking_budget for asked in player.asked]
    assert {0, 64, None} == set(budgets)
    assert budgets.count(0) == budgets.count(64) == budgets.count(None)
    assert {asked.max_tokens for asked in player.asked} == {77}
    assert {asked.sampling.temperature for asked in player.asked} == {0.5}
    seeds = [asked.sampling.seed for asked in player.asked if asked.thinking_budget == 0]
    assert len(set(seeds)) == len(seeds), "no two turns draw the same numbers"


def test_all_that_wait_are_asked_at_once() -> None:
    suite = replace(SUITE, entries=ENTRIES[3:], baselines=False)
    player = Scripted(suite, perfect)
    evaluate(player, suite)
    lengths = [
        len(play(one.task.env(), one.task.perfect()).transitions) for one in ENTRIES[3].tasks(12)
    ]
    assert player.calls == [sum(n > turn for n in lengths) for turn in range(max(lengths))]
    assert len(player.calls) > len(set(lengths)) > 1


@dataclass
class _Alone:
    """A replier as the agent of a single episode."""

    player: Scripted | ModelReplier
    manner: Manner
    messages: list[Message] = field(default_factory=list[Message])
    first: Observation | None = None

    def act(self, observation: Observation) -> Action:
        self.first = self.first or observation
        self.messages += observation.messages
        asked = Conversation(
            messages=tuple(self.messages),
            tools=self.first.tools,
            max_tokens=self.manner.max_tokens,
            thinking_budget=self.manner.thinking_budget,
        )
        (written,) = self.player.reply([asked])
        self.messages.append(written.message)
        stops = {Finish.LENGTH: StopReason.LENGTH, Finish.CONFIDENT: StopReason.CONFIDENT}
        return Action(written.message, stops.get(written.finish, StopReason.TURN))


def test_lockstep_is_playing_one_by_one() -> None:
    rng = Random("good and bad")
    good = {prompt(one.task): rng.random() < 0.5 for e in ENTRIES for one in e.tasks(12)}

    def mixed(task: Task) -> Agent:
        return task.perfect() if good[prompt(task)] else _guess(task)

    for entry in (ENTRIES[0], ENTRIES[3]):
        tasks = entry.tasks(12)
        together = play_together(tasks, Scripted(SUITE, mixed), Manner())
        alone = [play(one.task.env(), _Alone(Scripted(SUITE, mixed), Manner())) for one in tasks]
        assert [one.trajectory for one in together] == alone
        assert 0 < sum(one.grade.correct for one in alone) < 12


def _guess(task: Task) -> Agent:
    agent = task.guess(Random("guess"))
    assert agent is not None
    return agent


def test_a_model_plays_the_same_in_any_batch() -> None:
    language = tiny_language(max_position_embeddings=16_384)
    tasks = [*ENTRIES[1].tasks(3), *ENTRIES[3].tasks(1)]
    for temperature in (0.0, 1.0):
        manner = Manner(max_tokens=6, temperature=temperature, thinking_budget=2)

        def run(batch: int, order: Sequence[int], manner: Manner = manner) -> dict[int, Played]:
            player = ModelReplier(language, batch)
            found = play_together([tasks[i] for i in order], player, manner)
            return dict(zip(order, found, strict=True))

        whole = run(8, range(len(tasks)))
        assert run(1, range(len(tasks))) == whole
        assert run(2, [3, 0, 2, 1]) == whole
        assert all(turn.tokens <= 6 for one in whole.values() for turn in one.turns)


def test_a_full_context_ends_an_episode_and_not_the_suite() -> None:
    language = tiny_language(max_position_embeddings=600)
    suite = replace(SUITE, entries=ENTRIES[1::2], examples=2, max_tokens=4, baselines=False)
    short, long = evaluate(ModelReplier(language), suite).rows
    assert (short.cells[0].overfull, short.cells[0].right) == (0, 0)
    assert (long.cells[0].overfull, long.cells[0].truncated, long.cells[0].tokens) == (2, 2, 0)


def test_intervals_and_rows_together() -> None:
    suite = replace(SUITE, entries=ENTRIES[:3], examples=20, baselines=False)
    answers = iter(range(10_000))

    def some(task: Task) -> Agent:
        return task.perfect() if next(answers) % 20 < 7 else task.says("?")

    result = evaluate(Scripted(suite, some), suite)
    assert [row.cells[0].right for row in result.rows] == [7, 7, 7]
    assert result.rows[0].cells[0].interval == wilson(7, 20)
    assert result.standings == (Standing.TRAINED, Standing.HELD_LEVELS)
    (both,) = result.together(Standing.TRAINED)
    assert (both.right, both.episodes, both.interval) == (14, 40, wilson(14, 40))
    tokens = [row.cells[0].tokens for row in result.of(Standing.TRAINED)]
    assert both.tokens == pytest.approx(sum(tokens) / 2)
    told = json.loads(json.dumps(result.as_json()))
    assert told["rows"][0]["cells"][0]["interval"] == list(wilson(7, 20))
    assert told["together"]["trained on"][0]["right"] == 14
    assert told["suite"]["thinking_budgets"] == [None]


def test_baselines_are_measured_on_the_same_tasks() -> None:
    suite = Suite(
        name="guessed",
        entries=(Entry("logic/star_placement", (1,)), Entry("tools/shop", (1,))),
        examples=60,
    )
    grid, shop = evaluate(Scripted(suite, perfect), suite).rows
    assert grid.guess is not None and grid.constant is not None
    # `env check` finds about 0.11 for both.
    assert 0.02 < grid.guess < 0.3 and 0.02 < grid.constant < 0.3
    guessing = evaluate(Scripted(suite, _guess), suite).rows[0].cells[0]
    assert 0 < guessing.accuracy < 0.4
    assert shop.constant is None and shop.guess is not None and shop.guess < 0.1


def test_prompts_tell_suites_apart() -> None:
    player = Scripted(SUITE, perfect)
    whole = evaluate(player, replace(SUITE, baselines=False)).prompts
    assert evaluate(player, replace(SUITE, baselines=False, seed=5)).prompts == whole
    fewer = replace(SUITE, examples=11, baselines=False)
    assert evaluate(player, fewer).prompts != whole


def test_tasks_are_those_of_the_first_seeds() -> None:
    drawn = Entry("logic/campsite", (1, 2), Standing.HELD_LEVELS).tasks(5)
    found = [(one.level, one.seed) for one in drawn]
    assert found == [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2)]
    assert [one.task for one in drawn] == [find("logic/campsite").task(*one) for one in found]
    assert len({one.name for one in drawn}) == 5


def test_what_was_trained_on_is_asked_with_tasks_that_were_not() -> None:
    drawn = Entry("logic/campsite", (1, 2), Standing.TRAINED).tasks(40)
    assert all(kept(one.task) for one in drawn)
    assert [one.level for one in drawn] == [1, 2] * 20
    seeds = [one.seed for one in drawn if one.level == 1]
    assert seeds == sorted(set(seeds)) and seeds[-1] < FIRST_SEED
    between = set(range(seeds[-1])) - set(seeds)
    assert not any(kept(find("logic/campsite").task(1, seed)) for seed in between)


def test_suites_that_cannot_be() -> None:
    for examples in (0, 10_001):
        with pytest.raises(UserError, match=f"expected 1 to 10,000 examples, got {examples}"):
            replace(SUITE, examples=examples)
    with pytest.raises(UserError, match="given twice"):
        replace(SUITE, thinking_budgets=(3, 3))
    with pytest.raises(UserError, match="a thinking budget is at least 0"):
        replace(SUITE, thinking_budgets=(-3,))
    with pytest.raises(UserError, match="temperature must be at least 0"):
        replace(SUITE, temperature=-1.0)
    with pytest.raises(UserError, match="at least one environment"):
        replace(SUITE, entries=())


LIST = TaskList(
    trained=(Levels("logic/campsite", (1, 2)), Levels("maths/words", (1,))),
    held_levels=(Levels("logic/campsite", (3,)),),
    held_kinds=(Levels("logic/norinori"), Levels("tools/shop", (1,))),
)


def test_what_a_model_was_trained_on_is_read_back(tmp_path: Path) -> None:
    assert read_tasks(tmp_path) is None
    LIST.write(tmp_path)
    assert read_tasks(tmp_path) == LIST


def test_names_alone_stand_for_all_levels(tmp_path: Path) -> None:
    text = '{"trained": [{"environment": "maths/words"}], "held_kinds": ["logic/norinori"]}'
    (tmp_path / "tasks.json").write_text(text, encoding="utf-8")
    found = read_tasks(tmp_path)
    assert found is not None
    assert found.entries == (
        Entry("maths/words", (1, 2, 3, 4, 5, 6), Standing.TRAINED),
        Entry("logic/norinori", (1, 2, 3, 4, 5, 6), Standing.HELD_KINDS),
    )


def test_a_suite_asks_what_the_list_has_of_its_kinds() -> None:
    assert entries("reason", LIST) == (
        Entry("logic/campsite", (1, 2), Standing.TRAINED),
        Entry("maths/words", (1,), Standing.TRAINED),
        Entry("logic/campsite", (3,), Standing.HELD_LEVELS),
        Entry("logic/norinori", (1, 2, 3, 4, 5, 6), Standing.HELD_KINDS),
    )
    assert entries("tools", LIST) == (Entry("tools/shop", (1,), Standing.HELD_KINDS),)


@pytest.mark.parametrize(
    ("suite", "kinds"),
    [
        ("reason", {Kind.LOGIC, Kind.MATHS}),
        ("code", {Kind.CODE}),
        ("swe", {Kind.SOFTWARE}),
        ("tools", {Kind.TOOLS}),
        ("judged", {Kind.JUDGED}),
    ],
)
def test_without_a_list_a_suite_asks_all_of_its_kinds(suite: str, kinds: set[Kind]) -> None:
    found = entries(suite, None)
    assert {one.environment for one in found} == {
        one.name for one in mixture() if one.kind in kinds
    }
    assert {one.standing for one in found} == {Standing.UNKNOWN}
    if suite != "reason":
        of_kind = [one for one in entries(suite, LIST) if one.environment != "tools/shop"]
        assert all(one.standing is Standing.HELD_KINDS for one in of_kind)


def test_some_kinds_or_environments() -> None:
    listed = entries("reason", LIST)
    assert chosen(listed, ["maths"]) == listed[1:2]
    assert chosen(listed, ["logic/campsite", "maths/words"]) == listed[:3]
    with pytest.raises(UserError, match=r"nothing of 'cod': expected logic, logic/campsite, maths"):
        chosen(listed, ["logic", "cod"])
    with pytest.raises(UserError, match="no suite 'art' of environments; expected reason, code"):
        entries("art", None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "tasks.json: expected JSON, but"),
        ("[]", "tasks.json: expected an object of lists, got list"),
        ("{}", "tasks.json: key 'trained' is missing"),
        ('{"trained": [7]}', "key 'trained\\[0\\]': expected a table"),
        ('{"trained": ["logic/campsit"]}', "there is no environment 'logic/campsit'"),
        ('{"trained": [{"environment": "logic/camp"}]}', "there is no environment 'logic/camp'"),
        (
            '{"trained": [{"environment": "maths/words", "levels": [0]}]}',
            "maths/words: expected levels of 1 to 6, got 0",
        ),
        ('{"trained": [], "seen": []}', "unknown key 'seen'"),
    ],
)
def test_a_list_that_cannot_be(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "tasks.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=sentence):
        read_tasks(tmp_path)
