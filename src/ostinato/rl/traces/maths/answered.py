"""From a solver of each kind of problem to the tracer of their environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from ostinato.chat.messages import Message
from ostinato.rl.agents import Script
from ostinato.rl.envs.question import Question, QuestionTask
from ostinato.rl.traces.arithmetic import Work
from ostinato.rl.traces.types import Tracer

Solver = Callable[[Work, Question], object]
"""Works a problem out on paper; its result, as text, is the answer. It reads the prompt and the
numbers that stand in it, never the stored answer.
"""


def answered(solvers: Mapping[str, Solver]) -> Tracer:
    """The tracer of an environment whose kinds of problem these are."""

    def tracer(task: QuestionTask, rng: Random) -> Script:
        del rng  # there is one layout
        question, work = task.question, Work()
        answer = str(solvers[question.data["kind"]](work, question))
        return Script((Message("assistant", task.form.mark(answer), thinking=work.text),))

    return tracer
