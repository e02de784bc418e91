"""What the browsers' site has beside the example: pages of its own, a strict CSP, closed doors."""

from __future__ import annotations

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template import engines
from django.urls import include, path
from django.utils.translation import override

from chat.views import STARTERS
from mindwave_django.exceptions import PermissionDenied
from mindwave_django.widget import render_chat

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


PAGE = """<!doctype html>
<html lang="{{ language }}" dir="{{ direction }}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>The widget</title>
  <link rel="icon" href="/static/chat/icon.svg">
  {% if hostile %}<link rel="stylesheet" href="/hostile.css">{% endif %}
</head>
<body><main><h1>A site</h1>{{ chat }}</main></body>
</html>
"""

# What sites do to every element, and what they let it inherit.
HOSTILE = """
body, body * { box-sizing: content-box !important; color: red !important; margin: 40px !important;
    float: left !important; font: 40px cursive !important; display: inline !important; }
body { text-transform: uppercase; letter-spacing: 1em; line-height: 5; text-align: right;
       white-space: pre; visibility: visible; direction: ltr; }
button, textarea, dialog { display: none !important; opacity: 0 !important; }
mindwave-chat { all: revert; display: block !important; float: none !important; }
"""


def widget(request: HttpRequest) -> HttpResponse:
    """Show the chat with the options and in the language that the query names."""
    language = request.GET.get("language", "en")
    with override(language):
        chat = render_chat(request, **json.loads(request.GET.get("options", "{}")))
    context = {
        "chat": chat,
        "hostile": "hostile" in request.GET,
        "language": language,
        "direction": "rtl" if language == "ar" else "ltr",
    }
    return HttpResponse(engines["django"].from_string(PAGE).render(context, request))


# A page that is nothing but the chat: it has the whole window.
ALONE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Chat</title>
  <link rel="icon" href="/static/chat/icon.svg">
  <link rel="stylesheet" href="/alone.css">
</head>
<body><header><h1>A site</h1><a href="/blank">Elsewhere</a></header><main>{{ chat }}</main></body>
</html>
"""
ALONE_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { display: grid; grid-template-rows: auto minmax(0, 1fr); block-size: 100dvh; margin: 0; }
header { display: flex; justify-content: space-between; padding: 0.75rem 1rem; }
h1 { margin: 0; font-size: inherit; }
a { color: inherit; }
main { min-block-size: 0; padding: 0 1rem 1rem; }
"""


def alone(request: HttpRequest) -> HttpResponse:
    """Show the chat and nothing else."""
    chat = render_chat(request, height="100%", usage=True, starters=STARTERS)
    return HttpResponse(engines["django"].from_string(ALONE).render({"chat": chat}, request))


def alone_style(request: HttpRequest) -> HttpResponse:
    """Let the chat have the whole window."""
    return HttpResponse(ALONE_STYLE, content_type="text/css")


def hostile(request: HttpRequest) -> HttpResponse:
    """Style every element there is, badly."""
    return HttpResponse(HOSTILE, content_type="text/css")


def access(request: HttpRequest) -> bool:
    """Let in whom no cookie turns away."""
    door = request.COOKIES.get("test_door")
    if door == "forbidden":
        raise PermissionDenied("A test says so.")
    return door != "login"


urlpatterns = [
    path("blank", blank),
    path("widget", widget),
    path("hostile.css", hostile),
    path("alone", alone),
    path("alone.css", alone_style),
    path("", include("example.urls")),
]
