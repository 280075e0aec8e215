"""The suite ``long-context``: finding, following, counting and copying in texts longer than any
that a model was trained on. ``docs/long_context.md`` shows each task.
"""

from ostinato.eval.long_context.agents import Guesser, Solver
from ostinato.eval.long_context.scoring import ALL, NAME, Cell, Result, evaluate
from ostinato.eval.long_context.suite import Suite, draw, training_documents
from ostinato.eval.long_context.tasks import MIN_LENGTH, TASKS
from ostinato.eval.long_context.types import END, Answerer, Document, Example

__all__ = [
    "ALL",
    "END",
    "MIN_LENGTH",
    "NAME",
    "TASKS",
    "Answerer",
    "Cell",
    "Document",
    "Example",
    "Guesser",
    "Result",
    "Solver",
    "Suite",
    "draw",
    "evaluate",
    "training_documents",
]
