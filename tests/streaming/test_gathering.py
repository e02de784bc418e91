"""Sync work that is done together with more of its kind."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

from django.test import SimpleTestCase

from mindwave_django.streaming import gathering, pool
from mindwave_django.streaming.worker import Worker, parent_executor
from tests.recording import LIMIT

SOON = 0.01  # seconds


def together(*calls: Callable[[], Any], within: float = SOON) -> Any:
    return asyncio.gather(
        *(Worker().run_within(within, call) for call in calls), return_exceptions=True
    )


class GatheringTests(SimpleTestCase):
    def setUp(self) -> None:
        self.submitted = 0
        submit = gathering.submit

        def counted(call: Callable[[], Any]) -> Any:
            self.submitted += 1
            return submit(call)

        self.enterContext(mock.patch.object(gathering, "submit", counted))

    async def test_one_thread_for_all_who_come_within_the_time(self) -> None:
        with mock.patch.object(gathering, "PATIENCE", LIMIT):
            threads = await together(*[threading.get_ident] * 100)
        assert self.submitted == 1
        assert len(set(threads)) == 1
        assert threads[0] != threading.get_ident()

    async def test_others_help_while_it_takes_long(self) -> None:
        meeting = threading.Barrier(3)  # three who wait for each other are in three threads

        def work(number: int) -> int:
            meeting.wait(LIMIT)
            return number

        assert await together(*(partial(work, number) for number in range(3))) == [0, 1, 2]
        assert self.submitted >= 3

    async def test_who_comes_later_is_done_later(self) -> None:
        assert await together(lambda: 1) == [1]
        assert await together(lambda: 2) == [2]
        assert self.submitted >= 2

    async def test_who_may_wait_for_long_keeps_nobody_waiting_who_may_not(self) -> None:
        patient = asyncio.ensure_future(Worker().run_within(3600, lambda: 1, may_drop=True))
        await asyncio.sleep(0)
        async with asyncio.timeout(LIMIT):
            assert await together(lambda: 2) == [2]
        patient.cancel()
        await asyncio.wait({patient}, timeout=LIMIT)

    async def test_failure_of_one_is_no_failure_of_the_next(self) -> None:
        with mock.patch.object(gathering, "clean_up") as clean_up:
            results = await together(lambda: 1 / 0, lambda: clean_up.call_count)
        assert isinstance(results[0], ZeroDivisionError)
        assert results[1] == 1  # the next one finds no broken connection

    async def test_failure_to_clean_up_is_no_failure_of_anybody(self) -> None:
        failing = mock.patch.object(gathering, "clean_up", side_effect=OSError("gone"))
        with failing, self.assertLogs("mindwave_django", "ERROR"):
            results = await together(lambda: 1 / 0, lambda: 2)
        assert isinstance(results[0], ZeroDivisionError)
        assert results[1] == 2

    async def test_call_whose_caller_left_before_it_is_not_made(self) -> None:
        called: list[int] = []
        left = asyncio.ensure_future(Worker().run_within(SOON, called.append, 1, may_drop=True))
        stays = asyncio.ensure_future(Worker().run_within(SOON, called.append, 2))
        await asyncio.sleep(0)
        left.cancel()
        await asyncio.wait({left, stays}, timeout=LIMIT)
        assert left.cancelled()
        assert called == [2]

    async def test_unless_it_may_be_dropped_it_is_made(self) -> None:
        called: list[int] = []
        left = asyncio.ensure_future(Worker().run_within(SOON, called.append, 1))
        await asyncio.sleep(0)
        left.cancel()
        await asyncio.wait({left}, timeout=LIMIT)
        assert left.cancelled()
        assert called == [1]

    async def test_caller_who_leaves_during_the_call_waits_for_its_end(self) -> None:
        begun, gate = threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            gate.wait(LIMIT)

        task = asyncio.ensure_future(Worker().run_within(SOON, work, may_drop=True))
        assert await asyncio.to_thread(begun.wait, LIMIT)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        gate.set()
        await asyncio.wait({task}, timeout=LIMIT)
        assert task.cancelled()

    async def test_lent_thread_does_it_at_once(self) -> None:
        worker = Worker(parent_executor())
        assert await worker.run_within(3600, threading.current_thread) is threading.main_thread()
        assert self.submitted == 0

    async def test_process_that_exits_starts_nothing(self) -> None:
        error = RuntimeError("cannot schedule new futures after shutdown")
        with mock.patch.object(gathering, "submit", side_effect=error):
            dropped = asyncio.ensure_future(Worker().run_within(SOON, print, may_drop=True))
            told = together(lambda: 1, lambda: 2)
            await asyncio.sleep(0)
            dropped.cancel()
            assert await told == [error, error]

    def test_each_loop_has_its_own(self) -> None:
        async def one() -> int:
            return await Worker().run_within(SOON, lambda: 1)

        assert [asyncio.run(one()), asyncio.run(one())] == [1, 1]

    def test_closed_loop_is_forgotten(self) -> None:
        async def one() -> weakref.ref[asyncio.AbstractEventLoop]:
            await Worker().run_within(SOON, lambda: 1)
            return weakref.ref(asyncio.get_running_loop())

        loop = asyncio.run(one())
        gc.collect()
        assert loop() is None

    async def test_loop_is_woken_once_for_many_results(self) -> None:
        loop, meeting = asyncio.get_running_loop(), threading.Barrier(2)
        wake = loop.call_soon_threadsafe
        calls = [meeting.wait, *[threading.get_ident] * 98, meeting.wait]
        with (
            mock.patch.object(gathering, "PATIENCE", LIMIT),
            mock.patch.object(loop, "call_soon_threadsafe", wraps=wake) as woken,
        ):
            told = together(*calls)
            while not meeting.n_waiting:
                await asyncio.sleep(0.001)
            meeting.wait(LIMIT)  # and the loop waits until all are done
            meeting.wait(LIMIT)
            assert len(await told) == 100
        assert woken.call_count <= 2


class UncleanConnectionTests(SimpleTestCase):
    """What a receiver does to a connection, and swallows, is not the next one's trouble."""

    def is_closed_after(self, **state: Any) -> bool:
        usual = {"connection": object(), "in_atomic_block": False, "errors_occurred": False}
        connection = mock.Mock(settings_dict={"AUTOCOMMIT": True}, **usual | state)
        connection.get_autocommit.return_value = state.get("autocommit", True)
        with mock.patch.object(pool, "connections") as connections:
            connections.all.return_value = [connection]
            pool.drop_unclean_connections()
        return bool(connection.close.called)

    def test_clean_ones_stay(self) -> None:
        assert not self.is_closed_after()

    def test_those_that_failed_go(self) -> None:
        assert self.is_closed_after(errors_occurred=True)

    def test_those_in_a_transaction_that_was_left_open_go(self) -> None:
        assert self.is_closed_after(autocommit=False)

    def test_those_of_somebody_who_is_in_a_transaction_stay(self) -> None:
        assert not self.is_closed_after(in_atomic_block=True, errors_occurred=True)

    def test_those_that_are_closed_are_not_opened(self) -> None:
        assert not self.is_closed_after(connection=None, autocommit=False)

    async def test_they_are_looked_at_after_each_call(self) -> None:
        with mock.patch.object(gathering, "drop_unclean_connections") as looked:
            counts = await together(lambda: looked.call_count, lambda: looked.call_count)
        assert counts == [0, 1]
