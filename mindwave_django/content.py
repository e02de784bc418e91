"""What was said, as attributes of a span: only if the site asks for it, and as it allows."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string

from mindwave_django import conventions as names
from mindwave_django.conf import mindwave_settings
from mindwave_django.messages import Message, Role
from mindwave_django.signals import StreamEnded

logger = logging.getLogger("mindwave_django")

# Instrumentation of OpenTelemetry for generative AI reads the same variable.
VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
ON = {"true", "1", "span_only", "span_and_event"}
REDACTED = "<withheld: the redaction hook failed>"


def captures_content() -> bool:
    """Return whether TRACING['CAPTURE_CONTENT'] or the standard variable asks for it."""
    asked = os.environ.get(VARIABLE, "").strip().lower() in ON
    return mindwave_settings.TRACING.CAPTURE_CONTENT or asked


def content_attributes(ended: StreamEnded) -> dict[str, Any]:
    """Return messages and answer in the conventions' JSON, each text past the redaction hook."""
    if not captures_content():
        return {}
    system = [m for m in ended.messages if m.role is Role.SYSTEM]
    said = [m for m in ended.messages if m.role is not Role.SYSTEM]
    answer = _message(Message(Role.ASSISTANT, ended.text))
    answer["finish_reason"] = ended.finish_reason
    return {
        names.SYSTEM_INSTRUCTIONS: _json([part for m in system for part in _parts(m.content)]),
        names.INPUT_MESSAGES: _json([_message(m) for m in said]),
        names.OUTPUT_MESSAGES: _json([answer]),
    }


def _message(message: Message) -> dict[str, Any]:
    return {"role": str(message.role), "parts": _parts(message.content)}


def _parts(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "content": _redacted(text)}] if text else []


def _redacted(text: str) -> str:
    hook: Any = mindwave_settings.TRACING.REDACT
    if hook is None:
        return text
    try:
        function: Callable[[str], str] = import_string(hook) if isinstance(hook, str) else hook
        return function(text)
    except Exception:
        logger.exception("MINDWAVE['TRACING']['REDACT'] failed.")
        return REDACTED


def _json(value: list[Any]) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None
