"""The suites ``reason``, ``code``, ``swe``, ``tools`` and ``judged``: a model in the package's
environments, on tasks that are kept from training (``rl.split``).
"""

from ostinato.eval.reasoning.player import Played, play_all, play_together
from ostinato.eval.reasoning.scoring import Cell, Result, Row, evaluate
from ostinato.eval.reasoning.tasks import SUITES, Levels, TaskList, chosen, entries, read_tasks
from ostinato.eval.reasoning.types import Drawn, Entry, Manner, Standing, Suite

__all__ = [
    "SUITES",
    "Cell",
    "Drawn",
    "Entry",
    "Levels",
    "Manner",
    "Played",
    "Result",
    "Row",
    "Standing",
    "Suite",
    "TaskList",
    "chosen",
    "entries",
    "evaluate",
    "play_all",
    "play_together",
    "read_tasks",
]
