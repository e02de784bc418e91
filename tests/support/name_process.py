"""A middleware that says which process answered."""

from __future__ import annotations

import os
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware

HEADER = "X-Process"


@sync_and_async_middleware
def name_process(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Add the process id to every response."""

    def named(response: Any) -> Any:
        response[HEADER] = str(os.getpid())
        return response

    if not iscoroutinefunction(get_response):
        return lambda request: named(get_response(request))

    async def middleware(request: HttpRequest) -> Any:
        return named(await get_response(request))

    return middleware
