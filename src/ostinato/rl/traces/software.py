"""Repairs a small repository, thinking aloud: reads a module, goes through it line by line until
one is wrong, says what is right, changes that line and submits.

Which line is wrong is taken from the task, as its own perfect agent takes it. Everything said of a
line stands in what was read; what is right there follows from the descriptions and the example.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from ostinato.chat.messages import Message, ToolCall
from ostinato.rl.envs.software.repair import RepairTask
from ostinato.rl.traces.conversation import Thinker, Turns, calling, result
from ostinato.rl.traces.software_lines import Bug, Part, bugs, parts
from ostinato.rl.traces.types import Tracers
from ostinato.rl.types import Agent, Observation

LEVELS = {"software/repair": 3}
"""The highest level that is served: whole episodes, prompt and tools included, of 10,000 characters
at most but for one in fourteen of level 3 (14,600 at most). The agent repairs all five.
"""

_FUNCTION = re.compile(r"The function `([\w.]+)` in `([\w.]+)` is wrong")
_MODULE = re.compile(r"Something in `([\w.]+)` is wrong")
_EXAMPLE = re.compile(
    r"The last line of\n\n(?P<script>(?:    .*\n)+)\n"
    r"should (?:give\n\n    (?P<wanted>.*)|raise (?P<raise>\w+))\n\n"
    r"but (?:gives\n\n    (?P<got>.*)|raises (?P<raises>\w+))\n"
)
_COUNTS = {"There are two bugs": 2, "There are three bugs": 3}
_SHOWN = 40
"""Characters of a value that are said."""


def repairing(task: RepairTask, rng: Random) -> Agent:
    """An agent for any task of ``software/repair``; the random numbers are not needed."""
    del rng
    return Thinker(_Repair(bugs(task)).turns)


TRACERS: Tracers = {"software/repair": repairing}
"""By the name of the environment. The agent repairs what ``software/repair-unseen`` asks for as
well; it is not listed, for a policy is to see nothing of that.
"""


@dataclass
class _Repair:
    """One repair. ``left`` are the bugs that are still in; ``said`` begins the next thinking."""

    left: list[Bug]
    said: list[str] = field(default_factory=list[str])

    def turns(self, prompt: Observation) -> Turns[None]:
        """The whole episode."""
        text = prompt.messages[-1].content
        missing = next((n for words, n in _COUNTS.items() if words in text), 1)
        script = "\n".join(match["script"] for match in _EXAMPLE.finditer(text))
        modules = self._modules(text, script)
        for path in modules:
            missing -= yield from self._module(path, text, script, missing)
            if not missing:
                break
        else:
            missing -= yield from self._others(modules, text, script, missing)
        yield self._turn("Submit.", ToolCall("submit"))

    def _modules(self, text: str, script: str) -> list[str]:
        """Where to look first, and why."""
        if match := _FUNCTION.search(text):
            self.said.append(f"{match[1]} in {match[2]} is wrong.")
            return [match[2]]
        if match := _MODULE.search(text):
            self.said.append(f"Something in {match[1]} is wrong.")
            return [match[1]]
        found = list(dict.fromkeys(re.findall(r"from (\w+) import", script)))
        self.said.append(f"The example is of {', '.join(found)}.")
        return [f"{name}.py" for name in found]

    def _others(self, known: list[str], text: str, script: str, missing: int) -> Turns[int]:
        """The bugs repaired in the modules that no example imports."""
        heard = yield self._turn("Look for other modules.", ToolCall("list_files"))
        names = re.findall(r"^(\w+\.py) ", result(heard), re.MULTILINE)
        repaired = 0
        for path in [name for name in names if name not in known]:
            repaired += yield from self._module(path, text, script, missing - repaired)
            if repaired == missing:
                break
        return repaired

    def _module(self, path: str, text: str, script: str, missing: int) -> Turns[int]:
        """Read a module and repair what is wrong in it: how many bugs that were."""
        heard = yield self._turn(f"Read {path}.", ToolCall("read_file", {"path": path}))
        source = re.sub(r"^\d+\t", "", result(heard), flags=re.MULTILINE) + "\n"
        self.said += list(_examples(text))
        told = _FUNCTION.search(text)
        repaired = 0
        for number in range(len(parts(source))):
            part = _ordered(parts(source), told and told[1], script)[number]
            bug = self._walked(path, part, source)
            if bug is None:
                continue
            right = bug.edit(source, self.left, unique=False)[1]
            old, new = bug.edit(source, self.left)
            change = ToolCall("edit_file", {"path": path, "old": old, "new": new})
            yield self._turn(f"{bug.kind.capitalize()}. Right:\n{right}", change)
            self.said.append("Changed.")
            self.left.remove(bug)
            repaired += 1
            if repaired == missing:
                return repaired
            source = source.replace(old, new)
        self.said.append(f"No more in {path}." if repaired else f"Nothing wrong in {path}.")
        return repaired

    def _walked(self, path: str, part: Part, source: str) -> Bug | None:
        """Say the lines of a part up to the wrong one, if there is one."""
        here = {bug.line(source, self.left): bug for bug in self.left if bug.path == path}
        for number, line in part.lines:
            self.said.append(f"{number} {line}")
            if number in here:
                return here[number]
        return None

    def _turn(self, words: str, call: ToolCall) -> Message:
        thinking = "\n".join([*self.said, words])
        self.said = []
        return calling(thinking, call)


def _ordered(found: list[Part], told: str | None, script: str) -> list[Part]:
    """The function that is told; else those that the example calls, then the others."""

    def rank(part: Part) -> int:
        if told is not None:
            return 0 if part.name == told else 1
        *owner, name = part.name.split(".")
        called = owner[-1] if name == "__init__" and owner else name
        return 0 if re.search(rf"\b{re.escape(called)}\b", script) and called else 1

    return sorted(found, key=rank)


def _examples(text: str) -> Iterator[str]:
    """What is wanted and what comes instead, from where the two differ."""
    for match in _EXAMPLE.finditer(text):
        wanted = match["wanted"] or f"raises {match['raise']}"
        got = match["got"] or f"raises {match['raises']}"
        pairs = zip(wanted, got, strict=False)
        same = next((n for n, (one, other) in enumerate(pairs) if one != other), 0)
        start = max(0, same - 10) if len(wanted) > _SHOWN or len(got) > _SHOWN else 0
        yield f"Wanted {wanted[start : start + _SHOWN]}"
        yield f"Got {got[start : start + _SHOWN]}"
