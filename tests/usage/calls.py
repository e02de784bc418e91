"""Calls in the ledger, of any day, and their sums reckoned the slow way."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from mindwave_django.models import ProviderCall
from mindwave_django.usage.figures import Total

MODELS, DRIVERS, OWNERS = ("small", "large"), ("default", "local"), ("u:1", "u:2", "s:abc", "")
OUTCOMES = ("completed",) * 6 + ("failed", "cancelled")


def call(ended: datetime | date | None = None, **fields: Any) -> ProviderCall:
    """Add a call that ended then; at noon, if that is a day."""
    return ProviderCall.objects.create(**_fields(ended or timezone.now(), fields))


def random_calls(number: int, first: date, days: int, seed: int = 1) -> list[ProviderCall]:
    """Add calls of all kinds."""
    chance = random.Random(seed)
    made = [ProviderCall(**_random(chance, first, days)) for _ in range(number)]
    return ProviderCall.objects.bulk_create(made)


def summed(calls: Iterable[ProviderCall]) -> Total:
    """Return what some calls used."""
    total = Total()
    for one in calls:
        tokens = (one.input_tokens, one.output_tokens)
        total = total.plus(
            Total(
                calls=1,
                failed=int(one.outcome == "failed"),
                cancelled=int(one.outcome == "cancelled"),
                input_tokens=one.input_tokens or 0,
                output_tokens=one.output_tokens or 0,
                cached_input_tokens=one.cached_input_tokens or 0,
                reasoning_tokens=one.reasoning_tokens or 0,
                cost=one.cost or Decimal(0),
                unknown_tokens=int(None in tokens),
                unknown_cost=int(one.cost is None),
            )
        )
    return total


def summed_by(
    key: Callable[[ProviderCall], Any], calls: Iterable[ProviderCall]
) -> dict[Any, Total]:
    """Return the same for each value of a key."""
    groups: dict[Any, list[ProviderCall]] = {}
    for one in calls:
        groups.setdefault(key(one), []).append(one)
    return {value: summed(group) for value, group in groups.items()}


def _random(chance: random.Random, first: date, days: int) -> dict[str, Any]:
    def perhaps(value: Any) -> Any:
        return value if chance.random() < 0.9 else None

    moment = datetime.combine(first, time.min, timezone.get_default_timezone())
    moment += timedelta(seconds=chance.randrange(days * 86_400))
    return _fields(
        moment,
        {
            "owner": chance.choice(OWNERS),
            "driver": chance.choice(DRIVERS),
            "model": chance.choice(MODELS),
            "outcome": chance.choice(OUTCOMES),
            "input_tokens": perhaps(chance.randrange(5000)),
            "output_tokens": perhaps(chance.randrange(2000)),
            "cached_input_tokens": perhaps(chance.randrange(100)),
            "reasoning_tokens": perhaps(chance.randrange(100)),
            "cost": perhaps(Decimal(chance.randrange(10**6)) / 10**8),
            "time_to_first_token": perhaps(chance.lognormvariate(-0.5, 0.6)),
        },
    )


def _fields(ended: datetime | date, fields: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(ended, datetime):
        ended = datetime.combine(ended, time(12), timezone.get_default_timezone())
    usual = {
        "id": uuid.uuid4(),
        "owner": "u:1",
        "driver": "default",
        "model": "small",
        "outcome": "completed",
        "started_at": ended - timedelta(seconds=3),
        "ended_at": ended,
    }
    return usual | fields
