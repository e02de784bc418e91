"""Sums over calls: what they are made of, in Python and in the database."""

from __future__ import annotations

from decimal import Decimal
from operator import add
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from mindwave_django.models import CallOutcome, ProviderCall


class Total(NamedTuple):
    """What some calls used; the fields of `models.Figures`."""

    calls: int = 0
    failed: int = 0
    cancelled: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    cost: Decimal = Decimal(0)
    unknown_tokens: int = 0
    unknown_cost: int = 0

    def plus(self, other: Total) -> Total:
        """Return the sum of both."""
        ours: tuple[Any, ...] = self
        return Total(*map(add, ours, other))

    @property
    def completed(self) -> int:
        """How many calls came to their end."""
        return self.calls - self.failed - self.cancelled


FIELDS = Total._fields
SUMS = tuple(f"sum_{name}" for name in FIELDS)  # names that no field of a model has


def summed_calls(calls: QuerySet[ProviderCall], *by: str) -> QuerySet[Any, Any]:
    """Return rows of these fields and the sums over the calls that share them."""
    unknown_tokens = Q(input_tokens=None) | Q(output_tokens=None)
    counts = {
        "calls": Count("pk"),
        "failed": Count("pk", filter=Q(outcome=CallOutcome.FAILED)),
        "cancelled": Count("pk", filter=Q(outcome=CallOutcome.CANCELLED)),
        "unknown_tokens": Count("pk", filter=unknown_tokens),
        "unknown_cost": Count("pk", filter=Q(cost=None)),
    }
    sums = {name: counts.get(name) or _sum(name) for name in FIELDS}
    return _grouped(calls, by, sums)


def summed_figures(rows: QuerySet[Any], *by: str) -> QuerySet[Any, Any]:
    """Return the same, over rows that are sums already."""
    return _grouped(rows, by, {name: _sum(name) for name in FIELDS})


def _sum(name: str) -> Coalesce:
    return Coalesce(Sum(name), Decimal(0) if name == "cost" else 0)


def _grouped(rows: QuerySet[Any], by: tuple[str, ...], sums: dict[str, Any]) -> QuerySet[Any, Any]:
    named = {f"sum_{name}": expression for name, expression in sums.items()}
    found: QuerySet[Any, Any] = rows.order_by().values(*by).annotate(**named)
    return found.values_list(*by, *SUMS)
