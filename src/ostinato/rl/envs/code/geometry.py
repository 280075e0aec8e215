"""Problems about points with whole coordinates: no rounding anywhere."""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate, combinations, pairwise
from random import Random
from typing import Any

from ostinato.rl.envs.code.problem import Params, Problem


def _points(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return ([[rng.randint(-9, 9), rng.randint(-9, 9)] for _ in range(n)],)


def _count_near(points: list[list[int]], *, way: str, reach: int, edge: bool) -> int:
    total = 0
    for x, y in points:
        size = {
            "circle": x * x + y * y,
            "diamond": abs(x) + abs(y),
            "square": max(abs(x), abs(y)),
        }[way]
        limit = reach * reach if way == "circle" else reach
        total += size < limit or (edge and size == limit)
    return total


def _paths(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    points = [[0, 0]]
    while len(points) < n + 2:
        x, y = points[-1]
        dx, dy = rng.choice([(0, 1), (1, 0), (1, 1), (-1, 0), (0, -1), (2, 1)])
        times = rng.randint(1, 3)
        points.append([x + dx * times, y + dy * times])
    return (points,)


def _count_turns(points: list[list[int]], *, closed: bool, order: str) -> list[int]:
    if closed:
        points = points + points[:2]
    counts = {"L": 0, "R": 0, "S": 0}
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        cross = (bx - ax) * (cy - by) - (by - ay) * (cx - bx)
        counts["L" if cross > 0 else "R" if cross < 0 else "S"] += 1
    return [counts[letter] for letter in order]


def _rectangles(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    rectangles: list[list[int]] = []
    reach = 5 + n
    for _ in range(n):
        x, y = rng.randint(0, reach), rng.randint(0, reach)
        rectangles.append([x, y, x + rng.randint(1, reach), y + rng.randint(1, reach)])
    return (rectangles,)


def _covered_area(rectangles: list[list[int]], *, relation: str, k: int) -> int:
    changes: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for left, low, right, high in rectangles:
        for x, sign in ((left, 1), (right, -1)):
            changes[x][low] += sign
            changes[x][high] -= sign
    area = 0
    column: dict[int, int] = defaultdict(int)
    xs = sorted(changes)
    for x, following in pairwise(xs):
        for y, change in changes[x].items():
            column[y] += change
        ys = sorted(column)
        layers = accumulate(column[y] for y in ys)
        for (low, high), count in zip(pairwise(ys), layers, strict=False):
            if count >= k if relation == "least" else count == k:
                area += (following - x) * (high - low)
    return area


def _nearest_pair(points: list[list[int]], *, way: str, tie: str) -> list[int]:
    best: list[int] = []
    for i, j in combinations(range(len(points)), 2):
        dx, dy = abs(points[i][0] - points[j][0]), abs(points[i][1] - points[j][1])
        far = {"sum": dx + dy, "larger": max(dx, dy), "square": dx * dx + dy * dy}[way]
        if not best or far < best[2] or (far == best[2] and tie == "last"):
            best = [i, j, far]
    return best


def _spread_points(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    reach = 3 * n + 6
    points = [[rng.randint(-reach, reach), rng.randint(-reach, reach)] for _ in range(n + 1)]
    return (points,)


def _triangles(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    while True:
        a, b, c = [[rng.randint(-n, n), rng.randint(-n, n)] for _ in range(3)]
        if (b[0] - a[0]) * (c[1] - a[1]) != (b[1] - a[1]) * (c[0] - a[0]):
            return ("".join(f"{x} {y}\n" for x, y in (a, b, c)),)


def _count_grid(text: str, *, part: str, colour: str) -> str:
    numbers = list(map(int, text.split()))
    corners = list(zip(numbers[::2], numbers[1::2], strict=True))
    sides = list(pairwise([*corners, corners[0]]))
    (ax, ay), (bx, by), (cx, cy) = corners
    sign = 1 if (bx - ax) * (cy - ay) > (by - ay) * (cx - ax) else -1
    total = 0
    for x in range(min(ax, bx, cx), max(ax, bx, cx) + 1):
        for y in range(min(ay, by, cy), max(ay, by, cy) + 1):
            least = min(
                sign * ((qx - px) * (y - py) - (qy - py) * (x - px)) for (px, py), (qx, qy) in sides
            )
            fits = least > 0 if part == "inside" else least == 0 if part == "edge" else least >= 0
            total += fits and (colour == "all" or (x + y) % 2 == (colour == "odd"))
    return str(total)


def _clouds(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    reach = rng.choice([4, n + 3])
    points = {(rng.randint(-reach, reach), rng.randint(-reach, reach)) for _ in range(n)}
    points |= {(-reach - 1, rng.randint(-3, 3)), (reach + 1, 0), (rng.randint(-3, 3), reach + 1)}
    listed = [list(point) for point in sorted(points)]
    rng.shuffle(listed)
    return (listed,)


def _fence(points: list[list[int]], *, start: str, clockwise: bool) -> list[list[int]]:
    def half(ordered: list[list[int]]) -> list[list[int]]:
        chain: list[list[int]] = []
        for x, y in ordered:
            while len(chain) > 1:
                (ax, ay), (bx, by) = chain[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                chain.pop()
            chain.append([x, y])
        return chain[:-1]

    ordered = sorted(points)
    fence = half(ordered) + half(ordered[::-1])
    keys = {
        "left": lambda point: (point[0], point[1]),
        "right": lambda point: (-point[0], point[1]),
        "low": lambda point: (point[1], point[0]),
        "high": lambda point: (-point[1], point[0]),
    }
    if clockwise:
        fence.reverse()
    at = fence.index(min(fence, key=keys[start]))
    return fence[at:] + fence[:at]


PROBLEMS = (
    Problem(
        name="count_near",
        signature="(points: list[list[int]]) -> int",
        first=1,
        sizes=(12, 50, 400, 400),
        choices={
            "way": ("circle", "diamond", "square"),
            "reach": (3, 5, 6, 8),
            "edge": (False, True),
        },
        words={
            "way": {
                "circle": "the square root of x*x + y*y",
                "diamond": "|x| + |y|, where |x| is x without its sign",
                "square": "the greater of |x| and |y|, where |x| is x without its sign",
            },
            "edge": {False: "less than", True: "at most"},
        },
        statement="""\
that counts the points [x, y] of the list whose distance from [0, 0] is {edge} {reach}. The \
distance of [x, y] is {way}. A point that comes several times counts as often.

There are 1 to {n} points; coordinates are from -9 to 9.""",
        generate=_points,
        solve=_count_near,
    ),
    Problem(
        name="count_turns",
        signature="(points: list[list[int]]) -> list[int]",
        first=1,
        sizes=(10, 40, 300, 300),
        choices={"closed": (False, True), "order": ("LRS", "RLS", "SLR", "SRL", "LSR")},
        words={
            "closed": {
                False: "It ends at the last point",
                True: "From the last point it goes on to the first one, and there it takes the "
                "direction to the second: there is a turn at each of the points (the first one's "
                "is the last)",
            }
        },
        statement="""\
about a walk from point [x, y] to point, in the order of the list; x grows to the right and y \
upwards. {closed}. At each point in between, the walk turns left (L), turns right (R), or goes \
straight on or straight back (both are S). If two points that follow each other are the same, \
the turns at both are S. Return the three numbers of turns, in the order {order}.

There are 3 to {n} + 2 points.""",
        generate=_paths,
        solve=_count_turns,
    ),
    Problem(
        name="nearest_pair",
        signature="(points: list[list[int]]) -> list[int]",
        first=2,
        sizes=(5, 20, 100, 400),
        choices={"way": ("sum", "larger", "square"), "tie": ("first", "last")},
        words={
            "way": {
                "sum": "dx + dy",
                "larger": "the greater of dx and dy",
                "square": "dx*dx + dy*dy",
            },
            "tie": {"first": "least", "last": "greatest"},
        },
        statement="""\
that returns [i, j, d]: the indices i < j (from 0) of the two points [x, y] that are nearest to \
each other, and their distance d. With dx and dy for the differences of their coordinates \
without sign, the distance is {way}. If several pairs are nearest, take the one with the {tie} \
i, and among those the one with the {tie} j.

There are 2 to {n} + 1 points; a point may come several times.""",
        generate=_spread_points,
        solve=_nearest_pair,
    ),
    Problem(
        name="count_grid",
        first=2,
        sizes=(5, 12, 40, 150),
        choices={"part": ("inside", "edge", "whole"), "colour": ("all", "even", "odd")},
        words={
            "part": {
                "inside": "inside the triangle, not on its sides",
                "edge": "on the sides of the triangle (its corners are on its sides)",
                "whole": "inside the triangle or on its sides",
            },
            "colour": {
                "all": "with whole coordinates",
                "even": "with whole coordinates x and y, x + y even,",
                "odd": "with whole coordinates x and y, x + y odd,",
            },
        },
        statement="""\
The input is three lines, each with the coordinates x and y of a corner of a triangle: whole \
numbers from -{n} to {n}. The corners are not on one straight line. Print how many points \
{colour} are {part}.""",
        generate=_triangles,
        solve=_count_grid,
        example_size=4,
    ),
    Problem(
        name="covered_area",
        signature="(rectangles: list[list[int]]) -> int",
        first=3,
        sizes=(4, 10, 40, 250),
        choices={"relation": ("least", "exactly"), "k": (1, 2, 3)},
        words={"relation": {"least": "at least", "exactly": "exactly"}},
        statement="""\
that returns the area of the part of the plane that lies in {relation} {k} of the rectangles. A \
rectangle is [left, low, right, high]: the points with left < x < right and low < y < high.

There are 1 to {n} rectangles; left < right and low < high, and coordinates are from 0 to 2 * \
{n} + 10.""",
        generate=_rectangles,
        solve=_covered_area,
        example_size=3,
    ),
    Problem(
        name="fence",
        signature="(points: list[list[int]]) -> list[list[int]]",
        first=3,
        sizes=(6, 20, 100, 3000),
        choices={"start": ("left", "right", "low", "high"), "clockwise": (False, True)},
        words={
            "start": {
                "left": "least x (if there are several, of those the least y)",
                "right": "greatest x (if there are several, of those the least y)",
                "low": "least y (if there are several, of those the least x)",
                "high": "greatest y (if there are several, of those the least x)",
            },
            "clockwise": {False: "counter-clockwise", True: "clockwise"},
        },
        statement="""\
that returns the corners of the smallest convex polygon with all the points [x, y] in it or on \
its border; x grows to the right and y upwards. Only real corners count, no points in the middle \
of a side. Begin with the corner that has the {start}, and go round {clockwise}.

There are 3 to {n} + 3 different points, not all on one straight line.""",
        generate=_clouds,
        solve=_fence,
    ),
)
