"""The ledger: a row for each call to a provider, written at its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, router, transaction
from django.db.models import Sum
from django.utils import timezone

from mindwave_django.drivers import drivers
from mindwave_django.events import Usage
from mindwave_django.exceptions import Interrupted
from mindwave_django.models import MODEL_LENGTH, CallOutcome, ChatMessage, ProviderCall
from mindwave_django.signals import StreamEnded


def add_call(
    ended: StreamEnded, provider: str, *, payer: str = "", is_of_chat: bool = False
) -> None:
    """Write a call down; a second time changes nothing."""
    owner = _owner_of_message(ended.stream_id) if is_of_chat else payer or ended.owner
    _save(ProviderCall(**_fields(ended), provider=provider, owner=owner))


def _save(call: ProviderCall) -> None:
    # With a key that is given, `save()` by itself looks for a row to update first.
    try:
        with transaction.atomic(using=router.db_for_write(ProviderCall)):
            call.save(force_insert=True)
    except IntegrityError:  # of an earlier attempt, or of whoever took its process for dead
        call.save(force_update=True)


def add_interrupted(message: ChatMessage) -> None:
    """Write down the call of an answer whose process is gone: what it used nobody knows."""
    lost = ProviderCall(
        id=message.pk,
        owner=message.owner,
        driver=message.driver,
        model=str(message.options.get("model") or "")[:MODEL_LENGTH] or _model_of(message.driver),
        outcome=CallOutcome.FAILED,
        error_code=Interrupted.code,
        started_at=message.started_at or message.created_at,
        ended_at=timezone.now(),
    )
    # A process that was only slow may have written a better line.
    ProviderCall.objects.bulk_create([lost], ignore_conflicts=True)


class Spent(NamedTuple):
    """What an owner has used: as much of it as is known."""

    tokens: int
    cost: Decimal


def spent(owner: str, seconds: int) -> Spent:
    """Return what an owner has used in the last so many seconds; in synchronous code."""
    since = timezone.now() - timedelta(seconds=seconds)
    sums = ProviderCall.objects.filter(owner=owner, ended_at__gt=since).aggregate(
        input=Sum("input_tokens"), output=Sum("output_tokens"), cost=Sum("cost")
    )
    return Spent((sums["input"] or 0) + (sums["output"] or 0), sums["cost"] or Decimal(0))


def _model_of(alias: str) -> str:
    try:
        return drivers[alias].model
    except ImproperlyConfigured:  # it has been taken out of the settings
        return ""


def _fields(ended: StreamEnded) -> dict[str, Any]:
    usage = ended.usage or Usage()
    return {
        "id": UUID(ended.stream_id),
        "driver": ended.driver,
        "model": ended.model[:MODEL_LENGTH],  # a provider may call it as it likes
        "outcome": str(ended.outcome),
        "error_code": ended.code,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "usage_source": ended.usage.source if ended.usage else "",
        "cost": ended.cost,
        "started_at": _time(ended.started_at),
        "ended_at": _time(ended.ended_at),
        "time_to_first_token": _time_to_first_token(ended),
        "trace_id": ended.trace_id or "",
    }


def _owner_of_message(stream_id: str) -> str:
    """Return whose answer it is now: it may have changed hands, or be gone with its owner."""
    try:
        return ChatMessage.objects.values_list("owner", flat=True).get(pk=UUID(stream_id))
    except ChatMessage.DoesNotExist:
        return ""


def _time(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


def _time_to_first_token(ended: StreamEnded) -> float | None:
    if ended.first_token_at is None:
        return None
    return max(0.0, ended.first_token_at - ended.started_at)  # a clock may be set back meanwhile
