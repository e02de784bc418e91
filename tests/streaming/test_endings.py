"""Whatever a driver does, and whenever a stream is stopped, it ends once, and all hear it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from unittest import mock

from django.test import SimpleTestCase, override_settings

from mindwave_django import llm
from mindwave_django.events import CancelReason, DriverEvent, Ended, Outcome, TextDelta
from mindwave_django.exceptions import GenerationTimeout, InternalError
from mindwave_django.messages import Message
from mindwave_django.streaming.background import background
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.log import MemoryLog
from mindwave_django.streaming.watch import Watch
from mindwave_django.testing import FakeDriver, Gate, fake_driver
from tests.streaming.outside import LIMIT, in_a_thread
from tests.streaming.support import Heard, call_to, generation_of, hearing, read, until
from tests.streaming.test_watch import Clock


class Panic(BaseException):
    pass


async def run(generation: Generation) -> Ended:
    async with asyncio.timeout(LIMIT):
        items = await read(generation)
        await generation.ended.wait()
    assert isinstance(items[-1], Ended)
    return items[-1]


def run_in_a_loop_of_its_own(driver: FakeDriver) -> Ended:
    async def main() -> Ended:
        return await run(Generation(call_to(driver)))

    return in_a_thread(lambda: asyncio.run(main()))


class DriverFailureTests(SimpleTestCase):
    def assert_internal_error(self, ended: Ended, heard: Heard) -> None:
        assert (ended.outcome, ended.code) == (Outcome.FAILED, "internal_error")
        assert [ending.code for ending in heard.endings] == ["internal_error"]
        assert [event.is_final for event in heard.tokens].count(True) == 1

    def test_whatever_it_raises(self) -> None:
        for failure in (
            *(SystemExit(1), KeyboardInterrupt(), Panic("secret"), GeneratorExit()),
            *(asyncio.CancelledError(), StopAsyncIteration(), MemoryError(), RecursionError()),
        ):
            for steps in ((failure,), ("text", failure)):
                driver = FakeDriver(replies=[steps])
                with (
                    self.subTest(steps=steps),
                    hearing() as heard,
                    self.assertLogs("mindwave_django", "ERROR") as logs,
                ):
                    ended = run_in_a_loop_of_its_own(driver)
                self.assert_internal_error(ended, heard)
                assert len(logs.output) == 1
                assert "secret" not in logs.output[0]

    def test_a_task_of_its_own_that_somebody_cancelled(self) -> None:
        class Lost(FakeDriver):
            async def stream(
                self, messages: Sequence[Message], **options: Any
            ) -> AsyncGenerator[DriverEvent, None]:
                yield TextDelta("text")
                task = asyncio.ensure_future(asyncio.Event().wait())
                task.cancel()
                await task

        with hearing() as heard, self.assertLogs("mindwave_django", "ERROR"):
            self.assert_internal_error(run_in_a_loop_of_its_own(Lost()), heard)

    def test_the_background_loop_lives_on(self) -> None:
        async def thread() -> threading.Thread:
            return threading.current_thread()

        def fail() -> None:
            with self.assertRaises(InternalError):
                llm().generate("Hi")

        before = background.submit(thread()).result(LIMIT)
        for failure in (SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError()):
            with (
                self.subTest(failure=failure),
                hearing(),
                self.assertLogs("mindwave_django", "ERROR"),
            ):
                with fake_driver("text", failure):
                    in_a_thread(fail)
                with fake_driver("text"):
                    assert in_a_thread(lambda: llm().generate("Hi")).text == "text"
            assert background.submit(thread()).result(LIMIT) is before


class AnswersItsCancellation(FakeDriver):
    """Does not let a cancellation through."""

    def __init__(self, answer: BaseException | None) -> None:
        super().__init__()
        self.answer = answer
        self.waits = asyncio.Event()

    async def stream(
        self, messages: Sequence[Message], **options: Any
    ) -> AsyncGenerator[DriverEvent, None]:
        yield TextDelta("text")
        try:
            self.waits.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.answer is not None:
                raise self.answer from None


class StopTests(SimpleTestCase):
    async def test_a_driver_that_answers_its_cancellation_was_cancelled_all_the_same(self) -> None:
        for answer in (None, ConnectionError("closed"), ValueError(), SystemExit(1), Panic()):
            driver = AnswersItsCancellation(answer)
            generation = Generation(call_to(driver))
            with self.subTest(answer=answer), hearing() as heard:
                running = asyncio.ensure_future(run(generation))
                await asyncio.wait_for(driver.waits.wait(), LIMIT)
                generation.cancel(CancelReason.USER)
                ended = await running
            assert (ended.outcome, ended.reason) == (Outcome.CANCELLED, CancelReason.USER)
            assert [ending.reason for ending in heard.endings] == [CancelReason.USER]

    async def test_before_the_first_step(self) -> None:
        driver, generation = generation_of("text")
        with hearing() as heard:
            stopping = threading.Thread(target=generation.cancel, args=(CancelReason.USER,))
            stopping.start()
            stopping.join(LIMIT)
            ended = await run(generation)
        assert (ended.outcome, ended.reason) == (Outcome.CANCELLED, CancelReason.USER)
        assert driver.calls == []
        assert len(heard.starts) == len(heard.endings) == 1

    async def test_twice_and_after_the_end(self) -> None:
        gate = Gate()
        _, generation = generation_of("text", gate)
        with hearing() as heard:
            running = asyncio.ensure_future(run(generation))
            await until(gate.reached)
            generation.cancel(CancelReason.USER)
            generation.cancel(CancelReason.NO_READER)
            assert (await running).reason is CancelReason.USER
            generation.cancel(CancelReason.NO_READER)
        assert len(heard.endings) == 1


class ShutdownTests(SimpleTestCase):
    def test_of_a_loop_before_the_first_step(self) -> None:
        async def start() -> tuple[FakeDriver, Generation]:
            driver, generation = generation_of("text")
            # Its task is there when the loop has just stopped to run, and is cancelled at once.
            asyncio.get_running_loop().call_soon(generation.start)
            return driver, generation

        with hearing() as heard:
            driver, generation = in_a_thread(lambda: asyncio.run(start()))
        ended = generation.answer.ended
        assert ended is not None
        assert (ended.outcome, ended.reason) == (Outcome.CANCELLED, CancelReason.SHUTDOWN)
        assert generation.ended.is_set()
        assert driver.calls == []
        assert heard.events == []


@override_settings(MINDWAVE={"STREAMING": {"RECONNECT_GRACE": 45}})
class UnreadTests(SimpleTestCase):
    """A log that cannot say who reads costs the search for readers no more than time."""

    def setUp(self) -> None:
        self.clock = Clock()
        for name in ("time.time", "asyncio.sleep"):
            replacement = getattr(self.clock, name.rpartition(".")[2])
            patched = mock.patch(f"mindwave_django.streaming.watch.{name}", replacement)
            self.enterContext(patched)

    async def test_it_is_asked_again_after_another_grace(self) -> None:
        stopped: list[Ended] = []
        log = mock.create_autospec(MemoryLog, instance=True)
        log.last_reader_at.side_effect = [ConnectionError("the log is away"), 1000.0]
        watch = Watch(
            "s",
            log,
            first_token_timeout=None,
            idle_timeout=None,
            stop=stopped.append,
            fail=self._fail,
        )
        watch.start()
        with self.assertLogs("mindwave_django", "ERROR") as logs:
            watch._look_for_readers()
            assert watch._search is not None
            await asyncio.wait_for(watch._search, LIMIT)
        watch.close()
        assert self.clock.slept == [45]
        assert stopped == [Ended(Outcome.CANCELLED, reason=CancelReason.NO_READER)]
        assert len([each for each in logs.output if "nobody can say who reads it" in each]) == 1

    def _fail(self, error: GenerationTimeout) -> None:
        raise AssertionError(error)
