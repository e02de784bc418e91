"""Django's protection against forged requests, refused in the words and form of this package."""

from __future__ import annotations

from typing import Any, NoReturn

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from mindwave_django.exceptions import CsrfFailed


class _Check(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> NoReturn:
        raise CsrfFailed(reason)


def _no_response(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


async def require_csrf_token(request: HttpRequest) -> None:
    """Raise CsrfFailed unless a request that changes something carries the token.

    Also where a site does without CsrfViewMiddleware.
    """
    if settings.CSRF_USE_SESSIONS:  # they may be in the database
        await sync_to_async(_require)(request)
    else:
        _require(request)


def _require(request: Any) -> None:
    check = _Check(_no_response)  # it remembers the settings, so a new one for each request
    check.process_request(request)
    check.process_view(request, _no_response, (), {})
