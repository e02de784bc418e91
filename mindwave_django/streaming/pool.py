"""The threads of this process for sync work, and what such work leaves behind in them."""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from django.core import mail
from django.db import connections, reset_queries

T = TypeVar("T")

MAX_THREADS = 32  # of a process, for the sync work of all its streams
LINGER = 0.5  # seconds that a thread keeps its database connections for work that may come


def release_connections() -> bool:
    """Give back this thread's database connections, except those inside a transaction.

    Returns whether there were none of those.
    """
    kept = False
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            kept = True
        else:
            connection.close()
    return not kept


def clean_up() -> None:
    """Leave a thread that no request cleans up after as it was."""
    reset_queries()  # the record that Django keeps under DEBUG
    release_connections()


def is_testing() -> bool:
    """Return whether Django's test environment is set up; `outbox` is there from then on."""
    return hasattr(mail, "outbox")


def submit(call: Callable[[], T]) -> Future[T]:
    """Call in a thread of ours, whose database connections are given back soon afterwards.

    Raises RuntimeError if the process is exiting, when Python starts no threads any more.
    """
    job = Job(call)
    _pool.add(job)
    return job.future


class Job:
    """A call, and the future of its result."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self.future: Future[Any] = Future()

    def do(self, *, lingers: bool = True) -> None:
        """Make the call, unless the future was cancelled; a failure cleans the thread up."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._call()
        except BaseException as exc:  # noqa: BLE001  # belongs to whoever asked
            clean_up()  # a broken connection must not fail those who come next
            self.future.set_exception(exc)
            return
        if lingers:
            reset_queries()  # of long texts there may be many before the thread is cleaned up
        else:
            clean_up()
        self.future.set_result(result)


class _Pool:
    """A few threads, started at the first need; a forked child starts its own.

    What comes while a thread lingers is done there, with the database connections it still has: a
    connection costs as much as several queries. In tests nobody lingers, since a database that is
    in use cannot be removed.
    """

    def __init__(self) -> None:
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._changed = threading.Condition()
        self._jobs: deque[Job] = deque()
        self._threads = 0
        self._lingering = 0
        self._may_linger = True

    def hurry(self) -> None:
        """Let nobody linger any more; called when the process exits, which waits for threads."""
        with self._changed:
            self._may_linger = False
            self._changed.notify_all()

    def add(self, job: Job) -> None:
        """Have a job done."""
        with self._changed:
            self._jobs.append(job)
            if len(self._jobs) <= self._lingering:
                self._changed.notify()
            elif self._threads < MAX_THREADS:
                self._start(job)

    def _start(self, job: Job) -> None:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="mindwave")
        try:
            self._executor.submit(self._work)
        except RuntimeError:  # the process is exiting
            self._jobs.remove(job)
            raise
        self._threads += 1

    def _work(self) -> None:
        linger = 0.0 if is_testing() else LINGER
        try:
            while (job := self._next(linger)) is not None:
                job.do(lingers=linger > 0)
                del job  # it need not live while the thread lingers
        finally:
            if linger:
                clean_up()

    def _next(self, linger: float) -> Job | None:
        with self._changed:
            if not self._jobs and linger and self._may_linger:
                self._lingering += 1
                self._changed.wait(linger)
                self._lingering -= 1
            if self._jobs:
                return self._jobs.popleft()
            self._threads -= 1
            return None


_pool = _Pool()
# Before Python waits for the threads of executors; that hook is undocumented.
getattr(threading, "_register_atexit", atexit.register)(_pool.hurry)
