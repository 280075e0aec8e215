"""A model that grades in a run: the recipe names it, it is asked, and what it cannot do is told."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ostinato.base.config import from_dict
from ostinato.base.errors import UserError
from ostinato.grading.judge import JudgeError
from ostinato.grading.judge_prompt import read_texts
from ostinato.jobs.rl_recipe import JudgeChoice
from ostinato.rl.collect import CollectConfig, Collector
from ostinato.rl.curriculum import Prompt
from ostinato.rl.curriculum_plan import CurriculumPlan, Entry
from ostinato.rl.envs.catalogue import find
from ostinato.rl.episode import play


@pytest.fixture
def url() -> Iterator[str]:
    """A judge by HTTP that likes whatever says "zebra"."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            texts, outside = read_texts(asked["messages"][0]["content"])
            label = re.search(r"^(BETTER [0-9a-f]{8}): [NX]$", outside, re.MULTILINE)
            assert label is not None
            said = f"{label[1]}: {'A' if 'zebra' in texts['answer A'] else 'B'}"
            body = json.dumps({"choices": [{"message": {"content": said}}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any, **options: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_recipes_judge_grades(url: str) -> None:
    choice = from_dict(JudgeChoice, {"url": url, "model": "m"})
    task = choice.environments()["judged/rewrite"].task(1, 3)
    liked = play(task.env(), task.says("Do it, zebra."))
    assert liked.grade.correct and liked.grade.audit is not None
    assert liked.grade.audit.success < 1, "which a program does not find right"
    assert not play(task.env(), task.says("Do it.")).grade.correct


def test_a_judge_that_is_not_there_is_one_sentence() -> None:
    choice = JudgeChoice(url="http://127.0.0.1:9/v1", model="m")
    task = choice.environments()["judged/rewrite"].task(1, 3)
    quick: Any = task.asked.family.referee.judge
    object.__setattr__(quick, "retries", 0)
    with pytest.raises(JudgeError) as told:
        play(task.env(), task.says("Do it, zebra."))
    assert isinstance(told.value, UserError), "so that a run is saved and ends with it"
    with pytest.raises(UserError, match="repeats of at least 1"):
        JudgeChoice(url="http://127.0.0.1:9/v1", model="m", repeats=0)


def test_tasks_with_a_judge_are_made_where_the_judge_is(url: str) -> None:
    environments = {
        **JudgeChoice(url=url, model="m").environments(),
        "maths/arithmetic": find("maths/arithmetic"),
    }
    plan = CurriculumPlan(entries=tuple(Entry(environment=name) for name in environments))
    player: Any = None
    with ThreadPoolExecutor(1) as makers:
        collector = Collector(
            player,
            environments,
            plan,
            CollectConfig(),
            seed=0,
            makers=makers,
            here={"judged/rewrite"},
        )
        prompts = [Prompt(name, 1, 7) for name in ("judged/rewrite", "maths/arithmetic")]
        judged, sum_ = collector._tasks(prompts)
    assert play(judged.env(), judged.says("Do it, zebra.")).grade.correct
    assert play(sum_.env(), sum_.perfect()).grade.correct
