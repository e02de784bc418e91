"""What the shipped views share: access, refusals in JSON, and what a request brings."""

from __future__ import annotations

import codecs
import json
import logging
import re
import uuid
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import wraps
from typing import Any, TypeAlias, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from mindwave_django.access import require_access
from mindwave_django.conf import mindwave_settings
from mindwave_django.csrf import require_csrf_token
from mindwave_django.exceptions import InvalidRequest, MindwaveError, RequestTooLarge
from mindwave_django.http import refusal
from mindwave_django.views.pages import refusal_page, wants_page

logger = logging.getLogger("mindwave_django")

View: TypeAlias = Callable[..., Coroutine[Any, Any, HttpResponseBase]]
Refuse: TypeAlias = Callable[[HttpRequest, MindwaveError], Coroutine[Any, Any, HttpResponseBase]]
FormType = TypeVar("FormType", bound=Form)

# JSON may write a character as two escapes of six bytes each; a form, as four of three bytes.
BYTES_PER_CHARACTER = 12
SPARE_BYTES = 65_536  # for everything but the prompt

_REQUEST_ID = re.compile(r"[\w.-]{1,128}", re.ASCII)


def api_view(*methods: str, pages: bool = False) -> Callable[[View], View]:
    """Make a view refuse in JSON, check access first, and name the request in its answer.

    With `pages` a browser that asks for a page is refused with one.
    """

    def decorate(view: View) -> View:
        @csrf_exempt  # it is looked at below, and refused in our form
        @login_not_required  # likewise: a client of streams can do nothing with a redirect
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
        return await _let_in(view, request, kwargs)
    except MindwaveError as exc:
        logger.debug("%s %s refused: %s", request.method, request.path, exc)
        return await refuse(request, exc)


async def _let_in(view: View, request: HttpRequest, kwargs: dict[str, Any]) -> HttpResponseBase:
    try:
        _require_small(_length(request))
        _require_utf8(request)
        await require_csrf_token(request)
        await require_access(request)
        return await view(request, **kwargs)
    except RequestDataTooBig as exc:
        raise RequestTooLarge(str(exc)) from exc
    except (SuspiciousOperation, BadRequest, MultiPartParserError) as exc:  # a body not to be read
        raise InvalidRequest(str(exc)) from exc


async def _refusal(request: HttpRequest, error: MindwaveError) -> HttpResponseBase:
    return refusal(error)


def read_form(form_class: type[FormType], request: HttpRequest) -> FormType:
    """Return a valid form of what the request brings; raise InvalidRequest with its errors."""
    data = read_data(request)
    _require_plain_values(data, form_class.base_fields)
    form = form_class(data)
    if not form.is_valid():
        raise InvalidRequest(
            fields={name: [str(error) for error in errors] for name, errors in form.errors.items()}
        )
    return form


def read_data(request: HttpRequest) -> Mapping[str, Any]:
    """Return the query of a GET, else the form or the JSON object of the body.

    Raises InvalidRequest for what is no JSON object of plain values, RequestTooLarge for a body
    that no allowed prompt could fill, or that DATA_UPLOAD_MAX_MEMORY_SIZE forbids.
    """
    if request.method == "GET":
        return request.GET
    if request.content_type != "application/json":
        return request.POST
    _require_small(len(request.body))  # it may have come without a length
    return _read_json(request.body or b"{}")


def _require_small(size: int) -> None:
    limit = SPARE_BYTES + BYTES_PER_CHARACTER * mindwave_settings.CHAT.MAX_PROMPT_LENGTH
    if size > limit:
        raise RequestTooLarge(f"The body has {size} bytes, at most {limit} are read.")


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as exc:
        raise InvalidRequest("Content-Length is no number.") from exc


def _require_utf8(request: HttpRequest) -> None:
    """Refuse another charset: Django would read query and form by it, and fail on some of them."""
    if request.encoding is not None and codecs.lookup(request.encoding).name != "utf-8":
        raise InvalidRequest("Only UTF-8 is read.")


def _require_plain_values(data: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise InvalidRequest where JSON brings what no form would: lists, objects, true and false."""
    wrong = [name for name in names if isinstance(data.get(name), bool | list | dict)]
    if wrong:
        text = str(_("This should be a text or a number."))
        raise InvalidRequest(fields={name: [text] for name in wrong})


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise InvalidRequest("The body is not valid JSON.") from exc
    if not isinstance(data, dict):
        raise InvalidRequest("The body should be a JSON object.")
    return data
