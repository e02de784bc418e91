"""Keeps the time of a generation: its limits, and how long nobody has been reading."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from mindwave_django.conf import mindwave_settings
from mindwave_django.events import CancelReason, Ended, Outcome
from mindwave_django.exceptions import GenerationTimeout

if TYPE_CHECKING:
    from mindwave_django.streaming.log import Log


logger = logging.getLogger("mindwave_django")


def _nothing(reason: object) -> None:
    """Do nothing: the generation is over."""


class Watch:
    """Calls `fail` once a generation has had its time, `stop` once nobody reads it any more.

    Never touches the driver. One timer serves all limits and is not moved for each token: when it
    fires it looks how much time is really left.
    """

    def __init__(
        self,
        stream_id: str,
        log: Log,
        *,
        first_token_timeout: float | None,
        idle_timeout: float | None,
        stop: Callable[[Ended], None],
        fail: Callable[[GenerationTimeout], None],
        read_elsewhere_at: Callable[[], Awaitable[float | None]] | None = None,
    ) -> None:
        limits = mindwave_settings.STREAMING
        self.closed = False
        self.heard_nothing = True
        self._stream_id = stream_id
        self._log = log
        self._stop = stop
        self._fail = fail
        self._read_elsewhere_at = read_elsewhere_at
        self._timeout = limits.TIMEOUT
        self._first_token_timeout = first_token_timeout or limits.FIRST_TOKEN_TIMEOUT
        self._idle_timeout = idle_timeout or limits.IDLE_TIMEOUT
        self._grace = limits.RECONNECT_GRACE
        self._cancels_unread = limits.ON_DISCONNECT == "cancel"
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._grace_timer: asyncio.TimerHandle | None = None
        self._search: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the clock."""
        self._started_at = self._heard_at = self._loop.time()
        self._look()

    def heard(self) -> None:
        """Note that the driver gave something."""
        self._heard_at = self._loop.time()
        if self.heard_nothing:
            self.heard_nothing = False
            if self._timer is not None:
                self._timer.cancel()
            self._look()  # silence is measured with another limit from here on

    def close(self) -> None:
        """Stop the clock, and let go of the generation."""
        self.closed = True
        self._stop = self._fail = _nothing
        if self._timer is not None:
            self._timer.cancel()
        if self._grace_timer is not None:
            self._grace_timer.cancel()
        if self._search is not None:
            self._search.cancel()

    def readers_left(self) -> None:
        """Give the readers their grace to come back."""
        if not self.closed and self._cancels_unread and self._grace_timer is None:
            # In a context of its own, lest the one of the reader who left be kept as long.
            self._grace_timer = self._loop.call_later(
                self._grace, self._look_for_readers, context=contextvars.Context()
            )

    def _look_for_readers(self) -> None:
        self._search = self._loop.create_task(self._await_readers(), name="mindwave-grace")

    def _look(self) -> None:
        now = self._loop.time()
        limits = (
            (self._started_at + self._timeout, f"It took longer than {self._timeout} s in all"),
            (self._heard_at + self._silence, f"It was silent for {self._silence} s"),
        )
        deadline, complaint = min(limits)
        if now >= deadline:
            when = "before its first token" if self.heard_nothing else "in the middle"
            self._fail(GenerationTimeout(f"{complaint}, {when}."))
        else:
            self._timer = self._loop.call_at(deadline, self._look)

    @property
    def _silence(self) -> float:
        return self._first_token_timeout if self.heard_nothing else self._idle_timeout

    async def _await_readers(self) -> None:
        try:
            while (left := await self._grace_left()) > 0:
                if left == math.inf:
                    return  # somebody is back, and will be missed when they leave
                await asyncio.sleep(left)
            self._stop(Ended(Outcome.CANCELLED, reason=CancelReason.NO_READER))
        finally:
            self._grace_timer = self._search = None

    async def _grace_left(self) -> float:
        try:
            seen = await self._last_reader_at()
        except Exception:
            logger.exception("Stream %s: nobody can say who reads it.", self._stream_id)
            seen = time.time()  # asked again after another grace
        return seen + self._grace - time.time()

    async def _last_reader_at(self) -> float:
        here = await self._log.last_reader_at(self._stream_id) or 0
        # Nobody need be asked who else reads, as long as those here have their grace.
        if self._read_elsewhere_at is None or here + self._grace > time.time():
            return here
        return max(here, await self._read_elsewhere_at() or 0)
