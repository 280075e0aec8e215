"""An exact solver for boards where cells are marked and groups of cells count their marks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ostinato.rl.envs.logic.grid import members


class OutOfNodesError(Exception):
    """A search met its limit before it was through."""


@dataclass(frozen=True)
class Group:
    """A set of cells with at least ``low`` and at most ``high`` marks."""

    cells: int
    low: int
    high: int


def exactly(cells: int, count: int) -> Group:
    """A set of cells with so many marks."""
    return Group(cells, count, count)


def anything(marks: int) -> bool:
    """The further rule of a board that has none."""
    del marks
    return True


@dataclass(frozen=True)
class Counts:
    """Which cells may be marked, and what a marking must obey."""

    free: int
    """The cells that may be marked."""
    groups: Sequence[Group]
    excluded: Sequence[int] | None = None
    """For each cell the cells that are not marked if it is."""
    partners: Sequence[int] | None = None
    """For each cell the cells of which exactly one is marked if it is."""
    accepts: Callable[[int], bool] = anything
    """A further rule for complete markings."""

    def solutions(self, nodes: int) -> Iterator[int]:
        """The sets of marked cells that obey all rules, each once; raises ``OutOfNodesError`` after
        so many steps of search.
        """
        stack = [(0, self.free, 0)]
        while stack:
            if nodes == 0:
                raise OutOfNodesError
            nodes -= 1
            state = self._settled(*stack.pop())
            if state is None:
                continue
            marks, free = state
            if not free:
                if self.accepts(marks):
                    yield marks
                continue
            cell = self._branch(marks, free)
            stack.append((marks, free & ~cell, marks))
            stack.append((marks | cell, free & ~cell, marks))

    def other(self, marks: int, nodes: int) -> int | None:
        """A solution that is not this one; None if there is none."""
        return next((found for found in self.solutions(nodes) if found != marks), None)

    def _branch(self, marks: int, free: int) -> int:
        """A free cell of the group that leaves the least choice."""
        best, least = free, free.bit_count() + 1
        for group in self.groups:
            choices = group.cells & free
            count = choices.bit_count()
            if 0 < count < least and (marks & group.cells).bit_count() < group.low:
                best, least = choices, count
        return best & -best

    def _settled(self, marks: int, free: int, done: int) -> tuple[int, int] | None:
        """What follows from the groups; None where they contradict each other. What the marks of
        ``done`` exclude is excluded already.
        """
        while True:
            before = marks, free
            for cell in members(marks & ~done) if self.excluded else ():
                assert self.excluded is not None
                if self.excluded[cell] & marks:
                    return None
                free &= ~self.excluded[cell]
            done = marks
            for group in self.groups:
                have = (marks & group.cells).bit_count()
                choices = group.cells & free
                most = have + choices.bit_count()
                if have > group.high or most < group.low:
                    return None
                if have == group.high:
                    free &= ~choices
                elif most == group.low:
                    marks |= choices
                    free &= ~choices
            if self.partners is not None:
                paired = self._paired(marks, free, self.partners)
                if paired is None:
                    return None
                marks, free = paired
            if (marks, free) == before:
                return before

    @staticmethod
    def _paired(marks: int, free: int, partners: Sequence[int]) -> tuple[int, int] | None:
        """What follows from every mark's need of exactly one partner."""
        for cell in members(free):
            near = partners[cell]
            if not near & (marks | free) or (near & marks).bit_count() > 1:
                free &= ~(1 << cell)
        for cell in members(marks):
            near = partners[cell]
            have, choices = (near & marks).bit_count(), near & free
            if have > 1 or not (have or choices):
                return None
            if have:
                free &= ~choices
            elif choices.bit_count() == 1:
                marks |= choices
                free &= ~choices
        return marks, free
