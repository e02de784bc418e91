"""What the browsers' site has beside the example: a blank page, a strict CSP."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import include, path

CSP = "default-src 'self'"


def strict_csp(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Add the strictest policy that a site can have with files of its own."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response["Content-Security-Policy"] = CSP
        return response

    return middleware


def blank(request: HttpRequest) -> HttpResponse:
    """Show nothing, and run no code."""
    return HttpResponse("<!doctype html><title>Blank</title>")


urlpatterns = [
    path("blank", blank),
    path("", include("example.urls")),
]
