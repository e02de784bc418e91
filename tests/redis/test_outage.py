"""Redis goes away and comes back meanwhile: nothing is skipped, nothing comes twice."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from unittest import mock

from mindwave_django.events import Ended
from mindwave_django.streaming.redis import RedisLog, reader, writer
from tests.recording import until
from tests.redis.test_contract import RedisTestCase
from tests.streaming.log_contract import COMPLETED, nothing
from tests.support.caches import redis
from tests.support.processes import free_port


class OutageTests(RedisTestCase):
    """Each test has a server of its own, which forgets everything when it is started again."""

    def setUp(self) -> None:
        super().setUp()
        for module, name, value in (
            (writer, "PAUSE", 0.05),
            (reader, "PAUSE", 0.05),
            (writer, "LEASE", 1.0),
            (reader, "LEASE", 1.0),
        ):
            self.enterContext(mock.patch.object(module, name, value))
        self.port = free_port()
        self.stack = self.enterContext(contextlib.ExitStack())
        self.start()

    def start(self) -> None:
        self.own = self.stack.enter_context(redis(self.port))

    def restart(self) -> None:
        self.own.process.stop()
        self.start()

    def log(self) -> RedisLog:
        return RedisLog(url=self.own.location, prefix=self.prefix)

    async def follow(self, log: RedisLog) -> Any:
        for _ in range(1000):
            if (answer := await log.open("s")) is not None:
                answer.subscribe(lambda: None)
                return answer
            await asyncio.sleep(0.01)
        raise AssertionError("It never came.")

    async def test_restart_in_the_middle(self) -> None:
        here, there = self.log(), self.log()
        written = here.create("s", "u:1", nothing)
        written.append(b"before ")
        read = await self.follow(there)
        await until(lambda: read.text == "before ")
        with self.assertLogs("mindwave_django", "ERROR"):
            await asyncio.to_thread(self.own.process.stop)
            written.append("während ".encode())
            written.append(b"thinking", is_reasoning=True)
            await asyncio.sleep(0.2)  # both halves notice
            await asyncio.to_thread(self.start)
            written.append(b"after")
            await until(lambda: read.text == "before während after")
        assert read.reasoning == "thinking"
        await here.finish(written, COMPLETED)
        await until(lambda: read.ended == COMPLETED)
        again = await self.follow(self.log())
        assert (again.text, again.reasoning) == (written.text, written.reasoning)

    async def test_writer_that_always_has_something_to_say(self) -> None:
        here, there = self.log(), self.log()
        written = here.create("s", "", nothing)
        written.append(b".")
        read = await self.follow(there)
        enough = asyncio.get_running_loop().time() + 4 * writer.LEASE
        while asyncio.get_running_loop().time() < enough:
            written.append(b".")
            await asyncio.sleep(0.02)
            assert read.ended is None
        await here.finish(written, COMPLETED)
        await until(lambda: read.ended == COMPLETED)

    async def test_readers_say_that_they_wait(self) -> None:
        here, there = self.log(), self.log()
        written = here.create("s", "", nothing)
        written.append(b"before ")
        read = await self.follow(there)
        await until(lambda: read.text == "before ")
        with self.assertLogs("mindwave_django", "ERROR") as logs:
            await asyncio.to_thread(self.own.process.stop)
            await until(lambda: any("cannot be read" in line for line in logs.output))
            await asyncio.to_thread(self.start)
        await here.finish(written, COMPLETED)
        await until(lambda: read.ended == COMPLETED)

    async def test_writer_that_is_gone(self) -> None:
        here, there = self.log(), self.log()
        written = here.create("s", "", nothing)
        written.append(b"Half")
        read = await self.follow(there)
        await until(lambda: read.text == "Half")
        sender, _ = here._here()
        for task in sender._tasks.values():  # as kill -9 does
            task.cancel()
        await until(lambda: read.ended is not None)
        assert isinstance(read.ended, Ended)
        assert read.ended.code == "interrupted"

    async def test_without_redis_readers_here_go_on(self) -> None:
        await asyncio.to_thread(self.own.process.stop)
        with self.assertLogs("mindwave_django", "ERROR"):
            log = self.log()
            written = log.create("s", "", nothing)
            written.append(b"Hello")
            read = await log.open("s")
            assert read is not None
            await log.finish(written, COMPLETED)
            assert (read.text, read.ended) == ("Hello", COMPLETED)
            assert await log.open("other") is None
            assert await log.cancel("other", mock.sentinel.reason) is False
