"""Sync work that need not be done at once, done together with more of its kind."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from mindwave_django.streaming.pool import clean_up, submit

T = TypeVar("T")

MAX_TOGETHER = 25  # calls one after the other: what a database takes for them, the last one waits


class Gathering:
    """What the tasks of one event loop want to have done, gathered for a while.

    Together it takes a thread and a database connection where each call alone would take its own.
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
        for start in range(0, len(jobs), MAX_TOGETHER):
            some = jobs[start : start + MAX_TOGETHER]
            try:
                submit(partial(_do, some))
            except RuntimeError as exc:  # the process is exiting
                for job in some:
                    job.future.set_exception(exc)


def _do(jobs: list[_Job]) -> None:
    for job in jobs:
        job.do()


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
