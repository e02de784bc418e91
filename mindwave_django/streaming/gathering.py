"""Sync work that need not be done at once, done together with more of its kind."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

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
        self._results = _Results()
        self._jobs: _Jobs = deque()

    def add(self, call: Callable[[], T]) -> Job[T]:
        """Have `call` called in time; on the loop."""
        loop = asyncio.get_running_loop()
        if not self._jobs:
            self._jobs = deque()  # the one before may still be worked on
            loop.call_later(self._delay, self._send, self._jobs)
        job = Job(call, self._results, loop.create_future())
        self._jobs.append(job)
        return job

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


class Job(Generic[T]):
    """A call, and the future of its result, which is set on the loop that wants it."""

    def __init__(self, call: Callable[[], T], results: _Results, future: asyncio.Future[T]) -> None:
        self.future = future
        self._call = call
        self._results = results
        self._untaken = [None]  # popped by whoever is first: who does it, or who drops it

    def drop(self) -> bool:
        """Return whether the call has not been begun; it is not made then."""
        return self._take()

    def _take(self) -> bool:
        try:
            self._untaken.pop()
        except IndexError:
            return False
        return True

    def do(self) -> None:
        """Make the call; what it leaves behind must not fail those who come next."""
        if not self._take():
            return
        try:
            result = self._call()
        except BaseException as exc:  # noqa: BLE001  # belongs to whoever asked
            _tidy(clean_up)
            self._tell(partial(self.future.set_exception, exc))
        else:
            _tidy(drop_unclean_connections)
            self._tell(partial(self.future.set_result, result))

    def _tell(self, result: Callable[[], None]) -> None:
        self._results.add(result, self.future.get_loop())

    def fail(self, exc: Exception) -> None:
        """Say, on the loop, that the call is not made."""
        if self._take():
            self.future.set_exception(exc)


class _Results:
    """Takes results from threads to the loop, which is woken once for many of them."""

    def __init__(self) -> None:  # without the loop, which would else never be forgotten
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_called = False

    def add(self, result: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        """Have `result` called on the loop; from any thread."""
        self._waiting.append(result)
        if not self._is_called:
            self._is_called = True
            with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        self._is_called = False  # before the first is taken, lest one that comes now be left
        while self._waiting:
            self._waiting.popleft()()


def _tidy(tidy: Callable[[], None]) -> None:
    try:
        tidy()
    except Exception:
        logger.exception("A database connection could not be given back.")


_Jobs: TypeAlias = "deque[Job[Any]]"
_gatherings: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[float, Gathering]] = (
    weakref.WeakKeyDictionary()
)


def gathering(delay: float) -> Gathering:
    """Return the one of the running loop for work that is to be done within so many seconds."""
    mine = _gatherings.setdefault(asyncio.get_running_loop(), {})
    if delay not in mine:
        mine[delay] = Gathering(delay)
    return mine[delay]
