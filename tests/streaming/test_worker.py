"""Where sync work runs, and what it leaves behind."""

from __future__ import annotations

import asyncio
import contextvars
import threading

from django.db import connection, transaction
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from mindwave_django.streaming.inbox import ThreadInbox
from mindwave_django.streaming.pool import MAX_THREADS
from mindwave_django.streaming.worker import (
    Worker,
    needs_this_thread,
    parent_executor,
)

number = contextvars.ContextVar("number", default=0)


class WorkerTests(SimpleTestCase):
    async def test_it_runs_in_another_thread(self) -> None:
        assert await Worker().run(threading.get_ident) != threading.get_ident()

    async def test_all_workers_together_use_few_threads(self) -> None:
        gate, waiting = threading.Event(), threading.Semaphore(0)

        def work() -> int:
            waiting.release()
            gate.wait(10)
            return threading.get_ident()

        tasks = [asyncio.ensure_future(Worker().run(work)) for _ in range(MAX_THREADS + 10)]
        for _ in range(MAX_THREADS):
            assert await asyncio.to_thread(waiting.acquire, timeout=10)
        assert not waiting.acquire(blocking=False)
        gate.set()
        assert len(set(await asyncio.gather(*tasks))) == MAX_THREADS

    async def test_two_workers_do_not_wait_for_each_other(self) -> None:
        gate, one, other = threading.Event(), Worker(), Worker()
        blocked = asyncio.ensure_future(one.run(gate.wait, 10))
        assert await asyncio.wait_for(other.run(lambda: "free"), 10) == "free"
        gate.set()
        assert await blocked

    async def test_what_it_raises_comes_back(self) -> None:
        worker = Worker()
        with self.assertRaises(ZeroDivisionError):
            await worker.run(lambda: 1 / 0)

    async def test_context_variables_go_along(self) -> None:
        worker = Worker()
        number.set(7)
        assert await worker.run(number.get) == 7

    async def test_a_borrowed_thread_is_used(self) -> None:
        inbox = ThreadInbox()
        worker = Worker(inbox)
        pending = asyncio.ensure_future(worker.run(threading.get_ident))
        await asyncio.sleep(0)
        done = inbox.submit(lambda: None)
        thread = threading.Thread(target=inbox.wait_for, args=(done,))
        thread.start()
        assert await asyncio.wait_for(pending, 10) == thread.ident
        thread.join()

    def test_a_test_lends_its_thread_and_a_server_does_not(self) -> None:
        assert needs_this_thread()
        found = []
        thread = threading.Thread(target=lambda: found.append(needs_this_thread()))
        thread.start()
        thread.join()
        assert found == [False]

    async def test_async_tests_lend_the_thread_that_waits_for_them(self) -> None:
        executor = parent_executor()
        assert executor is not None
        worker = Worker(executor)
        assert await worker.run(threading.current_thread) is threading.main_thread()


class TransactionTests(TestCase):
    async def test_an_open_transaction_keeps_its_connection(self) -> None:
        worker = Worker(parent_executor())
        assert await worker.run(lambda: connection.in_atomic_block)
        assert await worker.run(lambda: connection.connection is not None)


class ConnectionTests(TransactionTestCase):
    def test_connections_are_given_back_after_each_call(self) -> None:
        closed = []

        def work() -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            opened = connection.connection  # for a database in memory `close` does nothing
            connection.close = lambda: closed.append(opened.close())  # type: ignore[method-assign]

        async def run() -> None:
            worker = Worker()
            await worker.run(work)

        asyncio.run(run())
        assert closed == [None]
