"""The probe of `manage.py mindwave_doctor`: a stream, and what the application has seen of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias

import django
import msgspec
from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from mindwave_django import __version__
from mindwave_django.client_ip import client_ip
from mindwave_django.conf import mindwave_settings
from mindwave_django.exceptions import MindwaveError, NotFound
from mindwave_django.http import StreamedTextResponse, refusal
from mindwave_django.probe import Plan, Probe, ending_of, read_plan

View: TypeAlias = Callable[[HttpRequest, Plan], Coroutine[Any, Any, HttpResponseBase]]
Guarded: TypeAlias = Callable[[HttpRequest], Coroutine[Any, Any, HttpResponseBase]]

# Headers that tell of a proxy; none of them carries what a visitor has typed.
TELLING = (
    *("Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"),
    *("X-Forwarded-Server", "X-Real-IP", "CF-Ray", "Connection", "Accept-Encoding"),
)


def _for_whom_has_a_plan(view: View) -> Guarded:
    """Give a view the signed plan of a GET; 404 unless MINDWAVE['PROBE'] is on."""

    @login_not_required
    @transaction.non_atomic_requests
    @require_GET
    @wraps(view)
    async def guarded(request: HttpRequest) -> HttpResponseBase:
        try:
            plan = _plan(request)
        except MindwaveError as exc:
            return refusal(exc)
        return await view(request, plan)

    return guarded


@_for_whom_has_a_plan
async def probe(request: HttpRequest, plan: Plan) -> HttpResponseBase:
    """Stream what the plan asks for."""
    return StreamedTextResponse(request, Probe(plan))


@_for_whom_has_a_plan
async def report(request: HttpRequest, plan: Plan) -> HttpResponseBase:
    """Say how the probe of this plan ended, and how this very request has arrived."""
    ending = await sync_to_async(ending_of)(plan.probe_id)
    said = {"ending": ending and msgspec.to_builtins(ending)} | arrival(request)
    return JsonResponse(said, headers={"Cache-Control": "no-store"})


def _plan(request: HttpRequest) -> Plan:
    if not mindwave_settings.PROBE:
        raise NotFound("MINDWAVE['PROBE'] is off.")
    return read_plan(request.GET.get("plan", ""))


def arrival(request: HttpRequest) -> dict[str, Any]:
    """Return how a request has come to this application."""
    return {
        "server": _server(request),
        "interface": "ASGI" if hasattr(request, "scope") else "WSGI",
        "protocol": _protocol(request),
        "serves_one_at_a_time": not request.META.get("wsgi.multithread", True),
        "headers": {name: request.headers[name] for name in TELLING if name in request.headers},
        "is_secure": request.is_secure(),
        "client_ip": client_ip(request),
        "heartbeat_interval": mindwave_settings.STREAMING.HEARTBEAT_INTERVAL,
        "django": django.__version__,
        "mindwave_django": __version__,
    }


def _server(request: HttpRequest) -> str:
    """Return the name of the application server, as it says itself or as it was started."""
    software: str = request.META.get("SERVER_SOFTWARE", "")
    if software and not hasattr(request, "scope"):
        return software
    program = Path(sys.argv[0])
    return program.parent.name if program.name == "__main__.py" else program.name


def _protocol(request: HttpRequest) -> str:
    if (scope := getattr(request, "scope", None)) is not None:
        return f"HTTP/{scope.get('http_version', '?')}"
    return str(request.META.get("SERVER_PROTOCOL", ""))
