"""Pages of a site around the chat: with a script of its own, with two chats, with a late one."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

Page = Callable[[HttpRequest], HttpResponse]

# `csp_nonce` is Django's name, CSP_NONCE that of django-csp.
FRAME = """{% load mindwave static %}<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>A site</title>
  <link rel="icon" href="{% static "chat/icon.svg" %}">
  <script nonce="{{ csp_nonce }}{{ CSP_NONCE }}">window.siteRuns = true;</script>
  {% mindwave_assets %}
</head>
<body><main id="main">BODY</main></body>
</html>
"""


def page(template: str) -> Page:
    """Return a view that shows a template."""

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(engines["django"].from_string(template).render({}, request))

    return view


urlpatterns = [
    path("one", page(FRAME.replace("BODY", "{% mindwave_chat %}"))),
    path("two", page(FRAME.replace("BODY", "{% mindwave_chat %}{% mindwave_chat %}"))),
    path("none", page(FRAME.replace("BODY", ""))),
    path("fragment", page("{% load mindwave %}{% mindwave_chat %}")),
    path("", include("tests.browser.site")),
]
