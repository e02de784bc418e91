"""A generation and its recorder: checkpoints, and the order of the end."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock

from django.test import SimpleTestCase, override_settings

from mindwave_django.events import CancelReason, Ended, Outcome
from mindwave_django.signals import StreamEnded
from mindwave_django.streaming.follow import Follower
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.log import current_log
from mindwave_django.streaming.recorder import Verdict
from mindwave_django.testing import FakeDriver, Gate
from mindwave_django.testing.driver import Step
from tests.recording import LIMIT
from tests.streaming.fake_recorder import STREAM, FakeRecorder
from tests.streaming.support import call_to, hearing

OFTEN = override_settings(MINDWAVE={"CHAT": {"CHECKPOINT_INTERVAL": 0.01}})


class RecordingTestCase(SimpleTestCase):
    def setUp(self) -> None:
        self.recorder = FakeRecorder()
        self.enterContext(OFTEN)
        self.enterContext(mock.patch("mindwave_django.streaming.generation.write_down"))
        self.enterContext(mock.patch("mindwave_django.streaming.recording.SAVE_PAUSE", 0.001))

    async def start(self, *steps: Step) -> Generation:
        driver = FakeDriver()
        driver.reply(*steps)
        self.driver = driver
        generation = Generation(call_to(driver, stream_id=STREAM, recorder=self.recorder))
        generation.start()
        generation.await_first_reader()
        return generation

    async def read(self, *steps: Step) -> list[Any]:
        generation = await self.start(*steps)
        follower = Follower(generation.answer, current_log())
        items = [item async for portion in follower for item in portion]
        follower.close()
        await asyncio.wait_for(generation.ended.wait(), LIMIT)
        return items

    @property
    def endings(self) -> list[StreamEnded]:
        return self.recorder.endings

    async def until_told(self, *told: Any) -> None:
        async with asyncio.timeout(LIMIT):
            while told not in self.recorder.told:
                await asyncio.sleep(0.002)


class ReaderTests(RecordingTestCase):
    @override_settings(
        MINDWAVE={"STREAMING": {"RECONNECT_GRACE": 0}, "CHAT": {"CHECKPOINT_INTERVAL": 0.01}}
    )
    async def test_claimed_answer_without_a_reader_is_cancelled(self) -> None:
        generation = await self.start("Half", Gate())
        await asyncio.wait_for(generation.ended.wait(), LIMIT)
        assert self.endings[0].reason is CancelReason.NO_READER


class CheckpointTests(RecordingTestCase):
    async def test_what_there_is_so_far(self) -> None:
        gates = [Gate(), Gate()]
        generation = await self.start("One", gates[0], " two", gates[1])
        await self.until_told("One", "")
        await self.until_told(None, None)
        gates[0].open()
        await self.until_told("One two", "")
        gates[1].open()
        await asyncio.wait_for(generation.ended.wait(), LIMIT)
        assert self.recorder.told.count(("One", "")) == 1
        assert self.recorder.told[-1] is self.endings[0]

    async def test_no_checkpoint_after_the_end(self) -> None:
        await self.read("One")
        told = len(self.recorder.told)
        await asyncio.sleep(0.05)  # five intervals
        assert len(self.recorder.told) == told

    async def test_stop_from_elsewhere(self) -> None:
        self.recorder.verdict = Verdict.STOP
        items = await self.read("Half", Gate())
        assert items[-1].outcome is Outcome.CANCELLED
        assert items[-1].reason is CancelReason.USER
        assert self.endings[0].text == "Half"

    async def test_lost_lease_ends_the_generation(self) -> None:
        self.recorder.verdict = Verdict.LOST
        with self.assertLogs("mindwave_django", "ERROR"):
            items = await self.read("Half", Gate())
        assert (items[-1].outcome, items[-1].code) == (Outcome.FAILED, "interrupted")
        assert self.driver.closed == 1

    async def test_checkpoint_that_fails_is_tried_again(self) -> None:
        self.recorder.faults = [OSError("secret")] * 2
        gate = Gate()
        with self.assertLogs("mindwave_django", "WARNING") as logs:
            generation = await self.start("One", gate)
            await self.until_told("One", "")
            gate.open()
            await asyncio.wait_for(generation.ended.wait(), LIMIT)
        assert sum("no checkpoint" in line for line in logs.output) == 2
        assert "secret" not in "".join(logs.output)


class EndTests(RecordingTestCase):
    async def test_row_then_log_then_signal(self) -> None:
        order = []
        finish, log_finish = self.recorder.finish, current_log().finish

        def save(ended: StreamEnded) -> None:
            order.append("row")
            finish(ended)

        async def note(*args: Any) -> None:
            order.append("log")
            await log_finish(*args)

        with (
            mock.patch.object(self.recorder, "finish", save),
            mock.patch.object(current_log(), "finish", note),
            hearing() as heard,
        ):
            await self.read("Hello")
            order.append("signal")
        assert order == ["row", "log", "signal"]
        assert [ended.outcome for ended in heard.endings] == [Outcome.COMPLETED]

    async def test_save_that_fails_is_tried_again(self) -> None:
        self.recorder.faults = [OSError("no database")] * 2
        with (
            override_settings(MINDWAVE={"CHAT": {"CHECKPOINT_INTERVAL": 60}}),
            self.assertLogs("mindwave_django", "WARNING") as logs,
        ):
            items = await self.read("Hello")
        assert sum("could not be saved" in line for line in logs.output) == 2, logs.output
        assert [ended.text for ended in self.endings] == ["Hello"]
        assert items[-1].outcome is Outcome.COMPLETED

    async def test_readers_are_told_even_if_nothing_can_be_saved(self) -> None:
        self.recorder.faults = [OSError("no database")] * 10
        with (
            override_settings(MINDWAVE={"CHAT": {"CHECKPOINT_INTERVAL": 60}}),
            self.assertLogs("mindwave_django", "WARNING") as logs,
            hearing() as heard,
        ):
            items = await self.read("Hello")
        assert isinstance(items[-1], Ended)
        assert any("its end could not be saved" in line for line in logs.output)
        assert len(heard.endings) == 1

    async def test_nobody_is_asked_who_reads_elsewhere_while_there_is_time(self) -> None:
        with mock.patch.object(self.recorder, "last_reader_at", side_effect=AssertionError) as ask:
            generation = await self.start("One", gate := Gate())
            await self.until_told("One", "")
            generation.await_first_reader()
            gate.open()
            await asyncio.wait_for(generation.ended.wait(), LIMIT)
        assert ask.call_count == 0

    async def test_reader_elsewhere_keeps_it_alive(self) -> None:
        self.recorder.reader_at = float("inf")
        settings = {"STREAMING": {"RECONNECT_GRACE": 0}, "CHAT": {"CHECKPOINT_INTERVAL": 0.01}}
        with override_settings(MINDWAVE=settings):
            gate = Gate()
            generation = await self.start("One", gate)
            await self.until_told("One", "")
            gate.open()
            await asyncio.wait_for(generation.ended.wait(), LIMIT)
        assert self.endings[0].outcome is Outcome.COMPLETED
