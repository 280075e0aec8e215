"""An exact solver for cells with a few values each, and relations that list what goes together.

Each relation keeps the set of its rows that are still possible as the bits of an integer, so
that a step of propagation is a handful of operations on integers however many rows there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ostinato.rl.envs.logic.counts import OutOfNodesError


@dataclass(frozen=True)
class Relation:
    """Rows of values that may stand together, in cells that are named elsewhere."""

    rows: int
    """How many."""
    supports: tuple[tuple[int, ...], ...]
    """For each place and each value the rows (as bits) that have it there."""


def relation(rows: Iterable[Sequence[int]], values: int) -> Relation:
    """The relation of these rows, all values below ``values``."""
    listed = list(rows)
    assert listed, "a relation of no rows has no solution"
    supports = tuple(
        tuple(
            int("".join("1" if row[at] == value else "0" for row in reversed(listed)), 2)
            for value in range(values)
        )
        for at in range(len(listed[0]))
    )
    return Relation(len(listed), supports)


@dataclass
class Tables:
    """A puzzle: what each cell may be, and which relations hold."""

    domains: list[int]
    """For each cell its possible values, as bits."""
    relations: list[tuple[tuple[int, ...], Relation]] = field(
        default_factory=list[tuple[tuple[int, ...], Relation]]
    )

    def add(self, cells: Sequence[int], relation: Relation) -> None:
        """The cells in this order are a row of the relation."""
        assert len(cells) == len(relation.supports), "a cell for each place"
        self.relations.append((tuple(cells), relation))

    def solutions(self, nodes: int) -> Iterator[list[int]]:
        """The assignments that fit all relations, each once; raises ``OutOfNodesError`` after so
        many steps of search.
        """
        uses: list[list[int]] = [[] for _ in self.domains]
        for at, (cells, _) in enumerate(self.relations):
            for cell in cells:
                uses[cell].append(at)
        alive = [(1 << relation.rows) - 1 for _, relation in self.relations]
        stack = [(list(self.domains), alive, set(range(len(alive))))]
        while stack:
            if nodes == 0:
                raise OutOfNodesError
            nodes -= 1
            domains, alive, changed = stack.pop()
            if not self._settled(domains, alive, changed, uses):
                continue
            open_cells = [cell for cell, domain in enumerate(domains) if domain & (domain - 1)]
            if not open_cells:
                yield [domain.bit_length() - 1 for domain in domains]
                continue
            cell = min(open_cells, key=lambda cell: domains[cell].bit_count())
            value = domains[cell] & -domains[cell]
            for domain in (domains[cell] & ~value, value):
                branch = list(domains)
                branch[cell] = domain
                stack.append((branch, list(alive), set(uses[cell])))

    def other(self, solution: Sequence[int], nodes: int) -> list[int] | None:
        """A solution that differs from this one in the first cells, which this one lists; None
        if there is none.
        """
        first = list(solution)
        return next((one for one in self.solutions(nodes) if one[: len(first)] != first), None)

    def _settled(
        self, domains: list[int], alive: list[int], changed: set[int], uses: Sequence[list[int]]
    ) -> bool:
        """Narrow domains and relations down to what supports each other; False if nothing does."""
        while changed:
            at = changed.pop()
            cells, relation = self.relations[at]
            rows = alive[at]
            for place, cell in enumerate(cells):
                domain, allowed = domains[cell], 0
                for value, support in enumerate(relation.supports[place]):
                    if domain >> value & 1:
                        allowed |= support
                rows &= allowed
            if not rows:
                return False
            alive[at] = rows
            for place, cell in enumerate(cells):
                domain = left = domains[cell]
                for value, support in enumerate(relation.supports[place]):
                    if domain >> value & 1 and not rows & support:
                        left ^= 1 << value
                if left.bit_length() > len(relation.supports[place]):
                    left &= (1 << len(relation.supports[place])) - 1
                if left != domain:
                    domains[cell] = left
                    changed.update(other for other in uses[cell] if other != at)
        return True
