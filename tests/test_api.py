"""`llm()`: answers as text, in sync and async code."""

from __future__ import annotations

import threading
import time
from contextlib import aclosing
from queue import SimpleQueue
from typing import Any
from unittest import mock

from django.core.exceptions import SynchronousOnlyOperation

from mindwave_django import llm
from mindwave_django.events import (
    CancelReason,
    Finished,
    ReasoningDelta,
    Usage,
)
from mindwave_django.exceptions import (
    InternalError,
    Interrupted,
    InvalidRequest,
    MindwaveError,
    ProviderConnectionLost,
    ProviderUnavailable,
)
from mindwave_django.messages import Message, Role
from mindwave_django.signals import StreamStarted, stream_completed, stream_started
from mindwave_django.streaming.background import background
from mindwave_django.streaming.log import current_log
from mindwave_django.testing import Gate, fake_driver
from tests.asking import NO_CARE
from tests.recording import LIMIT, CoreTestCase, recorded_signals
from tests.streaming.support import only_receiver


class GenerateTests(CoreTestCase):
    def test_whole_answer(self) -> None:
        usage = Usage(input_tokens=1, output_tokens=2)
        steps = (ReasoningDelta("Hm."), "Hello", " world", Finished("length", usage, "fake-2"))
        with fake_driver(*steps), recorded_signals() as record:
            completion = llm().generate("Hi")
        assert completion.text == "Hello world"
        assert completion.reasoning == "Hm."
        assert (completion.model, completion.finish_reason) == ("fake-2", "length")
        assert completion.usage == usage
        assert completion.stream_id == record.events("stream_completed")[0].stream_id

    def test_model_is_the_one_asked_for_if_the_driver_names_none(self) -> None:
        with fake_driver("Hello", Finished()):
            assert llm().generate("Hi").model == "fake-model"
            assert llm(model="other").generate("Hi").model == "other"

    def test_signals_are_sent_and_over_when_it_returns(self) -> None:
        with fake_driver("Hello"), recorded_signals() as record:
            llm(context={"job": 7}).generate("Hi")
        assert record.names == [
            "stream_started",
            "token_streamed",
            "token_streamed",
            "stream_completed",
        ]
        assert all(event.context == {"job": 7} for _, event in record)

    def test_other_thread_than_that_of_the_test(self) -> None:
        texts: list[str] = []
        with fake_driver("Hello"):
            thread = threading.Thread(target=lambda: texts.append(llm().generate("Hi").text))
            thread.start()
            thread.join(LIMIT)
        assert texts == ["Hello"]

    def test_messages(self) -> None:
        prompt = [{"role": "system", "content": "Be brief."}, Message(Role.USER, "Hi")]
        with fake_driver("Hello") as driver, recorded_signals("stream_started") as record:
            llm().generate(prompt)
        assert driver.calls[0].messages == (
            Message(Role.SYSTEM, "Be brief."),
            Message(Role.USER, "Hi"),
        )
        assert record[0][1].prompt == "Hi"

    def test_alias(self) -> None:
        with fake_driver("default"), fake_driver("local", alias="local"):
            assert llm("local").generate("Hi").text == "local"

    def test_failure_is_raised_with_its_cause(self) -> None:
        error = ProviderUnavailable("HTTP 503", detail="so sorry", retry_after=3)
        with (
            fake_driver("Half", error),
            self.assertLogs("mindwave_django", "ERROR"),
            self.assertRaises(ProviderUnavailable) as caught,
        ):
            llm().generate("Hi")
        assert caught.exception.retry_after == 3
        assert error in {caught.exception, caught.exception.__cause__}

    def test_defect_of_a_driver_is_an_internal_error(self) -> None:
        with (
            fake_driver(ZeroDivisionError()),
            self.assertLogs("mindwave_django", "ERROR"),
            self.assertRaises(InternalError),
        ):
            llm().generate("Hi")

    def test_driver_that_refuses_the_request(self) -> None:
        with (
            fake_driver(InvalidRequest("No such tool.")),
            self.assertLogs("mindwave_django", "ERROR"),
            self.assertRaises(InvalidRequest),
        ):
            llm().generate("Hi")

    def test_cancelled_from_elsewhere(self) -> None:
        gate = Gate()
        caught: list[type] = []
        started: SimpleQueue[str] = SimpleQueue()

        def generate() -> None:
            try:
                llm().generate("Hi")
            except MindwaveError as exc:
                caught.append(type(exc))

        def receive(sender: type, event: StreamStarted, **kwargs: Any) -> None:
            started.put(event.stream_id)

        stream_started.connect(receive)
        self.addCleanup(stream_started.disconnect, receive)
        with fake_driver("a", gate):
            thread = threading.Thread(target=generate)
            thread.start()
            cancelling = current_log().cancel(started.get(timeout=LIMIT), CancelReason.USER)
            assert background.submit(cancelling).result(LIMIT)
            thread.join(LIMIT)
        assert caught == [Interrupted]


