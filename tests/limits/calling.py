"""How these tests call views: as Django does, with requests that come from somewhere."""

from __future__ import annotations

import functools
import gc
import json
import time
from inspect import isawaitable
from types import SimpleNamespace
from typing import Any
from unittest import TestCase, mock

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.test import RequestFactory, override_settings

from mindwave_django.slots import keeper
from mindwave_django.streaming.capacity import capacity
from tests.servers.base import eventually

USER = SimpleNamespace(pk=7, is_authenticated=True)
LOCAL = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "x"}}

# Switches on what is off in all other tests, on a cache of its own.
counted = override_settings(RATELIMIT_ENABLE=True, CACHES=LOCAL)


def stop_windows(test: TestCase) -> None:
    """Keep the window of a rate from ending in the middle of a test, where it counts anew."""
    now = time.time()
    clock = SimpleNamespace(time=lambda: now)
    test.enterContext(mock.patch("django_ratelimit.core.time", clock))


def _collect() -> None:
    """Collect garbage, but not look each time through all the modules and classes there are."""
    _freeze_once()
    gc.collect()


@functools.cache
def _freeze_once() -> None:
    gc.collect()
    gc.freeze()


def wait_until_nothing_streams() -> None:
    """Let answers end that other tests began; those that nobody read count until collected."""
    _collect()
    eventually(lambda: not len(capacity))


def wait_until_no_slots() -> None:
    """Let all slots be given back; those of responses that nobody read are when collected."""
    _collect()
    eventually(lambda: not keeper._held)


def call(view: Any, *, method: str = "GET", path: str = "/", user: Any = None, **made: Any) -> Any:
    """Return a view's response, read to its end; an asynchronous view runs on a loop."""
    request = RequestFactory().generic(method, path, **made)
    if user is not None:
        request.user = user
    return async_to_sync(_acall)(view, request) if _is_async(view) else _finish(view(request))


def _is_async(view: Any) -> bool:
    return iscoroutinefunction(view) or getattr(view, "view_is_async", False)


async def _acall(view: Any, request: Any) -> Any:
    response = view(request)
    response = await response if isawaitable(response) else response
    if response.streaming:
        response.parts = [part async for part in response]
    response.close()
    return _with_json(response)


def _finish(response: Any) -> Any:
    if response.streaming:
        response.parts = list(response)
    response.close()
    return _with_json(response)


def _with_json(response: Any) -> Any:
    if response["Content-Type"] == "application/json":
        response.json = json.loads(response.content)
    return response
