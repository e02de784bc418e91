"""One prompt, one answer: as a stream, or whole. Nothing is kept."""

from __future__ import annotations

import msgspec
from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from mindwave_django.api import llm, resume
from mindwave_django.api import stream as ask
from mindwave_django.conf import mindwave_settings
from mindwave_django.forms import PromptForm
from mindwave_django.messages import Message, Role
from mindwave_django.slots import holding, released
from mindwave_django.streaming.budget import held_allowances
from mindwave_django.views.base import api_view, read_form
from mindwave_django.views.limits import require_stream


@api_view("GET", "POST")
async def stream(request: HttpRequest) -> HttpResponseBase:
    """Stream the answer to `prompt`, from the query of a GET or the form or JSON of a POST.

    Refuses with 400 and the errors of each field, 401, 403, 413, 429, 503, and 501 if the driver
    cannot stream.
    """
    if (resumed := resume(request)) is not None:
        return resumed
    form = read_form(PromptForm, request)
    answer = ask(_messages(form), **form.options())
    slot = await sync_to_async(require_stream)(request)
    return holding(slot, answer.response(request))


@api_view("GET", "POST")
async def generate(request: HttpRequest) -> HttpResponseBase:
    """Give the whole answer as one JSON object, from any driver.

    Takes what `stream` takes. Refuses with 500 and a code if the driver fails.
    """
    form = read_form(PromptForm, request)
    slot = await sync_to_async(require_stream)(request)
    with released(slot):
        bounded = llm(**form.options()).within(held_allowances(request))
        completion = await bounded.agenerate(_messages(form))
    return JsonResponse(
        {
            "text": completion.text,
            "model": completion.model,
            "finish_reason": completion.finish_reason,
            "usage": completion.usage and msgspec.to_builtins(completion.usage),
        },
        headers={"Cache-Control": "no-store"},
    )


def _messages(form: PromptForm) -> list[Message]:
    system = mindwave_settings.CHAT.SYSTEM_PROMPT
    said = [Message(Role.SYSTEM, system)] if system else []
    return [*said, Message(Role.USER, form.cleaned_data["prompt"])]
