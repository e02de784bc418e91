"""Saves every answer: completed, failed or cancelled."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from chat.models import ChatMessage
from mindwave_django.signals import (
    StreamEnded,
    stream_cancelled,
    stream_completed,
    stream_failed,
)


@receiver([stream_completed, stream_failed, stream_cancelled])
def save_chat_message(sender: type, event: StreamEnded, **kwargs: Any) -> None:
    """Save what was asked and what was answered, however it ended."""
    ChatMessage.objects.create(
        user=event.user,
        stream_id=event.stream_id,
        prompt=event.prompt,
        answer=event.text,
        outcome=event.outcome,
        error_code=event.code,
        model=event.model,
        output_tokens=event.usage and event.usage.output_tokens,
    )
