"""Is a program right? It is run on cases in a sandbox, and its answers are compared out here."""

from ostinato.grading.code.check import CASE_LIMITS, check_functions, check_programs
from ostinato.grading.code.types import Case, Checker, Comparison
from ostinato.grading.code.values import ReplyError, plain, read_reply, same, same_text

__all__ = [
    "CASE_LIMITS",
    "Case",
    "Checker",
    "Comparison",
    "ReplyError",
    "check_functions",
    "check_programs",
    "plain",
    "read_reply",
    "same",
    "same_text",
]
