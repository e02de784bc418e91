from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from mindwave_django import stream

STARTERS = [
    "How do I stream an answer from my own view?",
    "How do I connect OpenAI, or a model on my own machine?",
    "What happens when the connection breaks?",
    "How do I save answers?",
]


def widget(request: HttpRequest) -> HttpResponse:
    """Show the finished chat: one tag in a template."""
    return render(request, "chat/chat.html", {"starters": STARTERS})


def page(request: HttpRequest) -> HttpResponse:
    """Show a chat on a bare EventSource."""
    return render(request, "chat/page.html")


async def chat(request: HttpRequest) -> HttpResponseBase:
    """Stream an answer: the two-line view."""
    return stream(request.GET.get("prompt", "Hello"), context={"page": "chat"}).response(request)
