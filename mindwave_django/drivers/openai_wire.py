"""One chunk of a Chat Completions stream, and our events for it.

https://platform.openai.com/docs/api-reference/chat/streaming and what compatible servers make of
it. Only the fields used here are decoded: that is most of what makes a stream cheap.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from mindwave_django.drivers.openai_errors import error_from
from mindwave_django.events import DriverEvent, Finished, ReasoningDelta, TextDelta, Usage
from mindwave_django.exceptions import ProviderConnectionLost, ProviderProtocolError


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    reasoning_content: str | None = None  # DeepSeek, vLLM
    reasoning: str | None = None  # OpenRouter, Ollama


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _InputDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None
    id: Any = None  # texts, but no reason to fail if they are not
    model: Any = None


_decode = msgspec.json.Decoder(_Chunk).decode


class ChatCompletionReader:
    """Turns the data of a stream's events into our events and knows whether the stream is whole."""

    def __init__(self) -> None:
        self._answered = False
        self._done = False
        self._finish_reason: str | None = None
        self._usage: Usage | None = None
        self._model = ""
        self._response_id = ""

    @property
    def is_done(self) -> bool:
        """Whether the provider said that nothing more will come."""
        return self._done

    @property
    def is_whole(self) -> bool:
        """Whether the answer gave a finish reason, or text and then `[DONE]`."""
        return self._finish_reason is not None or (self._done and self._answered)

    def read(self, name: bytes, data: bytes) -> Sequence[DriverEvent]:
        """Return the events for one provider event, none if it carries no text.

        Raises a DriverError if the provider reports one, and ProviderProtocolError for data that is
        no chunk of an answer.
        """
        if self._done or data == b"[DONE]":
            self._done = True
            return ()
        if name == b"error":
            raise error_from(_reported(data))
        chunk = _parse(data)
        if chunk.error is not None:
            raise error_from(chunk.error)
        return self._take(chunk)

    def finish(self) -> Finished:
        """Return the last event; raise ProviderConnectionLost if the answer broke off.

        A clean end of the body proves nothing: a server that dies behind a proxy ends its body too.
        An answer is whole if it gave a finish reason or said `[DONE]`.
        """
        if not self.is_whole:
            if self._done:
                raise ProviderProtocolError("The provider's stream held no answer.")
            raise ProviderConnectionLost("The provider's stream ended without a finish reason.")
        return Finished(self._finish_reason or "", self._usage, self._model, self._response_id)

    def _take(self, chunk: _Chunk) -> Sequence[DriverEvent]:
        if chunk.usage is not None:
            self._usage = _usage(chunk.usage)
        if not chunk.choices:
            return ()
        if not self._answered:
            self._answered = True
            self._model = str(chunk.model or "")
            self._response_id = str(chunk.id or "")
        choice = chunk.choices[0]
        if choice.finish_reason:
            self._finish_reason = choice.finish_reason
        return _events(choice.delta) if choice.delta is not None else ()


def _events(delta: _Delta) -> Sequence[DriverEvent]:
    thought = delta.reasoning_content or delta.reasoning
    if not thought:
        return (TextDelta(delta.content),) if delta.content else ()
    # vLLM sends both at once where the thinking ends.
    events = (ReasoningDelta(thought), TextDelta(delta.content or ""))
    return events if delta.content else events[:1]


def _parse(data: bytes) -> _Chunk:
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Strict JSON has no unpaired surrogates, but providers cut emoji in halves.
        try:
            return msgspec.convert(json.loads(data), _Chunk)
        except (ValueError, RecursionError) as exc:
            raise ProviderProtocolError(
                f"An event of {len(data)} bytes is no chunk of an answer ({type(exc).__name__})."
            ) from None


def _reported(data: bytes) -> object:
    """Return what an error event says: an error object, wrapped or not, or just a text."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return data.decode(errors="replace")
    return (said.get("error") or said) if isinstance(said, dict) else said


def _usage(usage: _Usage) -> Usage:
    read, written = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        usage.prompt_tokens,
        usage.completion_tokens,
        read.cached_tokens if read else None,
        written.reasoning_tokens if written else None,
    )
