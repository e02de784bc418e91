"""How long answers are kept that have ended."""

from __future__ import annotations

import asyncio
from unittest import mock

from django.test import SimpleTestCase

from mindwave_django.streaming.retention import Retention
from tests.recording import until

LONG = 3600.0  # seconds


class RetentionTests(SimpleTestCase):
    def setUp(self) -> None:
        self.forgotten: list[str] = []
        self.retention = Retention(10, self.forgotten.append)

    async def test_it_ends_by_itself(self) -> None:
        self.retention.keep("a", 1, 0.01)
        self.retention.keep("b", 1, 0.02)
        self.retention.keep("c", 1, LONG)
        assert self.forgotten == []
        await until(lambda: self.forgotten == ["a", "b"])

    async def test_oldest_go_when_memory_is_short(self) -> None:
        for name in "abc":
            self.retention.keep(name, 4, LONG)
        assert self.forgotten == ["a"]
        self.retention.keep("d", 11, LONG)
        assert self.forgotten == ["a", "b", "c", "d"]

    async def test_one_timer_for_all(self) -> None:
        loop = asyncio.get_running_loop()
        with mock.patch.object(loop, "call_later", wraps=loop.call_later) as call_later:
            for number in range(5):
                self.retention.keep(str(number), 1, LONG)
        assert call_later.call_count == 1

    def test_loop_that_is_gone_is_replaced(self) -> None:
        async def keep(name: str, seconds: float) -> None:
            self.retention.keep(name, 1, seconds)

        async def wait() -> None:
            await keep("b", LONG)
            await until(lambda: self.forgotten == ["a"])

        asyncio.run(keep("a", 0.01))
        assert self.forgotten == []
        asyncio.run(wait())

    async def test_nothing_is_looked_at_but_what_goes(self) -> None:
        retention = Retention(10**9, self.forgotten.append)
        for number in range(1000):
            retention.keep(str(number), 1, LONG)
        kept = mock.MagicMock(wraps=retention._kept)
        kept.__bool__.side_effect = lambda: True
        kept.__getitem__.side_effect = retention._kept.__getitem__
        retention._kept = kept
        retention.expire()
        assert kept.__getitem__.call_count == 1
