"""Medians, ratios and tables of what was measured."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

from tests.benchmarks.workloads import Cost

FIGURES = ("burst", "paced", "request", "idle")
HEADS = ("burst, µs/token", "paced, µs/token", "µs/request", "KiB/idle stream")
PACKAGES = ("django", "openai", "aiohttp", "uvicorn", "uvloop", "gunicorn", "msgspec")


class Target(NamedTuple):
    """How much a variant may cost at most, in terms of another."""

    variant: str
    baseline: str
    burst: float | None = None
    paced: float | None = None
    request: float | None = None
    idle: float | None = None


TARGETS = (
    Target("two lines", "hand-written", 0.09, 0.40, 0.75, 0.8),
    Target("two lines", "relay", 4.5, 2.4),
    Target("chat", "two lines", 1.2, 1.2, 3.0, 1.3),
    Target("async receiver", "two lines", 1.6, 1.3, 1.3),
    Target("sync receiver", "two lines", 2.5, 1.5),
    Target("WSGI", "two lines", 3.0, 2.0),
)

Found = Mapping[str, Sequence[Cost]]


def machine() -> str:
    """Say what it was measured with."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"Python {platform.python_version()}, {packages}"


def costs(found: Found) -> str:
    """Return the medians as a table."""
    rows = [
        [name, *(_shown(_median(rounds, figure), figure) for figure in FIGURES)]
        for name, rounds in found.items()
    ]
    return table([["", *HEADS], *rows])


def ratios(found: Found) -> str:
    """Return what the variants cost in terms of the baselines, and what was aimed at."""
    rows = [
        [f"{target.variant} / {target.baseline}", *(_ratio(found, target, f) for f in FIGURES)]
        for target in TARGETS
        if target.variant in found and target.baseline in found
    ]
    return table([["", *FIGURES], *rows])


def ratio(found: Found, variant: str, baseline: str, figure: str) -> float | None:
    """Return the median of the ratios of each round."""
    pairs = [
        (getattr(mine, figure), getattr(other, figure))
        for mine, other in zip(found[variant], found[baseline], strict=True)
    ]
    if any(None in pair for pair in pairs):
        return None
    return statistics.median(mine / other for mine, other in pairs)


def as_json(found: Found) -> dict[str, Any]:
    """Return everything that was measured, round by round."""
    rounds = {name: [cost._asdict() for cost in costs] for name, costs in found.items()}
    return {"machine": machine(), "rounds": rounds}


def table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as a Markdown table, aligned; the first row is its head."""
    head, *body = [list(row) for row in rows]
    widths = [max(len(row[at]) for row in (head, *body)) for at in range(len(head))]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (head, rule, *body)
    )


def _ratio(found: Found, target: Target, figure: str) -> str:
    value, bound = ratio(found, target.variant, target.baseline, figure), getattr(target, figure)
    if value is None:
        return ""
    if bound is None:
        return f"{value:.3g}"
    return f"{value:.3g} (≤ {bound:g}{'' if value <= bound else ', missed'})"


def _median(rounds: Sequence[Cost], figure: str) -> float | None:
    values = [getattr(cost, figure) for cost in rounds]
    return None if None in values else statistics.median(values)


def _shown(value: float | None, figure: str) -> str:
    if value is None:
        return ""
    return f"{value / 1024:.1f}" if figure == "idle" else f"{value:.3g}"
