"""Software engineering: repair a repository through tools, judged by hidden tests."""

from functools import partial

from ostinato.rl.envs.registry import Environment, Kind
from ostinato.rl.envs.software.own import from_directory
from ostinato.rl.envs.software.repair import LEVELS, RepairTask, repair
from ostinato.rl.envs.software.workspace import Bounds

SOFTWARE: tuple[Environment, ...] = (
    Environment(
        name="software/repair",
        kind=Kind.SOFTWARE,
        summary="find and repair bugs in a small Python repository, through tools",
        truth="hidden calls of its functions, compared with what the repaired program returns",
        levels=LEVELS,
        make=repair,
    ),
    Environment(
        name="software/repair-unseen",
        kind=Kind.SOFTWARE,
        summary="the same in three repositories that the other tasks never show",
        truth="hidden calls of its functions, compared with what the repaired program returns",
        levels=LEVELS,
        make=partial(repair, unseen=True),
    ),
)
"""Every environment of this kind."""

__all__ = ["SOFTWARE", "Bounds", "RepairTask", "from_directory", "repair"]
