"""What the shipped views share: access, refusals in JSON, and what a request brings."""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, TypeAlias, TypeVar

from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from mindwave_django.access import require_access
from mindwave_django.exceptions import InvalidRequest, MindwaveError
from mindwave_django.http import refusal
from mindwave_django.views.pages import refusal_page, wants_page

logger = logging.getLogger("mindwave_django")

View: TypeAlias = Callable[..., Coroutine[Any, Any, HttpResponseBase]]
Refuse: TypeAlias = Callable[[HttpRequest, MindwaveError], Coroutine[Any, Any, HttpResponseBase]]
FormType = TypeVar("FormType", bound=Form)

_REQUEST_ID = re.compile(r"[\w.-]{1,128}", re.ASCII)


def api_view(*methods: str, pages: bool = False) -> Callable[[View], View]:
    """Make a view refuse in JSON, check access first, and name the request in its answer.

    With `pages` a browser that asks for a page is refused with one.
    """

    def decorate(view: View) -> View:
        @transaction.non_atomic_requests
        @wraps(view)
        async def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            refuse = refusal_page if pages and wants_page(request) else _refusal
            response = await _answer(view, methods, refuse, request, kwargs)
            sent = request.headers.get("X-Request-ID", "")
            response["X-Request-ID"] = sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex
            return response

        return guarded

    return decorate


async def _answer(
    view: View,
    methods: tuple[str, ...],
    refuse: Refuse,
    request: HttpRequest,
    kwargs: dict[str, Any],
) -> HttpResponseBase:
    if request.method not in methods:
        return HttpResponseNotAllowed(methods)
    try:
        await require_access(request)
        return await view(request, **kwargs)
    except MindwaveError as exc:
        logger.debug("%s %s refused: %s", request.method, request.path, exc)
        return await refuse(request, exc)


async def _refusal(request: HttpRequest, error: MindwaveError) -> HttpResponseBase:
    return refusal(error)


def read_form(form_class: type[FormType], request: HttpRequest) -> FormType:
    """Return a valid form of what the request brings; raise InvalidRequest with its errors."""
    form = form_class(read_data(request))
    if not form.is_valid():
        raise InvalidRequest(
            fields={name: [str(error) for error in errors] for name, errors in form.errors.items()}
        )
    return form


def read_data(request: HttpRequest) -> Mapping[str, Any]:
    """Return the query of a GET, else the form or the JSON object of the body."""
    if request.method == "GET":
        return request.GET
    if request.content_type != "application/json":
        return request.POST
    try:
        data = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as exc:
        raise InvalidRequest("The body is not valid JSON.") from exc
    if not isinstance(data, dict):
        raise InvalidRequest("The body should be a JSON object.")
    return data
