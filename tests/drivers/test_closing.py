"""Nobody wants the answer any more: the provider is let go, garbage collector or not."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from unittest import mock

import httpx2
from django.test import SimpleTestCase

from mindwave_django.drivers import openai
from mindwave_django.drivers.openai import OpenAIDriver
from mindwave_django.events import TextDelta
from mindwave_django.exceptions import ProviderProtocolError
from mindwave_django.messages import as_messages
from mindwave_django.testing import Gate
from tests.drivers.asking import ask, joined, openai_driver
from tests.drivers.raw_upstream import SilentUpstream
from tests.support.upstream import Hang, Upstream, finish, text


async def until(upstream: Upstream, open_streams: int) -> None:
    """Wait, off the loop, until so many answers are being given."""
    await asyncio.to_thread(upstream.wait_until, lambda: upstream.open_streams == open_streams)


def _holding(held: list[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        held.append(function(*args))
        return held[-1]

    return call


def _holding_answer(held: list[Any]) -> Callable[..., Any]:
    send = httpx2.AsyncClient.send

    async def call(*args: Any, **kwargs: Any) -> Any:
        held.append(await send(*args, **kwargs))
        return held[-1]

    return call


class ClosingTests(SimpleTestCase):
    def setUp(self) -> None:
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        self.upstream = self.enterContext(Upstream())
        self.driver = openai_driver(self.upstream.url)

    def stream(self, driver: OpenAIDriver | None = None) -> Any:
        return (driver or self.driver).stream(as_messages("Hi"))

    @asynccontextmanager
    async def reading(self, driver: OpenAIDriver | None = None) -> AsyncIterator[Any]:
        """Read in a task until somebody cancels it."""
        seen: list[object] = []

        async def read() -> None:
            async for event in self.stream(driver):
                seen.append(event)  # noqa: PERF401  # each as it comes

        task = asyncio.create_task(read())
        try:
            yield task, seen
        finally:
            task.cancel()
            await asyncio.wait({task})
        assert task.cancelled()

    async def test_closed_before_it_was_started(self) -> None:
        await self.stream().aclose()
        assert self.upstream.requests == []

    async def test_closed_in_mid_stream(self) -> None:
        self.upstream.serve(text("a"), text("b"), Hang())
        events = self.stream()
        assert await anext(events) == TextDelta("a")
        await until(self.upstream, 1)
        await events.aclose()
        await until(self.upstream, 0)

    async def test_closed_after_the_whole_text(self) -> None:
        self.upstream.serve(text("a"), Hang())
        events = self.stream()
        assert await anext(events) == TextDelta("a")
        await events.aclose()
        await until(self.upstream, 0)
        with self.assertRaises(StopAsyncIteration):
            await anext(events)

    async def test_closed_though_somebody_still_refers_to_the_parts(self) -> None:
        # Counted references would close them as well, but only if nobody holds one.
        held: list[Any] = []
        holding = _holding(held, openai._chunks_of)
        self.enterContext(mock.patch.object(openai, "_chunks_of", holding))
        send = mock.patch.object(httpx2.AsyncClient, "send", _holding_answer(held))
        self.upstream.serve(text("a"), Hang())
        events = self.stream()
        with send:
            await anext(events)
        await events.aclose()
        response, chunks = held
        assert response.is_closed
        with self.assertRaises(StopAsyncIteration):
            await anext(chunks)

    async def test_error_lets_the_provider_go_while_the_error_is_kept(self) -> None:
        self.upstream.serve(text("a"), b"data: {broken\n\n", Hang())
        kept = None
        try:
            await ask(self.driver)
        except ProviderProtocolError as exc:
            kept = exc
        assert kept is not None
        await until(self.upstream, 0)

    async def test_cancelled_before_the_head_of_the_answer(self) -> None:
        with SilentUpstream() as upstream:
            async with self.reading(openai_driver(upstream.url)):
                await until(upstream, 1)
            await until(upstream, 0)

    async def test_cancelled_before_the_first_token(self) -> None:
        gate = Gate()
        self.upstream.serve(gate)
        async with self.reading() as (_, seen):
            await asyncio.to_thread(gate.reached.wait, 10)
        await until(self.upstream, 0)
        assert seen == []

    async def test_cancelled_while_the_provider_is_silent(self) -> None:
        gate = Gate()
        self.upstream.serve(text("a"), gate)
        async with self.reading():
            await asyncio.to_thread(gate.reached.wait, 10)
        await until(self.upstream, 0)

    async def test_cancelled_in_mid_stream(self) -> None:
        self.upstream.serve(*[text("a")] * 200, Hang())
        async with self.reading() as (_, seen):
            while not seen:
                await asyncio.sleep(0)
        await until(self.upstream, 0)

    async def test_connection_kept_open_after_done_is_let_go(self) -> None:
        self.upstream.serve(text("a"), finish(), Hang())
        assert joined(await ask(self.driver)) == "a"
        await until(self.upstream, 0)

    async def test_others_on_the_same_client_go_on(self) -> None:
        gate = Gate()
        self.upstream.serve(text("a"), Hang())
        self.upstream.serve(text("b"), gate, finish())
        events = self.stream()
        await anext(events)
        other = asyncio.create_task(ask(self.driver))
        await until(self.upstream, 2)
        await events.aclose()
        await until(self.upstream, 1)
        gate.open()
        assert joined(await other) == "b"
