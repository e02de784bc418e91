"""How many streams somebody may have at the same time."""

from __future__ import annotations

from django.http import HttpRequest

from mindwave_django.exceptions import TooManyStreams
from mindwave_django.ratelimit import Key, key_function, pass_uncounted
from mindwave_django.slots import Slot, acquire, hold

RETRY_AFTER = 5.0  # seconds after which an answer may have ended


def require_slot(request: HttpRequest, *, limit: int, key: str | Key, group: str) -> Slot | None:
    """Return one of somebody's slots, for the stream that this request starts; in synchronous code.

    Raises TooManyStreams if all are held; LimitUnavailable if the cache is down and
    RATELIMIT_FAIL_OPEN is not set, else there is no slot then.
    """
    name = f"{group}:{key_function(key)(group, request)}"
    try:
        slot = acquire(name, limit)
    except Exception as exc:  # noqa: BLE001  # each cache's client has errors of its own
        pass_uncounted(type(exc).__name__)
        return None
    if slot is None:
        raise TooManyStreams(
            f"{limit} streams of group {group!r} are running.", retry_after=RETRY_AFTER
        )
    hold(request, slot)
    return slot
