"""The span and the figures of one generation."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from mindwave_django import conventions as names
from mindwave_django.content import content_attributes
from mindwave_django.events import Outcome, Usage
from mindwave_django.metrics import instruments, is_measured
from mindwave_django.signals import StreamEnded
from mindwave_django.streaming.call import Call
from mindwave_django.tracing import TraceContext

TOGETHER = 0.001  # seconds: what a provider sends at once comes in one read, and is one chunk
_PORTS = {"http": 80, "https": 443}


class Telemetry:
    """A span around a call to a provider, child of the request's, and what is measured of it.

    Nothing is built where neither a tracer nor a meter provider has been set up. The span is no
    current one of anybody: `context` carries it to where it has to be.
    """

    def __init__(self, stream_id: str, call: Call) -> None:
        tracer = trace.get_tracer("mindwave_django", schema_url=names.SCHEMA_URL)
        self._span: Span = tracer.start_span(
            f"{names.CHAT} {call.model}".strip(), call.trace_context, SpanKind.CLIENT
        )
        self._call = call
        self._measures = is_measured()
        self._began = self._heard = time.perf_counter()
        self._first_chunk: float | None = None
        if self._span.is_recording():
            self._span.set_attributes(
                self._dimensions
                | _request(call)
                | {names.STREAM_ID: stream_id, names.DRIVER: call.driver.alias}
            )
        if self._measures:
            instruments().running.add(1)

    @property
    def context(self) -> TraceContext:
        """The trace with this span as the current one."""
        return trace.set_span_in_context(self._span, self._call.trace_context)

    @cached_property
    def _dimensions(self) -> dict[str, Any]:
        """What tells calls apart, in few values; the same for each chunk."""
        driver = self._call.driver
        return {
            names.OPERATION_NAME: names.CHAT,
            names.PROVIDER_NAME: driver.provider_name,
        } | _known({names.REQUEST_MODEL: self._call.model} | _server(driver.base_url))

    def chunk(self) -> None:
        """Note that a chunk has come."""
        if self._first_chunk is not None and not self._measures:
            return
        now = time.perf_counter()
        if self._first_chunk is None:
            self._first_chunk = now - self._began
        elif now - self._heard < TOGETHER:
            return
        else:
            instruments().chunk.record(now - self._heard, self._dimensions)
        self._heard = now

    def end(self, ended: StreamEnded) -> None:
        """End the span, and note what the call took and gave."""
        if self._span.is_recording():
            self._describe(ended)
        self._span.end()
        if self._measures:
            self._measure(ended)

    def abandon(self) -> None:
        """End the span of a generation that never began."""
        self._span.end()
        if self._measures:
            instruments().running.add(-1)

    def _describe(self, ended: StreamEnded) -> None:
        attributes = {
            names.RESPONSE_MODEL: ended.model,
            names.RESPONSE_ID: ended.response_id,
            names.RESPONSE_FINISH_REASONS: [ended.finish_reason] if ended.finish_reason else None,
            names.RESPONSE_TIME_TO_FIRST_CHUNK: self._first_chunk,
            names.OUTCOME: str(ended.outcome),
            names.CANCEL_REASON: ended.reason and str(ended.reason),
            names.ERROR_TYPE: ended.code,
            names.COST: None if ended.cost is None else float(ended.cost),
        }
        attributes |= _usage(ended.usage) | content_attributes(ended)
        self._span.set_attributes(_known(attributes))
        # A cancelled call is no failure, and is not left unset as if nobody knew.
        failed = ended.outcome is Outcome.FAILED
        self._span.set_status(Status(StatusCode.ERROR, ended.code) if failed else StatusCode.OK)

    def _measure(self, ended: StreamEnded) -> None:
        at = self._dimensions | _known({names.RESPONSE_MODEL: ended.model})
        measured = instruments()
        measured.running.add(-1)
        measured.ended.add(
            1, at | _known({names.OUTCOME: str(ended.outcome), names.ERROR_TYPE: ended.code})
        )
        duration = time.perf_counter() - self._began
        measured.duration.record(duration, at | _known({names.ERROR_TYPE: ended.code}))
        if self._first_chunk is not None:
            measured.first_chunk.record(self._first_chunk, at)
        if ended.usage is not None:
            for kind in ("input", "output"):
                if (tokens := getattr(ended.usage, f"{kind}_tokens")) is not None:
                    measured.tokens.record(tokens, at | {names.TOKEN_TYPE: kind})


def _request(call: Call) -> dict[str, Any]:
    options = call.driver.parameters(call.options)
    chosen = {name: options.get(option) for option, name in names.REQUEST_OPTIONS.items()}
    return _known(
        chosen
        | {
            names.REQUEST_STREAM: call.driver.supports_streaming,
            names.CONVERSATION_ID: call.context.get("conversation"),
        }
    )


def _server(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return {}
    return {names.SERVER_ADDRESS: parts.hostname, names.SERVER_PORT: port}


def _usage(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {}
    return {
        names.USAGE_INPUT_TOKENS: usage.input_tokens,
        names.USAGE_OUTPUT_TOKENS: usage.output_tokens,
        names.USAGE_CACHED_INPUT_TOKENS: usage.cached_input_tokens,
        names.USAGE_REASONING_TOKENS: usage.reasoning_tokens,
        names.USAGE_SOURCE: str(usage.source),
    }


def _known(attributes: dict[str, Any]) -> dict[str, Any]:
    """Leave out what nobody knows."""
    return {name: value for name, value in attributes.items() if value not in (None, "")}
