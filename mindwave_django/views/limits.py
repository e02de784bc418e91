"""What the shipped views ask before anything is spent: is there room, may this person ask again."""

from __future__ import annotations

from django.http import HttpRequest

from mindwave_django.budgets import chat_allowances, payer_of
from mindwave_django.concurrency import require_slot
from mindwave_django.conf import mindwave_settings
from mindwave_django.ratelimit import require_rate
from mindwave_django.slots import Slot
from mindwave_django.streaming.budget import hold_allowances, require
from mindwave_django.streaming.capacity import capacity

# All shipped views share one limit: it makes no difference by which of them somebody asks.
GROUP = "mindwave_django"
KEY = "user_or_ip"


def require_start(request: HttpRequest) -> None:
    """Count one more question; in synchronous code.

    Raises Overloaded, RateLimited by MINDWAVE['CHAT']['RATE'], or LimitUnavailable.
    """
    capacity.require()
    require_rate(request, rate=mindwave_settings.CHAT.RATE, key=KEY, group=GROUP)
    require(chat_allowances(payer_of(request)))


def require_stream(request: HttpRequest) -> Slot | None:
    """Count one more question, and return a slot for an answer that no row stands for.

    Raises TooManyStreams by MAX_STREAMS_PER_OWNER too.
    """
    require_start(request)
    hold_allowances(request, chat_allowances(payer_of(request)))
    limit = mindwave_settings.CHAT.MAX_STREAMS_PER_OWNER
    if limit is None:
        return None
    return require_slot(request, limit=limit, key=KEY, group=GROUP)
