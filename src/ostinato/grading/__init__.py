"""Is an answer good: verdicts that cannot be talked into anything."""

from ostinato.grading.types import Grade, malformed, right, wrong

__all__ = ["Grade", "malformed", "right", "wrong"]
