"""The chat for browsers without JavaScript: a form that posts, and the dialogue as a page."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render

from mindwave_django.access import Caller
from mindwave_django.answers import answer_response
from mindwave_django.chat import Posted
from mindwave_django.conf import mindwave_settings
from mindwave_django.drivers import DEFAULT_ALIAS
from mindwave_django.exceptions import MindwaveError, PermissionDenied
from mindwave_django.forms import AskForm, sign_driver
from mindwave_django.metrics import count_refused
from mindwave_django.models import ChatMessage, Conversation
from mindwave_django.representation import error_json, url
from mindwave_django.widget_texts import widget_texts


def wants_page(request: HttpRequest) -> bool:
    """Return whether a browser asks for something to look at, and no program for data."""
    return "text/html" in request.headers.get("Accept", "")


async def answer_page(request: HttpRequest, posted: Posted, who: Caller) -> HttpResponseBase:
    """Wait for the whole answer, and send the browser to the page of the conversation."""
    async for _ in answer_response(request, posted.answer, who):
        pass
    return HttpResponseRedirect(url(request, "conversation", pk=posted.conversation.pk), status=303)


async def refusal_page(request: HttpRequest, error: MindwaveError) -> HttpResponse:
    """Say what is wrong, in words, with a form to try again."""
    count_refused(error.code)
    fields: dict[str, list[str]] = getattr(error, "fields", {})
    reasons = [reason for reasons in fields.values() for reason in reasons]
    context = {"error": error.message, "reasons": reasons} | _sent_again(request, error)
    return await _page(request, "refusal.html", context, status=error.status)


def _sent_again(request: HttpRequest, error: MindwaveError) -> dict[str, str]:
    """Return what a refused form is sent again with: the question, and what is not to blame.

    Nothing of a form that may have been a foreign page's.
    """
    if error.status == PermissionDenied.status:
        return {}
    try:
        sent = request.POST
    except (SuspiciousOperation, BadRequest):  # a body that Django would not read
        return {}
    kept = {"prompt"}
    if error.status not in {401, 404}:
        kept |= {"conversation", "driver"} - AskForm(sent).errors.keys()
    return {name: sent.get(name, "") for name in kept}


async def conversation_page(
    request: HttpRequest, conversation: Conversation, messages: list[ChatMessage]
) -> HttpResponse:
    """Show a dialogue, and a form to go on."""
    for message in messages:
        error = error_json(message)
        message.error_message = error["message"] if error else ""  # type: ignore[attr-defined]
    context = {
        "conversation": conversation,
        "messages": messages,
        "driver": _signed_driver(messages),
    }
    return await _page(request, "conversation.html", context)


def _signed_driver(messages: list[ChatMessage]) -> str:
    """Return the driver of the latest answer for the form, unless the site has it no more."""
    latest = next((each.driver for each in reversed(messages) if each.driver), DEFAULT_ALIAS)
    if latest == DEFAULT_ALIAS or latest not in mindwave_settings.DRIVERS:
        return ""
    return sign_driver(latest)


async def _page(
    request: HttpRequest, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    context |= {
        "form_action": url(request, "messages"),
        "max_length": mindwave_settings.CHAT.MAX_PROMPT_LENGTH,
        "texts": widget_texts(),
    }
    template = f"mindwave_django/{name}"
    response = await sync_to_async(render)(request, template, context, status=status)
    response["Cache-Control"] = "no-store"
    return response
