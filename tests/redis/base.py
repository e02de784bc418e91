"""A test case with a Redis, and logs on it that stand for processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar
from unittest import mock
from uuid import uuid4

from django.test import SimpleTestCase, tag

from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.redis import RedisLog, outgoing
from mindwave_django.testing.log_contract import opened
from tests.support.redis_servers import Setup, single


@tag("machine")
class RedisTestCase(SimpleTestCase):
    """Starts the servers once for all tests of the class."""

    started: ClassVar[Callable[[], AbstractContextManager[Setup]]] = staticmethod(single)
    servers: ClassVar[Setup]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.servers = cls.enterClassContext(cls.started())

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(mock.patch.object(outgoing, "LEAST_RETENTION", 0.5))
        self.options = {"prefix": f"test-{uuid4().hex}"} | self.servers.options

    def make(self) -> RedisLog:
        """Return a log: another process, as far as Redis is concerned."""
        return RedisLog(**self.options)

    async def redis(self) -> Any:
        """Return a client that sees what is in Redis."""
        return await self.make()._clients.get()

    async def follow(self, log: RedisLog, stream_id: str) -> Answer:
        """Return an answer that has a reader from now on."""
        answer = await opened(log, stream_id)
        answer.subscribe(_heard)
        return answer


async def turn(seconds: float = 0.0) -> None:
    """Let others work."""
    await asyncio.sleep(seconds)


def _heard() -> None:
    """Be a reader."""
