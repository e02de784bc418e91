"""Where answers are while they run and a while after: the contract, and the log in memory."""

from __future__ import annotations

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, TypeAlias

from mindwave_django.backends import CurrentBackend
from mindwave_django.conf import mindwave_settings
from mindwave_django.events import CancelReason, Ended
from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.retention import Retention

Cancel: TypeAlias = Callable[[CancelReason], None]


ATTEMPTS = 10  # to find what may not have arrived yet


class LogUnavailable(Exception):
    """The log cannot be asked now, so that nobody knows whether it has a stream."""


class Log(ABC):
    """Keeps answers by stream id, so that a reader can come back to one.

    One instance serves every thread and event loop of a process.
    """

    # Seconds that an answer may take, after `create`, until `open` finds it in other processes.
    arrival: ClassVar[float] = 0.0

    @abstractmethod
    def create(self, stream_id: str, owner: str, cancel: Cancel) -> Answer:
        """Return the answer of a new stream, for its writer; must not block.

        `cancel` ends the generation; it may be called from any thread, more than once.
        """

    @abstractmethod
    async def open(self, stream_id: str) -> Answer | None:
        """Return the answer of a stream, for a reader; None if it is unknown or has expired.

        May be a copy that grows as the original does, until the same end. One that can follow the
        original no longer is to `break_off`. Raises LogUnavailable.
        """

    async def find(self, stream_id: str) -> Answer | None:
        """Return the answer of a stream that may have begun just now in another process.

        As `open`, but None only after `arrival`. Raises LogUnavailable.
        """
        for _ in range(ATTEMPTS if self.arrival else 0):
            if (answer := await self.open(stream_id)) is not None:
                return answer
            await asyncio.sleep(self.arrival / ATTEMPTS)
        return await self.open(stream_id)

    @abstractmethod
    async def finish(self, answer: Answer, ended: Ended) -> None:
        """Add the terminal entry; from now on the answer expires after RETENTION seconds."""

    @abstractmethod
    async def cancel(self, stream_id: str, reason: CancelReason) -> bool:
        """End a running generation, wherever it runs; return whether one was told to."""

    @abstractmethod
    async def reader_seen(self, stream_id: str) -> None:
        """Note that somebody reads this answer; followers call it now and then."""

    @abstractmethod
    async def last_reader_at(self, stream_id: str) -> float | None:
        """Return the Unix time at which anybody, in any process, was seen reading last.

        Infinity while somebody reads in this process; None if the stream is unknown.
        """


class MemoryLog(Log):
    """Keeps answers in this process.

    `max_bytes` bounds all answers together: past it the oldest finished ones go before their time.
    `max_answer_bytes` bounds one: past it the answer fails with `answer_too_large`.
    """

    def __init__(
        self, *, max_bytes: int = 64 * 1024 * 1024, max_answer_bytes: int = 8 * 1024 * 1024
    ) -> None:
        self._max_answer_bytes = max_answer_bytes
        self._answers: dict[str, Answer] = {}
        self._cancels: dict[str, Cancel] = {}
        self._finished = Retention(max_bytes, self._answers.pop)

    def create(self, stream_id: str, owner: str, cancel: Cancel) -> Answer:
        """Return a new answer."""
        answer = Answer(stream_id, owner, max_bytes=self._max_answer_bytes)
        self._answers[stream_id] = answer
        self._cancels[stream_id] = cancel
        return answer

    def __contains__(self, stream_id: str) -> bool:
        """Whether an answer is kept."""
        return stream_id in self._answers

    async def open(self, stream_id: str) -> Answer | None:
        """Return the answer itself: its readers read the writer's memory."""
        self._finished.expire()
        return self._answers.get(stream_id)

    async def finish(self, answer: Answer, ended: Ended) -> None:
        """Add the terminal entry; readers that are here keep the answer, whatever expires."""
        self._cancels.pop(answer.stream_id, None)
        answer.finish(ended)
        self._finished.keep(answer.stream_id, answer.size, mindwave_settings.STREAMING.RETENTION)

    async def cancel(self, stream_id: str, reason: CancelReason) -> bool:
        """End the generation if it runs here."""
        cancel = self._cancels.get(stream_id)
        if cancel is not None:
            cancel(reason)
        return cancel is not None

    async def reader_seen(self, stream_id: str) -> None:
        """Note a reader."""
        if answer := self._answers.get(stream_id):
            answer.reader_seen()

    async def last_reader_at(self, stream_id: str) -> float | None:
        """Return when the answer had a reader last."""
        answer = self._answers.get(stream_id)
        return answer.last_reader_at if answer else None


# The log that MINDWAVE['STREAMING']['LOG'] names, built at its first use.
current_log: CurrentBackend[Log] = CurrentBackend(mindwave_settings.STREAMING, "LOG", Log)  # type: ignore[type-abstract]
# Nobody would go on writing the answers that a forked child inherits.
os.register_at_fork(after_in_child=current_log.forget)
