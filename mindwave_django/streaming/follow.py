"""A reader of an answer: a position that moves as the text grows."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import msgspec

from mindwave_django.conf import mindwave_settings
from mindwave_django.events import Ended
from mindwave_django.streaming.answer import Answer, Piece, Position
from mindwave_django.streaming.log import Log
from mindwave_django.streaming.progress import PROGRESS_INTERVAL, Progress


class Heartbeat(msgspec.Struct, frozen=True):
    """Nothing but a sign of life."""


HEARTBEAT: Final = Heartbeat()
_NOTHING: Final = Answer("")

Followed: TypeAlias = Piece | Heartbeat | Progress | Ended


class Follower:
    """Gives a reader what comes after its position, as it comes, until the terminal entry.

    Each step of the iteration yields everything there is at that moment, so that a reader slower
    than the model gets fewer and larger portions. Every HEARTBEAT_INTERVAL there is a heartbeat,
    whether text flows or not. FLUSH_INTERVAL is the least time between two portions of text; the
    end and heartbeats are not held back, and what text there is goes with them.

    With `progress` there are figures too: from the first token on every PROGRESS_INTERVAL, which
    FLUSH_INTERVAL does not hold back either, and the final ones right before the end.

    Ends without a terminal entry only if the answer is broken off. Counts as a reader from its
    construction to `close`.
    """

    def __init__(
        self,
        answer: Answer,
        log: Log,
        position: Position = Position(),  # noqa: B008
        *,
        progress: bool = False,
    ) -> None:
        self._answer = answer
        self._log = log
        self._position = position
        streaming = mindwave_settings.STREAMING
        self._flush_interval = streaming.FLUSH_INTERVAL
        self._heartbeat_interval = streaming.HEARTBEAT_INTERVAL
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._waiter: asyncio.Future[None] | None = None
        self._flushed_at = -1e9
        self._over = False
        self._closed = False
        self._wants_progress = progress
        self._heartbeat_due = self._progress_due = False
        self._progress_at = math.inf  # until the first token is there
        self._heartbeat_at = self._loop.time() + self._heartbeat_interval
        self._timer = self._set_timer()
        answer.subscribe(self._grown)

    def __aiter__(self) -> Follower:
        return self

    async def __anext__(self) -> Sequence[Followed]:
        if self._over or self._closed:
            raise StopAsyncIteration
        while not (portion := await self._portion()):
            if self._answer.is_broken_off:
                raise StopAsyncIteration
            await self._wait()
        return portion

    def close(self) -> None:
        """Stop reading; to be called on the loop of the iteration, as often as one likes."""
        if self._closed:
            return
        self._closed = True
        self._timer.cancel()
        self._answer.unsubscribe(self._grown)
        # Django leaves the frames of a cancelled request in reference cycles, this object in them;
        # the text need not wait for the garbage collector.
        self._answer = _NOTHING
        self._wake()

    async def _portion(self) -> Sequence[Followed]:
        """Return what there is to send now; empty if that is nothing."""
        if self._flush_interval:
            await self._flush_time()
        if not self._heartbeat_due:
            return self._read()
        self._heartbeat_due = False
        await self._log.reader_seen(self._answer.stream_id)
        return (HEARTBEAT, *self._read())

    def _read(self) -> list[Followed]:
        # The end is looked up first: text may grow meanwhile, but not after the end.
        ended = self._answer.ended
        portion: list[Followed] = list(self._answer.read(self._position))
        if portion:
            self._position = portion[-1].end  # type: ignore[union-attr]  # only pieces so far
            self._flushed_at = self._loop.time()
        if self._wants_progress and (figures := self._progress(is_over=ended is not None)):
            portion.append(figures)
        if ended is not None:
            self._over = True
            portion.append(ended)
        return portion

    def _progress(self, *, is_over: bool) -> Progress | None:
        """Return the figures if it is time for them."""
        if self._progress_at == math.inf and not is_over:
            self._await_first_token()
        if not (self._progress_due or is_over):
            return None
        self._progress_due = False
        return self._answer.progress()

    def _await_first_token(self) -> None:
        if self._answer.progress() is None:
            return
        self._progress_at = self._loop.time() + PROGRESS_INTERVAL
        self._timer.cancel()
        self._timer = self._set_timer()

    async def _flush_time(self) -> None:
        """Wait out FLUSH_INTERVAL; not if the end is there, or something else is due."""
        while self._answer.ended is None and not (self._heartbeat_due or self._progress_due):
            left = self._flushed_at + self._flush_interval - self._loop.time()
            if left <= 0:
                return
            timer = self._loop.call_later(left, self._wake)
            try:
                await self._wait()
            finally:
                timer.cancel()

    async def _wait(self) -> None:
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            if self._waiter is waiter:
                self._waiter = None
        if self._closed:
            raise StopAsyncIteration

    def _set_timer(self) -> asyncio.TimerHandle:
        # Kept, since not every loop's handle says when it is due.
        self._due_at = min(self._heartbeat_at, self._progress_at)
        return self._loop.call_at(self._due_at, self._beat)

    def _beat(self) -> None:
        due = self._due_at  # the loop's clock may be a little behind it
        if self._heartbeat_at <= due:
            self._heartbeat_due = True
            self._heartbeat_at = self._loop.time() + self._heartbeat_interval
        if self._progress_at <= due:
            self._progress_due = True
            self._progress_at = self._loop.time() + PROGRESS_INTERVAL
        self._timer = self._set_timer()
        self._wake()

    def _grown(self) -> None:
        if threading.get_ident() == self._thread:
            self._wake()
            return
        with suppress(
            RuntimeError
        ):  # the reader's loop is closed; that is no trouble of the writer
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
