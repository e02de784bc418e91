"""Sync work that need not be done at once, done together with more of its kind."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from mindwave_django.streaming.pool import clean_up, submit

T = TypeVar("T")

PATIENCE = 0.05  # seconds of one thread, after which others help with the rest


class Gathering:
    """What the tasks of one event loop want to have done, gathered for a while.

    Together it takes a thread and a database connection where each call alone would take its own;
    more of them only if it takes long.
    """

    def __init__(self) -> None:
        self._jobs: list[_Job] = []

    def add(self, call: Callable[[], T], delay: float) -> Future[T]:
        """Have `call` called within `delay` seconds; not if the future is cancelled before."""
        if not self._jobs:
            asyncio.get_running_loop().call_later(delay, self._send)
        future: Future[T] = Future()
        self._jobs.append(_Job(call, future))
        return future

    def _send(self) -> None:
        jobs, self._jobs = self._jobs, []
        _hand_over(jobs)


def _hand_over(jobs: list[_Job]) -> None:
    try:
        submit(partial(_do, jobs))
    except RuntimeError as exc:  # the process is exiting
        for job in jobs:
            job.future.set_exception(exc)


def _do(jobs: list[_Job]) -> None:
    until = time.monotonic() + PATIENCE
    for number, job in enumerate(jobs, start=1):
        job.do()
        if number < len(jobs) and time.monotonic() > until:
            _split(jobs[number:])
            return


def _split(jobs: list[_Job]) -> None:
    """Let two threads go on, lest many wait for long for a few that are slow."""
    for half in filter(None, (jobs[::2], jobs[1::2])):
        _hand_over(half)


class _Job:
    """A call, and the future of its result."""

    def __init__(self, call: Callable[[], Any], future: Future[Any]) -> None:
        self._call = call
        self.future = future

    def do(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self._call())
        except BaseException as exc:  # noqa: BLE001  # belongs to whoever asked
            clean_up()  # a broken connection must not fail those who come next
            self.future.set_exception(exc)


_gatherings: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Gathering] = (
    weakref.WeakKeyDictionary()
)


def gathering() -> Gathering:
    """Return the one of the running loop."""
    return _gatherings.setdefault(asyncio.get_running_loop(), Gathering())
