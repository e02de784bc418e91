"""`stream()`: what it takes, and the response it gives; and what `on_chunk` is told."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import StreamingHttpResponse
from django.test import RequestFactory, override_settings

from mindwave_django import llm, stream
from mindwave_django.drivers import drivers
from mindwave_django.events import (
    ReasoningDelta,
)
from mindwave_django.exceptions import (
    InvalidRequest,
)
from mindwave_django.testing import FakeDriver, fake_driver
from tests.recording import CoreTestCase, recorded_signals, until


class StrictDriver(FakeDriver):
    """Takes the options in its signature and no others."""

    def stream(self, messages: Any, *, model: str = "", temperature: float = 1) -> Any:  # type: ignore[override]
        return super().stream(messages, model=model, temperature=temperature)


class OnChunkTests(CoreTestCase):
    def test_sync_callback(self) -> None:
        pieces: list[str] = []
        with fake_driver("a", "b", ReasoningDelta("c"), "d"):
            llm().generate("Hi", on_chunk=pieces.append)
            assert pieces == ["a", "b", "d"]
            assert "".join(llm().stream("Hi", on_chunk=pieces.append)) == "abd"
        assert pieces == ["a", "b", "d"] * 2

    async def test_async_callback(self) -> None:
        pieces: list[str] = []

        async def collect(piece: str) -> None:
            pieces.append(piece)

        with fake_driver("a", "b"):
            await llm().agenerate("Hi", on_chunk=collect)
            assert pieces == ["a", "b"]
            async for _ in llm().astream("Hi", on_chunk=collect):
                pass
            await until(lambda: len(pieces) == 4)

    def test_callback_of_a_response(self) -> None:
        pieces: list[str] = []
        with fake_driver("a", "b"):
            response: Any = stream("Hi").response(RequestFactory().get("/"), on_chunk=pieces.append)
            response.getvalue()
        assert pieces == ["a", "b"]

    def test_callback_that_raises_is_logged_and_the_text_goes_on(self) -> None:
        def fail(piece: str) -> None:
            raise ZeroDivisionError(piece)

        with fake_driver("a", "b"), self.assertLogs("mindwave_django", "ERROR") as logs:
            assert llm().generate("Hi", on_chunk=fail).text == "ab"
        assert len(logs.records) == 2
        assert "fail raised while a stream was announced" in logs.output[0]


class OptionTests(CoreTestCase):
    def test_options_reach_the_driver(self) -> None:
        with fake_driver("Hello") as driver, recorded_signals("stream_started") as record:
            llm(temperature=0, model="m").generate("Hi")
            stream("Hi", temperature=1).response(RequestFactory().get("/")).getvalue()  # type: ignore[attr-defined]
        assert [call.options for call in driver.calls] == [
            {"temperature": 0, "model": "m"},
            {"temperature": 1},
        ]
        assert [event.options for _, event in record] == [call.options for call in driver.calls]
        assert record[0][1].model == "m"

    def test_unknown_option(self) -> None:
        with fake_driver("Hello", backend=StrictDriver) as driver:
            with self.assertRaises(InvalidRequest) as caught:
                stream("Hi", temprature=0)
            assert str(caught.exception) == (
                "StrictDriver has no option 'temprature'. Did you mean 'temperature'? "
                "Known: model, temperature."
            )
            with self.assertRaises(InvalidRequest):
                llm(temprature=0).generate("Hi")
            assert llm(temperature=0).generate("Hi").text == "Hello"
        assert len(driver.calls) == 1

    def test_unknown_driver(self) -> None:
        with override_settings(MINDWAVE={}):
            with self.assertRaises(ImproperlyConfigured) as caught:
                stream("Hi", driver="defualt")
            assert str(caught.exception) == (
                "MINDWAVE['DRIVERS'] has no driver 'defualt'. Did you mean 'default'? "
                "Known: default."
            )
            with self.assertRaises(ImproperlyConfigured):
                llm("nowhere").generate("Hi")

    def test_wrong_messages(self) -> None:
        with fake_driver() as driver, self.assertRaises(InvalidRequest):
            stream([{"role": "tool", "content": "x"}])
        assert driver.calls == []

    def test_context_is_the_same_object_in_every_signal(self) -> None:
        context = {"page": "shop"}
        with fake_driver("Hello"), recorded_signals() as record:
            response: Any = stream("Hi", context=context).response(RequestFactory().get("/"))
            response.getvalue()
        assert len(record) == 4
        assert all(event.context is context for _, event in record)


class ResponseTests(CoreTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.request = RequestFactory().get("/")

    def test_is_a_streaming_response(self) -> None:
        with fake_driver("Hello"):
            response = stream("Hi").response(self.request)
        assert isinstance(response, StreamingHttpResponse)
        assert response.streaming
        assert response.is_async
        assert response.status_code == 200

    def test_own_status_and_headers(self) -> None:
        with fake_driver("Hello"):
            response = stream("Hi").response(
                self.request, status=201, headers={"X-Mine": "1", "cache-control": "no-store"}
            )
            assert response.status_code == 201
            assert response["X-Mine"] == "1"
            assert response["Cache-Control"] == "no-store"
            assert response["X-Accel-Buffering"] == "no"
            assert b"Hello" in response.getvalue()  # type: ignore[attr-defined]

    def test_alias(self) -> None:
        with fake_driver("default"), fake_driver("local", alias="local"):
            response: Any = stream("Hi", driver="local").response(self.request)
            assert b"data: local" in response.getvalue()

    def test_unknown_protocol(self) -> None:
        with fake_driver("Hello"), self.assertRaises(ValueError) as caught:
            stream("Hi").response(self.request, protocol="txt")
        assert str(caught.exception) == "Unknown protocol 'txt', must be one of: text."

    def test_never_iterated(self) -> None:
        with fake_driver("Hello") as driver, recorded_signals() as record:
            response = stream("Hi").response(self.request)
            iter(response)
            response.close()
        assert driver.calls == []
        assert record == []

    def test_head(self) -> None:
        with fake_driver("Hello") as driver:
            response = stream("Hi").response(RequestFactory().head("/"))
        assert response.status_code == 405
        assert driver.calls == []

    def test_one_question_may_be_answered_twice(self) -> None:
        with fake_driver("Hello") as driver:
            question = stream("Hi")
            for _ in range(2):
                assert b"Hello" in question.response(self.request).getvalue()  # type: ignore[attr-defined]
        assert len(driver.calls) == 2

    def test_driver_is_built_once(self) -> None:
        with fake_driver("Hello") as driver:
            assert drivers["default"] is driver
