"""The demo's puzzles: drawn by a seed, judged by the checker, wrong answers shown as wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.chat.template import reply as as_text
from ostinato.eval.reasoning import Levels, TaskList
from ostinato.infer.directory import MELODY
from ostinato.infer.replier import Conversation, ModelReplier, Written
from ostinato.jobs.demo import demo
from ostinato.jobs.demo_puzzles import FIRST_FRESH_SEED, ask_puzzles, fresh_seed, show_puzzles
from ostinato.jobs.show import console
from ostinato.rl.curriculum_plan import FIRST_SEED
from ostinato.rl.envs.catalogue import find
from ostinato.rl.split import kept
from ostinato.rl.types import Observation
from tiny_language import write_language_model
from tiny_model import write_model

pytestmark = pytest.mark.usefixtures("one_thread")

TRAINED = ("logic/campsite", "logic/web_of_lies", "maths/arithmetic", "maths/words")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = write_language_model(tmp_path_factory.mktemp("model"))
    trained = tuple(Levels(name, (1, 2)) for name in TRAINED)
    TaskList(trained, held_kinds=(Levels("logic/norinori"), Levels("tools/shop"))).write(folder)
    return str(folder)


@pytest.fixture
def _knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that answers puzzles of maths rightly, and others with a question mark."""

    def reply(self: ModelReplier, conversations: Sequence[Conversation]) -> list[Written]:
        return [_answer(one) for one in conversations]

    monkeypatch.setattr(ModelReplier, "reply", reply)


def _answer(asked: Conversation) -> Written:
    for name in TRAINED[2:]:
        for level in (1, 2):
            for seed in (*range(7, 60), *range(1007, 1060), *range(2007, 2060)):
                task = find(name).task(level, seed)
                if task.env().begin().messages == asked.messages:
                    said = task.perfect().act(Observation(())).message
                    return Written(text=as_text(said), tokens=9, thinking_tokens=5)
    return Written(text="<answer>?[bold]\x1b[31m</answer>", tokens=3)


@pytest.mark.usefixtures("_knows")
def test_what_was_only_asked_for_rewards_is_not_asked(tmp_path: Path) -> None:
    folder = write_language_model(tmp_path)
    names = TRAINED[:3]
    TaskList((*(Levels(one, (1,)) for one in names), Levels(names[0], (3,)))).write(folder)
    asked = [puzzle for seed in range(7, 12) for puzzle in ask_puzzles(str(folder), seed)]
    assert {puzzle.environment for puzzle in asked} == set(names)
    assert {puzzle.level for puzzle in asked} == {1}


@pytest.mark.usefixtures("_knows")
def test_puzzles_are_drawn_by_their_seed(model: str) -> None:
    puzzles = ask_puzzles(model, 7)
    assert ask_puzzles(model, 7) == puzzles != ask_puzzles(model, 8)
    assert len({one.environment for one in puzzles}) == 3
    for one in puzzles:
        assert one.environment in TRAINED and one.level in (1, 2) and one.seed >= 7
        task = find(one.environment).task(one.level, one.seed)
        assert kept(task), "it was not trained on"
        assert one.question == task.env().begin().messages[0].content
        assert one.accepted == one.environment.startswith("maths/")
    drawn = {one.environment for seed in range(7, 20) for one in ask_puzzles(model, seed)}
    assert drawn == set(TRAINED)


@pytest.mark.usefixtures("_knows")
def test_right_and_wrong_are_told(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    puzzles = ask_puzzles(model, 7)
    right = sum(one.accepted for one in puzzles)
    assert 0 < right < 3
    show_puzzles(console(), "m1-reason", 7, puzzles)
    told = capsys.readouterr().out
    assert "ostinato demo --seed 7 asks them again" in told
    assert told.count("right: the checker accepts it") == right
    assert told.count("wrong: the checker does not accept it") == 3 - right
    assert told.rstrip().endswith(f"{right} of 3 right")
    assert "thought for 5 tokens, ended by eos" in told
    assert "?[bold]\ufffd[31m" in told and "\x1b" not in told
    assert all(one.question.splitlines()[0] in told for one in puzzles)


def test_a_seed_from_the_clock_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    for moment in (0.0, 799_999.9, 800_000.0, 1.8e9):
        monkeypatch.setattr("time.time", lambda moment=moment: moment)
        assert FIRST_FRESH_SEED <= fresh_seed() < FIRST_SEED - FIRST_FRESH_SEED


@pytest.mark.usefixtures("_knows")
def test_a_list_of_few_kinds_is_asked_several_times(tmp_path: Path) -> None:
    write_language_model(tmp_path)
    TaskList((Levels("maths/arithmetic", (1,)),)).write(tmp_path)
    puzzles = ask_puzzles(str(tmp_path), 3)
    assert len({one.question for one in puzzles}) == 3


def test_the_demo_asks_the_bundled_model(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    melody = write_model(tmp_path / "model", rows=256)
    bundled = {MELODY: melody}
    monkeypatch.setattr("ostinato.infer.directory.bundled", lambda: bundled)
    demo(tmp_path / "demo", seed=7)
    without = capsys.readouterr().out
    assert "puzzles" not in without
    demo(tmp_path / "demo", as_json=True, seed=7)
    assert json.loads(capsys.readouterr().out)["puzzles"] == []
    bundled["m1-reason"] = Path(model)
    monkeypatch.setattr("ostinato.jobs.demo_puzzles.MAX_TOKENS", 5)
    demo(tmp_path / "demo", seed=7)
    told = capsys.readouterr().out
    assert "m1-reason and 3 fresh puzzles of seed 7" in told
    assert told.count("wrong: the checker does not accept it") == 3
    assert "0 of 3 right" in told
    demo(tmp_path / "demo", as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["seed"] >= FIRST_FRESH_SEED and len(found["puzzles"]) == 3
    for one in found["puzzles"]:
        assert one["finish"] in {"eos", "length"} and one["accepted"] is False
    with pytest.raises(UserError, match="a seed must be at least 0, got -1"):
        demo(tmp_path / "demo", seed=-1)
