"""One object for each event loop."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from unittest import mock

from django.test import SimpleTestCase

from mindwave_django.drivers.per_loop import PerLoop


class Thing:
    """Something that belongs to a loop."""

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        self.closed = asyncio.Event()
        self.closed_on: asyncio.AbstractEventLoop | None = None


async def close(thing: Thing) -> None:
    thing.closed_on = asyncio.get_running_loop()
    thing.closed.set()


def failing_once() -> Callable[[], Thing]:
    return mock.Mock(side_effect=[OSError("no certificates"), Thing()])


class PerLoopTests(SimpleTestCase):
    def setUp(self) -> None:
        self.built = 0
        self.things = PerLoop(self.build, close)

    def build(self) -> Thing:
        self.built += 1
        return Thing()

    async def test_same_object_on_the_same_loop(self) -> None:
        assert await self.things.get() is await self.things.get()
        assert self.built == 1

    async def test_concurrent_first_use_builds_once(self) -> None:
        found = await asyncio.gather(*(self.things.get() for _ in range(10)))
        assert len(set(found)) == 1
        assert self.built == 1

    async def test_built_in_another_thread(self) -> None:
        assert (await self.things.get()).thread is not threading.current_thread()

    async def test_failure_to_build_is_not_kept(self) -> None:
        things = PerLoop(failing_once(), close)
        with self.assertRaisesMessage(OSError, "no certificates"):
            await things.get()
        assert isinstance(await things.get(), Thing)

    async def test_first_use_that_is_cancelled_leaves_the_next_one_free(self) -> None:
        started, go_on = threading.Event(), threading.Event()

        def build() -> Thing:
            started.set()
            go_on.wait(10)
            return Thing()

        things = PerLoop(build, close)
        first = asyncio.create_task(things.get())
        await asyncio.to_thread(started.wait, 10)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert first.cancelled()
        go_on.set()
        assert isinstance(await things.get(), Thing)


class LoopTests(SimpleTestCase):
    def setUp(self) -> None:
        self.things = PerLoop(Thing, close)

    async def use(self) -> tuple[Thing, asyncio.AbstractEventLoop]:
        return await self.things.get(), asyncio.get_running_loop()

    def test_each_loop_has_its_own_and_closes_it(self) -> None:
        (first, loop), (second, other) = asyncio.run(self.use()), asyncio.run(self.use())
        assert first is not second
        assert first.closed_on is loop
        assert second.closed_on is other

    def test_loops_of_two_threads_at_the_same_time(self) -> None:
        both = threading.Barrier(2, timeout=10)
        found: list[Thing] = []

        async def use() -> None:
            both.wait()
            found.append(await self.things.get())
            both.wait()

        threads = [threading.Thread(target=lambda: asyncio.run(use())) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(set(found)) == 2
        assert all(thing.closed_on for thing in found)

    def test_objects_of_closed_loops_are_dropped_by_the_next_loop(self) -> None:
        gone = weakref.ref(asyncio.run(self.use())[0])
        assert gone() is not None
        asyncio.run(self.use())
        gc.collect()
        assert gone() is None

    def test_loop_closed_without_shutdown(self) -> None:
        loop = asyncio.new_event_loop()
        gone = weakref.ref(loop.run_until_complete(self.use())[0])
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        asyncio.run(self.use())
        del loop
        gc.collect()
        assert gone() is None

    def test_loop_on_which_nothing_could_be_built(self) -> None:
        self.things = PerLoop(failing_once(), close)
        with self.assertRaises(OSError):
            asyncio.run(self.use())
        thing, loop = asyncio.run(self.use())
        assert thing.closed_on is loop

    async def test_object_is_closed_when_nobody_can_ask_for_it_any_more(self) -> None:
        thing = await self.things.get()
        assert not thing.closed.is_set()
        del self.things
        gc.collect()
        await asyncio.wait_for(thing.closed.wait(), 10)

    async def test_that_object_was_not_taken_by_the_garbage_collector_before(self) -> None:
        order = []

        class Session:
            def __del__(self) -> None:
                order.append("gone")

        async def close(session: Session) -> None:
            order.append("closed")
            done.set()

        done = asyncio.Event()
        holder = Holder(Session, close)
        await holder.things.get()
        # The thread that built it may still refer to it.
        await asyncio.get_running_loop().shutdown_default_executor()
        del holder  # in a cycle, as a driver is
        gc.collect()
        await asyncio.wait_for(done.wait(), 10)
        gc.collect()
        assert order == ["closed", "gone"]


class Holder:
    def __init__(self, kind: type, close: object) -> None:
        self.kind = kind
        self.things: PerLoop = PerLoop(self.build, close)

    def build(self) -> object:
        return self.kind()
