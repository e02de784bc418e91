"""Sync work that need not be done at once, done together with more of its kind."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from mindwave_django.streaming.pool import Job, submit

T = TypeVar("T")

PATIENCE = 0.05  # seconds of one thread, after which others help with the rest


class Gathering:
    """What the tasks of one event loop want to have done, gathered for a while.

    Together it takes a thread and a database connection where each call alone would take its own;
    more of them only if it takes long.
    """

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def add(self, call: Callable[[], T], delay: float) -> Future[T]:
        """Have `call` called within `delay` seconds; not if the future is cancelled before."""
        if not self._jobs:
            asyncio.get_running_loop().call_later(delay, self._send)
        job = Job(call)
        self._jobs.append(job)
        return job.future

    def _send(self) -> None:
        jobs, self._jobs = self._jobs, []
        _hand_over(jobs)


def _hand_over(jobs: list[Job]) -> None:
    try:
        submit(partial(_do, jobs))
    except RuntimeError as exc:  # the process is exiting
        for job in jobs:
            job.future.set_exception(exc)


def _do(jobs: list[Job]) -> None:
    until = time.monotonic() + PATIENCE
    for number, job in enumerate(jobs, start=1):
        job.do()
        if number < len(jobs) and time.monotonic() > until:
            _split(jobs[number:])
            return


def _split(jobs: list[Job]) -> None:
    """Let two threads go on, lest many wait for long for a few that are slow."""
    for half in filter(None, (jobs[::2], jobs[1::2])):
        _hand_over(half)


_gatherings: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Gathering] = (
    weakref.WeakKeyDictionary()
)


def gathering() -> Gathering:
    """Return the one of the running loop."""
    return _gatherings.setdefault(asyncio.get_running_loop(), Gathering())
