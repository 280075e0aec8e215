"""All environments of the package, by name."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.rl.envs.code import CODE
from ostinato.rl.envs.code import jsonl as code
from ostinato.rl.envs.judged import JUDGED
from ostinato.rl.envs.logic.grids import GRIDS
from ostinato.rl.envs.logic.reasoning_gym import gym_environments
from ostinato.rl.envs.logic.texts import PUZZLES
from ostinato.rl.envs.maths import MATHS
from ostinato.rl.envs.maths import jsonl as maths
from ostinato.rl.envs.music import MUSIC
from ostinato.rl.envs.registry import Environment
from ostinato.rl.envs.software import SOFTWARE
from ostinato.rl.envs.tools import TOOLS


@cache
def environments() -> dict[str, Environment]:
    """By name, in the order of the kinds; those of an absent extra are listed too."""
    groups = (GRIDS, PUZZLES, gym_environments(), MATHS, CODE, SOFTWARE, TOOLS, JUDGED, MUSIC)
    listed = [environment for group in groups for environment in group]
    found = {environment.name: environment for environment in listed}
    assert len(found) == len(listed), "a name is given once"
    return found


def mixture() -> tuple[Environment, ...]:
    """What a default mixture draws from: all that no constant answer solves and no extra needs."""
    known = environments().values()
    return tuple(one for one in known if not one.guessable and one.extra is None)


def find(name: str) -> Environment:
    """The environment of that name, or of a user's own file of that name (``.jsonl``)."""
    if name.endswith(".jsonl"):
        return from_file(Path(name))
    known = environments()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`ostinato env list` names them."
    raise UserError(f"there is no environment {name!r}: {hint}")


def from_file(path: Path) -> Environment:
    """Exercises with tests, or mathematical problems with answers: whatever the file holds."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        first = next((line for line in lines if line.strip()), "")
    return (code if '"tests"' in first else maths).environment(path)
