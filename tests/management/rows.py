"""Conversations as rows, of any age and state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from mindwave_django.messages import Role
from mindwave_django.models import ChatMessage, Conversation


def conversation(owner: str = "u:1", title: str = "A title", **age: float) -> Conversation:
    """Return an empty conversation, last used some `days=…` ago."""
    made = Conversation.objects.create(owner=owner, title=title)
    Conversation.objects.filter(pk=made.pk).update(updated_at=Now() - timedelta(**age))
    return made


def question(into: Conversation, text: str = "A question", **fields: Any) -> ChatMessage:
    """Add a question."""
    return _message(into, Role.USER, text, fields)


def answer(to: ChatMessage, text: str = "An answer", **fields: Any) -> ChatMessage:
    """Add an answer."""
    return _message(to.conversation, Role.ASSISTANT, text, {"reply_to": to, **fields})


def talk(owner: str = "u:1", title: str = "A title", **age: float) -> Conversation:
    """Return a conversation of one question and its answer, last used some `days=…` ago."""
    made = conversation(owner, title, **age)
    answer(question(made))
    return made


def _message(into: Conversation, role: Role, text: str, fields: dict[str, Any]) -> ChatMessage:
    return ChatMessage.objects.create(
        conversation=into,
        owner=into.owner,
        position=into.messages.count(),
        role=role,
        content=text,
        **fields,
    )
