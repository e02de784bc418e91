"""What happens to a stream, for those who want to know.

`stream_started`, then `token_streamed` for the text, then exactly one of `stream_completed`,
`stream_failed` and `stream_cancelled`. Each is sent with `sender` = the driver's class and `event`
= one of the objects below. Receivers may be sync or async; what they raise is logged and never
reaches a reader. Sync receivers run in a worker thread, one call after the other for a stream, and
their database connections are closed after each batch of calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from django.dispatch import Signal

from mindwave_django.events import CancelReason, Outcome, Usage
from mindwave_django.messages import Message, brief


class StreamStarted(msgspec.Struct, frozen=True):
    """A driver is about to be asked.

    `user` is the logged-in user or None; `context` is the dict given to `stream()`, the same object
    in every event of a stream. `started_at` is Unix time in seconds.
    """

    stream_id: str
    prompt: str
    messages: tuple[Message, ...]
    owner: str
    user: Any
    driver: str
    model: str
    options: dict[str, Any]
    started_at: float
    trace_id: str | None
    span_id: str | None
    context: dict[str, Any]

    def __repr__(self) -> str:
        """Leave out what was said: a repr may reach a log."""
        return f"{type(self).__name__}(stream_id={self.stream_id!r}, driver={self.driver!r}, …)"


class TokenStreamed(msgspec.Struct, frozen=True):
    """A piece of text was streamed.

    While the answer runs `cumulative_tokens` counts the pieces that came from the provider; the
    last event, with `is_final` and an empty `delta`, has the true count where it is known. A
    receiver slower than the stream gets several pieces merged into one event. `timestamp` is Unix
    time in nanoseconds, `timestamp_ms` in milliseconds; `trace_id` has 32 and `span_id` 16
    hexadecimal digits. `metadata` holds driver, model, chunk (number of the last piece, from 1) and
    finish_reason.
    """

    delta: str
    cumulative_tokens: int
    span_id: str | None
    trace_id: str | None
    timestamp: int
    timestamp_ms: int
    metadata: dict[str, Any]
    is_final: bool
    stream_id: str
    context: dict[str, Any]

    def __repr__(self) -> str:
        """Leave out what was said."""
        return f"TokenStreamed(stream_id={self.stream_id!r}, delta={brief(self.delta)}, …)"


class StreamEnded(StreamStarted, frozen=True):
    """An answer ended: all that is known about it.

    `text` is what the model said until then, also after a failure or a cancellation. `code` says
    why it failed, `reason` why it was cancelled. Times are Unix times in seconds; `first_token_at`
    is None if no text came. `usage` is None if nothing is known, `cost` if no price is.
    """

    text: str
    reasoning: str
    outcome: Outcome
    code: str
    reason: CancelReason | None
    finish_reason: str
    usage: Usage | None
    cost: Any
    response_id: str
    first_token_at: float | None
    ended_at: float


class StreamSignal(Signal):
    """A signal that tells who listens, since our batches treat sync and async receivers apart."""

    def receivers_for(
        self, sender: object
    ) -> tuple[list[Callable[..., Any]], list[Callable[..., Any]]]:
        """Return the sync and the async receivers that `sender` reaches."""
        if not self.receivers:
            return [], []
        # Undocumented, but the same in Django 5.2 to 6.1: the only way to send many events to sync
        # receivers in one hop into a thread.
        sync, asynchronous = self._live_receivers(sender)
        return list(sync), list(asynchronous)


stream_started = StreamSignal()
token_streamed = StreamSignal()
stream_completed = StreamSignal()
stream_failed = StreamSignal()
stream_cancelled = StreamSignal()

ENDING_SIGNALS = {
    Outcome.COMPLETED: stream_completed,
    Outcome.FAILED: stream_failed,
    Outcome.CANCELLED: stream_cancelled,
}
