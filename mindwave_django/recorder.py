"""Keeps the answers of the chat in their rows."""

from __future__ import annotations

import logging
import math
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.db.models import DateTimeField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now
from django.db.models.lookups import LessThan

from mindwave_django.conf import mindwave_settings
from mindwave_django.events import CancelReason, Outcome
from mindwave_django.exceptions import Interrupted
from mindwave_django.ledger import add_interrupted
from mindwave_django.models import ChatMessage, MessageState
from mindwave_django.signals import StreamEnded
from mindwave_django.streaming.recorder import Recorder, Verdict

logger = logging.getLogger("mindwave_django")

# Checkpoint intervals without a checkpoint after which the writer counts as dead. Less than three,
# since a reader polls every quarter of one and is to be told within three.
STALE_INTERVALS = 2.5

SWEEP_INTERVAL = 60.0  # seconds between two sweeps, and without a checkpoint until a row is swept

STATES = {
    Outcome.COMPLETED: MessageState.COMPLETE,
    Outcome.CANCELLED: MessageState.CANCELLED,
    Outcome.FAILED: MessageState.FAILED,
}


class MessageRecorder(Recorder):
    """Keeps an answer in the row of its `ChatMessage`; what is not streaming is never touched.

    Now and then it ends, in passing, the rows of processes that are gone: nobody may ever look at
    those again.
    """

    def __init__(self) -> None:
        self._swept_at = self._checked_at = self._steady_since = -math.inf

    def claim(self, stream_id: str) -> bool:
        """Turn a pending row into a streaming one, with one conditional UPDATE."""
        return bool(
            _row(stream_id)
            .filter(state=MessageState.PENDING)
            .update(
                state=MessageState.STREAMING,
                started_at=Now(),
                checkpoint_at=Now(),
                reader_seen_at=Now(),
            )
        )

    def checkpoint(self, stream_id: str, text: str | None, reasoning: str | None) -> Verdict:
        """Save the texts and renew the lease."""
        texts = {} if text is None else {"content": text, "reasoning": reasoning}
        streaming = _row(stream_id).filter(state=MessageState.STREAMING)
        # One query for all who go on, which is nearly everybody.
        if streaming.filter(cancel_requested=False).update(checkpoint_at=Now(), **texts):
            if self._may_sweep():
                _sweep()
            return Verdict.GO_ON
        return Verdict.STOP if streaming.update(checkpoint_at=Now(), **texts) else Verdict.LOST

    def finish(self, ended: StreamEnded) -> None:
        """Save everything that is known, unless the row was given up meanwhile."""
        streaming = _row(ended.stream_id).filter(state=MessageState.STREAMING)
        streaming.update(**_fields(ended))

    def _may_sweep(self) -> bool:
        """Whether it is time, and checkpoints have been saved for a while without a break.

        After a break, such as of the database, those of others need a moment to be renewed too.
        """
        checked_at, self._checked_at = self._checked_at, time.monotonic()
        if self._checked_at - checked_at > lease().total_seconds():
            self._steady_since = self._checked_at
        ready_at = max(
            self._steady_since + lease().total_seconds(), self._swept_at + SWEEP_INTERVAL
        )
        if self._checked_at < ready_at:
            return False
        self._swept_at = self._checked_at
        return True

    def last_reader_at(self, stream_id: str) -> float | None:
        """Return when a reader elsewhere was seen, reckoned by the database's clock."""
        ages = _row(stream_id).filter(reader_seen_at__isnull=False)
        seen = ages.order_by("pk").values_list("reader_seen_at", now()).first()
        return None if seen is None else time.time() - (seen[1] - seen[0]).total_seconds()


def _sweep() -> None:
    left = ChatMessage.objects.filter(_is_older("checkpoint_at", SWEEP_INTERVAL))
    try:
        ended = interrupt_stale(left)
    except DatabaseError as exc:  # the checkpoint itself has been saved
        logger.warning("Abandoned answers could not be ended: %s.", type(exc).__name__)
        return
    if ended:
        logger.warning("%d abandoned answers were ended.", ended)


def abandoned(messages: QuerySet[ChatMessage]) -> int:
    """End what nobody came to read, and what nobody goes on writing; return how many.

    `pending` past PENDING_TIMEOUT becomes cancelled (no_reader), `streaming` with a stale
    checkpoint interrupted. Times are the database's.
    """
    unread = messages.filter(is_overdue(), state=MessageState.PENDING)
    return interrupt_stale(messages) + unread.update(
        state=MessageState.CANCELLED,
        cancel_reason=CancelReason.NO_READER,
        ended_at=Now(),
    )


def interrupt_stale(messages: QuerySet[ChatMessage]) -> int:
    """End what nobody goes on writing, and write it down; return how many rows that were."""
    stale = messages.filter(is_stale(), state=MessageState.STREAMING)
    found = list(stale.defer("content", "reasoning"))
    ended = 0
    for message in found:  # of which another reader may have ended some by now
        if stale.filter(pk=message.pk).update(
            state=MessageState.INTERRUPTED, error_code=Interrupted.code, ended_at=Now()
        ):
            add_interrupted(message)
            ended += 1
    return ended


def is_overdue() -> LessThan:
    """Return the condition that nobody came to read a pending row in time."""
    return _is_older("created_at", mindwave_settings.CHAT.PENDING_TIMEOUT)


def is_stale() -> LessThan:
    """Return the condition that the writer of a row has not renewed its lease in time."""
    return _is_older("checkpoint_at", lease().total_seconds())


def _is_older(field: str, seconds: float) -> LessThan:
    return LessThan(F(field), now() - timedelta(seconds=seconds))


def lease() -> timedelta:
    """Return how long a writer counts as alive after a checkpoint."""
    return timedelta(seconds=STALE_INTERVALS * mindwave_settings.CHAT.CHECKPOINT_INTERVAL)


def _row(stream_id: str) -> QuerySet[ChatMessage]:
    return ChatMessage.objects.filter(pk=UUID(stream_id))


def now() -> Any:
    """Return the time by the database's clock."""
    return ExpressionWrapper(Now(), output_field=DateTimeField())


def _fields(ended: StreamEnded) -> dict[str, Any]:
    usage = ended.usage
    interrupted = ended.code == Interrupted.code
    return {
        "state": MessageState.INTERRUPTED if interrupted else STATES[ended.outcome],
        "content": ended.text,
        "reasoning": ended.reasoning,
        "error_code": ended.code,
        "cancel_reason": ended.reason or "",
        "finish_reason": ended.finish_reason,
        "model": ended.model,
        "response_id": ended.response_id,
        "input_tokens": usage and usage.input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "cached_input_tokens": usage and usage.cached_input_tokens,
        "reasoning_tokens": usage and usage.reasoning_tokens,
        "usage_source": usage.source if usage else "",
        "cost": ended.cost,
        "trace_id": ended.trace_id or "",
        "span_id": ended.span_id or "",
        "first_token_at": _time(ended.first_token_at),
        "ended_at": _time(ended.ended_at),
        "checkpoint_at": Now(),
    }


def _time(timestamp: float | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
