"""Conversations and messages as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpRequest
from django.urls import reverse

from mindwave_django.chat import Posted
from mindwave_django.exceptions import error_for
from mindwave_django.models import ChatMessage, Conversation, MessageState
from mindwave_django.tail import usage_of

BROKEN = (MessageState.FAILED, MessageState.INTERRUPTED)


def url(request: HttpRequest, name: str, **kwargs: Any) -> str:
    """Return the path of one of our URLs, in the instance of them that the request came to."""
    match = request.resolver_match
    namespace = match.namespace if match else None
    return reverse(f"mindwave:{name}", kwargs=kwargs or None, current_app=namespace)


def conversation_json(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation without its messages."""
    return {
        "id": str(conversation.pk),
        "title": conversation.title,
        "created_at": _time(conversation.created_at),
        "updated_at": _time(conversation.updated_at),
    }


def message_json(request: HttpRequest, message: ChatMessage) -> dict[str, Any]:
    """Return a message; a live answer names its stream."""
    usage = usage_of(message)
    return {
        "id": str(message.pk),
        "role": message.role,
        "state": message.state,
        "content": message.content,
        "reasoning": message.reasoning,
        "reply_to": str(message.reply_to_id) if message.reply_to_id else None,
        "model": message.model,
        "finish_reason": message.finish_reason,
        "error": error_json(message),
        "reason": message.cancel_reason,
        "usage": usage and msgspec.to_builtins(usage),
        "cost": None if message.cost is None else format(message.cost, "f"),
        "created_at": _time(message.created_at),
        "started_at": _time(message.started_at),
        "first_token_at": _time(message.first_token_at),
        "ended_at": _time(message.ended_at),
        "stream": url(request, "message-stream", pk=message.pk) if message.is_live else None,
    }


def error_json(message: ChatMessage) -> dict[str, Any] | None:
    """Return why an answer failed, in the reader's language; None if it did not."""
    if message.state not in BROKEN:
        return None
    error = error_for(message.error_code)
    return {
        "code": message.error_code,
        "message": str(error.message),
        "retryable": error.retryable,
    }


def posted_json(request: HttpRequest, posted: Posted) -> dict[str, Any]:
    """Return what is told about a question that was taken."""
    return {
        "conversation": conversation_json(posted.conversation),
        "question": message_json(request, posted.question),
        "message": message_json(request, posted.answer),
        "stream": url(request, "message-stream", pk=posted.answer.pk),
    }


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
