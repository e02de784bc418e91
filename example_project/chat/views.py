from __future__ import annotations

import inspect

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from chat.demos import DEMOS
from chat.sources import highlighted
from mindwave_django import stream

STARTERS = [
    "How do I stream an answer from my own view?",
    "How do I connect OpenAI, or a model on my own machine?",
    "What happens when the connection breaks?",
    "How do I save answers?",
]


async def chat(request: HttpRequest) -> HttpResponseBase:
    """Stream an answer: the two-line view."""
    return stream(request.GET.get("prompt", "Hello")).response(request)


def index(request: HttpRequest) -> HttpResponse:
    """Show what there is to see."""
    view = highlighted(inspect.getsource(chat), ".py")
    return render(request, "chat/index.html", {"demos": DEMOS, "view": view})


def demo(request: HttpRequest, name: str) -> HttpResponse:
    """Show a page of the example beside its own source."""
    [shown] = [each for each in DEMOS if each.name == name]
    context = {"demos": DEMOS, "demo": shown, "starters": STARTERS}
    return render(request, f"chat/{name}.html", context)
