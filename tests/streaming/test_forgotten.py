"""What was left unread is closed by the garbage collector, in whatever thread that runs."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Any
from unittest import mock

from django.test import SimpleTestCase

from mindwave_django import llm
from mindwave_django.streaming import background as module
from mindwave_django.streaming.background import BackgroundLoop, background
from mindwave_django.streaming.inbox import LoopIterator
from mindwave_django.testing import Gate, fake_driver
from tests.asking import NO_GRACE, respond
from tests.streaming.outside import LIMIT, comes_true, in_a_thread, lending
from tests.streaming.support import hearing


class Cycle:
    """Keeps itself and what it has until the garbage collector comes."""

    def __init__(self, kept: Iterator[Any]) -> None:
        self.itself = self
        self.kept = kept


async def collect() -> str:
    gc.collect()
    return "collected"


async def number() -> int:
    return 42


class OnTheLoopTests(SimpleTestCase):
    """Waiting for the loop on its own thread would hang it, and every caller with it."""

    def setUp(self) -> None:
        gc.disable()
        self.addCleanup(gc.enable)

    def assert_closed_there(self, ask: Callable[[], Any], before: int) -> None:
        def forget() -> None:
            parts = iter(ask())
            for _ in range(before):
                next(parts)
            Cycle(parts)

        for lends in (False, True):
            with (
                self.subTest(lends=lends),
                NO_GRACE,
                hearing() as heard,
                fake_driver("some", Gate(), "never") as driver,
            ):
                with lending() if lends else nullcontext():
                    in_a_thread(forget)
                assert driver.closed == 0
                assert background.submit(collect()).result(LIMIT) == "collected"
                assert background.submit(number()).result(LIMIT) == 42
                assert comes_true(lambda: driver.closed == 1)
                if not lends:  # nobody is there any more to call its receivers
                    assert comes_true(lambda: len(heard.endings) == 1)

    def test_llm_stream(self) -> None:
        self.assert_closed_there(lambda: llm().stream("Hi"), before=1)

    def test_response(self) -> None:
        self.assert_closed_there(respond, before=2)


class InTheMiddleTests(SimpleTestCase):
    def test_collected_while_work_is_handed_over(self) -> None:
        async def count() -> AsyncIterator[int]:
            for item in range(5):
                yield item

        loop = BackgroundLoop()
        hand_over = asyncio.run_coroutine_threadsafe

        def collect_and_hand_over(coroutine: Any, running: Any) -> Future[Any]:
            with mock.patch("asyncio.run_coroutine_threadsafe", hand_over):
                parts.close()  # as the garbage collector may at any allocation
            return hand_over(coroutine, running)

        with mock.patch.object(module, "background", loop):
            parts = LoopIterator(count())
            assert in_a_thread(lambda: next(parts)) == 0
            with mock.patch("asyncio.run_coroutine_threadsafe", collect_and_hand_over):
                assert in_a_thread(lambda: loop.submit(number()).result(LIMIT)) == 42
            loop.stop()
