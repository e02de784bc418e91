from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from mindwave_django import stream


def page(request: HttpRequest) -> HttpResponse:
    """Show a chat on a bare EventSource."""
    return render(request, "chat/page.html")


async def chat(request: HttpRequest) -> HttpResponseBase:
    """Stream an answer: the two-line view."""
    return stream(request.GET.get("prompt", "Hello"), context={"page": "chat"}).response(request)
