"""Traces as a collector gets them: from real servers, over OpenTelemetry's own protocol."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from tests.servers.base import SHIPPED, TWO_LINES, ServerTestCase
from tests.servers.client import Client
from tests.support.otlp import Receiver, Span
from tests.support.upstream import finish, text

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CLIENT, SERVER = 3, 2  # kinds of spans in the protocol
OK = 1
AT_ONCE = 100


class Traced(ServerTestCase):
    receiver: ClassVar[Receiver]

    @classmethod
    def setUpClass(cls) -> None:
        cls.receiver = cls.enterClassContext(Receiver())
        cls.env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": cls.receiver.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
            "OTEL_SERVICE_NAME": "example",
        } | dict(cls.env)
        super().setUpClass()
        cls.upstream.serve_only(text("Hel"), text("lo"), finish())

    def read(self, path: str, **headers: str) -> Client:
        client = self.get(f"{path}?prompt=Hi", headers=headers)
        client.read_all()
        client.close()
        return client

    def call_of(self, client: Client) -> Span:
        """Return the span of the call behind a stream, once it has come."""

        def found() -> list[Span]:
            calls = self.receiver.named("chat ")
            return [s for s in calls if s.attributes["mindwave.stream.id"] == client.stream_id]

        self.receiver.wait_until(lambda: bool(found()))
        [call] = found()
        return call

    def request_of(self, call: Span) -> Span:
        """Return the span of the request in the trace of a call, once it has come."""

        def found() -> list[Span]:
            return [s for s in self.receiver.named("GET ") if s.trace_id == call.trace_id]

        self.receiver.wait_until(lambda: bool(found()))
        [request] = found()
        return request

    def test_request_and_call_are_one_trace(self) -> None:
        for path in (TWO_LINES, SHIPPED):
            with self.subTest(path):
                call = self.call_of(self.read(path))
                request = self.request_of(call)
                assert call.parent_id == request.span_id
                assert (request.kind, call.kind) == (SERVER, CLIENT)
                assert call.name == "chat gpt-4.1-mini"
                assert call.status == OK
                assert call.attributes["gen_ai.response.model"] == "test-model"
                assert call.attributes["server.address"] == "127.0.0.1"

    def test_trace_that_came_with_the_request(self) -> None:
        call = self.call_of(self.read(TWO_LINES, traceparent=f"00-{TRACE}-{PARENT}-01"))
        request = self.request_of(call)
        assert (request.trace_id, request.parent_id) == (TRACE, PARENT)
        assert (call.trace_id, call.parent_id) == (TRACE, request.span_id)

    def test_a_hundred_at_once(self) -> None:
        def one(number: int) -> tuple[Client, str]:
            trace = f"{number + 1:032x}"
            return self.read(TWO_LINES, traceparent=f"00-{trace}-{PARENT}-01"), trace

        with ThreadPoolExecutor(25) as threads:
            read = list(threads.map(one, range(AT_ONCE)))
        for client, trace in read:
            call = self.call_of(client)
            request = self.request_of(call)
            assert (call.trace_id, call.parent_id) == (trace, request.span_id)

    def test_metrics(self) -> None:
        self.read(TWO_LINES)
        wanted: Any = {
            "gen_ai.client.operation.duration",
            "gen_ai.client.operation.time_to_first_chunk",
            "gen_ai.client.token.usage",
            "mindwave.streams.ended",
            "mindwave.streams.running",
        }
        self.receiver.wait_until(lambda: wanted <= self.receiver.metrics)


class UvicornTests(Traced):
    server_name = "uvicorn"


class GunicornWorkersTests(Traced):
    server_name = "gunicorn-uvicorn-3"


class GunicornPreloadedTests(Traced):
    """Tracing has been set up before the workers are forked."""

    server_name = "gunicorn-uvicorn-3"
    env: ClassVar = {"GUNICORN_CMD_ARGS": "--preload"}


class GunicornThreadsTests(Traced):
    server_name = "gunicorn-gthread-3"


class RunserverTests(Traced):
    server_name = "runserver"


del Traced
