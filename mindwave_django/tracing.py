"""The trace a generation belongs to."""

from __future__ import annotations

import contextvars
from typing import NamedTuple

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context as TraceContext

__all__ = ["TraceContext", "TraceIds", "current_ids", "current_trace", "fresh_context"]


class TraceIds(NamedTuple):
    """Identifiers of a span in W3C form, None where nothing is traced."""

    trace_id: str | None  # 32 hexadecimal digits
    span_id: str | None  # 16


def current_trace() -> TraceContext:
    """Return the trace at hand; ask while the view runs, for its span ends before the stream."""
    return otel_context.get_current()


def fresh_context(trace_context: TraceContext | None) -> contextvars.Context:
    """Return a new context that carries this trace and nothing else.

    A task that inherits a request's context breaks once the request is over: its thread is gone.
    """
    fresh = contextvars.Context()
    if trace_context is not None:
        fresh.run(otel_context.attach, trace_context)
    return fresh


def current_ids() -> TraceIds:
    """Return the identifiers of the current span."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return TraceIds(None, None)
    return TraceIds(trace.format_trace_id(span.trace_id), trace.format_span_id(span.span_id))
