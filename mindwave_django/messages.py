"""What goes into a driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from mindwave_django.exceptions import InvalidRequest


class Role(StrEnum):
    """Who speaks, in the words of the Chat Completions API."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Message(msgspec.Struct, frozen=True):
    """One turn of a conversation."""

    role: Role
    content: str

    def __repr__(self) -> str:
        """Leave out what was said: a repr may reach a log."""
        return f"Message(role={str(self.role)!r}, content={brief(self.content)})"


def brief(text: str) -> str:
    """Return what a repr or a log may say of a text: how long it is."""
    return f"<{len(text)} characters>"


Prompt: TypeAlias = str | Sequence[Message | Mapping[str, Any]]


def as_messages(prompt: Prompt) -> tuple[Message, ...]:
    """Return `prompt` as messages: a text becomes one user message, mappings are converted.

    Raises InvalidRequest if there are none, or if one is no `{"role": …, "content": …}`.
    """
    if isinstance(prompt, str):
        return (Message(Role.USER, prompt),)
    messages = tuple(_as_message(item, number) for number, item in enumerate(prompt))
    if not messages:
        raise InvalidRequest("A prompt needs at least one message, got none.")
    return messages


def _as_role(role: str, number: int) -> Role:
    try:
        return Role(role)
    except ValueError as exc:
        raise InvalidRequest(
            f"Message {number} of the prompt has the role {role!r}, expected one of "
            f"{', '.join(Role)}."
        ) from exc


def _as_message(item: Message | Mapping[str, Any], number: int) -> Message:
    if isinstance(item, Message):
        # Nothing stops a plain word from being its role.
        role = _as_role(item.role, number)
        return item if role is item.role else Message(role, item.content)
    try:
        return msgspec.convert(item, Message)
    except msgspec.ValidationError as exc:
        raise InvalidRequest(
            f"Message {number} of the prompt is not valid: {exc}. "
            f'Expected {{"role": one of {", ".join(Role)}, "content": text}}.'
        ) from exc
