"""Those who are told about a stream may do what they like; the stream and its loop live on."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import Any

from django.test import SimpleTestCase

from mindwave_django import llm
from mindwave_django.signals import stream_completed, stream_started, token_streamed
from mindwave_django.streaming.audience import Audience
from mindwave_django.streaming.background import background
from mindwave_django.streaming.worker import Worker
from mindwave_django.testing import FakeDriver, Gate, fake_driver
from tests.streaming.outside import LIMIT, in_a_thread
from tests.streaming.support import ALL_SIGNALS, generation_of, hearing, only_receiver, read

EVENTS = ["StreamStarted", "TokenStreamed", "TokenStreamed", "TokenStreamed", "StreamEnded"]


def leave(*args: Any, **kwargs: Any) -> None:
    raise SystemExit(1)


async def aleave(*args: Any, **kwargs: Any) -> None:
    raise SystemExit(1)


def be_cancelled(*args: Any, **kwargs: Any) -> None:
    raise asyncio.CancelledError


async def await_what_others_cancel(*args: Any, **kwargs: Any) -> None:
    task = asyncio.ensure_future(asyncio.Event().wait())
    task.cancel()
    await task


def ask(**options: Any) -> str:
    return in_a_thread(lambda: llm().generate("Hi", **options)).text


async def run(*steps: Any, **fields: Any) -> str:
    _, generation = generation_of(*steps, **fields)
    async with asyncio.timeout(LIMIT):
        await read(generation)
        await generation.ended.wait()
    return generation.answer.text


class ExitTests(SimpleTestCase):
    """`sys.exit()` in somebody's receiver is no more than an error of that receiver."""

    def loop_thread(self) -> threading.Thread:
        async def current() -> threading.Thread:
            return threading.current_thread()

        return background.submit(current()).result(LIMIT)

    def assert_logged_and_the_loop_lives(self, **options: Any) -> None:
        with fake_driver("a", "b"):
            before = self.loop_thread()
            with self.assertLogs("mindwave_django", "ERROR") as logs:
                assert ask(**options) == "ab"
            assert all("SystemExit" in line for line in logs.output)
            assert self.loop_thread() is before
            with only_receiver(lambda **_: None):
                assert ask() == "ab"

    def test_receivers(self) -> None:
        for receive in (leave, aleave):
            for signal in (stream_started, token_streamed, stream_completed):
                with self.subTest(receive=receive), only_receiver(receive, signal):
                    self.assert_logged_and_the_loop_lives()

    def test_on_chunk(self) -> None:
        for on_chunk in (leave, aleave):
            with self.subTest(on_chunk=on_chunk), hearing():
                self.assert_logged_and_the_loop_lives(on_chunk=on_chunk)


class CancelledTests(SimpleTestCase):
    async def test_a_receiver_that_was_cancelled_by_others_is_logged_and_harms_nobody(self) -> None:
        for receive in (await_what_others_cancel, be_cancelled):
            heard: list[tuple[str, str]] = []

            async def listen(sender: type, event: Any, **kwargs: Any) -> None:
                heard.append((event.stream_id, type(event).__name__))  # noqa: B023

            with (
                self.subTest(receive=receive),
                only_receiver(receive),
                self.assertLogs("mindwave_django", "ERROR") as logs,
            ):
                for signal in ALL_SIGNALS:
                    signal.connect(listen, weak=False)
                assert await run("a", "b") == "ab"
                mine = heard[0][0]
            assert [name for stream_id, name in heard if stream_id == mine] == EVENTS
            assert len([line for line in logs.output if "CancelledError" in line]) == len(EVENTS)

    async def test_on_chunk_that_was_cancelled_by_others_is_called_again(self) -> None:
        for on_chunk in (await_what_others_cancel, be_cancelled):
            with hearing() as heard, self.assertLogs("mindwave_django", "ERROR") as logs:
                assert await run("a", "b", on_chunk=on_chunk) == "ab"
            assert [type(event).__name__ for event in heard.events] == EVENTS
            assert len([line for line in logs.output if "CancelledError" in line]) == 2

    async def test_a_real_cancellation_comes_through(self) -> None:
        reached = asyncio.Event()

        async def wait(**kwargs: Any) -> None:
            reached.set()
            await asyncio.Event().wait()

        with only_receiver(wait, stream_started):
            audience = Audience(FakeDriver, None, Worker())
            telling = asyncio.ensure_future(audience.tell_async(stream_started, [object()]))
            async with asyncio.timeout(LIMIT):
                await reached.wait()
                telling.cancel()
                await asyncio.wait({telling})
        assert telling.cancelled()


class Caller:
    """A callback that is an object."""

    def __init__(self) -> None:
        self.chunks: list[str] = []

    def __call__(self, chunk: str) -> None:
        self.chunks.append(chunk)


class AsyncCaller(Caller):
    async def __call__(self, chunk: str) -> None:  # type: ignore[override]  # that is the point
        gate = Gate()
        gate.open()
        await gate.wait()
        self.chunks.append(chunk)


class OnChunkTests(SimpleTestCase):
    async def test_objects_that_can_be_called(self) -> None:
        for caller in (Caller(), AsyncCaller()):
            with self.subTest(caller=caller), hearing():
                assert await run("a", "b", on_chunk=caller) == "ab"
                assert caller.chunks == ["a", "b"]

    async def test_partial_functions(self) -> None:
        chunks: list[str] = []

        async def collect(prefix: str, chunk: str) -> None:
            chunks.append(prefix + chunk)

        with hearing():
            await run("a", "b", on_chunk=partial(collect, "-"))
        assert chunks == ["-a", "-b"]

    async def test_a_class_is_called_and_not_awaited(self) -> None:
        class Chunk(Caller):
            made: list[str] = []

            def __init__(self, chunk: str) -> None:
                self.made.append(chunk)

            async def __call__(self, chunk: str) -> None:  # type: ignore[override]
                raise AssertionError("Nobody calls the object.")

        with hearing(), self.assertNoLogs("mindwave_django", "ERROR"):
            await run("a", "b", on_chunk=Chunk)
        assert Chunk.made == ["a", "b"]
