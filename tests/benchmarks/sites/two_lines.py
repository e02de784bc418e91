"""The two-line view of the README, and the chat."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path

from mindwave_django import stream


async def chat(request: HttpRequest) -> HttpResponseBase:
    """Stream an answer."""
    return stream(request.GET["prompt"]).response(request)


async def without_provider(request: HttpRequest) -> HttpResponseBase:
    """Stream what a driver says by itself."""
    return stream(request.GET["prompt"], driver="one token").response(request)


def sync_chat(request: HttpRequest) -> HttpResponseBase:
    """Stream an answer, from a view as WSGI has them."""
    return stream(request.GET["prompt"]).response(request)


urlpatterns = [
    path("chat", chat),
    path("without-provider", without_provider),
    path("sync-chat", sync_chat),
    path("mindwave/", include("mindwave_django.urls")),
]
