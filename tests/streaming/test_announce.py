"""Receivers and callbacks hear everything, in order, and hold nothing up."""

from __future__ import annotations

import asyncio
import threading
from typing import Any
from unittest import mock

from django.test import SimpleTestCase

from mindwave_django.events import Finished, Usage
from mindwave_django.signals import (
    StreamEnded,
    TokenStreamed,
    stream_completed,
    stream_started,
    token_streamed,
)
from mindwave_django.streaming import announce
from mindwave_django.testing import Gate
from tests.streaming.support import (
    PROMPT,
    generation_of,
    hearing,
    in_threads_of_its_own,
    only_receiver,
    read,
    until,
)


async def run(*steps: Any, **fields: Any) -> str:
    """Stream an answer and return its text once all of it is over."""
    _, generation = generation_of(*steps, **fields)
    await read(generation)
    await asyncio.wait_for(generation.ended.wait(), 10)
    return generation.answer.text


class SignalTests(SimpleTestCase):
    async def _hears_everything(self, *, asynchronous: bool) -> None:
        end = Finished("stop", Usage(3, 7), "model-2")
        with hearing(asynchronous=asynchronous) as heard:
            await run("a", "b", end)
        started, *tokens, ended = heard.events
        assert (started.prompt, started.driver, started.model) == (PROMPT, "default", "fake-model")
        assert [t.delta for t in tokens] == ["a", "b", ""]
        assert [t.cumulative_tokens for t in tokens] == [1, 2, 7]
        assert [t.is_final for t in tokens] == [False, False, True]
        assert [t.metadata["chunk"] for t in tokens] == [1, 2, 2]
        assert tokens[-1].metadata["finish_reason"] == "stop"
        assert all(t.timestamp // 1_000_000 == t.timestamp_ms for t in tokens)
        assert isinstance(ended, StreamEnded)
        assert len({event.stream_id for event in heard.events}) == 1

    async def test_sync_receivers(self) -> None:
        await self._hears_everything(asynchronous=False)

    async def test_async_receivers(self) -> None:
        await self._hears_everything(asynchronous=True)

    async def test_every_event_carries_the_same_context(self) -> None:
        context = {"conversation": 7}
        with hearing() as heard:
            await run("a", context=context)
        assert all(event.context is context for event in heard.events)

    async def test_events_are_frozen(self) -> None:
        with hearing() as heard:
            await run("a")
        for event in heard.events:
            with self.assertRaises(AttributeError):
                event.stream_id = "other"

    async def test_no_event_is_built_that_nobody_listens_to(self) -> None:
        with (
            only_receiver(lambda **_: None, stream_started),
            mock.patch.object(announce, "TokenStreamed") as built,
        ):
            assert await run("a", "b") == "ab"
        built.assert_not_called()

    async def test_sender_is_the_class_of_the_driver(self) -> None:
        from mindwave_django.testing import FakeDriver

        heard = []

        def receive(sender: type, event: Any, **kwargs: Any) -> None:
            heard.append(event)

        with only_receiver(receive, stream_started):
            stream_completed.connect(receive, sender=FakeDriver, weak=False)
            token_streamed.connect(receive, sender=str, weak=False)
            await run("a")
        assert [type(event).__name__ for event in heard] == ["StreamStarted", "StreamEnded"]

    async def test_a_receiver_that_raises_is_logged_and_harms_nobody(self) -> None:
        for asynchronous in (False, True):
            heard: list[Any] = []

            def receive(sender: type, event: Any, **kwargs: Any) -> None:
                heard.append(event)  # noqa: B023
                raise ValueError("broken receiver")

            async def areceive(sender: type, event: Any, **kwargs: Any) -> None:
                receive(sender, event)

            with (
                only_receiver(areceive if asynchronous else receive),
                self.assertLogs("mindwave_django", "ERROR") as logs,
            ):
                assert await run("a", "b") == "ab"
            assert len(heard) == 5
            assert all("broken receiver" in line for line in logs.output)

    async def test_a_slow_receiver_gets_pieces_merged_and_the_reader_does_not_wait(self) -> None:
        gate = threading.Event()
        heard: list[TokenStreamed] = []

        def slow(sender: type, event: TokenStreamed, **kwargs: Any) -> None:
            gate.wait(10)
            heard.append(event)

        with (
            only_receiver(slow, token_streamed),
            mock.patch.object(announce, "MAX_WAITING", 3),
            in_threads_of_its_own(),
        ):
            _, generation = generation_of(*"abcdefghij")
            items = await asyncio.wait_for(read(generation), 10)
            assert b"".join(item.data for item in items[:-1]) == b"abcdefghij"
            gate.set()
            await generation.ended.wait()
        assert "".join(event.delta for event in heard) == "abcdefghij"
        assert len(heard) <= 3 + 3
        assert [event.is_final for event in heard].index(True) == len(heard) - 1
        assert heard[-2].cumulative_tokens == 10

    async def test_the_ending_does_not_wait_for_ever(self) -> None:
        gate, ended = threading.Event(), asyncio.Event()

        def blocked(sender: type, event: TokenStreamed, **kwargs: Any) -> None:
            gate.wait(10)

        async def ending(sender: type, event: StreamEnded, **kwargs: Any) -> None:
            ended.set()

        with (
            only_receiver(blocked, token_streamed),
            mock.patch.object(announce, "DRAIN_LIMIT", 0),
            in_threads_of_its_own(),
        ):
            stream_completed.connect(ending, weak=False)
            _, generation = generation_of("a")
            with self.assertLogs("mindwave_django", "WARNING") as logs:
                await read(generation)
                await asyncio.wait_for(ended.wait(), 10)
            gate.set()
        assert "still busy" in logs.output[0]

    async def test_one_blocked_receiver_does_not_delay_another_stream(self) -> None:
        gate, reached = threading.Event(), threading.Event()
        heard = []

        def receive(sender: type, event: StreamEnded, **kwargs: Any) -> None:
            if event.text == "blocked":
                reached.set()
                gate.wait(10)
            heard.append(event.text)

        with only_receiver(receive, stream_completed), in_threads_of_its_own():
            _, one = generation_of("blocked")
            _, other = generation_of("free")
            await read(one)
            await until(reached)
            await read(other)
            await asyncio.wait_for(other.ended.wait(), 10)
            assert heard == ["free"]
            gate.set()
            await asyncio.wait_for(one.ended.wait(), 10)


class OnChunkTests(SimpleTestCase):
    async def test_sync_and_async(self) -> None:
        chunks: list[str] = []

        async def on_chunk(chunk: str) -> None:
            chunks.append(chunk)

        for call in (chunks.append, on_chunk):
            chunks.clear()
            await run("a", "b", on_chunk=call)
            assert chunks == ["a", "b"]

    async def test_raising_is_logged_and_harms_nobody(self) -> None:
        def broken(chunk: str) -> None:
            raise ValueError("broken callback")

        async def abroken(chunk: str) -> None:
            broken(chunk)

        for call in (broken, abroken):
            with self.assertLogs("mindwave_django", "ERROR") as logs:
                assert await run("a", "b", on_chunk=call) == "ab"
            assert len([line for line in logs.output if "broken callback" in line]) == 2

    async def test_a_blocked_callback_does_not_hold_the_reader_up(self) -> None:
        gate = Gate()

        async def blocked(chunk: str) -> None:
            await gate.wait()

        _, generation = generation_of("a", "b", on_chunk=blocked)
        items = await asyncio.wait_for(read(generation), 10)
        assert b"".join(item.data for item in items[:-1]) == b"ab"
        assert not generation.ended.is_set()
        gate.open()
        await asyncio.wait_for(generation.ended.wait(), 10)