class AsyncGenerateTests(CoreTestCase):
    async def test_whole_answer(self) -> None:
        with fake_driver("Hello", " world"):
            completion = await llm().agenerate("Hi")
        assert (completion.text, completion.finish_reason) == ("Hello world", "stop")

    async def test_failure(self) -> None:
        with (
            fake_driver("Half", ProviderUnavailable()),
            self.assertLogs("mindwave_django", "ERROR"),
            self.assertRaises(ProviderUnavailable),
        ):
            await llm().agenerate("Hi")

    async def test_sync_calls_would_block_the_loop(self) -> None:
        with fake_driver("Hello") as driver:
            with self.assertRaises(SynchronousOnlyOperation) as caught:
                llm().generate("Hi")
            assert str(caught.exception) == (
                "This would block the event loop. In async code use agenerate() instead."
            )
            with self.assertRaises(SynchronousOnlyOperation) as caught:
                next(llm().stream("Hi"))  # type: ignore[call-overload]  # an iterator
            assert "astream()" in str(caught.exception)
        assert driver.calls == []


class TextsTests(CoreTestCase):
    def test_text_comes_as_it_grows(self) -> None:
        gate = Gate()
        with fake_driver("Hello", gate, " world"):
            texts = iter(llm().stream("Hi"))
            assert next(texts) == "Hello"
            gate.open()
            assert "".join(texts) == " world"

    def test_reasoning_is_not_text(self) -> None:
        with fake_driver(ReasoningDelta("Hm."), "Hello", ReasoningDelta("So."), "!"):
            assert "".join(llm().stream("Hi")) == "Hello!"

    def test_error_comes_after_the_text(self) -> None:
        texts: list[str] = []
        with (
            fake_driver("Half", ProviderConnectionLost()),
            self.assertLogs("mindwave_django", "ERROR"),
            self.assertRaises(ProviderConnectionLost),
        ):
            texts.extend(llm().stream("Hi"))
        # `extend` keeps what it got before the error.
        assert "".join(texts) == "Half"

    def test_leaving_early_closes_the_driver(self) -> None:
        with NO_CARE, fake_driver("a", Gate()) as driver, recorded_signals() as record:
            texts: Any = llm().stream("Hi")
            assert next(texts) == "a"
            assert driver.closed == 0
            texts.close()
            assert driver.closed == 1
        assert record.names[-1] == "stream_cancelled"

    def test_leaving_after_the_first_of_few_pieces_waits_for_the_end_to_be_told(self) -> None:
        told: list[str] = []

        def receive(**kwargs: Any) -> None:
            told.append("begun")
            time.sleep(0.05)  # longer than it takes to leave
            told.append("ended")

        for lends in (True, False):
            told.clear()
            with (
                self.subTest(lends=lends),
                mock.patch("mindwave_django.api.needs_this_thread", return_value=lends),
                fake_driver("a", "b"),
                only_receiver(receive, stream_completed),
            ):
                parts = llm().stream("Hi")
                assert next(parts)
                time.sleep(0.02)  # for all that can be fetched
                parts.close()
            assert told == ["begun", "ended"]

    def test_never_started(self) -> None:
        with fake_driver("a") as driver:
            llm().stream("Hi")
        assert driver.calls == []


class AsyncTextsTests(CoreTestCase):
    async def test_text_comes_as_it_grows(self) -> None:
        gate = Gate()
        with fake_driver("Hello", gate, " world"):
            texts = aiter(llm().astream("Hi"))
            assert await anext(texts) == "Hello"
            gate.open()
            assert "".join([text async for text in texts]) == " world"

    async def test_error_comes_after_the_text(self) -> None:
        texts: list[str] = []
        with (
            fake_driver("Half", ProviderConnectionLost()),
            self.assertLogs("mindwave_django", "ERROR"),
            self.assertRaises(ProviderConnectionLost),
        ):
            async for text in llm().astream("Hi"):
                texts.append(text)  # noqa: PERF401  # what came before the error counts
        assert "".join(texts) == "Half"

    async def test_leaving_early_closes_the_driver(self) -> None:
        with NO_CARE, fake_driver("a", Gate()) as driver, recorded_signals() as record:
            async with aclosing(llm().astream("Hi")) as texts:  # type: ignore[type-var]
                assert await anext(texts) == "a"
                assert driver.closed == 0
            assert driver.closed == 1
        assert record.names[-1] == "stream_cancelled"
