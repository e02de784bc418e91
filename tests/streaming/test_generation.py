"""One call to a model runs to exactly one end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from django.test import SimpleTestCase, override_settings

from mindwave_django.events import (
    CancelReason,
    DriverEvent,
    Ended,
    Finished,
    Outcome,
    ReasoningDelta,
    TextDelta,
    Usage,
    UsageSource,
)
from mindwave_django.exceptions import ProviderRateLimited
from mindwave_django.messages import Message
from mindwave_django.streaming.answer import Piece
from mindwave_django.streaming.follow import Follower
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.log import current_log
from mindwave_django.testing import FakeDriver, Gate
from tests.streaming.support import call_to, generation_of, hearing, read, until

USAGE = Usage(3, 2)


def text_of(items: list[Any]) -> str:
    return b"".join(item.data for item in items if isinstance(item, Piece)).decode()


class OutcomeTests(SimpleTestCase):
    async def test_completed(self) -> None:
        driver, generation = generation_of(
            "Hel", "lo", Finished("stop", USAGE, "model-2", "response-1")
        )
        with hearing() as heard:
            items = await read(generation)
            await generation.ended.wait()
        assert text_of(items) == "Hello"
        assert items[-1] == Ended(Outcome.COMPLETED, finish_reason="stop", usage=USAGE)
        (ending,) = heard.endings
        assert (ending.text, ending.usage, ending.model) == ("Hello", USAGE, "model-2")
        assert ending.response_id == "response-1"
        assert ending.started_at <= (ending.first_token_at or 0) <= ending.ended_at
        assert driver.closed == 1

    async def test_failed_keeps_the_text(self) -> None:
        _, generation = generation_of("so far", ProviderRateLimited("slow down", retry_after=7))
        with hearing() as heard, self.assertLogs("mindwave_django", "ERROR"):
            items = await read(generation)
            await generation.ended.wait()
        assert text_of(items) == "so far"
        assert items[-1].outcome is Outcome.FAILED
        assert (items[-1].code, items[-1].retry_after) == ("provider_rate_limited", 7)
        assert [ending.text for ending in heard.endings] == ["so far"]

    async def test_a_defect_of_the_driver_is_an_internal_error_without_its_words(self) -> None:
        _, generation = generation_of("a", KeyError("secret"))
        with self.assertLogs("mindwave_django", "ERROR") as logs:
            items = await read(generation)
        assert items[-1].code == "internal_error"
        assert "KeyError" in logs.output[0]
        assert "driver.py" in logs.output[0]
        assert "secret" not in logs.output[0]

    @override_settings(MINDWAVE={"LOG_CONTENT": True})
    async def test_log_content_shows_the_words(self) -> None:
        _, generation = generation_of("a", KeyError("secret"))
        with self.assertLogs("mindwave_django", "ERROR") as logs:
            await read(generation)
        assert "secret" in logs.output[0]

    async def test_an_answer_that_breaks_off_has_failed(self) -> None:
        class Silent(FakeDriver):
            async def stream(
                self, messages: Sequence[Message], **options: Any
            ) -> AsyncGenerator[DriverEvent, None]:
                yield TextDelta("half")

        generation = Generation(call_to(Silent()))
        with self.assertLogs("mindwave_django", "ERROR"):
            items = await read(generation)
        assert (text_of(items), items[-1].code) == ("half", "provider_connection_lost")

    async def test_cancelled_by_a_user(self) -> None:
        gate = Gate()
        driver, generation = generation_of("so far", gate, "never")
        with hearing() as heard:
            follower = Follower(generation.answer, current_log())
            generation.start()
            await until(gate.reached)
            assert await current_log().cancel(generation.stream_id, CancelReason.USER)
            items = [item async for portion in follower for item in portion]
            await generation.ended.wait()
        assert items[-1].outcome is Outcome.CANCELLED
        assert items[-1].reason is CancelReason.USER
        assert text_of(items) == "so far"
        assert [ending.reason for ending in heard.endings] == [CancelReason.USER]
        assert driver.closed == 1

    async def test_too_large_an_answer_fails_and_keeps_what_fits(self) -> None:
        log = {
            "BACKEND": "mindwave_django.streaming.log.MemoryLog",
            "OPTIONS": {"max_answer_bytes": 6},
        }
        with (
            override_settings(MINDWAVE={"STREAMING": {"LOG": log}}),
            self.assertLogs("mindwave_django", "ERROR"),
        ):
            driver, generation = generation_of("12345", "678", "9")
            items = await read(generation)
        assert (text_of(items), items[-1].code) == ("12345", "answer_too_large")
        assert driver.closed == 1

    async def test_reasoning_is_kept_apart(self) -> None:
        _, generation = generation_of(ReasoningDelta("hm\r"), ReasoningDelta("\n"), "yes")
        with hearing() as heard:
            items = await read(generation)
            await generation.ended.wait()
        assert [(p.data, p.is_reasoning) for p in items[:-1]] == [(b"hm\n", True), (b"yes", False)]
        assert (heard.endings[0].text, heard.endings[0].reasoning) == ("yes", "hm\n")
        assert [event.delta for event in heard.tokens] == ["yes", ""]

    async def test_text_is_normalised_before_anybody_sees_it(self) -> None:
        _, generation = generation_of("a\r", "\nb\0", "\ud83d", "\ude00", "\ud83d")
        with hearing() as heard:
            items = await read(generation)
            await generation.ended.wait()
        expected = "a\nb\ufffd\N{GRINNING FACE}\ufffd"
        assert text_of(items) == expected
        assert heard.endings[0].text == expected
        assert "".join(event.delta for event in heard.tokens) == expected


class UsageTests(SimpleTestCase):
    async def test_unreported_usage_is_counted_and_says_so(self) -> None:
        _, generation = generation_of("Hello world, this is it.")
        items = await read(generation)
        assert items[-1].usage.source is UsageSource.ESTIMATED
        assert items[-1].usage.output_tokens == 6

    async def test_usage_is_unknown_if_the_provider_was_never_heard(self) -> None:
        _, generation = generation_of(ProviderRateLimited())
        with self.assertLogs("mindwave_django", "ERROR"):
            items = await read(generation)
        assert items[-1].usage is None


class TimeLimitTests(SimpleTestCase):
    async def _ends_in_a_timeout(self, *steps: Any) -> None:
        driver, generation = generation_of(*steps)
        with hearing(), self.assertLogs("mindwave_django", "ERROR") as logs:
            items = await asyncio.wait_for(read(generation), 10)
        assert (items[-1].outcome, items[-1].code) == (Outcome.FAILED, "timeout")
        assert driver.closed == 1
        assert len(logs.output) == 1
        assert "silent for 0.02 s" in logs.output[0]

    @override_settings(MINDWAVE={"STREAMING": {"FIRST_TOKEN_TIMEOUT": 0.02}})
    async def test_no_first_token(self) -> None:
        await self._ends_in_a_timeout(Gate())

    @override_settings(MINDWAVE={"STREAMING": {"IDLE_TIMEOUT": 0.02}})
    async def test_silence(self) -> None:
        await self._ends_in_a_timeout("text", Gate())

    @override_settings(MINDWAVE={"STREAMING": {"TIMEOUT": 0.05}})
    async def test_in_all(self) -> None:
        class Endless(FakeDriver):
            async def stream(
                self, messages: Sequence[Message], **options: Any
            ) -> AsyncGenerator[DriverEvent, None]:
                try:
                    while True:
                        yield TextDelta("on and ")
                        await asyncio.sleep(0)
                finally:
                    self.closed += 1

        driver = Endless()
        with self.assertLogs("mindwave_django", "ERROR") as logs:
            items = await asyncio.wait_for(read(Generation(call_to(driver))), 10)
        assert items[-1].code == "timeout"
        assert "longer than 0.05 s in all" in logs.output[0]
        assert driver.closed == 1

    async def test_a_driver_may_have_limits_of_its_own(self) -> None:
        driver = FakeDriver()
        driver.first_token_timeout = 0.02
        driver.reply(Gate())
        items = await asyncio.wait_for(read(Generation(call_to(driver))), 10)
        assert items[-1].code == "timeout"


class StubbornDriverTests(SimpleTestCase):
    async def test_a_driver_that_hangs_while_it_is_closed_is_cancelled_again(self) -> None:
        hung = asyncio.Event()

        class Hanging(FakeDriver):
            async def stream(
                self, messages: Sequence[Message], **options: Any
            ) -> AsyncGenerator[DriverEvent, None]:
                try:
                    yield TextDelta("a")
                    await asyncio.Event().wait()
                finally:
                    hung.set()
                    await asyncio.Event().wait()

        generation = Generation(call_to(Hanging()))
        follower = Follower(generation.answer, current_log())
        generation.start()
        await anext(follower)
        generation.cancel(CancelReason.USER)
        await hung.wait()
        assert generation._insist is not None
        callback, arguments = generation._insist._callback, generation._insist._args
        callback(*arguments)  # what the loop does after CLOSE_LIMIT seconds
        await asyncio.wait_for(generation.ended.wait(), 10)
        assert generation.answer.ended is not None
        assert generation.answer.ended.reason is CancelReason.USER
        follower.close()

    async def test_a_driver_that_swallows_its_cancellation_is_closed(self) -> None:
        class Deaf(FakeDriver):
            async def stream(
                self, messages: Sequence[Message], **options: Any
            ) -> AsyncGenerator[DriverEvent, None]:
                try:
                    yield TextDelta("a")
                    try:
                        await asyncio.Event().wait()
                    except asyncio.CancelledError:
                        yield TextDelta("still here")
                finally:
                    self.closed += 1

        driver = Deaf()
        generation = Generation(call_to(driver))
        follower = Follower(generation.answer, current_log())
        generation.start()
        await anext(follower)
        generation.cancel(CancelReason.USER)
        await asyncio.wait_for(generation.ended.wait(), 10)
        assert (generation.answer.text, driver.closed) == ("a", 1)
        follower.close()


class OrderTests(SimpleTestCase):
    async def test_the_log_has_the_end_before_the_signal_is_sent(self) -> None:
        seen = []

        async def receive(sender: type, event: Any, **kwargs: Any) -> None:
            answer = await current_log().open(event.stream_id)
            seen.append(answer is not None and answer.ended is not None)

        from mindwave_django.signals import stream_completed
        from tests.streaming.support import only_receiver

        _, generation = generation_of("text")
        with only_receiver(receive, stream_completed):
            await read(generation)
            await generation.ended.wait()
        assert seen == [True]

    def test_a_loop_that_shuts_down_ends_its_streams(self) -> None:
        heard_after: list[Any] = []

        async def leave_it_running() -> Generation:
            _, generation = generation_of("so far", gate, "never")
            generation.start()
            await until(gate.reached)
            return generation

        gate = Gate()
        with hearing() as heard:
            generation = asyncio.run(leave_it_running())
            heard_after = heard.endings
        assert generation.answer.ended is not None
        assert generation.answer.ended.reason is CancelReason.SHUTDOWN
        assert [ending.reason for ending in heard_after] == [CancelReason.SHUTDOWN]
        assert [event.is_final for event in heard.tokens].count(True) == 1
