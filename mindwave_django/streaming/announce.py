"""Tells the audience of a stream what happens to it, in order, without ever holding it up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from typing import Final

import msgspec

from mindwave_django.signals import (
    ENDING_SIGNALS,
    StreamEnded,
    StreamStarted,
    TokenStreamed,
    stream_started,
    token_streamed,
)
from mindwave_django.streaming.audience import Audience
from mindwave_django.streaming.worker import release_own_connections

logger = logging.getLogger("mindwave_django")

MAX_WAITING = 1000  # events; past it the newest two are merged into one
DRAIN_LIMIT = 30.0  # seconds that the ending waits for slow token receivers
SHARED_WITHIN = 0.02  # seconds that sync receivers wait for the tokens of other streams
_NOTHING: Final[Iterator[TokenStreamed]] = iter(())


class Announcer:
    """Sends the signals of one stream from a task of its own.

    The task starts with the first event somebody listens to and ends with the stream.
    """

    def __init__(self, started: StreamStarted, audience: Audience) -> None:
        self._started = started
        self._audience = audience
        self._metadata = {"driver": started.driver, "model": started.model, "finish_reason": ""}
        self._start_waits = False
        self._waiting: list[TokenStreamed] = []
        self._told_sync = _NOTHING  # and not yet to the async listeners
        self._task: asyncio.Task[None] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._closing = False
        self._gave_up = False

    def start(self) -> None:
        """Announce that the driver is about to be asked."""
        if self._audience.listens_to(stream_started):
            self._start_waits = True
            self._nudge()

    def token(self, delta: str, chunk: int) -> None:
        """Announce a piece of text; costs next to nothing if nobody listens."""
        if self._audience.listens_to(token_streamed):
            self._add(self._event(delta, chunk, chunk))

    async def end(self, ended: StreamEnded, chunk: int) -> None:
        """Announce the end, after everything else; waits at most DRAIN_LIMIT for slow receivers."""
        if self._audience.listens_to(token_streamed):
            tokens = ended.usage.output_tokens if ended.usage else None
            self._metadata["finish_reason"] = ended.finish_reason
            self._add(self._event("", chunk if tokens is None else tokens, chunk, is_final=True))
        self._closing = True
        signal = ENDING_SIGNALS[ended.outcome]
        try:
            await self._drain()
        finally:
            await self._audience.tell_sync(signal, [ended])
            await self._audience.tell_async(signal, [ended])

    def _event(
        self, delta: str, tokens: int, chunk: int, *, is_final: bool = False
    ) -> TokenStreamed:
        now = time.time_ns()
        started = self._started
        return TokenStreamed(
            delta=delta,
            cumulative_tokens=tokens,
            span_id=started.span_id,
            trace_id=started.trace_id,
            timestamp=now,
            timestamp_ms=now // 1_000_000,
            metadata=self._metadata | {"chunk": chunk},
            is_final=is_final,
            stream_id=started.stream_id,
            context=started.context,
        )

    def _add(self, event: TokenStreamed) -> None:
        if len(self._waiting) >= MAX_WAITING and not event.is_final:
            event = msgspec.structs.replace(event, delta=self._waiting.pop().delta + event.delta)
        self._waiting.append(event)
        self._nudge()

    def _nudge(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._pump(), name="mindwave-signals")
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _pump(self) -> None:
        try:
            while True:
                await self._deliver()
                await release_own_connections()
                if self._start_waits or self._waiting:
                    continue
                if self._closing:
                    return
                await self._news()
        except asyncio.CancelledError:
            if not self._gave_up:  # the loop is shutting down; what waits is still told
                await self._deliver()
            raise

    async def _news(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _deliver(self) -> None:
        # Every event is taken before it is told, so a cancellation never tells one twice.
        if self._start_waits:
            self._start_waits = False
            await self._audience.tell_sync(stream_started, [self._started])
            await self._audience.tell_async(stream_started, [self._started])
        await self._audience.tell_async(token_streamed, self._told_sync)
        while self._waiting:
            batch, self._waiting = self._waiting, []
            self._told_sync = iter(batch)
            within = 0.0 if self._closing else SHARED_WITHIN
            await self._audience.tell_sync(token_streamed, batch, within=within)
            await self._audience.tell_async(token_streamed, self._told_sync)

    async def _drain(self) -> None:
        if self._task is None:
            return
        self._nudge()
        try:
            await self._wait_for(self._task)
        except asyncio.CancelledError:  # the loop is shutting down
            await self._wait_for(self._task)
            raise

    async def _wait_for(self, pump: asyncio.Task[None]) -> None:
        await asyncio.wait({pump}, timeout=DRAIN_LIMIT)
        if not pump.done():
            self._give_up(pump)
        elif pump.cancelled() and not self._gave_up:
            await self._deliver()  # what has come since it was cancelled

    def _give_up(self, task: asyncio.Task[None]) -> None:
        self._gave_up = True
        task.cancel()
        logger.warning(
            "Stream %s: a receiver of its signals was still busy %d s after the end; "
            "%d events were dropped.",
            self._started.stream_id,
            DRAIN_LIMIT,
            len(self._waiting),
        )
