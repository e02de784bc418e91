"""The trace a generation belongs to."""

from __future__ import annotations

import contextvars
from typing import Any

from django.test import RequestFactory, SimpleTestCase
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from mindwave_django import llm, stream
from mindwave_django.testing import fake_driver
from mindwave_django.tracing import TraceIds, current_ids, current_trace, fresh_context
from tests.recording import CoreTestCase, recorded_signals

tracer = TracerProvider().get_tracer(__name__)
word = contextvars.ContextVar("word", default="none")


def ids_of(span: trace.Span) -> TraceIds:
    context = span.get_span_context()
    return TraceIds(f"{context.trace_id:032x}", f"{context.span_id:016x}")


class ContextTests(SimpleTestCase):
    def test_nothing_is_traced(self) -> None:
        assert current_ids() == TraceIds(None, None)

    def test_current_span(self) -> None:
        with tracer.start_as_current_span("view") as span:
            assert current_ids() == ids_of(span)

    def test_fresh_context_carries_the_trace_after_its_span_has_ended(self) -> None:
        with tracer.start_as_current_span("view") as span:
            fresh = fresh_context(current_trace())
        assert fresh.run(current_ids) == ids_of(span)

    def test_fresh_context_carries_nothing_else(self) -> None:
        token = word.set("mine")
        self.addCleanup(word.reset, token)
        with tracer.start_as_current_span("view"):
            assert fresh_context(current_trace()).run(word.get) == "none"

    def test_fresh_context_without_a_trace_is_empty(self) -> None:
        with tracer.start_as_current_span("view"):
            fresh = fresh_context(None)
            assert len(fresh) == 0
            assert fresh.run(current_ids) == TraceIds(None, None)


class StreamTests(CoreTestCase):
    def assert_traced(self, record: Any, ids: TraceIds) -> None:
        assert record
        assert {(event.trace_id, event.span_id) for _, event in record} == {ids}

    def test_signals_carry_the_span_of_the_view(self) -> None:
        request = RequestFactory().get("/")
        with fake_driver("Hello"), recorded_signals() as record:
            with tracer.start_as_current_span("view") as span:
                response: Any = stream("Hi").response(request)
            response.getvalue()
        self.assert_traced(record, ids_of(span))

    def test_signals_carry_the_span_of_a_call(self) -> None:
        with (
            fake_driver("Hello"),
            recorded_signals() as record,
            tracer.start_as_current_span("task") as span,
        ):
            llm().generate("Hi")
        self.assert_traced(record, ids_of(span))

    def test_no_trace(self) -> None:
        with fake_driver("Hello"), recorded_signals() as record:
            llm().generate("Hi")
        self.assert_traced(record, TraceIds(None, None))
