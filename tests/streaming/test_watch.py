"""The time of a generation: its limits, and its readers' grace."""

from __future__ import annotations

import asyncio
from unittest import mock

from django.test import SimpleTestCase, override_settings

from mindwave_django.events import CancelReason, Ended, Outcome
from mindwave_django.exceptions import GenerationTimeout
from mindwave_django.streaming.log import MemoryLog
from mindwave_django.streaming.watch import Watch

NO_READER = Ended(Outcome.CANCELLED, reason=CancelReason.NO_READER)


class Clock:
    """Wall-clock time that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Seen(MemoryLog):
    """A log that says when a reader was seen last."""

    def __init__(self, *times: float) -> None:
        super().__init__()
        self.times = list(times)

    async def last_reader_at(self, stream_id: str) -> float | None:
        return self.times.pop(0) if len(self.times) > 1 else self.times[0]


@override_settings(MINDWAVE={"STREAMING": {"RECONNECT_GRACE": 45}})
class GraceTests(SimpleTestCase):
    def setUp(self) -> None:
        self.stopped: list[Ended] = []
        self.failed: list[GenerationTimeout] = []
        self.clock = Clock()
        for name, replacement in (
            ("time.time", self.clock.time),
            ("asyncio.sleep", self.clock.sleep),
        ):
            patch = mock.patch(f"mindwave_django.streaming.watch.{name}", replacement)
            self.enterContext(patch)

    def watch(self, *seen: float) -> Watch:
        return Watch(
            "s",
            Seen(*seen),
            first_token_timeout=None,
            idle_timeout=None,
            stop=self.stopped.append,
            fail=self.failed.append,
        )

    async def _readers_leave(self, *seen: float) -> None:
        watch = self.watch(*seen)
        watch.start()
        with mock.patch.object(watch._loop, "call_later") as call_later:
            watch.readers_left()
            watch.readers_left()
        [((delay, look), _)] = call_later.call_args_list
        assert watch._search is None
        await self.clock.sleep(delay)
        look()
        await watch._search
        watch.close()

    async def test_nobody_comes_back(self) -> None:
        await self._readers_leave(1000.0)
        assert self.clock.slept == [45]
        assert self.stopped == [NO_READER]

    async def test_a_reader_elsewhere_moves_the_end_of_the_grace(self) -> None:
        await self._readers_leave(1040.0, 1040.0)
        assert self.clock.slept == [45, 40]
        assert self.stopped == [NO_READER]

    async def test_a_reader_who_is_back_ends_the_search(self) -> None:
        await self._readers_leave(float("inf"))
        assert self.stopped == []

    async def test_a_forgotten_stream_is_not_read(self) -> None:
        await self._readers_leave(0.0)
        assert self.stopped == [NO_READER]

    @override_settings(MINDWAVE={"STREAMING": {"ON_DISCONNECT": "finish"}})
    async def test_finish_asks_for_no_readers(self) -> None:
        watch = Watch(
            "s",
            Seen(0.0),
            first_token_timeout=None,
            idle_timeout=None,
            stop=self.stopped.append,
            fail=self.fail,
        )
        watch.readers_left()
        assert watch._grace_timer is None

    async def test_closing_ends_the_search(self) -> None:
        watch = Watch(
            "s",
            Seen(1000.0),
            first_token_timeout=None,
            idle_timeout=None,
            stop=self.stopped.append,
            fail=self.fail,
        )
        watch.start()
        watch.readers_left()
        timer = watch._grace_timer
        assert timer is not None
        watch._look_for_readers()
        search = watch._search
        assert search is not None
        watch.close()
        await asyncio.wait({search})
        watch.readers_left()
        assert timer.cancelled()
        assert self.stopped == []
        assert watch._search is search
