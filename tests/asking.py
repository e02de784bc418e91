"""How tests ask: the shipped views by their addresses, and a response without any view."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from mindwave_django import stream
from tests.recording import LIMIT

STREAM, GENERATE = "/mindwave/stream/", "/mindwave/generate/"
BOTH = (STREAM, GENERATE)
NO_GRACE = override_settings(MINDWAVE={"STREAMING": {"RECONNECT_GRACE": 0}})
# A generation that only an explicit cancel ends in time; else it fails with a timeout.
NO_CARE = override_settings(MINDWAVE={"STREAMING": {"ON_DISCONNECT": "finish", "TIMEOUT": LIMIT}})


def chat(**settings: Any) -> override_settings:
    """Let everybody in, with these settings of CHAT."""
    access = {"ACCESS": "mindwave_django.access.anyone"}
    return override_settings(MINDWAVE={"CHAT": access | settings})


def respond(request: HttpRequest | None = None, **options: Any) -> Any:
    """Return the response that streams the answer to "Hi"."""
    return stream("Hi").response(request or RequestFactory().get("/"), **options)
