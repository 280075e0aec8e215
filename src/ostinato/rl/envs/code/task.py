"""An exercise as a task: the reply is one block of code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from ostinato.base.errors import UserError
from ostinato.chat.messages import Message
from ostinato.grading.types import malformed
from ostinato.rl.agents import Script, says
from ostinato.rl.envs.code.cheats import guesses, programs
from ostinato.rl.envs.code.exercise import Exercise, check
from ostinato.rl.types import Action, Agent, Observation, Step
from ostinato.sandbox.types import Sandbox

_OPEN, _CLOSE = "```python", "```"

INSTRUCTION = f"""\
Reply with exactly one block of code, which holds the whole program. The block begins with the \
line {_OPEN} and ends with the line {_CLOSE}; no other line of the reply begins with {_CLOSE}. \
For example:

{_OPEN}
print("hello")
{_CLOSE}"""


def block(source: str) -> str:
    """A reply that is this source and nothing else."""
    return f"{_OPEN}\n{source.rstrip()}\n{_CLOSE}"


def read_block(reply: str) -> str | None:
    """The source in a reply; None where there is no block, an empty one, or more than one."""
    lines = reply.replace("\r\n", "\n").split("\n")
    fences = [at for at, line in enumerate(lines) if line.startswith(_CLOSE)]
    if [lines[at].rstrip() for at in fences] != [_OPEN, _CLOSE]:
        return None
    source = "\n".join(lines[fences[0] + 1 : fences[1]])
    return f"{source}\n" if source.strip() else None


@dataclass(frozen=True)
class CodeTask:
    """See ``Task``."""

    exercise: Exercise
    seed: int = 0
    partial: bool = False
    """Run every case, and score the share of those that pass; else the first failure ends it."""
    sandbox: Sandbox | None = None
    """None: the best of the machine that grades."""

    @property
    def answer(self) -> str | None:
        """See ``Task``."""
        return self.exercise.solution

    def env(self) -> CodeEnv:
        """See ``Task``."""
        return CodeEnv(self)

    def perfect(self) -> Agent:
        """See ``Task``. An exercise of a user's own may come without a solution."""
        if self.answer is None:
            raise UserError("expected an exercise with a solution, got one without: add one")
        return self.says(self.answer)

    def says(self, answer: str) -> Agent:
        """See ``Task``."""
        return says(block(answer))

    def guess(self, rng: Random) -> Agent:
        """See ``Task``: a program that does next to nothing."""
        return self.says(rng.choice(guesses(self.exercise)))

    def cheats(self) -> Mapping[str, Agent]:
        """See ``Task``: programs that go for the verdict, and replies that offer several."""
        cheats: dict[str, Agent] = {
            name: self.says(source) for name, source in programs(self.exercise).items()
        }
        if self.answer is not None:
            right = block(self.answer)
            cheats |= {
                "two blocks, one of them right": says(f"{block('pass')}\n{right}"),
                "the right one twice": says(f"{right}\n{right}"),
                "right, but no block": says(self.answer),
                "right, but only thought": Script((Message("assistant", "", thinking=right),)),
            }
        return cheats


@dataclass
class CodeEnv:
    """Asks, and runs what is replied."""

    task: CodeTask

    def begin(self) -> Observation:
        """See ``Env``."""
        return Observation((Message("user", f"{self.task.exercise.prompt}\n\n{INSTRUCTION}"),))

    def step(self, action: Action) -> Step:
        """See ``Env``."""
        if action.stop.truncated:
            return Step(grade=malformed(f"stopped ({action.stop})"))
        source = read_block(action.message.content)
        if source is None:
            return Step(grade=malformed("expected exactly one block of code"))
        task = self.task
        return Step(grade=check(task.exercise, source, sandbox=task.sandbox, partial=task.partial))
