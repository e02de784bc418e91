"""Middleware that does to streams what middleware of sites has been seen to do."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.decorators import async_only_middleware, sync_only_middleware

Sync = Callable[[HttpRequest], Any]
Async = Callable[[HttpRequest], Awaitable[Any]]

SECRET = "sk-very-secret-12345678"


@sync_only_middleware
def harmless(get_response: Sync) -> Sync:
    return lambda request: get_response(request)


@async_only_middleware
def harmless_async(get_response: Async) -> Async:
    async def middleware(request: HttpRequest) -> Any:
        return await get_response(request)

    return middleware


@sync_only_middleware
def collects(get_response: Sync) -> Sync:
    def middleware(request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"".join(get_response(request)))

    return middleware


@async_only_middleware
def collects_async(get_response: Async) -> Async:
    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        parts = [part async for part in response]

        async def again() -> Any:
            for part in parts:
                yield part

        return StreamingHttpResponse(again(), headers=dict(response.items()))

    return middleware


@sync_only_middleware
def raises(get_response: Sync) -> Sync:
    def middleware(request: HttpRequest) -> HttpResponse:
        raise LookupError(SECRET)

    return middleware


@async_only_middleware
def raises_async(get_response: Async) -> Async:
    async def middleware(request: HttpRequest) -> HttpResponse:
        await get_response(request)
        raise LookupError(SECRET)

    return middleware


@sync_only_middleware
def looks_up_a_name(get_response: Sync) -> Sync:
    return lambda request: HttpResponseRedirect(reverse("no-such-name"))


@sync_only_middleware
def redirects(get_response: Sync) -> Sync:
    return lambda request: HttpResponseRedirect("/login/")


@async_only_middleware
def redirects_async(get_response: Async) -> Async:
    async def middleware(request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect("/login/")

    return middleware


@sync_only_middleware
def forbids(get_response: Sync) -> Sync:
    def middleware(request: HttpRequest) -> HttpResponse:
        raise PermissionDenied

    return middleware


@sync_only_middleware
def needs_a_user(get_response: Sync) -> Sync:
    def middleware(request: HttpRequest) -> Any:
        assert request.user is not None
        return get_response(request)

    return middleware


@async_only_middleware
def compresses(get_response: Async) -> Async:
    async def middleware(request: HttpRequest) -> StreamingHttpResponse:
        response = await get_response(request)
        gzip = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)

        async def again() -> Any:
            async for part in response:
                yield gzip.compress(part) + gzip.flush(zlib.Z_SYNC_FLUSH)
            yield gzip.flush()

        return StreamingHttpResponse(again(), headers={"Content-Encoding": "gzip"})

    return middleware


@async_only_middleware
def strips_content_encoding(get_response: Async) -> Async:
    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = await get_response(request)
        del response["Content-Encoding"]
        return response

    return middleware


class NoURLs:
    """A URL configuration without the shipped ones."""

    urlpatterns: list[Any] = []
