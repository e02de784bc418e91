"""How often somebody may start a stream, counted by django-ratelimit in Django's cache."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django_ratelimit import ALL
from django_ratelimit.core import get_usage

from mindwave_django.access import caller
from mindwave_django.client_ip import client_ip
from mindwave_django.conf import parse_rate, ratelimit_settings
from mindwave_django.exceptions import LimitUnavailable, RateLimited

logger = logging.getLogger("mindwave_django")

RETRY_AFTER = 5.0  # seconds after which a cache may be asked again

# What the `key` of a limit may be called with, and what it gives: whoever shares it shares a limit.
Key = Callable[[str, HttpRequest], str]


def by_ip(group: str, request: HttpRequest) -> str:
    """Count by address; requests without one count together."""
    return f"ip:{client_ip(request)}"


def by_user_or_ip(group: str, request: HttpRequest) -> str:
    """Count logged-in users by themselves, and strangers by address."""
    who = caller(request)
    return who.owner if who.user is not None else by_ip(group, request)


KEYS: dict[str, Key] = {"ip": by_ip, "user_or_ip": by_user_or_ip}


def key_function(key: str | Key) -> Key:
    """Return the function that `key` names: `ip`, `user_or_ip`, or a dotted path."""
    if callable(key):
        return key
    if key in KEYS:
        return KEYS[key]
    if "." in key:
        found: Key = import_string(key)
        return found
    known = ", ".join(map(repr, KEYS))
    raise ImproperlyConfigured(f"key should be {known}, a dotted path or a callable, got {key!r}.")


def rate_of(rate: Any, group: str, request: HttpRequest) -> tuple[int, int] | None:
    """Return how many in how many seconds; None for no limit. Calls what gives a rate."""
    if isinstance(rate, str) and "." in rate:
        rate = import_string(rate)
    if callable(rate):
        rate = rate(group, request)
    return None if rate is None else checked_rate(rate)


def checked_rate(rate: Any) -> tuple[int, int]:
    """Return a rate as two numbers; raise ImproperlyConfigured for what is none."""
    parsed = parse_rate(rate)
    if parsed is None:
        raise ImproperlyConfigured(f"A rate is written like '10/m' or '10/5m', got {rate!r}.")
    return parsed


def require_rate(
    request: HttpRequest, *, rate: Any, key: str | Key, group: str, method: Any = ALL
) -> None:
    """Count this request; in synchronous code.

    Raises RateLimited, with the seconds until the next window, once more came than the rate allows;
    LimitUnavailable if the cache cannot count and RATELIMIT_FAIL_OPEN is not set.
    """
    allowed = rate_of(rate, group, request)
    if allowed is None:
        return
    value = key_function(key)(group, request)
    usage = _count(request, allowed, value, group, method)
    if usage is not None and usage["should_limit"]:
        raise RateLimited(
            f"More than {allowed[0]} requests in {allowed[1]} seconds of group {group!r}.",
            retry_after=max(1, usage["time_left"]),
        )


def _count(
    request: HttpRequest, rate: tuple[int, int], value: str, group: str, method: Any
) -> dict[str, Any] | None:
    """Return django-ratelimit's figures; None where nothing is limited."""
    try:
        usage: dict[str, Any] | None = get_usage(
            request,
            group=group,
            key=lambda *_: value,
            rate=rate,
            method=method,
            increment=True,
        )
    except ImproperlyConfigured:
        raise
    except Exception as exc:  # noqa: BLE001  # each cache's client has errors of its own
        pass_uncounted(type(exc).__name__)
        return None
    if usage is not None and usage["count"] == 0:  # it has counted this request, or it cannot
        pass_uncounted("no answer")
        return None
    return usage


def pass_uncounted(why: str) -> None:
    """Let a request pass that cannot be counted, or raise LimitUnavailable, as the site wants it.

    :param why: what is wrong with the cache; for the log.
    """
    alias = ratelimit_settings.cache
    logger.error("Cache %r cannot count: %s.", alias, why)
    if not ratelimit_settings.fail_open:
        raise LimitUnavailable("The cache that counts is down.", retry_after=RETRY_AFTER)
