"""The log on a real Redis: what every log has to do, in one process and between two."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar
from uuid import uuid4

from django.test import SimpleTestCase, override_settings, tag

from mindwave_django.events import CancelReason, Ended, Outcome
from mindwave_django.streaming.answer import Position
from mindwave_django.streaming.log import Log
from mindwave_django.streaming.redis import RedisLog
from tests.recording import until
from tests.streaming.log_contract import COMPLETED, LogContract, nothing
from tests.support.caches import CacheServer, redis


@tag("machine")
class RedisTestCase(SimpleTestCase):
    server: ClassVar[CacheServer]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = cls.enterClassContext(redis())

    def setUp(self) -> None:
        self.prefix = uuid4().hex

    def make(self) -> Log:
        return RedisLog(url=self.server.location, prefix=self.prefix)


class ContractTests(LogContract, RedisTestCase):
    make = RedisTestCase.make


class BetweenProcessesTests(RedisTestCase):
    """Two logs with the same keys stand for two processes."""

    def setUp(self) -> None:
        super().setUp()
        self.here, self.there = self.make(), self.make()

    async def opened(self, stream_id: str = "s") -> Any:
        found: list[Any] = []

        async def look() -> None:
            while not found:
                if (answer := await self.there.open(stream_id)) is not None:
                    found.append(answer)
                await asyncio.sleep(0.01)

        await asyncio.wait_for(look(), 10)
        return found[0]

    async def test_text_and_reasoning_arrive_as_they_were_written(self) -> None:
        written = self.here.create("s", "u:1", nothing)
        read = await self.opened()
        assert (read.owner, read.text) == ("u:1", "")
        read.subscribe(lambda: None)
        for number in range(50):
            written.append(f"ü{number} ".encode(), is_reasoning=number % 3 == 0)
            await asyncio.sleep(0)
        await self.here.finish(written, Ended(Outcome.COMPLETED, finish_reason="stop"))
        await until(lambda: read.ended is not None)
        assert (read.text, read.reasoning) == (written.text, written.reasoning)
        assert read.ended.finish_reason == "stop"
        start = Position()
        assert b"".join(p.data for p in read.read(start)) == b"".join(
            p.data for p in written.read(start)
        )

    async def test_whoever_comes_after_the_end_gets_all_of_it(self) -> None:
        written = self.here.create("s", "", nothing)
        written.append(b"Hello")
        await self.here.finish(written, COMPLETED)
        read = await self.opened()
        assert (read.text, read.ended) == ("Hello", COMPLETED)

    async def test_one_answer_right_after_another(self) -> None:
        for name in "abc":
            written = self.here.create(name, "", nothing)
            written.append(name.encode())
            await self.here.finish(written, COMPLETED)
            read = await self.opened(name)
            assert (read.text, read.ended) == (name, COMPLETED)

    async def test_cancel(self) -> None:
        asked: list[CancelReason] = []
        written = self.here.create("s", "", asked.append)
        await self.opened()
        assert await self.there.cancel("s", CancelReason.USER) is True
        await until(lambda: asked == [CancelReason.USER])
        await self.here.finish(written, COMPLETED)

    async def test_reader_elsewhere_is_seen(self) -> None:
        written = self.here.create("s", "", nothing)
        before = await self.here.last_reader_at("s")
        await self.opened()
        await until(lambda: written.last_reader_at > before)
        await self.there.reader_seen("s")
        await self.here.finish(written, COMPLETED)

    @override_settings(MINDWAVE={"STREAMING": {"RETENTION": 0.2}})
    async def test_it_expires(self) -> None:
        written = self.here.create("s", "", nothing)
        await self.here.finish(written, COMPLETED)
        client = self.server.client._cache.get_client(None, write=True)
        await until(lambda: not client.keys(f"{self.prefix}:{{*"))
        assert await self.there.open("s") is None
