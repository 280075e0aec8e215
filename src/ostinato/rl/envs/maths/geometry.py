"""Geometry with exact answers: points and lines, right triangles, areas, circles, solids."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, isqrt
from random import Random

from ostinato.rl.envs.maths.family import (
    FRACTION,
    INTEGER,
    PAIR,
    MathsFamily,
    Problem,
    between,
    fraction,
    row,
)

ROOT_NOTE = r"Give it exactly, as an integer or with a root, for example 17 or 5\sqrt{2}."
PI_NOTE = r"Give it exactly, as a multiple of \pi, for example 12\pi or \frac{7\pi}{2}."


def distance(rng: Random, level: int) -> Problem:
    """Between points of the plane, from level 3 of space."""
    size = 2 if level < 3 else 3
    top = 5 + 4 * level
    one = [between(rng, 0, top) for _ in range(size)]
    two = [between(rng, 0, top) for _ in range(size)]
    if one == two:
        two[0] += 1 + level
    square = sum((a - b) ** 2 for a, b in zip(one, two, strict=True))
    return Problem(
        f"What is the distance between the points {row(one)} and {row(two)}?",
        root(square),
        ROOT_NOTE,
        {"points": [one, two]},
    )


def right_triangle(rng: Random, level: int) -> Problem:
    """A side, the height or the radius of the inscribed circle of a right triangle."""
    while True:
        m, n = rng.randint(2, 3 + level), rng.randint(1, 2 + level)
        if m > n:
            break
    scale = rng.randint(1, 2 + 2 * level)
    legs = sorted(scale * side for side in (m * m - n * n, 2 * m * n))
    long = scale * (m * m + n * n)
    asked = rng.choice(("leg", "area", "height", "radius") if level > 2 else ("leg", "area"))
    answers = {
        "leg": Fraction(legs[1]),
        "area": Fraction(legs[0] * legs[1], 2),
        "height": Fraction(legs[0] * legs[1], long),
        "radius": Fraction(legs[0] + legs[1] - long, 2),
    }
    words = {
        "leg": "length of the other leg",
        "area": "area of the triangle",
        "height": "height of the triangle above its hypotenuse",
        "radius": "radius of the circle inscribed in the triangle",
    }
    return Problem(
        f"A right triangle has the hypotenuse {long} and one leg {legs[0]}. What is the "
        f"{words[asked]}?",
        fraction(answers[asked]),
        FRACTION,
        {"leg": legs[0], "hypotenuse": long, "asked": asked},
    )


def polygon_area(rng: Random, level: int) -> Problem:
    """By its corners in order: three at first, up to eight."""
    count = 2 + level
    top = 6 + 3 * level
    corners = _around(rng, count, top)
    area = _twice_area(corners)
    shown = ", ".join(row(corner) for corner in corners)
    return Problem(
        f"What is the area of the polygon whose corners are, in order, {shown}?",
        fraction(Fraction(area, 2)),
        FRACTION,
        {"corners": corners},
    )


def _around(rng: Random, count: int, top: int) -> list[tuple[int, int]]:
    """Corners of a polygon that does not cross itself: one in each of so many directions from
    the origin, which lies inside or on the border.
    """
    rays: dict[tuple[int, int], tuple[int, int]] = {}
    while len(rays) < count:
        x, y = between(rng, 0, top), between(rng, 0, top)
        if (x, y) != (0, 0):
            scale = gcd(x, y)
            rays.setdefault((x // scale, y // scale), (x, y))
    ordered = sorted(rays.values(), key=_direction)
    turns = zip(ordered, ordered[1:] + ordered[:1], strict=True)
    wide = any(a[0] * b[1] - a[1] * b[0] <= 0 for a, b in turns)
    return _around(rng, count, top) if wide else ordered


def _direction(point: tuple[int, int]) -> tuple[int, Fraction]:
    """Sorts by angle, exactly: by half plane, then by the cotangent."""
    x, y = point
    if y == 0:
        return (0 if x > 0 else 2, Fraction(0))
    return (1 if y > 0 else 3, Fraction(-x, y))


def _twice_area(corners: list[tuple[int, int]]) -> int:
    turns = zip(corners, corners[1:] + corners[:1], strict=True)
    return sum(a[0] * b[1] - a[1] * b[0] for a, b in turns)


def lattice_points(rng: Random, level: int) -> Problem:
    """Points with integer coordinates strictly inside a triangle, by Pick's theorem."""
    top = 4 + 3 * level
    while True:
        corners = [(between(rng, 0, top), between(rng, 0, top)) for _ in range(3)]
        area = abs(_twice_area(corners))
        if area > 4 * level:
            break
    edges = zip(corners, corners[1:] + corners[:1], strict=True)
    border = sum(gcd(a[0] - b[0], a[1] - b[1]) for a, b in edges)
    return Problem(
        "How many points with two integer coordinates lie strictly inside (not on the border of) "
        f"the triangle with the corners {row(corners[0])}, {row(corners[1])} and "
        f"{row(corners[2])}?",
        str((area - border) // 2 + 1),
        INTEGER,
        {"corners": corners},
    )


def crossing(rng: Random, level: int) -> Problem:
    """Of two lines through two points each."""
    top = 3 + 2 * level
    while True:
        a, b, c, d = ((between(rng, 0, top), between(rng, 0, top)) for _ in range(4))
        one, two = (b[0] - a[0], b[1] - a[1]), (d[0] - c[0], d[1] - c[1])
        across = one[0] * two[1] - one[1] * two[0]
        if across:
            break
    along = Fraction((c[0] - a[0]) * two[1] - (c[1] - a[1]) * two[0], across)
    return Problem(
        f"Where does the line through {row(a)} and {row(b)} meet the line through {row(c)} and "
        f"{row(d)}?",
        row([a[0] + along * one[0], a[1] + along * one[1]]),
        PAIR,
        {"points": [a, b, c, d]},
    )


def circle_through(rng: Random, level: int) -> Problem:
    """The centre of the circle through three points."""
    top = 2 + 2 * level
    while True:
        corners = [(between(rng, 0, top), between(rng, 0, top)) for _ in range(3)]
        area = _twice_area(corners)
        if area:
            break
    (ax, ay), (bx, by), (cx, cy) = corners
    a, b, c = ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy
    centre = [
        Fraction(a * (by - cy) + b * (cy - ay) + c * (ay - by), 2 * area),
        Fraction(a * (cx - bx) + b * (ax - cx) + c * (bx - ax), 2 * area),
    ]
    return Problem(
        f"What is the centre of the circle through {row(corners[0])}, {row(corners[1])} and "
        f"{row(corners[2])}?",
        row(centre),
        PAIR,
        {"corners": corners},
    )


def round_area(rng: Random, level: int) -> Problem:
    """Rings and sectors."""
    outer = rng.randint(3, 8 + 5 * level)
    inner = rng.randint(1, outer - 1) if level > 1 else 0
    degrees = rng.randint(1, 23) * 15 if level > 2 else 360
    area = Fraction(degrees, 360) * (outer**2 - inner**2)
    shape = (
        f"a circle of radius {outer}"
        if not inner
        else (f"the ring between two circles of the radii {inner} and {outer} with the same centre")
    )
    part = (
        f"the part of {shape} that a sector with the angle {degrees} degrees at the centre cuts out"
    )
    return Problem(
        f"What is the area of {part if degrees < 360 else shape}?",
        pi_times(area),
        PI_NOTE,
        {"outer": outer, "inner": inner, "degrees": degrees},
    )


def round_solid(rng: Random, level: int) -> Problem:
    """The volume or surface of cylinders, cones and spheres."""
    radius, height = rng.randint(2, 5 + 3 * level), rng.randint(2, 6 + 5 * level)
    kinds = ("cylinder volume", "cylinder surface", "cone volume", "sphere volume", "bullet volume")
    kind = rng.choice(kinds[: 2 + level // 2])
    text, size = {
        "cylinder volume": (
            f"volume of a cylinder of radius {radius} and height {height}",
            Fraction(radius**2 * height),
        ),
        "cylinder surface": (
            f"whole surface, with top and bottom, of a cylinder of radius {radius} and height "
            f"{height}",
            Fraction(2 * radius * (radius + height)),
        ),
        "cone volume": (
            f"volume of a cone whose base has the radius {radius} and whose height is {height}",
            Fraction(radius**2 * height, 3),
        ),
        "sphere volume": (
            f"volume of a sphere of diameter {2 * radius + height % 2}",
            Fraction(4, 3) * Fraction(2 * radius + height % 2, 2) ** 3,
        ),
        "bullet volume": (
            f"volume of a cylinder of radius {radius} and height {height} with a half sphere of "
            "the same radius on top of it",
            Fraction(radius**2 * height) + Fraction(2 * radius**3, 3),
        ),
    }[kind]
    given = {"kind_of_solid": kind, "radius": radius, "height": height}
    return Problem(f"What is the {text}?", pi_times(size), PI_NOTE, given)


def root(square: int) -> str:
    """The square root as an answer is written."""
    outside = max(k for k in range(1, isqrt(square) + 1) if square % (k * k) == 0)
    inside = square // outside**2
    if inside == 1:
        return str(outside)
    return f"{outside if outside > 1 else ''}\\sqrt{{{inside}}}"


def pi_times(number: Fraction) -> str:
    """A multiple of pi as an answer is written."""
    top = f"{number.numerator if number.numerator != 1 else ''}\\pi"
    return rf"\frac{{{top}}}{{{number.denominator}}}" if number.denominator > 1 else top


GEOMETRY = MathsFamily(
    (
        distance,
        right_triangle,
        polygon_area,
        lattice_points,
        crossing,
        circle_through,
        round_area,
        round_solid,
    )
)
