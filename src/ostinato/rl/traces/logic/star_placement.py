"""Stars, region by region: always the region with the fewest cells left.

A cell is named by row and column, ``B24``. A numbered state lists, for each region without a star,
the cells that were left before; ``y`` stays possible beside the star that was taken last, ``n``
shares its row or column or touches it; the number of ``y`` ends the line. A region without a cell
leads back to the state in which the last star was taken: the next cell of its region is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from ostinato.rl.traces.logic.solution import Solution, paragraph

_Cell = tuple[int, int]
"""Row and column, from 1."""
_Left = Mapping[str, list[_Cell]]
"""By region, which cells are left."""


def solve(prompt: str, rng: Random) -> Solution:
    """See ``Solve``. Between regions with equally few cells, the lot decides."""
    board = [line.split() for line in paragraph(prompt, "are one region:")]
    size = len(board)
    search = _Search(rng)
    left: dict[str, list[_Cell]] = {}
    for row, regions in enumerate(board, start=1):
        named = [f"{region}{row}{column}" for column, region in enumerate(regions, start=1)]
        search.lines.append(" ".join(named))
        for column, region in enumerate(regions, start=1):
            left.setdefault(region, []).append((row, column))
    left = dict(sorted(left.items()))
    search.lines.append("state 1")
    for region, cells in left.items():
        search.lines.append(f"{region}: {_named(cells)} = {len(cells)}")
    stars = search.place(left, [], above=0)
    assert stars is not None, "a puzzle that can be solved"
    columns = [column for _, column in sorted(stars)]
    search.lines.append(f"all: {_named(sorted(stars))}")
    rows = [" ".join("*" if at == c else "." for at in range(1, size + 1)) for c in columns]
    return Solution(search.lines, "\n".join(rows), _check(board, columns))


@dataclass
class _Search:
    rng: Random
    lines: list[str] = field(default_factory=list[str])
    states: int = 1

    def place(self, left: _Left, stars: list[_Cell], above: int) -> list[_Cell] | None:
        """All stars, from those placed on; None, and the way back to the state ``above``, where
        that cannot be.
        """
        if not left:
            return stars
        here = self.states
        fewest = min(map(len, left.values()))
        region = self.rng.choice([name for name, cells in left.items() if len(cells) == fewest])
        for star in left[region]:
            self.lines.append(f"{here}: take {region}{_named([star])}")
            others = {name: cells for name, cells in left.items() if name != region}
            after = self._excluded(others, star, here)
            if after is None:
                continue
            if (found := self.place(after, [*stars, star], here)) is not None:
                return found
        self.lines.append(f"{here}: {region} has no more, back to {above}")
        return None

    def _excluded(self, left: _Left, star: _Cell, here: int) -> _Left | None:
        """What a star leaves; None if it leaves a region nothing."""
        after: dict[str, list[_Cell]] = {}
        if left:
            self.states += 1
            self.lines.append(f"state {self.states}")
        for region, cells in left.items():
            after[region] = [cell for cell in cells if not _clash(cell, star)]
            tests = [f"{_named([c])} {'n' if _clash(c, star) else 'y'}" for c in cells]
            self.lines.append(f"{region}: {' '.join(tests)} = {len(after[region])}")
            if not after[region]:
                self.lines.append(f"no {region}, back to {here}")
                return None
        return after


def _clash(one: _Cell, other: _Cell) -> bool:
    """Whether two stars may not stand there."""
    down, along = abs(one[0] - other[0]), abs(one[1] - other[1])
    return down == 0 or along == 0 or down == along == 1


def _named(cells: list[_Cell]) -> str:
    return " ".join(f"{row}{column}" for row, column in cells)


def _check(board: list[list[str]], columns: list[int]) -> str:
    """The regions and columns of the stars, then both in order."""
    regions = [row[column - 1] for row, column in zip(board, columns, strict=True)]
    stars = " ".join(f"{region}{column}" for region, column in zip(regions, columns, strict=True))
    along = " ".join(map(str, sorted(columns)))
    return f"{stars}, columns {along}, regions {' '.join(sorted(regions))} ok"
