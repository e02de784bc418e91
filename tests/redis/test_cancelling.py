"""Tasks end when they are told to, also if a library below swallows that."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from django.test import SimpleTestCase

from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.redis.attendant import Attendant
from mindwave_django.streaming.redis.copies import Copies, Copy
from mindwave_django.streaming.redis.entries import Start
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.listener import Listener
from mindwave_django.streaming.redis.outbox import Outbox
from mindwave_django.streaming.redis.outgoing import Outgoing
from mindwave_django.streaming.redis.reader import Reader
from mindwave_django.streaming.redis.sender import Sender

KEYS = Keys("test", 8)


class Swallower:
    """A client whose first request never ends, and if cancelled pretends to have been answered."""

    def __init__(self) -> None:
        self.waits = asyncio.Event()

    def pipeline(self, **options: Any) -> Swallower:
        return self

    def xadd(self, *arguments: Any, **options: Any) -> None:
        """Be put into a pipeline."""

    pexpire = xadd

    def __len__(self) -> int:
        return 1

    def __getattr__(self, name: str) -> Any:
        return self._answer

    async def _answer(self, *arguments: Any, **options: Any) -> Any:
        if not self.waits.is_set():
            self.waits.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        await asyncio.sleep(0)
        return []


class SwallowedTests(SimpleTestCase):
    def setUp(self) -> None:
        self.outbox = Outbox(lambda stream_id: True)
        self.outbox.add(Outgoing(Answer("s"), lambda reason: None, "key"))
        self.client = Swallower()

    async def get(self) -> Any:
        return self.client

    async def assert_ends(self, work: Any) -> None:
        task = asyncio.create_task(work)
        async with asyncio.timeout(10):
            await self.client.waits.wait()
            task.cancel()
            await asyncio.wait([task])

    async def test_sender(self) -> None:
        await self.assert_ends(Sender(self.outbox, self.get, KEYS, "process", "here").run())

    async def test_listener(self) -> None:
        await self.assert_ends(Listener(self.outbox, self.get, KEYS, "process").run())

    async def test_attendant(self) -> None:
        copies = Copies(KEYS)
        copies.add(Copy("s", Start("", "process")))
        await self.assert_ends(Attendant(copies, self.get, KEYS).run())

    async def test_reader(self) -> None:
        reader = Reader(self.get, KEYS, "here")
        reader._copies.add(Copy("s", Start("", "process")))
        await self.assert_ends(reader._follow(KEYS.bucket("s")))
