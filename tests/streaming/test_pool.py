"""The threads for sync work, and how long they keep their database connections."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any
from unittest import mock

from django.test import SimpleTestCase

from mindwave_django.streaming import pool
from mindwave_django.streaming.pool import Job
from tests.streaming.outside import LIMIT, comes_true, run_script


class PoolTests(SimpleTestCase):
    """Outside of tests: threads linger."""

    def setUp(self) -> None:
        self.cleaned = self.enterContext(mock.patch.object(pool, "clean_up"))
        self.enterContext(mock.patch.object(pool, "is_testing", return_value=False))
        self.linger(LIMIT)
        self.pool = pool._Pool()

    def linger(self, seconds: float) -> None:
        self.enterContext(mock.patch.object(pool, "LINGER", seconds))

    def submit(self, call: Any) -> Future[Any]:
        job = Job(call)
        self.pool.add(job)
        return job.future

    def thread_of_next(self) -> int:
        return self.submit(threading.get_ident).result(LIMIT)

    def lingering(self, number: int) -> bool:
        return comes_true(lambda: self.pool._lingering == number)

    def test_next_work_is_done_in_the_thread_that_lingers(self) -> None:
        first = self.thread_of_next()
        assert self.lingering(1)
        assert self.thread_of_next() == first
        assert self.cleaned.call_count == 0

    def test_no_record_of_queries_grows_meanwhile(self) -> None:
        with mock.patch.object(pool, "reset_queries") as reset:
            assert self.submit(lambda: reset.call_count).result(LIMIT) == 0
            assert reset.call_count == 1

    def test_thread_that_nobody_needs_is_cleaned_up(self) -> None:
        self.linger(0.01)
        self.thread_of_next()
        assert comes_true(lambda: self.cleaned.call_count == 1)
        assert self.pool._threads == 0

    def test_as_many_threads_as_there_is_work_at_once(self) -> None:
        gate, begun = threading.Event(), threading.Semaphore(0)

        def work() -> int:
            begun.release()
            gate.wait(LIMIT)
            return threading.get_ident()

        self.thread_of_next()
        assert self.lingering(1)  # one of them is there already, and is not counted on twice
        futures = [self.submit(work) for _ in range(3)]
        for _ in futures:
            assert begun.acquire(timeout=LIMIT)
        gate.set()
        assert len({future.result(LIMIT) for future in futures}) == 3
        assert self.lingering(3)

    def test_work_waits_for_one_of_the_threads_where_there_are_no_more(self) -> None:
        gate = threading.Event()
        with mock.patch.object(pool, "MAX_THREADS", 1):
            busy, waiting = self.submit(lambda: gate.wait(LIMIT)), self.submit(lambda: "done")
            assert not waiting.done()
            gate.set()
            assert (busy.result(LIMIT), waiting.result(LIMIT)) == (True, "done")

    def test_failure_cleans_the_thread_up_before_it_is_told(self) -> None:
        future = self.submit(lambda: 1 / 0)
        assert isinstance(future.exception(LIMIT), ZeroDivisionError)
        assert self.cleaned.call_count == 1

    def test_work_that_is_cancelled_in_time_is_not_done(self) -> None:
        gate, done = threading.Event(), []
        with mock.patch.object(pool, "MAX_THREADS", 1):
            busy = self.submit(lambda: gate.wait(LIMIT))
            waiting = self.submit(lambda: done.append(1))
            assert waiting.cancel()
            gate.set()
            busy.result(LIMIT)
            self.thread_of_next()
        assert done == []

    def test_nobody_lingers_when_the_process_exits(self) -> None:
        self.linger(10 * LIMIT)
        self.thread_of_next()
        assert self.lingering(1)
        self.pool.hurry()
        assert comes_true(lambda: self.cleaned.call_count == 1)
        self.thread_of_next()
        assert comes_true(lambda: self.cleaned.call_count == 2)
        assert self.pool._threads == 0

    def test_process_does_not_wait_for_those_who_linger(self) -> None:
        run_script(
            "from mindwave_django.streaming import pool\n"
            "pool.LINGER = 3600\n"
            "pool.submit(lambda: None).result()\n"
        )

    def test_process_that_exits_takes_no_work(self) -> None:
        self.pool._executor = mock.Mock()
        self.pool._executor.submit.side_effect = RuntimeError("after shutdown")
        with self.assertRaises(RuntimeError):
            self.submit(print)
        assert not self.pool._jobs
        assert self.pool._threads == 0


class TestingPoolTests(SimpleTestCase):
    def test_nobody_lingers_and_all_is_clean_when_the_result_is_there(self) -> None:
        with mock.patch.object(pool, "clean_up") as cleaned:
            assert pool.submit(lambda: cleaned.call_count).result(LIMIT) == 0
            assert cleaned.call_count == 1
        assert comes_true(lambda: pool._pool._lingering == 0)
