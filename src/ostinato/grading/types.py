"""The one noun of grading: what a checker says of an answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Audit:
    """What a program found in an answer that a judge read: what a bias of the judge shows in."""

    length: int
    """Characters."""
    success: float
    """The share of the criteria that it meets, less what counts against it, 0..1."""


@dataclass(frozen=True)
class Grade:
    """The verdict on one answer or one episode."""

    score: float
    """The share of what was asked that is right, 0..1: 1 is right, the rest is partial credit."""
    reason: str = ""
    """Why, in one line, for people: it is never shown to who answered."""
    well_formed: bool = True
    """Whether the answer had the form that was asked for, right or wrong."""
    trusted: bool = True
    """False: code of the answerer ran beside the judge and could have forged the score."""
    audit: Audit | None = None
    """Of an answer that a judge read, whoever the judge is."""

    def __post_init__(self) -> None:
        assert 0 <= self.score <= 1, "a score is a share"
        assert self.well_formed or self.score == 0, "what has no form cannot be right"

    @property
    def correct(self) -> bool:
        """Everything that was asked is right."""
        return self.score == 1


def right(reason: str = "") -> Grade:
    """The grade of a right answer."""
    return Grade(1.0, reason)


def wrong(reason: str) -> Grade:
    """The grade of an answer that has the form asked for, and is wrong."""
    return Grade(0.0, reason)


def malformed(reason: str) -> Grade:
    """The grade of an answer that has not the form asked for."""
    return Grade(0.0, reason, well_formed=False)
