"""Limits for your own views: how often somebody may start a stream, and how many at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial, wraps
from inspect import isawaitable
from typing import Any, Protocol, TypeAlias, TypeVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_ratelimit import ALL

from mindwave_django.budgets import allowances_of, checked_budget, payer_of
from mindwave_django.concurrency import require_slot
from mindwave_django.exceptions import MindwaveError
from mindwave_django.http import refusal
from mindwave_django.ratelimit import Key, checked_rate, key_function, require_rate
from mindwave_django.slots import Slot, holding, released
from mindwave_django.sources import resume_of
from mindwave_django.streaming.background import is_on_a_loop
from mindwave_django.streaming.budget import hold_allowances, require

logger = logging.getLogger("mindwave_django")

ViewType = TypeVar("ViewType", bound=Callable[..., Any])


class Decorator(Protocol):
    """Gives a view back as it is, but limited."""

    def __call__(self, view: ViewType, /) -> ViewType: ...


# Lets a request in, perhaps with a slot, or raises the error with which it is refused.
Limit: TypeAlias = Callable[[HttpRequest], Slot | None]

_COSTS_NOTHING = {"HEAD", "OPTIONS", "TRACE"}


def stream_ratelimit(
    rate: Any, *, key: str | Key = "user_or_ip", group: str = "", method: Any = ALL
) -> Decorator:
    """Refuse a view's requests that come more often than `rate`, with 429 and `Retry-After`.

        @stream_ratelimit("10/m")
        async def chat(request): …

    For async and sync views, functions, methods and, with `method_decorator`, classes. Several
    stack; the uppermost counts first. Only requests that start a stream are counted: those that
    resume one pass, and so do HEAD and OPTIONS. Counted in fixed windows in the cache that
    RATELIMIT_USE_CACHE names, by django-ratelimit.

    :param rate: `10/m`, `200/12h` (seconds, minutes, hours, days), a pair of numbers (how many, in
        how many seconds), None for no limit, or a callable or its dotted path that gives one of
        these for `(group, request)`.
    :param key: who shares a limit: `ip`, `user_or_ip`, or a callable or its dotted path that
        returns a text for `(group, request)`.
    :param group: what shares a limit; by default this view alone.
    :param method: the HTTP method or methods that are counted; by default all.

    Raises ImproperlyConfigured for a rate or key that cannot be read.
    """
    if rate is not None and not callable(rate) and not (isinstance(rate, str) and "." in rate):
        checked_rate(rate)
    by = _checked_key(key)

    def decorate(view: Any) -> Any:
        counts = partial(_counted, rate=rate, key=by, group=group or _name(view), method=method)
        return _limited(view, counts)

    return decorate


def concurrent_streams(limit: int, *, key: str | Key = "user_or_ip", group: str = "") -> Decorator:
    """Refuse a view's requests while `limit` streams of the same person run, with 429.

    A stream counts until its answer has ended, also while its reader is away; a response of another
    kind until it has been sent. The slots are kept in the cache that RATELIMIT_USE_CACHE names;
    those of a process that died are free after `mindwave_django.slots.LEASE` seconds.

    :param limit: at least 1.
    :param key: who shares the slots, see `stream_ratelimit`.
    :param group: what shares the slots; by default this view alone.
    """
    if limit < 1:
        raise ValueError(f"limit should be at least 1, got {limit!r}.")
    by = _checked_key(key)

    def decorate(view: Any) -> Any:
        return _limited(
            view, partial(require_slot, limit=limit, key=by, group=group or _name(view))
        )

    return decorate


def token_budget(budget: str) -> Decorator:
    """Refuse a view's requests, with 429, once their owner has used so many tokens.

        @token_budget("200k/d")
        async def chat(request): …

    Reckoned by the ledger, over the last day (or whatever time the budget names), input and output
    together; calls of such views are written down always. An answer that passes the limit while it
    is being written fails with `budget_exceeded` within half a second. Other processes' answers
    count from their ends. Strangers without a session are told apart by their address.

    :param budget: `200k/d`, `1.5m/w`, `20000/12h`: a whole number, `k` for thousands, `m` for
        millions, in seconds, minutes, hours, days or weeks.
    """
    checked_budget(budget, whole=True)
    return lambda view: _limited(view, partial(_budgeted, tokens=budget))


def cost_budget(budget: str) -> Decorator:
    """Refuse a view's requests, with 429, once their owner has spent so much.

    As `token_budget`, by the cost of calls. A model of which nobody knows the price is not asked
    (`limit_unavailable`), unless RATELIMIT_FAIL_OPEN is set.

    :param budget: `5.00/d`, in the currency of your prices.
    """
    checked_budget(budget)
    return lambda view: _limited(view, partial(_budgeted, cost=budget))


def _budgeted(request: HttpRequest, **budgets: str) -> None:
    allowances = allowances_of(payer_of(request), **budgets)
    require(allowances)
    hold_allowances(request, allowances)


def _checked_key(key: str | Key) -> str | Key:
    if not (isinstance(key, str) and "." in key):  # a dotted path may not be importable yet
        key_function(key)
    return key


def _counted(request: HttpRequest, **options: Any) -> None:
    require_rate(request, **options)


def _name(view: Any) -> str:
    while isinstance(view, partial):  # as `method_decorator` makes of a method
        view = view.func
    return f"{view.__module__}.{view.__qualname__}"


def _limited(view: Any, limit: Limit) -> Any:
    """Return the view behind a limit."""

    async def aguarded(*args: Any, **kwargs: Any) -> HttpResponseBase:
        request = _request(args)
        try:
            slot = await sync_to_async(limit)(request) if _starts(request) else None
        except MindwaveError as exc:
            return _refuse(request, exc)
        with released(slot, on_error_only=True):
            response = view(*args, **kwargs)
            return holding(slot, await response if isawaitable(response) else response)

    def guarded(*args: Any, **kwargs: Any) -> Any:
        if is_on_a_loop():  # `dispatch` of an asynchronous class is no coroutine function
            return aguarded(*args, **kwargs)
        request = _request(args)
        try:
            slot = limit(request) if _starts(request) else None
        except MindwaveError as exc:
            return _refuse(request, exc)
        with released(slot, on_error_only=True):
            return holding(slot, view(*args, **kwargs))

    return wraps(view)(aguarded if iscoroutinefunction(view) else guarded)


def _request(args: tuple[Any, ...]) -> HttpRequest:
    """Return the request among a view's arguments: the first, or the second of a method."""
    for each in args:
        if hasattr(each, "META"):
            return each  # type: ignore[no-any-return]  # or what a framework wraps around it
    raise TypeError("This decorator is for views: there is no request among the arguments.")


def _starts(request: HttpRequest) -> bool:
    return request.method not in _COSTS_NOTHING and resume_of(request) is None


def _refuse(request: HttpRequest, error: MindwaveError) -> HttpResponseBase:
    logger.debug("%s %s refused: %s", request.method, request.path, error)
    return refusal(error)
