"""Those who are told about a stream: receivers of its signals, and its `on_chunk`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from inspect import iscoroutinefunction
from typing import Any, TypeAlias

from mindwave_django.signals import StreamSignal, TokenStreamed, token_streamed
from mindwave_django.streaming.worker import Worker

logger = logging.getLogger("mindwave_django")

OnChunk: TypeAlias = Callable[[str], Any]

# What somebody else's code may raise without harm to the stream. Ctrl-C is not among it.
FAILURES = (Exception, SystemExit, asyncio.CancelledError)


class Audience:
    """Calls the sync listeners of a stream in a thread and awaits the async ones.

    What they raise is logged.
    """

    def __init__(self, sender: type, on_chunk: OnChunk | None, worker: Worker) -> None:
        self._sender = sender
        self._worker = worker
        is_async = on_chunk is not None and _is_async(on_chunk)
        self._on_chunk = None if is_async else on_chunk
        self._on_chunk_async = on_chunk if is_async else None

    def listens_to(self, signal: StreamSignal) -> bool:
        """Return whether anybody wants the events of `signal`; costs next to nothing."""
        wants_chunks = self._on_chunk is not None or self._on_chunk_async is not None
        return bool(signal.receivers) or (wants_chunks and signal is token_streamed)

    async def tell_sync(
        self, signal: StreamSignal, events: Sequence[object], *, within: float = 0.0
    ) -> None:
        """Tell the sync listeners, of all events in one hop into a thread.

        That may wait for so many seconds, and is then shared with those of other streams.
        """
        receivers, _ = signal.receivers_for(self._sender)
        if not receivers and self._on_chunk is None:
            return
        try:
            if within:
                await self._worker.run_within(within, self._call, signal, receivers, events)
            else:
                await self._worker.run(self._call, signal, receivers, events)
        except RuntimeError as exc:
            # Python starts no thread any more once the process exits.
            logger.error("Sync receivers could not be called: %s", exc)  # noqa: TRY400

    async def tell_async(self, signal: StreamSignal, events: Iterable[object]) -> None:
        """Tell the async listeners of each event, which is taken before it is told."""
        _, receivers = signal.receivers_for(self._sender)
        on_chunk = self._on_chunk_async
        for event in events:
            if on_chunk is not None and isinstance(event, TokenStreamed) and event.delta:
                await _await_guarded(on_chunk, event.delta)
            for receiver in receivers:
                await _await_guarded(receiver, signal=signal, sender=self._sender, event=event)

    def _call(
        self,
        signal: StreamSignal,
        receivers: Sequence[Callable[..., Any]],
        events: Sequence[object],
    ) -> None:
        for event in events:
            if self._on_chunk is not None and isinstance(event, TokenStreamed) and event.delta:
                _call_guarded(self._on_chunk, event.delta)
            for receiver in receivers:
                _call_guarded(receiver, signal=signal, sender=self._sender, event=event)


def _is_async(call: Callable[..., Any]) -> bool:
    # An object may have an async `__call__`; looked up as Python does, so a class is just called.
    return iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__)


def _call_guarded(called: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    try:
        called(*args, **kwargs)
    except FAILURES as exc:
        _log_failure(called, exc)


async def _await_guarded(called: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    task = asyncio.current_task()
    cancellations = task.cancelling() if task else 0
    try:
        await called(*args, **kwargs)
    except FAILURES as exc:
        # A receiver may await something that others cancel; that is no cancellation of ours.
        if isinstance(exc, asyncio.CancelledError) and task and task.cancelling() > cancellations:
            raise
        _log_failure(called, exc)


def _log_failure(called: Callable[..., Any], exc: BaseException) -> None:
    name = getattr(called, "__qualname__", repr(called))
    logger.error("%s raised while a stream was announced.", name, exc_info=exc)
