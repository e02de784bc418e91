"""What every log has to do; subclasses say which."""

from __future__ import annotations

import math
import time

from mindwave_django.events import CancelReason, Ended, Outcome
from mindwave_django.streaming.answer import Position
from mindwave_django.streaming.log import Log

COMPLETED = Ended(Outcome.COMPLETED)


def nothing(reason: CancelReason) -> None:
    """Cancel nothing."""


class LogContract:
    """Mixed into a test case that makes a new log by `make`."""

    def make(self) -> Log:
        raise NotImplementedError

    async def test_unknown_stream(self) -> None:
        log = self.make()
        assert await log.open("nobody") is None
        assert await log.cancel("nobody", CancelReason.USER) is False
        assert await log.last_reader_at("nobody") is None
        await log.reader_seen("nobody")

    async def test_a_reader_gets_what_the_writer_wrote(self) -> None:
        log = self.make()
        written = log.create("s", "u:1", nothing)
        written.append("Grüße".encode())
        read = await log.open("s")
        assert read is not None
        assert (read.stream_id, read.owner, read.text, read.ended) == ("s", "u:1", "Grüße", None)

    async def test_the_end_is_there_for_readers(self) -> None:
        log = self.make()
        written = log.create("s", "", nothing)
        written.append(b"text")
        await log.finish(written, COMPLETED)
        read = await log.open("s")
        assert read is not None
        assert read.ended == COMPLETED
        assert [piece.data for piece in read.read(Position(2))] == [b"xt"]

    async def test_cancel_reaches_the_writer_until_the_end(self) -> None:
        log = self.make()
        asked: list[CancelReason] = []
        written = log.create("s", "", asked.append)
        assert await log.cancel("s", CancelReason.USER) is True
        assert asked == [CancelReason.USER]
        await log.finish(written, COMPLETED)
        assert await log.cancel("s", CancelReason.USER) is False
        assert asked == [CancelReason.USER]

    async def test_a_local_reader_is_seen_for_ever(self) -> None:
        log = self.make()
        written = log.create("s", "", nothing)
        written.subscribe(self._listener)
        assert await log.last_reader_at("s") == math.inf
        before = time.time()
        written.unsubscribe(self._listener)
        seen = await log.last_reader_at("s")
        assert seen is not None
        assert before <= seen <= time.time()

    async def test_reader_seen_moves_the_time_on(self) -> None:
        log = self.make()
        log.create("s", "", nothing)
        before = time.time()
        await log.reader_seen("s")
        seen = await log.last_reader_at("s")
        assert seen is not None
        assert seen >= before

    def _listener(self) -> None: ...
