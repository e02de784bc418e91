"""The figures of a period: days that are over from their sums, the rest from the calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from mindwave_django.models import DailyLatency, DailyUsage, OwnerUsage, ProviderCall, Span
from mindwave_django.usage.days import DAY, Period, month_of, next_month
from mindwave_django.usage.figures import FIELDS, Total, summed_calls, summed_figures
from mindwave_django.usage.latency import Counts
from mindwave_django.usage.rollup import calls, close_days, database, latencies

Key = TypeVar("Key", bound=Hashable)


class Row(NamedTuple):
    """What was used of one model, by one driver, on a day."""

    day: date
    model: str
    driver: str
    total: Total


class Chosen(NamedTuple):
    """Which calls count; None: all."""

    model: str | None = None
    driver: str | None = None
    owner: str | None = None

    def fields(self) -> dict[str, str]:
        """Return them as conditions of a query."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def dearest_first(found: Mapping[Any, Total]) -> list[Any]:
    """Return the keys by cost, then by number of calls, the most first, then by themselves."""
    return sorted(found, key=lambda key: (-found[key].cost, -found[key].calls, key))


class Report:
    """Asks for figures as they are needed, once for each kind."""

    def __init__(self, period: Period, chosen: Chosen | None = None) -> None:
        self.period = period
        self._where = (chosen or Chosen()).fields()
        self._latencies: dict[str, dict[Any, Counts]] = {}
        closed = close_days()
        self._closed, self._open = period.until(closed), period.after(closed)

    @cached_property
    def total(self) -> Total:
        """Everything together."""
        total = Total()
        for row in self._rows:
            total = total.plus(row.total)
        return total

    def by(self, field: str) -> dict[Any, Total]:
        """Return the sums for each `day`, `model`, `driver` or `owner` that used anything."""
        if field == "owner":
            return self._by_owner
        sums: defaultdict[Any, Total] = defaultdict(Total)
        for row in self._rows:
            key = getattr(row, field)
            sums[key] = sums[key].plus(row.total)
        return dict(sums)

    def latencies(self, field: str) -> dict[Any, Counts]:
        """Return for each `day` or `model` how long the first token took, in buckets."""
        if field not in self._latencies:
            counts: defaultdict[Any, Counter[int]] = defaultdict(Counter)
            for key, bucket, number in self._timed(field):
                counts[key][bucket] += number
            self._latencies[field] = dict(counts)
        return self._latencies[field]

    def lines(self) -> Iterator[list[tuple[Any, ...]]]:
        """Yield for each day the figures by model, driver and owner; only one day is in memory."""
        keys = ("model", "driver", "owner")
        for day in self.period:
            if day <= self._closed.last:
                found = self._days_of_owners(Period(day, day))
                rows = summed_figures(found, *keys)
            else:
                rows = summed_calls(self._calls(Period(day, day)), *keys)
            yield [(day, *row) for row in rows.order_by(*keys)]

    @cached_property
    def _rows(self) -> list[Row]:
        found = [_row(*row) for row in self._summed().values_list(*_KEYS, *FIELDS)]
        return found + [_row(day, *keys, *sums) for day, *keys, _owner, sums in self._open_calls]

    @cached_property
    def _open_calls(self) -> list[tuple[date, str, str, str, list[Any]]]:
        """Days that are not over: their figures by model, driver and owner."""
        return [
            (day, model, driver, owner, sums)
            for day in self._open
            for model, driver, owner, *sums in summed_calls(
                self._calls(Period(day, day)), "model", "driver", "owner"
            )
        ]

    @cached_property
    def _open_times(self) -> list[tuple[date, str, int, int]]:
        return [
            (day, *row)
            for day in self._open
            for row in latencies(self._calls(Period(day, day)), "model")
        ]

    def _summed(self) -> QuerySet[Any]:
        if "owner" in self._where:
            return self._days_of_owners(self._closed)
        days = DailyUsage.objects.using(database())
        return days.filter(day__range=self._closed.ends, **self._where)

    @cached_property
    def _by_owner(self) -> dict[str, Total]:
        sums: defaultdict[str, Total] = defaultdict(Total)
        for owner, *figures in self._closed_by_owner():
            sums[owner] = Total(*figures)
        for _day, _model, _driver, owner, figures in self._open_calls:
            sums[owner] = sums[owner].plus(Total(*figures))
        return dict(sums)

    def _closed_by_owner(self) -> QuerySet[Any, Any]:
        # Whole months are read as such, and what is left of the range from its days.
        is_total = self._where.keys() <= {"owner"}
        month, day = (Span.MONTH_TOTAL, Span.DAY_TOTAL) if is_total else (Span.MONTH, Span.DAY)
        whole, ends = _whole_months(self._closed)
        found = Q(span=month, day__range=whole.ends)
        for end in ends:
            found |= Q(span=day, day__range=end.ends)
        rows = OwnerUsage.objects.using(database()).filter(found, **self._where)
        return summed_figures(rows, "owner")

    def _timed(self, field: str) -> Iterator[tuple[Any, int, int]]:
        if "owner" in self._where:  # sums do not say how long one person waited
            of_period = self._calls(self.period)
            yield from _by_day(of_period) if field == "day" else latencies(of_period, field)
            return
        days = DailyLatency.objects.using(database())
        closed = days.filter(day__range=self._closed.ends, **self._where).values(field, "bucket")
        yield from closed.annotate(number=Sum("calls")).values_list(field, "bucket", "number")
        for day, model, bucket, number in self._open_times:
            yield day if field == "day" else model, bucket, number

    def _calls(self, period: Period) -> QuerySet[ProviderCall]:
        return calls(period).filter(**self._where)

    def _days_of_owners(self, period: Period) -> QuerySet[OwnerUsage]:
        days = OwnerUsage.objects.using(database()).filter(span=Span.DAY)
        return days.filter(day__range=period.ends, **self._where)


_KEYS = ("day", "model", "driver")


def _row(day: date, model: str, driver: str, *figures: Any) -> Row:
    return Row(day, model, driver, Total(*figures))


def _by_day(of: QuerySet[ProviderCall]) -> QuerySet[Any, Any]:
    zone = timezone.get_default_timezone()
    return latencies(of.annotate(day=TruncDate("ended_at", tzinfo=zone)), "day")


def _whole_months(period: Period) -> tuple[Period, list[Period]]:
    """Return the whole months of a period, by the first days of two of them, and its ends."""
    first = month_of(period.first)
    if first != period.first:
        first = next_month(period.first)
    after = month_of(period.last + DAY)  # the month that is not whole any more
    if first >= after:
        return Period(first, first - DAY), [period]
    whole = Period(first, month_of(after - DAY))
    ends = [Period(period.first, first - DAY), Period(after, period.last)]
    return whole, [end for end in ends if len(end)]
