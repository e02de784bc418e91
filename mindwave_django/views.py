"""The shipped views: a stream, and a whole answer."""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, TypeAlias

import msgspec
from django.db import transaction
from django.http import HttpRequest, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase

from mindwave_django.access import require_access
from mindwave_django.api import llm, resume
from mindwave_django.api import stream as ask
from mindwave_django.conf import mindwave_settings
from mindwave_django.exceptions import InvalidRequest, MindwaveError
from mindwave_django.forms import PromptForm
from mindwave_django.http import refusal
from mindwave_django.messages import Message, Role

logger = logging.getLogger("mindwave_django")

View: TypeAlias = Callable[[HttpRequest], Coroutine[Any, Any, HttpResponseBase]]

_REQUEST_ID = re.compile(r"[\w.-]{1,128}", re.ASCII)


def _api_view(view: View) -> View:
    """Make a view refuse in JSON, check access first, and name the request in its answer."""

    @transaction.non_atomic_requests
    @wraps(view)
    async def guarded(request: HttpRequest) -> HttpResponseBase:
        response = await _answer(view, request)
        sent = request.headers.get("X-Request-ID", "")
        response["X-Request-ID"] = sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex
        return response

    return guarded


async def _answer(view: View, request: HttpRequest) -> HttpResponseBase:
    if request.method not in {"GET", "POST"}:
        return HttpResponseNotAllowed(["GET", "POST"])
    try:
        await require_access(request)
        return await view(request)
    except MindwaveError as exc:
        logger.debug("%s %s refused: %s", request.method, request.path, exc)
        return refusal(exc)


@_api_view
async def stream(request: HttpRequest) -> HttpResponseBase:
    """Stream the answer to `prompt`, from the query of a GET or the form or JSON of a POST.

    Refuses with 400 and the errors of each field, 401, 403, and 501 if the driver cannot stream.
    """
    if (resumed := resume(request)) is not None:
        return resumed
    form = _form(request)
    return ask(_messages(form), **form.options()).response(request)


@_api_view
async def generate(request: HttpRequest) -> HttpResponseBase:
    """Give the whole answer as one JSON object, from any driver.

    Takes what `stream` takes. Refuses with 500 and a code if the driver fails.
    """
    form = _form(request)
    completion = await llm(**form.options()).agenerate(_messages(form))
    return JsonResponse(
        {
            "text": completion.text,
            "model": completion.model,
            "finish_reason": completion.finish_reason,
            "usage": completion.usage and msgspec.to_builtins(completion.usage),
        },
        headers={"Cache-Control": "no-store"},
    )


def _form(request: HttpRequest) -> PromptForm:
    form = PromptForm(_data(request))
    if not form.is_valid():
        raise InvalidRequest(
            fields={name: [str(error) for error in errors] for name, errors in form.errors.items()}
        )
    return form


def _data(request: HttpRequest) -> Mapping[str, Any]:
    if request.method == "GET":
        return request.GET
    if request.content_type != "application/json":
        return request.POST
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError) as exc:
        raise InvalidRequest("The body is not valid JSON.") from exc
    if not isinstance(data, dict):
        raise InvalidRequest("The body should be a JSON object.")
    return data


def _messages(form: PromptForm) -> list[Message]:
    system = mindwave_settings.CHAT.SYSTEM_PROMPT
    said = [Message(Role.SYSTEM, system)] if system else []
    return [*said, Message(Role.USER, form.cleaned_data["prompt"])]
