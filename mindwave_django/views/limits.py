"""What the shipped views ask before anything is spent: is there room, may this person ask again."""

from __future__ import annotations

from django.http import HttpRequest

from mindwave_django.budgets import chat_allowances, payer_of
from mindwave_django.concurrency import require_slot
from mindwave_django.conf import mindwave_settings
from mindwave_django.ratelimit import require_rate
from mindwave_django.slots import Slot
from mindwave_django.streaming.budget import Allowance, hold_allowances, require
from mindwave_django.streaming.capacity import capacity

# All shipped views share one limit: it makes no difference by which of them somebody asks.
GROUP = "mindwave_django"
KEY = "user_or_ip"


def require_start(request: HttpRequest) -> list[Allowance]:
    """Count one more question, and return what its owner may spend; in synchronous code.

    Raises Overloaded, RateLimited by MINDWAVE['CHAT']['RATE'], BudgetExceeded, or LimitUnavailable.
    """
    capacity.require()
    require_rate(request, rate=mindwave_settings.CHAT.RATE, key=KEY, group=GROUP)
    allowances = chat_allowances(payer_of(request))
    require(allowances)
    return allowances


def require_stream(request: HttpRequest) -> Slot | None:
    """Count one more question, and return a slot for an answer that no row stands for.

    Raises TooManyStreams by MAX_STREAMS_PER_OWNER too.
    """
    hold_allowances(request, require_start(request))
    limit = mindwave_settings.CHAT.MAX_STREAMS_PER_OWNER
    if limit is None:
        return None
    return require_slot(request, limit=limit, key=KEY, group=GROUP)
