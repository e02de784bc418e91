"""Middleware that does to streams what some on the web does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_only_middleware


@sync_only_middleware
def collecting(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Read every response to its end, as one that minifies or signs does."""

    def middleware(request: HttpRequest) -> Any:
        response = get_response(request)
        if not response.streaming:
            return response
        whole = HttpResponse(response.getvalue(), status=response.status_code)
        whole["Content-Type"] = response["Content-Type"]
        return whole

    return middleware
