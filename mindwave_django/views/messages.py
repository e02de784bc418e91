"""Asking in a conversation, reading the answer, stopping it, asking again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from mindwave_django.access import Caller, acaller, caller, keep_owner, lasting_caller
from mindwave_django.answers import answer_response
from mindwave_django.chat import Ask, Edit, Order, Posted, Regenerate, own_message, request_stop
from mindwave_django.drivers import drivers
from mindwave_django.events import CancelReason
from mindwave_django.exceptions import InvalidRequest
from mindwave_django.forms import AskForm, EditForm
from mindwave_django.messages import Role
from mindwave_django.models import KEY_LENGTH, ChatMessage, MessageState
from mindwave_django.representation import message_json, posted_json
from mindwave_django.sources import resume_of
from mindwave_django.streaming.capacity import capacity
from mindwave_django.streaming.log import current_log
from mindwave_django.views.base import api_view, read_form
from mindwave_django.views.limits import require_start
from mindwave_django.views.pages import answer_page, wants_page

_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_LENGTH}}}")


@api_view("POST", pages=True)
async def ask(request: HttpRequest) -> HttpResponseBase:
    """Take a question: 201 with the conversation, both messages, and where the answer streams.

    Refuses with 400, 404 for a conversation that is not there, 409 while an answer is being
    written in it, 422 for an `Idempotency-Key` that came with another question, 429 and 503 for
    whoever asks too much.
    """
    form = read_form(AskForm, request)
    drivers[form.driver_alias].require_options(form.options())
    who, posted = await _place(
        request,
        lambda owner, key: Ask(
            owner=owner,
            idempotency_key=key,
            prompt=form.cleaned_data["prompt"],
            conversation=form.cleaned_data["conversation"],
            driver=form.driver_alias,
            options=form.options(),
        ),
    )
    if wants_page(request):
        return await answer_page(request, posted, who)
    return _created(request, posted)


@api_view("POST")
async def regenerate(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Have the latest answer once more; answers and refuses like `ask`."""
    _, posted = await _place(
        request, lambda owner, key: Regenerate(owner=owner, idempotency_key=key, message=pk)
    )
    return _created(request, posted)


@api_view("POST")
async def edit(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Ask the latest question in other words; answers and refuses like `ask`."""
    prompt = read_form(EditForm, request).cleaned_data["prompt"]
    _, posted = await _place(
        request,
        lambda owner, key: Edit(owner=owner, idempotency_key=key, message=pk, prompt=prompt),
    )
    return _created(request, posted)


@api_view("GET")
async def stream(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Stream the answer of a message from the reader's position, whatever its state.

    The first reader of a pending answer makes the model be asked; nobody ever does it again.
    """
    asked = resume_of(request)
    if asked is not None and asked.position is None:
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
    who, message = await sync_to_async(_asked_for)(request, pk)
    if message.state == MessageState.PENDING:
        capacity.require()  # another process may have taken the question
    return answer_response(request, message, who)


@api_view("POST")
async def cancel(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Stop an answer, whichever process writes it; says how the message stands now."""
    who = await acaller(request)
    message = await sync_to_async(request_stop)(who.owner, pk)
    await current_log().cancel(message.stream_id, CancelReason.USER)
    return JsonResponse({"message": message_json(request, message)})


def _asked_for(request: HttpRequest, pk: UUID) -> tuple[Caller, ChatMessage]:
    who = caller(request)
    return who, own_message(who.owner, pk, Role.ASSISTANT)


async def _place(request: HttpRequest, order: Callable[[str, str], Order]) -> tuple[Caller, Posted]:
    key = _idempotency_key(request)

    def place() -> tuple[Caller, Posted]:
        who = lasting_caller(request)
        posted = order(who.owner, key).place(permit=lambda: require_start(request))
        keep_owner(request, who)
        return who, posted

    return await sync_to_async(place)()


def _created(request: HttpRequest, posted: Posted) -> JsonResponse:
    content: dict[str, Any] = posted_json(request, posted)
    return JsonResponse(content, status=201, headers={"Cache-Control": "no-store"})


def _idempotency_key(request: HttpRequest) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if key and not _KEY.fullmatch(key):
        raise InvalidRequest(
            f"Idempotency-Key should be 1 to {KEY_LENGTH} printable ASCII characters."
        )
    return key
