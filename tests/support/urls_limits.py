"""The example's URLs, and two-line views of a site behind the decorators."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import include, path

from mindwave_django import stream
from mindwave_django.decorators import concurrent_streams, stream_ratelimit


@stream_ratelimit("10/d")
async def limited(request: HttpRequest) -> Any:
    """Answer ten times a day."""
    return stream(request.GET["prompt"]).response(request)


@concurrent_streams(2)
async def few(request: HttpRequest) -> Any:
    """Answer two questions at a time."""
    return stream(request.GET["prompt"]).response(request)


@concurrent_streams(2, group="tests.few")
def few_sync(request: HttpRequest) -> Any:
    """Answer two questions at a time, in a synchronous view."""
    return stream(request.GET["prompt"]).response(request)


urlpatterns = [
    path("limited", limited),
    path("few", few),
    path("few-sync", few_sync),
    path("", include("example.urls")),
]
