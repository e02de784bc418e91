"""Whose thread, and whose database connection, the code around a stream uses."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any
from unittest import mock

from asgiref.sync import SyncToAsync, ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import connection, connections
from django.test import RequestFactory, SimpleTestCase, TransactionTestCase

from mindwave_django import llm, stream
from mindwave_django.events import DriverEvent
from mindwave_django.messages import Message
from mindwave_django.signals import stream_completed, stream_started, token_streamed
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.worker import give_back_thread
from mindwave_django.testing import FakeDriver, Gate, fake_driver
from tests.streaming.outside import LIMIT, in_a_thread, lending
from tests.streaming.support import call_to, only_receiver, read


class Uses(dict[threading.Thread, threading.Event]):
    """The threads that the async ORM used, and whether their connections have been given back."""

    async def note(self) -> None:
        await sync_to_async(self._ask)()

    def _ask(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        opened = connection.connection
        given_back = self.setdefault(threading.current_thread(), threading.Event())
        given_back.clear()

        def close() -> None:  # Django's own closes no database in memory
            opened.close()
            connection.connection = None
            given_back.set()

        connection.close = close  # type: ignore[method-assign]  # to see that it is called


class AsksTheDatabase(FakeDriver):
    """Uses the async ORM before it answers."""

    uses: Uses

    async def stream(
        self, messages: Sequence[Message], **options: Any
    ) -> AsyncGenerator[DriverEvent, None]:
        await self.uses.note()
        async for event in super().stream(messages, **options):
            yield event


async def run(driver: FakeDriver) -> None:
    generation = Generation(call_to(driver))
    async with asyncio.timeout(LIMIT):
        await read(generation)
        await generation.ended.wait()


class AsyncORMTests(TransactionTestCase):
    """Outside of tests, that is with no thread that waits for the loop."""

    def setUp(self) -> None:
        self.uses = Uses()

    async def receive(self, **kwargs: Any) -> None:
        await self.uses.note()

    def in_a_loop(self, *drivers: FakeDriver) -> threading.Thread:
        """Run the drivers side by side, and return the one thread that asgiref has for all."""

        async def main() -> threading.Thread:
            shared = await sync_to_async(threading.current_thread)()
            await asyncio.gather(*map(run, drivers))
            return shared

        return in_a_thread(lambda: asyncio.run(main()))

    def assert_own_and_given_back(self, shared: threading.Thread) -> None:
        assert self.uses
        assert shared not in self.uses
        assert all(given_back.is_set() for given_back in self.uses.values())

    def test_receivers(self) -> None:
        for signal in (stream_started, token_streamed, stream_completed):
            self.uses.clear()
            with self.subTest(signal=signal), only_receiver(self.receive, signal):
                shared = self.in_a_loop(FakeDriver(replies=["a"]))
                self.assert_own_and_given_back(shared)
                assert len(self.uses) == 1

    def test_drivers(self) -> None:
        driver = AsksTheDatabase(replies=["a"])
        driver.uses = self.uses
        with only_receiver(lambda **_: None):
            self.assert_own_and_given_back(self.in_a_loop(driver))
        assert len(self.uses) == 1

    def test_two_generations_do_not_share_a_thread(self) -> None:
        gate = Gate()  # both are there before either goes on
        arrived: list[None] = []

        async def receive(**kwargs: Any) -> None:
            arrived.append(None)
            if len(arrived) == 2:
                gate.open()
            await gate.wait()
            await self.uses.note()

        with only_receiver(receive, stream_completed):
            shared = self.in_a_loop(FakeDriver(replies=["a"]), FakeDriver(replies=["b"]))
        self.assert_own_and_given_back(shared)
        assert len(self.uses) == 2

    def test_connections_are_given_back_while_a_long_stream_waits(self) -> None:
        gate = Gate()

        async def receive(**kwargs: Any) -> None:
            await self.uses.note()

        async def main() -> None:
            running = asyncio.ensure_future(run(FakeDriver(replies=[("a", gate)])))
            assert await asyncio.to_thread(gate.reached.wait, LIMIT)
            async with asyncio.timeout(LIMIT):
                while not self.uses:
                    await asyncio.sleep(0.005)
            (given_back,) = self.uses.values()
            assert await asyncio.to_thread(given_back.wait, LIMIT)
            gate.open()
            await running

        with only_receiver(receive, stream_started):
            in_a_thread(lambda: asyncio.run(main()))


class BorrowedThreadTests(SimpleTestCase):
    """Whoever waits in `async_to_sync` lends the thread, and keeps its connections."""

    def lend(self, work: Callable[[], Any]) -> tuple[threading.Thread, int]:
        """Do `work`; return its thread and how often its database connection was closed."""

        def call() -> tuple[threading.Thread, int]:
            with mock.patch.object(connections["default"], "close") as close:
                work()
            return threading.current_thread(), close.call_count

        return in_a_thread(call)

    def test_sync_receivers_leave_its_connections_open(self) -> None:
        threads = []

        def receive(**kwargs: Any) -> None:
            threads.append(threading.current_thread())

        with fake_driver("a"), only_receiver(receive):
            lender, closed = self.lend(lambda: async_to_sync(llm().agenerate)("Hi"))
        assert set(threads) == {lender}
        assert closed == 0

    def test_async_receivers_leave_its_connections_open(self) -> None:
        threads = []

        async def receive(**kwargs: Any) -> None:
            threads.append(await sync_to_async(threading.current_thread)())

        with fake_driver("a"), only_receiver(receive):
            lender, closed = self.lend(lambda: async_to_sync(llm().agenerate)("Hi"))
        assert set(threads) == {lender}
        assert closed == 0

    def test_it_is_not_left_before_everything_is_told(self) -> None:
        heard: list[str] = []

        def receive(event: Any, **kwargs: Any) -> None:
            heard.append(type(event).__name__)

        impatient = mock.patch("mindwave_django.api.SETTLE_LIMIT", 0)
        expected = ["StreamStarted", "TokenStreamed", "TokenStreamed", "StreamEnded"]
        for ask in (llm().generate, async_to_sync(llm().agenerate)):
            heard.clear()
            with self.subTest(ask=ask), fake_driver("a"), only_receiver(receive), impatient:
                with lending():
                    in_a_thread(lambda: ask("Hi"))  # noqa: B023
                assert heard == expected


class RequestThreadTests(SimpleTestCase):
    """Django keeps a thread for each request; an open stream gives it back after a while."""

    def setUp(self) -> None:
        self.enterContext(mock.patch("mindwave_django.body.THREAD_KEPT", 0))

    def open_stream(self, then: Callable[[threading.Thread], Any]) -> Any:
        """Read the beginning of a response, as Django's handler does, and do something then."""

        async def main() -> Any:
            async with ThreadSensitiveContext():
                before = await sync_to_async(threading.current_thread)()
                parts = aiter(stream("Hi").response(RequestFactory().get("/")))  # type: ignore[call-overload]
                async with aclosing(parts):
                    assert b"event: start" in await anext(parts)
                    for _ in range(10):
                        await asyncio.sleep(0)
                    return await then(before)

        with fake_driver("a", Gate()), only_receiver(lambda **_: None):
            return in_a_thread(lambda: asyncio.run(main()))

    async def _has_the_same(self, before: threading.Thread) -> bool:
        return await sync_to_async(threading.current_thread)() is before

    def test_it_is_given_back_while_the_stream_is_open(self) -> None:
        async def then(before: threading.Thread) -> bool:
            await asyncio.to_thread(before.join, LIMIT)
            return before.is_alive()

        assert self.open_stream(then) is False

    def test_what_comes_later_has_a_thread_again(self) -> None:
        async def then(before: threading.Thread) -> list[threading.Thread]:
            return [before, *[await sync_to_async(threading.current_thread)() for _ in range(2)]]

        before, one, two = self.open_stream(then)
        assert one is two
        assert one is not before

    def test_what_was_opened_there_meanwhile_is_given_back(self) -> None:
        cleaned: list[threading.Thread] = []

        async def then(before: threading.Thread) -> threading.Thread:
            await asyncio.to_thread(before.join, LIMIT)
            return before

        def clean_up() -> None:
            cleaned.append(threading.current_thread())

        with mock.patch("mindwave_django.streaming.worker.clean_up", clean_up):
            assert self.open_stream(then) in cleaned

    def test_it_stays_while_the_stream_is_young(self) -> None:
        with mock.patch("mindwave_django.body.THREAD_KEPT", 3600):
            assert self.open_stream(self._has_the_same) is True

    def test_it_stays_while_a_transaction_is_open_in_it(self) -> None:
        with mock.patch("mindwave_django.body.release_connections", return_value=False):
            assert self.open_stream(self._has_the_same) is True

    def test_it_stays_where_asgiref_keeps_it_elsewhere(self) -> None:
        known = SimpleNamespace(thread_sensitive_context=SyncToAsync.thread_sensitive_context)
        for names in (known, SimpleNamespace(context_to_thread_executor={})):
            with (
                self.subTest(names),
                mock.patch("mindwave_django.body.give_back_thread") as give_back,
            ):
                give_back.side_effect = lambda names=names: self._give_back(names)
                assert self.open_stream(self._has_the_same) is True
                assert give_back.call_count == 1

    def _give_back(self, names: SimpleNamespace) -> None:
        with mock.patch("mindwave_django.streaming.worker.SyncToAsync", names):
            give_back_thread()

    def test_nothing_waits_for_a_stream_that_has_ended(self) -> None:
        async def main() -> int:
            with mock.patch("mindwave_django.body.give_back_thread") as give_back:
                async for _ in stream("Hi").response(RequestFactory().get("/")):  # type: ignore[attr-defined]
                    pass
                await asyncio.sleep(0.05)
            return give_back.call_count

        with (
            mock.patch("mindwave_django.body.THREAD_KEPT", 0.02),
            fake_driver("a"),
            only_receiver(lambda **_: None),
        ):
            assert in_a_thread(lambda: asyncio.run(main())) == 0
