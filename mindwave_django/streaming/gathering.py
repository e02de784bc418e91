"""Sync work that need not be done at once, done together with more of its kind."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias, TypeVar

from mindwave_django.streaming.pool import clean_up, drop_unclean_connections, submit

T = TypeVar("T")

logger = logging.getLogger("mindwave_django")

PATIENCE = 0.05  # seconds after which one thread more helps with what is left


class Gathering:
    """What the tasks of one event loop want to have done within the same time.

    Together it takes a thread and a database connection where each call alone would take its own;
    more of them only while it takes long, lest many wait for a few that are slow.
    """

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._jobs: _Jobs = deque()

    def add(self, call: Callable[[], T]) -> Future[T]:
        """Have `call` called in time; not if the future is cancelled before."""
        if not self._jobs:
            self._jobs = deque()  # the one before may still be worked on
            asyncio.get_running_loop().call_later(self._delay, self._send, self._jobs)
        job = _Job(call)
        self._jobs.append(job)
        return job.future

    def _send(self, jobs: _Jobs) -> None:
        self._jobs = deque()
        try:
            submit(partial(_do, jobs))
        except RuntimeError as exc:  # the process is exiting
            for job in jobs:
                job.fail(exc)
            return
        asyncio.get_running_loop().call_later(PATIENCE, _help, jobs)


def _help(jobs: _Jobs) -> None:
    if not jobs:
        return
    with suppress(RuntimeError):  # the process is exiting; those who are at it go on
        submit(partial(_do, jobs))
    asyncio.get_running_loop().call_later(PATIENCE, _help, jobs)


def _do(jobs: _Jobs) -> None:
    while jobs:
        try:
            job = jobs.popleft()
        except IndexError:  # another thread has taken the last one
            return
        job.do()


class _Job:
    """A call, and the future of its result."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self.future: Future[Any] = Future()

    def do(self) -> None:
        """Make the call; what it leaves behind must not fail those who come next."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._call()
        except BaseException as exc:  # noqa: BLE001  # belongs to whoever asked
            _tidy(clean_up)
            self.future.set_exception(exc)
        else:
            _tidy(drop_unclean_connections)
            self.future.set_result(result)

    def fail(self, exc: Exception) -> None:
        """Say that the call is not made."""
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(exc)


def _tidy(tidy: Callable[[], None]) -> None:
    try:
        tidy()
    except Exception:
        logger.exception("A database connection could not be given back.")


_Jobs: TypeAlias = "deque[_Job]"
_gatherings: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[float, Gathering]] = (
    weakref.WeakKeyDictionary()
)


def gathering(delay: float) -> Gathering:
    """Return the one of the running loop for work that is to be done within so many seconds."""
    mine = _gatherings.setdefault(asyncio.get_running_loop(), {})
    if delay not in mine:
        mine[delay] = Gathering(delay)
    return mine[delay]
