"""A synchronous caller's side of the background loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from asgiref.sync import AsyncToSync, async_to_sync, sync_to_async
from django.test import SimpleTestCase

from mindwave_django.streaming.background import BackgroundLoop, background
from mindwave_django.streaming.inbox import AHEAD, LoopIterator, ThreadInbox
from mindwave_django.testing import Gate
from tests.streaming.outside import LIMIT


class ThreadInboxTests(SimpleTestCase):
    def test_work_is_done_by_the_waiting_thread(self) -> None:
        inbox, loop = ThreadInbox(), BackgroundLoop()

        async def ask() -> list[int]:
            running = asyncio.get_running_loop()
            return [await running.run_in_executor(inbox, threading.get_ident) for _ in range(3)]

        assert inbox.wait_for(loop.submit(ask())) == [threading.get_ident()] * 3
        loop.stop()

    def test_the_waiting_thread_is_not_bound_to_the_loop(self) -> None:
        inbox, loop = ThreadInbox(), BackgroundLoop()

        async def ask() -> int:
            AsyncToSync.executors.current = inbox
            return await sync_to_async(threading.get_ident)()

        async def thread() -> int:
            return threading.get_ident()

        of_the_loop = loop.submit(thread()).result(10)
        assert inbox.wait_for(loop.submit(ask())) == threading.get_ident()
        assert async_to_sync(thread)() != of_the_loop
        loop.stop()

    def test_what_work_raises_goes_to_whoever_asked(self) -> None:
        inbox, loop = ThreadInbox(), BackgroundLoop()

        async def ask() -> str:
            try:
                await asyncio.get_running_loop().run_in_executor(inbox, lambda: 1 / 0)
            except ZeroDivisionError:
                return "caught"
            return "nothing came"

        assert inbox.wait_for(loop.submit(ask())) == "caught"
        loop.stop()

    def test_an_interrupted_wait_cancels_what_it_waits_for(self) -> None:
        inbox, loop, cancelled = ThreadInbox(), BackgroundLoop(), threading.Event()

        async def run_on() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        def interrupt() -> None:
            raise KeyboardInterrupt

        async def begun() -> None: ...

        waiting = loop.submit(run_on())
        loop.submit(begun()).result(10)
        inbox._items.put(interrupt)
        with self.assertRaises(KeyboardInterrupt):
            inbox.wait_for(waiting)
        assert cancelled.wait(10)
        loop.stop()


class LoopIteratorTests(SimpleTestCase):
    def test_items_and_closing(self) -> None:
        closed = []

        async def count() -> AsyncIterator[int]:
            try:
                for number in range(5):
                    yield number
            finally:
                closed.append(True)

        assert list(LoopIterator(count())) == [0, 1, 2, 3, 4]
        assert closed == [True]
        parts = LoopIterator(count())
        assert next(parts) == 0
        parts.close()
        assert closed == [True, True]

    def test_errors_come_through(self) -> None:
        async def broken() -> AsyncIterator[int]:
            yield 1
            raise ValueError("broken")

        parts = LoopIterator(broken())
        assert next(parts) == 1
        with self.assertRaisesMessage(ValueError, "broken"):
            next(parts)

    def test_no_more_is_fetched_than_may_wait(self) -> None:
        fetched: list[int] = []

        async def count() -> AsyncIterator[int]:
            for number in range(3 * AHEAD):
                fetched.append(number)
                yield number

        parts = LoopIterator(count())
        assert next(parts) == 0
        self.settle()
        assert len(fetched) <= AHEAD + 1
        assert [next(parts) for _ in range(AHEAD)] == list(range(1, AHEAD + 1))
        assert list(parts) == list(range(AHEAD + 1, 3 * AHEAD))

    def test_full_or_waiting_it_can_be_closed(self) -> None:
        gate, closed = Gate(), threading.Event()

        async def count(number: int) -> AsyncIterator[int]:
            try:
                for item in range(number):
                    yield item
                await gate.wait()
            finally:
                closed.set()

        for number in (1, 2 * AHEAD):
            closed.clear()
            with self.subTest(number):
                parts = LoopIterator(count(number))
                assert next(parts) == 0
                self.settle()
                parts.close()
                assert closed.is_set()
                assert list(parts) == []

    def test_source_that_swallows_its_cancellation_is_closed(self) -> None:
        closed = threading.Event()

        async def count() -> AsyncIterator[int]:
            try:
                for number in range(10 * AHEAD):
                    with suppress(asyncio.CancelledError):
                        await asyncio.sleep(0 if number < 2 else 3600)
                    yield number
            finally:
                closed.set()

        parts = LoopIterator(count())
        assert next(parts) == 0
        self.settle()
        parts.close()
        assert closed.is_set()

    def test_one_that_was_never_asked_is_closed(self) -> None:
        class Source:
            closed = False

            def __aiter__(self) -> Source:
                return self

            async def __anext__(self) -> int:
                raise AssertionError

            async def aclose(self) -> None:
                self.closed = True

        source = Source()
        LoopIterator(source).close()
        assert source.closed

    def test_work_for_the_thread_is_done_while_items_come(self) -> None:
        inbox = ThreadInbox()

        async def threads() -> AsyncIterator[Any]:
            for _ in range(2 * AHEAD):
                yield await asyncio.get_running_loop().run_in_executor(inbox, threading.get_ident)

        assert set(LoopIterator(threads(), inbox)) == {threading.get_ident()}

    def settle(self) -> None:
        """Let the loop do what it can."""

        async def turns() -> None:
            for _ in range(20 * AHEAD):
                await asyncio.sleep(0)

        background.submit(turns()).result(LIMIT)
