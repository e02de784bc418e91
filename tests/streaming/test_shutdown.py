"""Everything is announced also if the loop of a call, or the process, ends right after it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any
from unittest import mock

from django.test import SimpleTestCase, tag

from mindwave_django import llm
from mindwave_django.events import Outcome
from mindwave_django.signals import StreamEnded, StreamStarted, TokenStreamed, stream_completed
from mindwave_django.streaming.follow import Follower
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.log import current_log
from mindwave_django.testing import FakeDriver, Gate, fake_driver
from tests.streaming.outside import LIMIT, in_a_thread, run_script
from tests.streaming.support import call_to, only_receiver, until

# A call waits for its receivers; without that, the end of its loop is what they meet.
AT_ONCE = mock.patch("mindwave_django.api.SETTLE_LIMIT", 0)


def names(events: list[Any]) -> list[str]:
    """Return what was heard, as text: deltas in order, and the events around them."""
    told = []
    for event in events:
        if isinstance(event, TokenStreamed):
            told.append("final" if event.is_final else event.delta)
        else:
            told.append(event.outcome if isinstance(event, StreamEnded) else "started")
    return told


def opened_late(open_gate: Callable[[], None]) -> None:
    """Open a gate when the loop shuts down, after all else that was cancelled could go on."""

    async def wait_and_open() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(100):
                await asyncio.sleep(0)
            open_gate()

    task = asyncio.ensure_future(wait_and_open())
    _opening.add(task)  # the loop itself keeps no strong reference
    task.add_done_callback(_opening.discard)


_opening: set[asyncio.Task[None]] = set()

WHOLE = ["started", "a", "b", "c", "final", Outcome.COMPLETED]


class LoopTests(SimpleTestCase):
    """`asyncio.run(llm().agenerate(…))`, as scripts and tasks call it."""

    def hear(self, receive: Any, main: Callable[[], Coroutine[Any, Any, str]]) -> None:
        with fake_driver("a", "b", "c"), only_receiver(receive):
            assert in_a_thread(lambda: asyncio.run(main())) == "abc"

    async def ask(self) -> str:
        return (await llm().agenerate("Hi")).text

    def test_sync_receivers(self) -> None:
        heard: list[Any] = []
        self.hear(lambda event, **_: heard.append(event), self.ask)
        assert names(heard) == WHOLE

    def test_async_receivers(self) -> None:
        heard: list[Any] = []

        async def receive(event: Any, **kwargs: Any) -> None:
            for _ in range(5):
                await asyncio.sleep(0)
            heard.append(event)

        self.hear(receive, self.ask)
        assert names(heard) == WHOLE

    def test_sync_receivers_that_still_work_when_the_loop_shuts_down(self) -> None:
        gate, heard = threading.Event(), list[Any]()

        def receive(event: Any, **kwargs: Any) -> None:
            if isinstance(event, StreamStarted):
                gate.wait(LIMIT)
            heard.append(event)

        async def ask() -> str:
            opened_late(gate.set)
            return await self.ask()

        with AT_ONCE:
            self.hear(receive, ask)
        assert names(heard) == WHOLE

    def test_async_receivers_that_still_wait_when_the_loop_shuts_down(self) -> None:
        gate, heard = Gate(), list[Any]()

        async def receive(event: Any, **kwargs: Any) -> None:
            heard.append(event)
            await gate.wait()  # the first one is cancelled here with everything else

        async def ask() -> str:
            opened_late(gate.open)
            return await self.ask()

        with AT_ONCE:
            self.hear(receive, ask)
        assert names(heard) == WHOLE

    def test_a_hundred_streams_that_complete_while_the_loop_shuts_down(self) -> None:
        gate, flow = threading.Event(), Gate()
        saved: list[str] = []

        def save(event: StreamEnded, **kwargs: Any) -> None:
            gate.wait(LIMIT)
            saved.append(event.stream_id)

        async def main() -> list[str]:
            opened_late(gate.set)
            driver = FakeDriver(replies=[("text", flow)])
            generations = [Generation(call_to(driver)) for _ in range(100)]
            with ExitStack() as readers:
                followers = [Follower(g.answer, current_log()) for g in generations]
                for generation, follower in zip(generations, followers, strict=True):
                    readers.callback(follower.close)
                    generation.start()
                await until(flow.reached)
                flow.open()
                for follower in followers:
                    async for _ in follower:
                        pass
            return [generation.stream_id for generation in generations]

        with only_receiver(save, stream_completed):
            asked = in_a_thread(lambda: asyncio.run(main()))
        assert len(saved) == 100
        assert set(saved) == set(asked)


@tag("machine")
class ProcessTests(SimpleTestCase):
    """Scripts and management commands, which end after their last call."""

    def test_the_ending_is_told_before_the_call_returns(self) -> None:
        done = run_script(
            "def save(event, **kwargs):\n"
            "    print('saved', event.text)\n"
            "signals.stream_completed.connect(save)\n"
            "with fake_driver('a', 'b'):\n"
            "    print('got', llm().generate('Hi').text)\n"
        )
        assert done.stdout.splitlines() == ["saved ab", "got ab"]

    def test_a_receiver_that_is_still_busy_when_the_process_ends(self) -> None:
        done = run_script(
            "from mindwave_django import api\n"
            "api.SETTLE_LIMIT = 0\n"
            "gate = threading.Event()\n"
            "def listen(event, **kwargs):\n"
            "    gate.wait(10)\n"
            "    print('heard', repr(event.delta))\n"
            "def save(event, **kwargs):\n"
            "    print('saved', event.text)\n"
            "signals.token_streamed.connect(listen)\n"
            "signals.stream_completed.connect(save)\n"
            "kept = fake_driver('a', 'b')\n"
            "kept.__enter__()\n"
            "print('got', llm().generate('Hi').text, flush=True)\n"
            "gate.set()\n"
        )
        heard = ["heard 'a'", "heard 'b'", "heard ''"]
        assert done.stdout.splitlines() == ["got ab", *heard, "saved ab"]

    def test_asyncio_run_in_a_script(self) -> None:
        done = run_script(
            "async def save(event, **kwargs):\n"
            "    await asyncio.sleep(0)\n"
            "    print('saved', event.text)\n"
            "signals.stream_completed.connect(save)\n"
            "with fake_driver('a', 'b'):\n"
            "    print('got', asyncio.run(llm().agenerate('Hi')).text)\n"
        )
        assert done.stdout.splitlines() == ["saved ab", "got ab"]
