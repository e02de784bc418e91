"""Whenever a client leaves, everything of its stream goes, without the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

from django.db import connections
from django.test import SimpleTestCase, override_settings, tag

from mindwave_django.events import CancelReason, Outcome
from mindwave_django.streaming.capacity import capacity
from mindwave_django.testing import FakeDriver, Gate, fake_driver
from tests.streaming.asgi_client import LIMIT, ASGIClient
from tests.streaming.support import Heard, hearing, until

PATH = "/api/chat/stream"
AT_ONCE = {"STREAMING": {"RECONNECT_GRACE": 0, "RETENTION": 0}}
ROUNDS = 100
OURS = ("Body", "Generation", "Follower", "Answer", "Announcer", "Watch", "Worker", "Call")

Leaving: TypeAlias = Callable[[FakeDriver], Coroutine[Any, Any, None]]


async def before_the_first_byte(driver: FakeDriver) -> None:
    driver.reply("text")
    client = ASGIClient(PATH)
    client.block("http.response.start")
    client.start()
    await client.until(lambda: client.sent)
    client.leave()
    await client.finished()


async def while_the_provider_is_silent(driver: FakeDriver) -> None:
    gate = Gate()
    driver.reply(gate, "never")
    client = ASGIClient(PATH)
    client.start()
    await until(gate.reached)
    await client.until(lambda: b"event: start" in client.body)
    client.leave()
    await client.finished()


async def in_the_middle_of_the_text(driver: FakeDriver) -> None:
    gate = Gate()
    driver.reply("some ", "text", gate, "never")
    client = ASGIClient(PATH)
    client.start()
    await client.until(lambda: b"text" in client.body)
    await until(gate.reached)
    client.leave()
    await client.finished()


async def while_send_blocks(driver: FakeDriver) -> None:
    gate = Gate()
    driver.reply("some ", gate, "never")
    client = ASGIClient(PATH)
    client.block("http.response.body")
    client.start()
    await client.until(lambda: "http.response.body" in client.sent)
    await until(gate.reached)
    client.leave()
    await client.finished()


async def after_the_end(driver: FakeDriver) -> None:
    driver.reply("text")
    client = ASGIClient(PATH)
    client.start()
    await client.until(lambda: b"event: done" in client.body)
    await client.finished()
    client.leave()


LEAVINGS: dict[str, Leaving] = {
    leaving.__name__: leaving
    for leaving in (
        before_the_first_byte,
        while_the_provider_is_silent,
        in_the_middle_of_the_text,
        while_send_blocks,
        after_the_end,
    )
}


async def all_over() -> None:
    """Wait until every generation of this loop has ended; other tests may break loops."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(LIMIT):
        while mine := {task for task in capacity.running if task.get_loop() is loop}:
            await asyncio.wait(mine)
        await asyncio.sleep(0)  # the last callbacks of those tasks


def left_over() -> Counter[str]:
    """Count what a stream might leave behind."""
    counted = Counter(
        type(thing).__name__ for thing in gc.get_objects() if type(thing).__name__ in OURS
    )
    counted["tasks"] = len(asyncio.all_tasks())
    # Pools, the loop's and ours, grow to their bounds and stay.
    threads = [t for t in threading.enumerate() if not t.name.startswith(("asyncio_", "mindwave_"))]
    counted["threads"] = len(threads)
    counted["descriptors"] = len(list(Path("/proc/self/fd").iterdir()))
    counted["connections"] = sum(c.connection is not None for c in connections.all())
    return counted


@override_settings(MINDWAVE=AT_ONCE)
class LeavingTests(SimpleTestCase):
    def setUp(self) -> None:
        gc.disable()
        self.addCleanup(gc.enable)

    async def _leave(self, leaving: Leaving) -> tuple[FakeDriver, Heard]:
        with fake_driver() as driver, hearing() as heard:
            driver._replies.clear()
            await leaving(driver)
            await all_over()
        assert driver.closed == len(driver.calls)
        assert len(heard.endings) == len(heard.starts) == len(driver.calls)
        return driver, heard

    async def test_before_the_first_byte_nothing_was_asked(self) -> None:
        driver, _ = await self._leave(before_the_first_byte)
        assert driver.calls == []

    async def _is_cancelled(self, leaving: Leaving, text: str) -> None:
        _, heard = await self._leave(leaving)
        (ending,) = heard.endings
        assert (ending.outcome, ending.reason) == (Outcome.CANCELLED, CancelReason.NO_READER)
        assert ending.text == text

    async def test_while_the_provider_is_silent(self) -> None:
        await self._is_cancelled(while_the_provider_is_silent, "")

    async def test_in_the_middle_of_the_text(self) -> None:
        await self._is_cancelled(in_the_middle_of_the_text, "some text")

    async def test_while_send_blocks(self) -> None:
        await self._is_cancelled(while_send_blocks, "some ")

    async def test_after_the_end(self) -> None:
        _, heard = await self._leave(after_the_end)
        assert heard.endings[0].outcome is Outcome.COMPLETED

    @tag("thorough")
    async def test_nothing_is_left_after_many_rounds(self) -> None:
        for name, leaving in LEAVINGS.items():
            with self.subTest(name):
                await self._leave(leaving)  # starts what is started once
                gc.collect()
                before = left_over()
                for _ in range(ROUNDS):
                    await self._leave(leaving)
                gc.collect()
                left = left_over() - before
                assert not left, left


class GraceTests(SimpleTestCase):
    @override_settings(MINDWAVE={"STREAMING": {"RECONNECT_GRACE": 3600}})
    async def test_a_reader_who_comes_back_in_time_gets_the_rest(self) -> None:
        gate = Gate()
        with fake_driver("some ", gate, "text") as driver, hearing() as heard:
            first = ASGIClient(PATH)
            first.start()
            await first.until(lambda: b"some " in first.body)
            first.leave()
            await first.finished()
            last_id = first.body.split(b"id: ")[-1].split(b"\n")[0]
            second = ASGIClient(PATH, headers=[(b"last-event-id", last_id)])
            second.start()
            await second.until(lambda: b"event: start" in second.body)
            gate.open()
            await second.finished()
            await all_over()
        assert b"some " not in second.body
        assert b"data: text" in second.body
        assert b"event: done" in second.body
        assert len(driver.calls) == 1
        assert [ending.text for ending in heard.endings] == ["some text"]

    @override_settings(MINDWAVE={"STREAMING": {"RECONNECT_GRACE": 0, "ON_DISCONNECT": "finish"}})
    async def test_an_answer_may_be_finished_without_readers(self) -> None:
        gate = Gate()
        with fake_driver("some ", gate, "text"), hearing() as heard:
            client = ASGIClient(PATH)
            client.start()
            await client.until(lambda: b"some " in client.body)
            client.leave()
            await client.finished()
            gate.open()
            await all_over()
        assert [ending.outcome for ending in heard.endings] == [Outcome.COMPLETED]

    @override_settings(MINDWAVE=AT_ONCE)
    async def test_one_of_two_readers_may_leave(self) -> None:
        gate = Gate()
        with fake_driver("some ", gate, "text"), hearing() as heard:
            first = ASGIClient(PATH)
            first.start()
            await first.until(lambda: b"some " in first.body)
            start = first.body.split(b"id: ")[1].split(b"\n")[0]
            second = ASGIClient(PATH, headers=[(b"last-event-id", start)])
            second.start()
            await second.until(lambda: b"some " in second.body)
            first.leave()
            await first.finished()
            gate.open()
            await second.finished()
            await all_over()
        assert [ending.outcome for ending in heard.endings] == [Outcome.COMPLETED]
