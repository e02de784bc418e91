"""What SIGTERM does to running answers, with a server's handler that only remembers."""

from __future__ import annotations

import asyncio
import os
import signal
from types import FrameType
from unittest import mock

from asgiref.sync import sync_to_async
from django.test import SimpleTestCase, override_settings

from mindwave_django.events import Outcome
from mindwave_django.streaming import shutdown as module
from mindwave_django.streaming.shutdown import Shutdown
from mindwave_django.testing import Gate
from tests.recording import LIMIT
from tests.streaming.support import generation_of, read
from tests.streaming.support import until as until_set


class Running:
    """Something that runs and remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[float] = []

    def interrupt_in(self, seconds: float) -> None:
        self.told.append(seconds)


class SigtermTestCase(SimpleTestCase):
    def setUp(self) -> None:
        self.handled: list[int] = []
        before = signal.signal(signal.SIGTERM, self.server_handler)
        self.addCleanup(signal.signal, signal.SIGTERM, before)
        self.shutdown = Shutdown()

    def server_handler(self, number: int, frame: FrameType | None) -> None:
        self.handled.append(number)

    def terminate(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    async def aterminate(self) -> None:
        """Do so in the thread that hears signals: one that sleeps on a lock may miss another's."""
        await sync_to_async(self.terminate)()


class HandlerTests(SigtermTestCase):
    @override_settings(MINDWAVE={"STREAMING": {"SHUTDOWN_GRACE": 3}})
    def test_what_runs_is_told_and_the_server_too(self) -> None:
        running = [Running(), Running()]
        for each in running:
            self.shutdown.add(each)
        ended = Running()
        self.shutdown.add(ended)
        self.shutdown.discard(ended)
        self.terminate()
        assert self.handled == [signal.SIGTERM]
        assert [each.told for each in running] == [[3], [3]]
        assert ended.told == []

    def test_second_signal_is_the_servers_alone(self) -> None:
        running = Running()
        self.shutdown.add(running)
        self.terminate()
        self.terminate()
        assert len(self.handled) == 2
        assert len(running.told) == 1

    @override_settings(MINDWAVE={"STREAMING": {"SHUTDOWN_GRACE": 3}})
    def test_what_begins_later_has_what_is_left(self) -> None:
        self.shutdown.add(Running())
        self.terminate()
        late = Running()
        self.shutdown.add(late)
        assert len(late.told) == 1
        assert 0 <= late.told[0] <= 3

    def test_handler_that_comes_later_is_chained_too(self) -> None:
        self.shutdown.add(Running())
        later: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, frame: later.append(number))
        running = Running()
        self.shutdown.add(running)
        self.terminate()
        assert later == [signal.SIGTERM]
        assert len(running.told) == 1

    def test_program_without_a_handler_ends_as_before(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.shutdown.add(Running())
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    async def test_other_threads_install_nothing(self) -> None:
        await asyncio.to_thread(self.shutdown.add, Running())
        assert signal.getsignal(signal.SIGTERM) == self.server_handler

    def test_server_that_would_cut_at_once_waits_for_the_end(self) -> None:
        running = Running()
        with mock.patch.object(module, "_cuts_at_once", return_value=True):
            self.shutdown.add(running)
            self.terminate()
            assert self.handled == []
            self.shutdown.discard(running)
            assert self.handled == [signal.SIGTERM]
        # Nothing may strike later, when somebody else's handler stands there.
        assert self.shutdown._timer is not None
        assert self.shutdown._timer.finished.is_set()

    def test_idle_server_that_would_cut_at_once_need_not_wait(self) -> None:
        running = Running()
        with mock.patch.object(module, "_cuts_at_once", return_value=True):
            self.shutdown.add(running)
            self.shutdown.discard(running)
            self.terminate()
        assert self.handled == [signal.SIGTERM]


class GenerationTests(SigtermTestCase):
    def setUp(self) -> None:
        super().setUp()
        patched = "mindwave_django.streaming.generation.shutdown"
        self.enterContext(mock.patch(patched, self.shutdown))
        # Async tests run their loop in a thread, where signals cannot be listened to.
        self.shutdown.add(Running())

    @override_settings(MINDWAVE={"STREAMING": {"SHUTDOWN_GRACE": 0.01}})
    async def test_reader_is_told_of_the_interruption(self) -> None:
        gate = Gate()
        _, generation = generation_of("Half", gate)
        reading = asyncio.create_task(read(generation))
        await until_set(gate.reached)
        with self.assertLogs("mindwave_django", "ERROR"):
            await self.aterminate()
            items = await asyncio.wait_for(reading, LIMIT)
        assert items[0].data == b"Half"
        assert (items[-1].outcome, items[-1].code) == (Outcome.FAILED, "interrupted")
        assert self.handled == [signal.SIGTERM]

    async def test_answer_that_ends_in_time_is_complete(self) -> None:
        gate = Gate()
        _, generation = generation_of("Half", gate, " and half")
        reading = asyncio.create_task(read(generation))
        await until_set(gate.reached)
        await self.aterminate()
        gate.open()
        items = await asyncio.wait_for(reading, LIMIT)
        assert items[-1].outcome is Outcome.COMPLETED

    async def test_what_nobody_reads_ends_at_once(self) -> None:
        gate = Gate()
        _, generation = generation_of("Half", gate)
        generation.start()
        await until_set(gate.reached)
        with self.assertLogs("mindwave_django", "ERROR"):
            await self.aterminate()
            await asyncio.wait_for(generation.ended.wait(), LIMIT)
        assert generation.answer.ended is not None
        assert generation.answer.ended.code == "interrupted"
