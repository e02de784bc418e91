"""Reading an answer from its row: one that has ended, or one that another process writes."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import Executor
from typing import Any

from django.db.models.functions import Now, Substr

from mindwave_django.conf import mindwave_settings
from mindwave_django.events import CancelReason, Ended, Outcome, Usage, UsageSource
from mindwave_django.exceptions import InternalError, Interrupted, StreamExpired
from mindwave_django.models import LIVE, ChatMessage, MessageState
from mindwave_django.recorder import interrupt_stale, is_stale
from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.failure import describe_failure
from mindwave_django.streaming.worker import Worker

logger = logging.getLogger("mindwave_django")

POLLS = 4  # in each checkpoint interval


def saved_answer(message: ChatMessage) -> Answer:
    """Return an answer that has ended, as its row has it."""
    answer = Answer(message.stream_id, message.owner)
    _append(answer, message.reasoning, message.content)
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
        self._row = ChatMessage.objects.filter(pk=message.pk)
        self._worker = Worker(executor)
        self._characters = 0
        self._reasoning_characters = 0
        self._said_at = -1e9
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
        try:
            # The row is written by another process: nothing tells when.
            while self._take(await self._worker.run(self._look)):  # noqa: ASYNC110
                await asyncio.sleep(pause)
        except Exception as exc:  # noqa: BLE001  # logged, and told to the reader
            told = describe_failure(exc)
            logger.error("Stream %s: its row: %s", self.answer.stream_id, told)  # noqa: TRY400
            self.answer.finish(Ended(Outcome.FAILED, code=InternalError.code))

    def _look(self) -> ChatMessage | None:
        found = self._read()
        if found is None or found.state not in LIVE:
            return found
        if found.stale and interrupt_stale(self._row):  # type: ignore[attr-defined]  # annotated
            return self._read()
        self._say_that_it_is_read()
        return found

    def _read(self) -> ChatMessage | None:
        rest = {
            "rest": Substr("content", self._characters + 1),
            "reasoning_rest": Substr("reasoning", self._reasoning_characters + 1),
            "stale": is_stale(),
        }
        return self._row.defer("content", "reasoning").annotate(**rest).first()

    def _say_that_it_is_read(self) -> None:
        grace = mindwave_settings.STREAMING.RECONNECT_GRACE
        if time.monotonic() - self._said_at > grace / 4:
            self._said_at = time.monotonic()
            self._row.filter(state=MessageState.STREAMING).update(reader_seen_at=Now())

    def _take(self, found: Any) -> bool:
        """Add what is new; return whether there may be more."""
        if found is None:  # deleted meanwhile
            self.answer.finish(Ended(Outcome.FAILED, code=StreamExpired.code))
            return False
        self._characters += len(found.rest)
        self._reasoning_characters += len(found.reasoning_rest)
        _append(self.answer, found.reasoning_rest, found.rest)
        if found.state in LIVE:
            return True
        self.answer.finish(ended_of(found))
        return False
