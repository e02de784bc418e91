"""How long answers are kept that have ended."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple


class _Kept(NamedTuple):
    stream_id: str
    size: int
    until: float  # monotonic time


class Retention:
    """Ended answers in the order of their ends; calls `forget` for each that goes.

    One goes when its time is over, or before it when all of them exceed `max_bytes`. However many
    there are, one timer waits for the oldest. May be used from several threads and event loops.
    """

    def __init__(self, max_bytes: int, forget: Callable[[str], object]) -> None:
        self._max_bytes = max_bytes
        self._forget = forget
        self._kept: deque[_Kept] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None  # where the timer is

    def keep(self, stream_id: str, size: int, seconds: float) -> None:
        """Keep an answer of so many bytes for so many seconds; on an event loop."""
        with self._lock:
            self._kept.append(_Kept(stream_id, size, time.monotonic() + seconds))
            self._bytes += size
        self.expire()
        self._set_timer()

    def expire(self) -> None:
        """Forget what need not be kept any more."""
        now = time.monotonic()
        with self._lock:
            while self._kept and (self._kept[0].until <= now or self._bytes > self._max_bytes):
                stream_id, size, _ = self._kept.popleft()
                self._bytes -= size
                self._forget(stream_id)

    def _set_timer(self) -> None:
        with self._lock:
            if not self._kept or (self._loop is not None and self._loop.is_running()):
                return
            delay = max(0.0, self._kept[0].until - time.monotonic())
            self._loop = asyncio.get_running_loop()
        # In a context of its own, lest the one of whoever ended first be kept as long.
        self._loop.call_later(delay, self._fire, context=contextvars.Context())

    def _fire(self) -> None:
        self._loop = None
        self.expire()
        self._set_timer()
