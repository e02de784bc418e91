"""Charts as shapes: where each bar and line goes, in the units of an SVG view box.

The picture is stretched to whatever room there is, so it holds shapes only; labels are HTML beside
it. Shapes have classes and no styles, which a strict Content-Security-Policy forbids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, log10
from typing import NamedTuple, TypeVar

T = TypeVar("T")

COLUMN = 10.0  # wide is a day
HEIGHT = 100.0
GAP = 1.0  # on either side of a bar
MOST_WITH_GAPS = 120  # days; bars of more would be thinner than the gaps


class Series(NamedTuple):
    """What a colour stands for, and its value on each day; None: unknown."""

    name: str
    label: str
    values: Sequence[float | None]


class Shape(NamedTuple):
    """All bars of a series, or its line: an SVG path."""

    name: str
    path: str


class Column(NamedTuple):
    """A day: what a pointer over it reads."""

    x: float
    title: str


class Chart(NamedTuple):
    """A chart with its labels."""

    key: str
    title: str
    description: str
    series: Sequence[Series]
    kind: str  # bars or lines
    shapes: Sequence[Shape]
    columns: Sequence[Column]
    ticks: Sequence[str]  # beside the upper edge, the middle, and the lower edge
    days: Sequence[str]  # below the first, the middle and the last day
    width: float


def bars(series: Sequence[Series], top: float) -> list[Shape]:
    """Stack the series on each other, the first one lowest."""
    gap = GAP if len(series[0].values) <= MOST_WITH_GAPS else 0.0
    width = COLUMN - 2 * gap
    levels = [HEIGHT] * len(series[0].values)
    shapes = []
    for one in series:
        path = ""
        for day, value in enumerate(one.values):
            if value:
                height = value / top * HEIGHT
                levels[day] -= height
                x, y, down = day * COLUMN + gap, round(levels[day], 2), round(height, 2)
                path += f"M{x:g} {y:g}h{width:g}v{down:g}h-{width:g}z"
        shapes.append(Shape(one.name, path))
    return shapes


def lines(series: Sequence[Series], top: float) -> list[Shape]:
    """Draw each series; where a day is unknown, its line breaks."""
    return [Shape(one.name, _line(one.values, top)) for one in series]


def _line(values: Sequence[float | None], top: float) -> str:
    path = ""
    for first, run in _runs(values):
        points = [
            ((first + n + 0.5) * COLUMN, round(HEIGHT - value / top * HEIGHT, 2))
            for n, value in enumerate(run)
        ]
        if len(points) == 1:  # a point would not be seen
            [(x, y)] = points
            points = [(x - COLUMN / 4, y), (x + COLUMN / 4, y)]
        path += "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    return path


def _runs(values: Sequence[float | None]) -> list[tuple[int, list[float]]]:
    """Return where each unbroken run begins, and its values."""
    runs: list[tuple[int, list[float]]] = []
    broken = True
    for day, value in enumerate(values):
        if value is None:
            broken = True
            continue
        if broken:
            runs.append((day, []))
        runs[-1][1].append(value)
        broken = False
    return runs


def highest(series: Sequence[Series], *, stacked: bool) -> float:
    """Return a round number that no day exceeds."""
    days = zip(*(one.values for one in series), strict=True)
    known = [[value or 0.0 for value in day] for day in days]
    most = max((sum(day) if stacked else max(day) for day in known), default=0.0)
    return round_up(most) if most else 1.0


def round_up(value: float) -> float:
    """Return the next of 1, 2, 3, 4, 5, 6, 8, 10, 20, …, whose half is short as well."""
    size = float(10.0 ** floor(log10(value)))
    return next(step * size for step in (1, 2, 3, 4, 5, 6, 8, 10, 20) if step * size >= value)


def ticks(top: float, label: Callable[[float], str]) -> list[str]:
    """Return the labels of the scale, from above."""
    return [label(top), label(top / 2), label(0)]


def spread(labels: Sequence[T]) -> list[T]:
    """Return the first, the middle and the last one."""
    if len(labels) < 3:
        return list(labels)
    return [labels[0], labels[len(labels) // 2], labels[-1]]
