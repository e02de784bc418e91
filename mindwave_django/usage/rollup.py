"""Sums up days that are over, once, so that a page about a year need not read its calls.

That happens when somebody wants to see figures, never while an answer is written. `RollUp.until`
says how far it has come; whoever changes sums holds the lock of that row until they are committed,
so two processes never count a day twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connections, router, transaction
from django.db.models import Count, F, Min, Model, QuerySet
from django.utils import timezone

from mindwave_django.models import (
    DailyLatency,
    DailyUsage,
    OwnerUsage,
    ProviderCall,
    RollUp,
    Span,
)
from mindwave_django.usage.days import DAY, Period, begin_of, bounds, day_of, month_of, next_month
from mindwave_django.usage.figures import FIELDS, summed_calls, summed_figures
from mindwave_django.usage.latency import bucket

# A call is written down at its end, within seconds. Only after this time is a day summed up, so
# that no clock that is slow, and no database that was away, can bring a call too late.
SETTLED_AFTER = timedelta(hours=1)

_KEYS = {Span.DAY: ("owner", "model", "driver"), Span.DAY_TOTAL: ("owner",)}
_MONTHS = {Span.DAY: Span.MONTH, Span.DAY_TOTAL: Span.MONTH_TOTAL}
_TABLES: tuple[type[Model], ...] = (DailyUsage, OwnerUsage, DailyLatency)


def close_days() -> date:
    """Sum up every day that is over and settled; return the last of them."""
    last = day_of(timezone.now() - SETTLED_AFTER) - DAY
    while _close_next(last):
        pass
    return last


def start_again() -> None:
    """Forget all sums, so that the next look makes them anew from the calls."""
    with changing() as roll_up:
        for table in _TABLES:
            table._default_manager.using(database()).all().delete()
        _move(roll_up, None)


def forget_owner(owner: str) -> int:
    """Take an owner off the ledger and leave the figures; return off how many calls."""
    return replace_owner(owner, "", trace_id="")


def replace_owner(owner: str, new_owner: str, **fields: str) -> int:
    """Write another owner, and these fields, on every call of one; return on how many."""
    if not calls().filter(owner=owner).exists():
        return 0
    with changing():  # or a day that is being summed up would bring the old one back
        OwnerUsage.objects.using(database()).filter(owner=owner).update(owner=new_owner)
        return calls().filter(owner=owner).update(owner=new_owner, **fields)


def calls(period: Period | None = None) -> QuerySet[ProviderCall]:
    """Return the calls that ended in these days."""
    found = ProviderCall.objects.using(database())
    if period is None:
        return found
    begin, end = bounds(period)
    return found.filter(ended_at__gte=begin, ended_at__lt=end)


def database() -> str:
    """Return the alias of the database that has the ledger."""
    return str(router.db_for_write(ProviderCall))


@contextmanager
def changing() -> Iterator[RollUp]:
    """Let nobody else change sums until the block, a transaction, ends."""
    rows = RollUp.objects.using(database())
    with transaction.atomic(using=database()):
        # A write takes the lock of the row, or with SQLite that of the database; a transaction that
        # began by reading might not get the latter.
        while not rows.filter(pk=1).update(until=F("until")):
            rows.bulk_create([RollUp(pk=1)], ignore_conflicts=True)
        yield rows.get(pk=1)


def _close_next(last: date) -> bool:
    """Sum up the next day that has calls; return whether there may be more."""
    if RollUp.objects.using(database()).filter(until__gte=last).exists():
        return False
    with changing() as roll_up:
        if roll_up.until is not None and roll_up.until >= last:
            return False  # another process was faster
        day = _next_day(roll_up.until)
        if day is not None and day <= last:
            _sum_up(day)
        until = last if day is None else min(day, last)
        # Months that end before the next day with calls are over as well.
        _sum_up_months(roll_up.until, until)
        _move(roll_up, until)
        return until < last


def _next_day(after: date | None) -> date | None:
    since = {} if after is None else {"ended_at__gte": begin_of(after + DAY)}
    first: datetime | None = calls().filter(**since).aggregate(first=Min("ended_at"))["first"]
    return None if first is None else day_of(first)


def _move(roll_up: RollUp, until: date | None) -> None:
    roll_up.until = until
    roll_up.save(update_fields=["until"])


def _sum_up(day: date) -> None:
    of_day = calls(Period(day, day))
    sums = summed_calls(of_day, "model", "driver")
    _insert(DailyUsage, ("model", "driver", *FIELDS), sums, day=day)
    for span, keys in _KEYS.items():
        sums = summed_calls(of_day, *keys)
        _insert(OwnerUsage, (*keys, *FIELDS), sums, day=day, span=span, **_missing(keys))
    counted = latencies(of_day, "model", "driver")
    _insert(DailyLatency, ("model", "driver", "bucket", "calls"), counted, day=day)


def latencies(of: QuerySet[ProviderCall], *by: str) -> QuerySet[Any, Any]:
    """Return rows of these fields, a bucket, and the number of calls in it."""
    timed = of.order_by().exclude(time_to_first_token=None).annotate(bucket=bucket())
    found: QuerySet[Any, Any] = timed.values(*by, "bucket").annotate(number=Count("pk"))
    return found.values_list(*by, "bucket", "number")


def _sum_up_months(before: date | None, until: date) -> None:
    """Sum up the months that end after `before`, until `until`, from their days."""
    month = month_of(until if before is None else before + DAY)
    while (following := next_month(month)) <= until + DAY:
        _sum_up_month(month, following)
        month = following


def _sum_up_month(month: date, following: date) -> None:
    rows = OwnerUsage.objects.using(database()).filter(day__gte=month, day__lt=following)
    for span, keys in _KEYS.items():
        sums = summed_figures(rows.filter(span=span), *keys)
        constants = {"day": month, "span": _MONTHS[span]} | _missing(keys)
        _insert(OwnerUsage, (*keys, *FIELDS), sums, **constants)


def _missing(keys: tuple[str, ...]) -> dict[str, str]:
    return {name: "" for name in ("model", "driver") if name not in keys}


def _insert(
    table: type[Model], columns: tuple[str, ...], rows: QuerySet[Any, Any], **constants: Any
) -> None:
    """Add what a query finds to a table, with these constants, without fetching it."""
    connection = connections[database()]
    quote = connection.ops.quote_name
    sql, parameters = rows.query.get_compiler(connection=connection).as_sql()
    known = {field.name: field for field in table._meta.concrete_fields}
    values = [known[name].get_db_prep_save(value, connection) for name, value in constants.items()]
    names = ", ".join(quote(name) for name in (*constants, *columns))
    shown = ", ".join(["%s"] * len(values) + ["found.*"])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(table._meta.db_table)} ({names}) "  # noqa: S608
            f"SELECT {shown} FROM ({sql}) AS found",
            [*values, *parameters],
        )
