"""Reading an answer from its row: one that has ended, or one that another process writes."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from concurrent.futures import Executor
from functools import partial
from typing import Any

from django.db.models.functions import Now, Substr

from mindwave_django.conf import mindwave_settings
from mindwave_django.events import CancelReason, Ended, Outcome, Usage, UsageSource
from mindwave_django.exceptions import InternalError, Interrupted, StreamExpired
from mindwave_django.models import LIVE, ChatMessage, MessageState
from mindwave_django.recorder import interrupt_stale, is_stale, lease, now
from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.failure import describe_failure
from mindwave_django.streaming.progress import Progress, rate_of
from mindwave_django.streaming.worker import Worker, parent_executor
from mindwave_django.tokens import estimate

logger = logging.getLogger("mindwave_django")

POLLS = 4  # in each checkpoint interval
OUTAGE_LIMIT = 30.0  # seconds for a database that went away to come back


def saved_answer(message: ChatMessage) -> Answer:
    """Return an answer that has ended, as its row has it."""
    answer = Answer(message.stream_id, message.owner)
    _append(answer, message.reasoning, message.content)
    answer.progress = partial(_final_progress, message)
    answer.finish(ended_of(message))
    return answer


def ended_of(message: ChatMessage) -> Ended:
    """Return how a message ended, as its row has it."""
    details: dict[str, Any] = {
        "finish_reason": message.finish_reason,
        "usage": usage_of(message),
        "cost": message.cost,
    }
    if message.state == MessageState.COMPLETE:
        return Ended(Outcome.COMPLETED, **details)
    if message.state == MessageState.CANCELLED:
        reason = CancelReason(message.cancel_reason or CancelReason.NO_READER)
        return Ended(Outcome.CANCELLED, reason=reason, **details)
    return Ended(Outcome.FAILED, code=message.error_code or Interrupted.code, **details)


def usage_of(message: ChatMessage) -> Usage | None:
    """Return the usage of a message; None if nothing is known of it."""
    if not message.usage_source:
        return None
    return Usage(
        input_tokens=message.input_tokens,
        output_tokens=message.output_tokens,
        cached_input_tokens=message.cached_input_tokens,
        reasoning_tokens=message.reasoning_tokens,
        source=UsageSource(message.usage_source),
    )


def _final_progress(message: ChatMessage) -> Progress | None:
    """Return the figures of a message that has ended; None if too little is known of it."""
    tokens, first, ended = message.output_tokens, message.first_token_at, message.ended_at
    if tokens is None or first is None or ended is None or message.started_at is None:
        return None
    of_text = max(tokens - (message.reasoning_tokens or 0), 0)
    rate = rate_of(of_text, (ended - first).total_seconds())
    # The beginning is by the clock of the database, the end by that of the writer.
    elapsed = max((ended - message.started_at).total_seconds(), 0.0)
    return Progress(tokens, rate, elapsed, message.cost)


class _RowGauge:
    """Estimates the figures of a row that another process writes.

    It says when the driver was asked, but not when the first token came, nor what the input was.
    """

    def __init__(self) -> None:
        self._tokens = 0
        self._began: float | None = None

    def count(self, found: Any) -> None:
        """Count what a look at the row has found."""
        self._tokens += estimate(found.rest) + estimate(found.reasoning_rest)
        if self._began is None and found.started_at is not None:
            self._began = time.monotonic() - (found.now - found.started_at).total_seconds()

    def read(self) -> Progress | None:
        """Return the figures of this moment; None before the first token."""
        if not self._tokens or self._began is None:
            return None
        elapsed = time.monotonic() - self._began
        return Progress(self._tokens, rate_of(self._tokens, elapsed), elapsed)


def _append(answer: Answer, reasoning: str, text: str) -> None:
    if reasoning:
        answer.append(reasoning.encode(), is_reasoning=True)
    if text:
        answer.append(text.encode())


class RowTail:
    """Copies an answer from its row, as another process saves it there, until it has ended.

    Says in the row that it is read, so that its writer goes on; and ends it as interrupted if the
    writer does not renew its lease.
    """

    def __init__(self, message: ChatMessage, executor: Executor | None) -> None:
        self.answer = Answer(message.stream_id, message.owner)
        self._gauge = _RowGauge()
        self.answer.progress = self._gauge.read
        self._row = ChatMessage.objects.filter(pk=message.pk)
        self._worker = Worker(executor or parent_executor())
        self._characters = 0
        self._reasoning_characters = 0
        self._said_at = -math.inf
        self._failing_since: float | None = None
        self._trusts_until = -math.inf
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to copy; the reader of the answer closes this when it leaves."""
        self._task = asyncio.create_task(self._run(), name=f"mindwave-tail-{self.answer.stream_id}")

    def close(self) -> None:
        """Copy no more."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        pause = mindwave_settings.CHAT.CHECKPOINT_INTERVAL / POLLS
        # The row is written by another process: nothing tells when.
        while await self._step():  # noqa: ASYNC110
            await asyncio.sleep(pause)

    async def _step(self) -> bool:
        """Add what is new; return whether there may be more."""
        try:
            found = await self._worker.run(self._look)
        except Exception as exc:  # noqa: BLE001  # logged there
            return self._may_wait(exc)
        self._failing_since = None
        return self._take(found)

    def _may_wait(self, exc: Exception) -> bool:
        """Return whether to try again; tell the reader if the database stays away for too long."""
        now = time.monotonic()
        # The writer could not renew its lease either: it has the time of a lease for that.
        self._trusts_until = now + lease().total_seconds()
        if self._failing_since is None:
            self._failing_since = now
            told = describe_failure(exc)
            logger.warning("Stream %s: its row cannot be read: %s", self.answer.stream_id, told)
        if now - self._failing_since < OUTAGE_LIMIT:
            return True
        logger.error("Stream %s: its row could not be read for long.", self.answer.stream_id)
        self.answer.finish(Ended(Outcome.FAILED, code=InternalError.code))
        return False

    def _look(self) -> ChatMessage | None:
        found = self._read()
        if found is None or found.state not in LIVE:
            return found
        if self._is_given_up(found) and interrupt_stale(self._row):
            return self._read()
        self._say_that_it_is_read()
        return found

    def _is_given_up(self, found: Any) -> bool:
        return found.stale and time.monotonic() > self._trusts_until

    def _read(self) -> ChatMessage | None:
        rest = {
            "rest": Substr("content", self._characters + 1),
            "reasoning_rest": Substr("reasoning", self._reasoning_characters + 1),
            "stale": is_stale(),
            "now": now(),
        }
        return self._row.defer("content", "reasoning").annotate(**rest).order_by("pk").first()

    def _say_that_it_is_read(self) -> None:
        grace = mindwave_settings.STREAMING.RECONNECT_GRACE
        if time.monotonic() - self._said_at > grace / 4:
            self._row.filter(state=MessageState.STREAMING).update(reader_seen_at=Now())
            self._said_at = time.monotonic()

    def _take(self, found: Any) -> bool:
        """Add what is new; return whether there may be more."""
        if found is None:  # deleted meanwhile
            self.answer.finish(Ended(Outcome.FAILED, code=StreamExpired.code))
            return False
        self._characters += len(found.rest)
        self._reasoning_characters += len(found.reasoning_rest)
        self._gauge.count(found)
        _append(self.answer, found.reasoning_rest, found.rest)
        if found.state in LIVE:
            return True
        self.answer.progress = partial(_final_progress, found)
        self.answer.finish(ended_of(found))
        return False
