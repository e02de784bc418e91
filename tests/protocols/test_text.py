"""The plain protocol, byte by byte, and through a parser that nobody here wrote."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from unittest import mock

import httpx
from django.test import RequestFactory, SimpleTestCase, override_settings
from django.utils import translation
from django.utils.translation import gettext_lazy
from httpx_sse import EventSource

from mindwave_django import stream
from mindwave_django.events import CancelReason, Ended, Outcome, ReasoningDelta, Usage
from mindwave_django.exceptions import ProviderRateLimited, ProviderUnavailable
from mindwave_django.protocols import PROTOCOLS, Protocol
from mindwave_django.protocols.text import TextProtocol
from mindwave_django.streaming.answer import Piece, Position
from mindwave_django.streaming.follow import HEARTBEAT
from mindwave_django.streaming.progress import Progress
from mindwave_django.testing import fake_driver, parse_events
from tests.recording import CoreTestCase


def protocol() -> TextProtocol:
    return TextProtocol("6f1c")


def failed(code: str, retry_after: float | None = None) -> dict[str, Any]:
    ended = Ended(Outcome.FAILED, code=code, retry_after=retry_after)
    (event,) = parse_events(protocol().end(ended))
    assert (event.event, event.id) == ("failed", "6f1c:end")
    return dict(event.json())


class FrameTests(SimpleTestCase):
    def test_start(self) -> None:
        with override_settings(MINDWAVE={}):
            assert protocol().start(Position()) == (
                b"retry: 1000\nid: 6f1c:0\nevent: start\n"
                b'data: {"stream":"6f1c","heartbeat_interval":15}\n\n'
            )

    def test_start_of_a_reader_who_comes_back(self) -> None:
        assert b"\nid: 6f1c:5\n" in protocol().start(Position(5))
        assert b"\nid: 6f1c:5.7\n" in protocol().start(Position(5, 7))

    def test_retry_is_in_milliseconds(self) -> None:
        for seconds, field in ((0, b"retry: 0\n"), (2.5, b"retry: 2500\n"), (1e-4, b"retry: 1\n")):
            with override_settings(MINDWAVE={"STREAMING": {"RETRY": seconds}}):
                assert protocol().start(Position()).startswith(field)

    def test_message(self) -> None:
        assert protocol().piece(Piece(b"Hello", False, Position(5))) == (
            b"id: 6f1c:5\nevent: message\ndata: Hello\n\n"
        )

    def test_message_of_several_lines(self) -> None:
        assert protocol().piece(Piece(b"a\n\nb", False, Position(4))) == (
            b"id: 6f1c:4\nevent: message\ndata: a\ndata: \ndata: b\n\n"
        )

    def test_reasoning(self) -> None:
        assert protocol().piece(Piece(b"Hm", True, Position(0, 2))) == (
            b"id: 6f1c:0.2\nevent: reasoning\ndata: Hm\n\n"
        )

    def test_message_after_reasoning(self) -> None:
        assert protocol().piece(Piece(b"Hello", False, Position(5, 2))) == (
            b"id: 6f1c:5.2\nevent: message\ndata: Hello\n\n"
        )

    def test_heartbeat_has_no_id(self) -> None:
        assert protocol().heartbeat() == b'event: heartbeat\ndata: {"status":"alive"}\n\n'

    def test_progress_has_no_id(self) -> None:
        assert protocol().progress(Progress(42, 18.518, 2.938, Decimal("0.00123"))) == (
            b'event: progress\ndata: {"tokens":42,"tokens_per_second":18.52,'
            b'"elapsed":2.94,"cost":0.0012}\n\n'
        )
        assert protocol().progress(Progress(1, None, 0.5)) == (
            b'event: progress\ndata: {"tokens":1,"tokens_per_second":null,'
            b'"elapsed":0.5,"cost":null}\n\n'
        )

    def test_done(self) -> None:
        ended = Ended(Outcome.COMPLETED, finish_reason="stop", usage=Usage(1, 2))
        assert protocol().end(ended) == (
            b'id: 6f1c:end\nevent: done\ndata: {"status":"complete"}\n\n'
        )

    def test_cancelled(self) -> None:
        for reason in CancelReason:
            with self.subTest(reason=reason):
                assert protocol().end(Ended(Outcome.CANCELLED, reason=reason)) == (
                    b'id: 6f1c:end\nevent: done\ndata: {"status":"cancelled","reason":"%s"}\n\n'
                    % reason.encode()
                )

    def test_failed(self) -> None:
        assert protocol().end(Ended(Outcome.FAILED, code="provider_rate_limited")) == (
            b'id: 6f1c:end\nevent: failed\ndata: {"code":"provider_rate_limited",'
            b'"message":"The model is busy. Please try again in a moment.","retryable":true}\n\n'
        )

    def test_failed_and_when_to_come_back(self) -> None:
        assert failed("provider_rate_limited", 0.2)["retry_after"] == 1
        assert failed("provider_rate_limited", 12)["retry_after"] == 12

    def test_failed_for_good(self) -> None:
        assert failed("provider_rejected")["retryable"] is False

    def test_code_that_nobody_knows_keeps_its_name(self) -> None:
        assert failed("sunspots") == {
            "code": "sunspots",
            "message": "Something went wrong on our side.",
            "retryable": False,
        }

    def test_no_event_is_called_error(self) -> None:
        ends = [Ended(outcome, code="timeout") for outcome in Outcome]
        assert not any(b"event: error" in protocol().end(ended) for ended in ends)

    def test_message_is_in_the_active_language(self) -> None:
        with mock.patch.object(ProviderRateLimited, "message", gettext_lazy("January")):
            for language, text in (("de", "Januar"), ("fr", "janvier"), ("en", "January")):
                with translation.override(language):
                    assert failed("provider_rate_limited")["message"] == text


class PortionTests(SimpleTestCase):
    def test_portion_is_one_write(self) -> None:
        piece = Piece(b"a", False, Position(1))
        ended = Ended(Outcome.COMPLETED)
        one = protocol()
        figures = Progress(1, None, 0.5)
        assert one.encode([HEARTBEAT, piece, figures, ended]) == (
            one.heartbeat() + one.piece(piece) + one.progress(figures) + one.end(ended)
        )

    def test_a_stream_id_of_two_lines_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            TextProtocol("6f1c\nevent: done")

    def test_empty_portion(self) -> None:
        assert protocol().encode([]) == b""

    def test_registered_by_name(self) -> None:
        assert PROTOCOLS["text"] is TextProtocol
        assert issubclass(TextProtocol, Protocol)
        assert TextProtocol.content_type == "text/event-stream"


class ResponseTests(CoreTestCase):
    def body(self, *steps: Any) -> bytes:
        with fake_driver(*steps):
            response: Any = stream("Hi").response(RequestFactory().get("/"))
            return bytes(response.getvalue())

    def test_other_parser_reads_the_same(self) -> None:
        text = "Aé€😀\n\nz\u2028 : data: x\r\ny\rend"
        body = self.body(ReasoningDelta("Hm\nso"), *text, "\n")
        response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body)
        theirs = [(e.event, e.data, e.id) for e in EventSource(response).iter_sse()]
        assert theirs == [tuple(event) for event in parse_events(body)]
        said = "".join(data for event, data, _ in theirs if event == "message")
        assert said == text.replace("\r\n", "\n").replace("\r", "\n") + "\n"

    def test_failure_is_told_in_the_language_of_the_request(self) -> None:
        with (
            mock.patch.object(ProviderUnavailable, "message", gettext_lazy("January")),
            fake_driver("Half", ProviderUnavailable()),
            self.assertLogs("mindwave_django", "ERROR"),
        ):
            with translation.override("de"):
                response: Any = stream("Hi").response(RequestFactory().get("/"))
            with translation.override("fr"):  # of whoever reads it, long after the view
                body = response.getvalue()
        assert parse_events(body)[-1].json()["message"] == "Januar"

    def test_data_of_every_event_but_text_is_json(self) -> None:
        for event in parse_events(self.body("Hello")):
            if event.event != "message":
                assert isinstance(json.loads(event.data), dict)
