"""The span of each call: its parent, what it says, and how it stands at every ending."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from unittest import mock

from django.test import RequestFactory, SimpleTestCase, override_settings
from opentelemetry.trace import SpanKind, StatusCode

from mindwave_django import llm, stream
from mindwave_django.api import _call
from mindwave_django.events import CancelReason, Finished, ReasoningDelta, Usage
from mindwave_django.exceptions import GenerationTimeout, InternalError, ProviderUnavailable
from mindwave_django.metrics import is_measured
from mindwave_django.streaming.generation import Generation
from mindwave_django.testing import Gate, fake_driver, parse_events
from tests.recording import CoreTestCase, recorded_signals
from tests.usage.tracing import Collected, collecting

PRICING = {"fake-*": {"input": 1, "output": 2}}
WHOLE = Finished("stop", Usage(1000, 500, 400, 200), "fake-2", "resp-1")


def answer(**settings: Any) -> Any:
    return override_settings(MINDWAVE=settings)


class SpanTests(CoreTestCase):
    def test_what_it_says(self) -> None:
        with answer(PRICING=PRICING), fake_driver("Hello", " world", WHOLE), collecting() as got:
            llm(max_tokens=99, temperature=0.5).generate("Hi")
        span = got.span
        assert (span.name, span.kind) == ("chat fake-model", SpanKind.CLIENT)
        attributes = dict(span.attributes or {})
        assert len(attributes.pop("mindwave.stream.id")) == 32
        assert 0 < attributes.pop("gen_ai.response.time_to_first_chunk") < 60
        assert attributes == {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "fake",
            "gen_ai.request.model": "fake-model",
            "gen_ai.request.stream": True,
            "gen_ai.request.max_tokens": 99,
            "gen_ai.request.temperature": 0.5,
            "gen_ai.response.model": "fake-2",
            "gen_ai.response.id": "resp-1",
            "gen_ai.response.finish_reasons": ("stop",),
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 500,
            "gen_ai.usage.cache_read.input_tokens": 400,
            "gen_ai.usage.reasoning.output_tokens": 200,
            "mindwave.usage.source": "reported",
            "mindwave.driver": "default",
            "mindwave.outcome": "completed",
            "mindwave.cost": 0.002,
        }
        assert span.status.status_code is StatusCode.OK

    def test_child_of_the_request_although_that_has_ended(self) -> None:
        with fake_driver("Hello"), collecting() as got:
            with got.tracer.start_as_current_span("GET /chat") as request:
                response: Any = stream("Hi").response(RequestFactory().get("/"))
            response.getvalue()
        parent = got.span.parent
        assert parent is not None
        assert parent.span_id == request.get_span_context().span_id
        assert got.span.context.trace_id == request.get_span_context().trace_id

    def test_signals_carry_its_ids(self) -> None:
        with fake_driver("Hello"), collecting() as got, recorded_signals() as record:
            llm().generate("Hi")
        ids = {(event.trace_id, event.span_id) for _, event in record}
        context = got.span.context
        assert ids == {(f"{context.trace_id:032x}", f"{context.span_id:016x}")}

    async def test_a_hundred_at_once_have_their_own_parents(self) -> None:
        async def one(number: int) -> tuple[int, int]:
            with got.tracer.start_as_current_span(f"request {number}") as request:
                response: Any = stream(f"Hi {number}").response(RequestFactory().get("/"))
            stream_id = ""
            async for part in response:
                stream_id = stream_id or parse_events(part)[0].json()["stream"]
            return stream_id, request.get_span_context().span_id

        with fake_driver("Hello"), collecting() as got:
            wanted = dict(await asyncio.gather(*map(one, range(100))))
            found = {
                span.attributes["mindwave.stream.id"]: span.parent.span_id  # type: ignore[index, union-attr]
                for span in got.spans
            }
        assert found == wanted


class EndingTests(CoreTestCase):
    def ended(self, got: Collected) -> tuple[Any, ...]:
        attributes = dict(got.span.attributes or {})
        outcome = attributes["mindwave.outcome"]
        assert got.total("mindwave.streams.ended", mindwave__outcome=outcome) == 1
        assert got.total("mindwave.streams.running") == 0
        [duration] = got.points["gen_ai.client.operation.duration"]
        assert (duration.count, duration.attributes.get("error.type")) == (
            1,
            attributes.get("error.type"),
        )
        return (
            got.span.status.status_code,
            got.span.status.description,
            attributes["mindwave.outcome"],
            attributes.get("error.type"),
            attributes.get("mindwave.cancel_reason"),
        )

    def test_failed_before_and_after_the_first_token(self) -> None:
        for steps in ((ProviderUnavailable(),), ("Hel", ProviderUnavailable())):
            with (
                self.subTest(steps=steps),
                fake_driver(*steps),
                collecting() as got,
                self.assertRaises(ProviderUnavailable),
            ):
                llm().generate("Hi")
            code = "provider_unavailable"
            assert self.ended(got) == (StatusCode.ERROR, code, "failed", code, None)
            chunk = "gen_ai.response.time_to_first_chunk" in (got.span.attributes or {})
            assert chunk == (len(steps) == 2)

    def test_defect_of_a_driver(self) -> None:
        with (
            fake_driver(LookupError("secret")),
            collecting() as got,
            self.assertRaises(InternalError),
        ):
            llm().generate("Hi")
        code = "internal_error"
        assert self.ended(got) == (StatusCode.ERROR, code, "failed", code, None)
        assert not got.span.events
        assert "secret" not in got.span.to_json()

    def test_too_slow(self) -> None:
        with (
            answer(STREAMING={"FIRST_TOKEN_TIMEOUT": 0.01}),
            fake_driver(Gate()),
            collecting() as got,
            self.assertRaises(GenerationTimeout),
        ):
            llm().generate("Hi")
        assert self.ended(got) == (StatusCode.ERROR, "timeout", "failed", "timeout", None)

    async def test_cancelled(self) -> None:
        for reason in (CancelReason.USER, CancelReason.NO_READER):
            with self.subTest(reason), fake_driver("Hel", Gate()), collecting() as got:
                generation = self.begin()
                while not generation.answer.size:
                    await asyncio.sleep(0)
                generation.cancel(reason)
                await generation.ended.wait()
            assert self.ended(got) == (StatusCode.OK, None, "cancelled", None, reason)

    async def test_interrupted(self) -> None:
        with fake_driver("Hel", Gate()), collecting() as got:
            generation = self.begin()
            while not generation.answer.size:
                await asyncio.sleep(0)
            generation.interrupt_in(0)
            await generation.ended.wait()
        assert self.ended(got) == (StatusCode.ERROR, "interrupted", "failed", "interrupted", None)

    def test_loop_that_is_closed(self) -> None:
        async def leave() -> None:
            generation = self.begin()
            while not generation.answer.size:
                await asyncio.sleep(0)

        with fake_driver("Hel", Gate()), collecting() as got:
            asyncio.run(leave())
        assert self.ended(got) == (StatusCode.OK, None, "cancelled", None, "shutdown")

    def test_loop_that_is_closed_before_it_begins(self) -> None:
        async def leave() -> None:
            self.begin()

        with fake_driver("Hello"), collecting() as got:
            asyncio.run(leave())
            assert len(got.spans) == 1
            assert got.total("mindwave.streams.running") == 0

    def begin(self) -> Generation:
        generation = Generation(_call("Hi", None, {}, None))
        generation.start()
        return generation


class ContentTests(CoreTestCase):
    MESSAGES = (
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "My secret"},
    )

    def attributes(self, **tracing: Any) -> dict[str, Any]:
        with (
            answer(TRACING=tracing),
            fake_driver(ReasoningDelta("Hm"), "Yes."),
            collecting() as got,
        ):
            llm().generate(self.MESSAGES)
        return dict(got.span.attributes or {})

    def test_nothing_unless_asked(self) -> None:
        assert not [
            name for name in self.attributes() if name.endswith(("messages", "instructions"))
        ]
        assert "secret" not in str(self.attributes())

    def test_conventions(self) -> None:
        found = self.attributes(CAPTURE_CONTENT=True)
        assert json.loads(found["gen_ai.system_instructions"]) == [
            {"type": "text", "content": "Be kind."}
        ]
        assert json.loads(found["gen_ai.input.messages"]) == [
            {"role": "user", "parts": [{"type": "text", "content": "My secret"}]}
        ]
        assert json.loads(found["gen_ai.output.messages"]) == [
            {
                "role": "assistant",
                "parts": [{"type": "text", "content": "Yes."}],
                "finish_reason": "stop",
            }
        ]

    def test_standard_variable(self) -> None:
        name = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
        for value, asked in (("true", True), ("SPAN_ONLY", True), ("false", False), ("", False)):
            with mock.patch.dict("os.environ", {name: value}):
                assert ("gen_ai.input.messages" in self.attributes()) == asked

    def test_redaction(self) -> None:
        for hook in (lambda text: text.replace("secret", "…"), f"{__name__}.without_secret"):
            found = self.attributes(CAPTURE_CONTENT=True, REDACT=hook)
            assert "secret" not in str(found)
            assert "My …" in found["gen_ai.input.messages"]

    def test_hook_that_fails_lets_nothing_through(self) -> None:
        with self.assertLogs("mindwave_django", "ERROR"):
            found = self.attributes(CAPTURE_CONTENT=True, REDACT=lambda text: 1 / 0)
        assert "secret" not in str(found)
        assert "withheld" in found["gen_ai.input.messages"]


def without_secret(text: str) -> str:
    return text.replace("secret", "…")


class NoProviderTests(SimpleTestCase):
    def test_nothing_is_built(self) -> None:
        assert not is_measured()
        with fake_driver("Hello") as driver:
            llm().generate("Hi")
            assert len(driver.calls) == 1


class MetricsTests(CoreTestCase):
    def test_figures_of_one_call(self) -> None:
        with (
            mock.patch("mindwave_django.streaming.telemetry.TOGETHER", 0),
            fake_driver("a", "b", "c", WHOLE),
            collecting() as got,
        ):
            llm().generate("Hi")
            points = got.points
        [duration] = points["gen_ai.client.operation.duration"]
        assert duration.count == 1
        assert duration.explicit_bounds == tuple(0.01 * 2**n for n in range(14))
        [first] = points["gen_ai.client.operation.time_to_first_chunk"]
        [later] = points["gen_ai.client.operation.time_per_output_chunk"]
        assert (first.count, later.count) == (1, 2)
        tokens = {
            point.attributes["gen_ai.token.type"]: point.sum
            for point in points["gen_ai.client.token.usage"]
        }
        assert tokens == {"input": 1000, "output": 500}
        assert got.total("mindwave.streams.running") == 0
        assert got.total("mindwave.streams.ended", mindwave__outcome="completed") == 1

    def test_what_comes_together_is_one_chunk(self) -> None:
        for together, count in ((3600, None), (0, 2)):
            with (
                self.subTest(together),
                mock.patch("mindwave_django.streaming.telemetry.TOGETHER", together),
                fake_driver("a", "b", "c", WHOLE),
                collecting() as got,
            ):
                llm().generate("Hi")
                later = got.points.get("gen_ai.client.operation.time_per_output_chunk")
            assert (later and later[0].count) == count

    def test_failures(self) -> None:
        with fake_driver(ProviderUnavailable()), collecting() as got:
            with self.assertRaises(ProviderUnavailable):
                llm().generate("Hi")
            [point] = got.points["gen_ai.client.operation.duration"]
        assert point.attributes["error.type"] == "provider_unavailable"
        assert point.attributes["gen_ai.provider.name"] == "fake"

    def test_running(self) -> None:
        async def look() -> float:
            generation = EndingTests.begin(self)  # type: ignore[arg-type]
            while not generation.answer.size:
                await asyncio.sleep(0)
            running = got.total("mindwave.streams.running")
            generation.cancel(CancelReason.USER)
            await generation.ended.wait()
            return running

        with fake_driver("Hel", Gate()), collecting() as got:
            assert asyncio.run(look()) == 1
            assert got.total("mindwave.streams.running") == 0

    def test_refused_and_resumed(self) -> None:
        with fake_driver("Hello"), collecting() as got:
            self.client.get("/mindwave/conversations/", headers={"Sec-Fetch-Site": "cross-site"})
            response: Any = stream("Hi").response(RequestFactory().get("/"))
            body = response.getvalue().decode()
            last = [line for line in body.splitlines() if line.startswith("id: ")][1][4:]
            again: Any = stream("Hi").response(
                RequestFactory().get("/", headers={"last-event-id": last})
            )
            again.getvalue()
            assert got.total("mindwave.requests.refused", mindwave__code="permission_denied") == 1
            assert got.total("mindwave.streams.resumed") == 1


class LogTests(CoreTestCase):
    def test_start_and_end_with_their_fields(self) -> None:
        with (
            answer(PRICING=PRICING),
            fake_driver("Hello", WHOLE),
            self.assertLogs("mindwave_django", "INFO") as logs,
        ):
            llm().generate("A secret question")
        start, end = logs.records
        assert (start.driver, start.model) == ("default", "fake-model")
        assert start.stream_id == end.stream_id
        assert (end.outcome, end.code, end.reason) == ("completed", "", None)
        assert (end.input_tokens, end.output_tokens, str(end.cost)) == (1000, 500, "0.00200000")
        assert 0 <= end.seconds_to_first_token <= end.seconds
        assert "secret" not in str([vars(start), vars(end)])
