"""Tells receivers and callbacks what happens to a stream, without ever holding it up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from inspect import iscoroutinefunction
from typing import Any, TypeAlias

import msgspec

from mindwave_django.signals import (
    ENDING_SIGNALS,
    StreamEnded,
    StreamSignal,
    StreamStarted,
    TokenStreamed,
    stream_started,
    token_streamed,
)
from mindwave_django.streaming.worker import Worker

logger = logging.getLogger("mindwave_django")

OnChunk: TypeAlias = Callable[[str], Any]

MAX_WAITING = 1000  # events; past it the newest two are merged into one
DRAIN_LIMIT = 30.0  # seconds that the ending waits for slow token receivers


class Announcer:
    """Sends the signals of one stream, in order, from a task of its own.

    The task starts with the first event somebody listens to and ends with the stream. Async
    receivers are awaited there; sync ones take all waiting events in one hop into a thread.
    """

    def __init__(
        self,
        started: StreamStarted,
        sender: type,
        on_chunk: OnChunk | None,
        worker: Worker,
    ) -> None:
        self._started = started
        self._sender = sender
        self._on_chunk = on_chunk
        self._worker = worker
        self._waiting: deque[TokenStreamed] = deque()
        self._task: asyncio.Task[None] | None = None
        self._wake: asyncio.Event | None = None
        self._metadata = {"driver": started.driver, "model": started.model, "finish_reason": ""}
        self._start_waits = stream_started.has_listeners(sender)
        self._closing = False

    def start(self) -> None:
        """Announce that the driver is about to be asked."""
        if self._start_waits:
            self._nudge()

    def token(self, delta: str, chunk: int) -> None:
        """Announce a piece of text; costs next to nothing if nobody listens."""
        if self._on_chunk is None and not token_streamed.receivers:
            return
        self._add(self._event(delta, chunk, chunk))

    async def end(self, ended: StreamEnded, chunk: int) -> None:
        """Announce the end, after everything else; waits at most DRAIN_LIMIT for slow receivers."""
        if token_streamed.receivers:
            tokens = ended.usage.output_tokens if ended.usage else None
            self._metadata["finish_reason"] = ended.finish_reason
            self._add(self._event("", chunk if tokens is None else tokens, chunk, is_final=True))
        self._closing = True
        try:
            await self._drain()
        finally:
            await self._send(ENDING_SIGNALS[ended.outcome], [ended])

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
            self._wake = asyncio.Event()
            self._task = asyncio.create_task(self._pump(), name="mindwave-signals")
        if self._wake is not None:
            self._wake.set()

    async def _pump(self) -> None:
        if self._start_waits:
            await self._send(stream_started, [self._started])
        while self._wake is not None:
            await self._deliver()
            if self._closing:
                return
            self._wake.clear()
            await self._wake.wait()

    async def _deliver(self) -> None:
        while self._waiting:
            batch = list(self._waiting)
            self._waiting.clear()
            await self._call_on_chunk(batch)
            await self._send(token_streamed, batch)

    async def _drain(self) -> None:
        if self._task is None or self._wake is None:
            return
        self._wake.set()
        await asyncio.wait({self._task}, timeout=DRAIN_LIMIT)
        if not self._task.done():
            self._abandon(self._task)
        elif self._task.cancelled():  # the loop is shutting down
            await self._deliver()

    def _abandon(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        logger.warning(
            "Stream %s: a receiver of its signals was still busy %d s after the end; "
            "%d events were dropped.",
            self._started.stream_id,
            DRAIN_LIMIT,
            len(self._waiting),
        )

    async def _call_on_chunk(self, batch: Sequence[TokenStreamed]) -> None:
        call = self._on_chunk
        deltas = [event.delta for event in batch if event.delta]
        if call is None or not deltas:
            return
        if not iscoroutinefunction(call):
            await self._worker.run(_each, call, deltas)
            return
        for delta in deltas:
            try:
                await call(delta)
            except Exception as exc:  # noqa: BLE001  # the caller's callback, not ours
                _log_failure(call, exc)

    async def _send(
        self, signal: StreamSignal, events: Sequence[StreamStarted | TokenStreamed]
    ) -> None:
        sync, asynchronous = signal.receivers_for(self._sender)
        if sync:
            await self._send_in_thread(signal, sync, events)
        for event in events if asynchronous else ():
            for receiver in asynchronous:
                await _send_async(signal, self._sender, receiver, event)

    async def _send_in_thread(
        self,
        signal: StreamSignal,
        receivers: Sequence[Callable[..., Any]],
        events: Sequence[object],
    ) -> None:
        try:
            await self._worker.run(_send_sync, signal, self._sender, receivers, events)
        except RuntimeError:
            # Python starts no thread any more once the process exits.
            logger.error(  # noqa: TRY400
                "Stream %s: %d sync receivers could not be called, the process is exiting.",
                self._started.stream_id,
                len(receivers),
            )


def _each(call: OnChunk, deltas: Sequence[str]) -> None:
    for delta in deltas:
        try:
            call(delta)
        except Exception as exc:  # noqa: BLE001  # the caller's callback, not ours
            _log_failure(call, exc)


def _send_sync(
    signal: StreamSignal,
    sender: type,
    receivers: Sequence[Callable[..., Any]],
    events: Sequence[object],
) -> None:
    for event in events:
        for receiver in receivers:
            try:
                receiver(signal=signal, sender=sender, event=event)
            except Exception as exc:  # noqa: BLE001  # somebody else's receiver
                _log_failure(receiver, exc)


async def _send_async(
    signal: StreamSignal, sender: type, receiver: Callable[..., Any], event: object
) -> None:
    try:
        await receiver(signal=signal, sender=sender, event=event)
    except Exception as exc:  # noqa: BLE001  # somebody else's receiver
        _log_failure(receiver, exc)


def _log_failure(called: Callable[..., Any], exc: Exception) -> None:
    name = getattr(called, "__qualname__", repr(called))
    logger.error("%s raised while a stream was announced.", name, exc_info=exc)
