"""What every log has to do, as tests for a log of your own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING
from uuid import uuid4

from django.test import override_settings

from mindwave_django.events import CancelReason, Ended, Outcome, Usage
from mindwave_django.streaming.answer import Answer, Piece, Position
from mindwave_django.streaming.follow import Follower
from mindwave_django.streaming.log import Cancel, Log

if TYPE_CHECKING:
    from unittest import TestCase
else:
    TestCase = object

LIMIT = 20.0  # seconds until something that does not come about fails a test
READERS = 50
COMPLETED = Ended(Outcome.COMPLETED, finish_reason="stop")

# Text and reasoning in turn, with characters of one to four bytes, and pieces of many sizes.
PIECES = (
    ("Grüße", False),
    (" an 😀", False),
    ("Let me think: ", True),
    ("漢字", True),
    ("\n\nalle", False),
    ("…", True),
    ("!", False),
)


def nothing(reason: CancelReason) -> None:
    """Cancel nothing."""


def new_id() -> str:
    """Return a stream id that nobody has used."""
    return uuid4().hex


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fail after LIMIT seconds."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("What should have come about did not.")
        await asyncio.sleep(0.01)


async def opened(log: Log, stream_id: str) -> Answer:
    """Return an answer that may have begun in another process a moment ago."""
    answer = await log.find(stream_id)
    if answer is None:
        raise AssertionError("The log does not find a stream that was created.")
    return answer


async def read(
    log: Log,
    answer: Answer,
    position: Position = Position(),  # noqa: B008
) -> tuple[str, str, Ended | None]:
    """Read from a position to the end; return text, reasoning, and the end."""
    data: dict[bool, bytes] = {False: b"", True: b""}
    ended: Ended | None = None
    follower = Follower(answer, log, position)
    try:
        async for portion in follower:
            for item in portion:
                if isinstance(item, Piece):
                    data[item.is_reasoning] += item.data
                elif isinstance(item, Ended):
                    ended = item
    finally:
        follower.close()
    return data[False].decode(), data[True].decode(), ended


def write(answer: Answer, pieces: Iterable[tuple[str, bool]] = PIECES) -> list[Position]:
    """Append pieces; return all positions in which a reader may be: between them."""
    positions = [answer.end]
    for text, is_reasoning in pieces:
        answer.append(text.encode(), is_reasoning=is_reasoning)
        positions.append(answer.end)
    return positions


class LogContract(TestCase):
    """Mix it into a test case and say in `make` how a log is made; one process is enough.

    `elsewhere` is where readers are, by default the same log.
    """

    def make(self) -> Log:
        """Return a new log."""
        raise NotImplementedError

    def elsewhere(self, log: Log) -> Log:
        """Return the log of those who read what `log` writes."""
        return log

    def _begun(self, cancel: Cancel = nothing) -> tuple[Log, Log, Answer]:
        """Return the log of the writer, that of the readers, and an answer that has begun."""
        log = self.make()
        return log, self.elsewhere(log), log.create(new_id(), "", cancel)

    async def test_unknown_stream(self) -> None:
        log, stream_id = self.make(), new_id()
        self.assertIsNone(await log.open(stream_id))
        self.assertIsNone(await log.find(stream_id))
        self.assertFalse(await log.cancel(stream_id, CancelReason.USER))
        self.assertIsNone(await log.last_reader_at(stream_id))
        await log.reader_seen(stream_id)

    async def test_reader_gets_what_was_written(self) -> None:
        log, stream_id = self.make(), new_id()
        there = self.elsewhere(log)
        written = log.create(stream_id, "u:1", nothing)
        answer = await opened(there, stream_id)
        self.assertEqual((answer.stream_id, answer.owner), (stream_id, "u:1"))
        reading = asyncio.create_task(read(there, answer))
        write(written)
        await log.finish(written, COMPLETED)
        async with asyncio.timeout(LIMIT):
            self.assertEqual(await reading, (written.text, written.reasoning, COMPLETED))

    async def test_reader_comes_after_the_end(self) -> None:
        log, there, written = self._begun()
        write(written)
        await log.finish(written, COMPLETED)
        answer = await opened(there, written.stream_id)
        expected = (written.text, written.reasoning, COMPLETED)
        async with asyncio.timeout(LIMIT):
            self.assertEqual(await read(there, answer), expected)

    async def test_every_ending(self) -> None:
        log = self.make()
        there = self.elsewhere(log)
        usage = Usage(input_tokens=12, output_tokens=3, cached_input_tokens=8)
        for ended in (
            Ended(Outcome.COMPLETED, finish_reason="stop", usage=usage, cost=Decimal("0.0123")),
            Ended(Outcome.CANCELLED, reason=CancelReason.USER),
            Ended(Outcome.FAILED, code="provider_unavailable", retry_after=3.5),
        ):
            with self.subTest(ended.outcome):
                stream_id = new_id()
                await log.finish(log.create(stream_id, "", nothing), ended)
                answer = await opened(there, stream_id)
                async with asyncio.timeout(LIMIT):
                    self.assertEqual(await read(there, answer), ("", "", ended))

    async def test_streams_do_not_mix(self) -> None:
        log = self.make()
        there = self.elsewhere(log)
        written = [log.create(new_id(), f"u:{number}", nothing) for number in range(20)]
        for number in range(50):
            for answer in written:
                answer.append(f"{answer.owner} {number}, ".encode())
            await asyncio.sleep(0)
        for answer in written:
            await log.finish(answer, COMPLETED)
        for answer in written:
            found = await opened(there, answer.stream_id)
            self.assertEqual(found.owner, answer.owner)
            async with asyncio.timeout(LIMIT):
                self.assertEqual((await read(there, found))[0], answer.text)

    async def test_offsets_at_every_boundary(self) -> None:
        log, there, written = self._begun()
        answer = await opened(there, written.stream_id)
        positions = write(written)
        late = [asyncio.create_task(read(there, answer, position)) for position in positions]
        await asyncio.sleep(0)
        await log.finish(written, COMPLETED)
        async with asyncio.timeout(LIMIT):
            self._check_rests(written, positions, await asyncio.gather(*late))
        after = await opened(there, written.stream_id)
        async with asyncio.timeout(LIMIT):
            rests = [await read(there, after, position) for position in positions]
        self._check_rests(written, positions, rests)

    def _check_rests(
        self,
        written: Answer,
        positions: list[Position],
        rests: Iterable[tuple[str, str, Ended | None]],
    ) -> None:
        text, reasoning = written.text.encode(), written.reasoning.encode()
        for position, rest in zip(positions, rests, strict=True):
            expected = text[position.text :].decode(), reasoning[position.reasoning :].decode()
            self.assertEqual(rest, (*expected, COMPLETED), position)

    async def test_offset_past_the_end(self) -> None:
        log, there, written = self._begun()
        write(written)
        await log.finish(written, COMPLETED)
        answer = await opened(there, written.stream_id)
        async with asyncio.timeout(LIMIT):
            rest = await read(there, answer, Position(1_000_000, 1_000_000))
        self.assertEqual(rest, ("", "", COMPLETED))

    async def test_fifty_readers_while_it_is_written(self) -> None:
        log, there, written = self._begun()
        random = Random(1)  # noqa: S311  # no secret
        await opened(there, written.stream_id)

        async def come(delay: float) -> tuple[str, str, Ended | None]:
            await asyncio.sleep(delay)
            return await read(there, await opened(there, written.stream_id))

        readers = [asyncio.create_task(come(random.uniform(0, 1))) for _ in range(READERS)]
        for number in range(400):
            written.append(f"{number}ü ".encode(), is_reasoning=random.random() < 0.3)
            await asyncio.sleep(random.choice((0, 0, 0.005)))
        await log.finish(written, COMPLETED)
        async with asyncio.timeout(LIMIT):
            for text, reasoning, ended in await asyncio.gather(*readers):
                self.assertEqual(text, written.text)
                self.assertEqual(reasoning, written.reasoning)
                self.assertEqual(ended, COMPLETED)

    async def test_readers_come_and_go(self) -> None:
        log, there, written = self._begun()
        random = Random(2)  # noqa: S311  # no secret

        async def follow() -> str:
            data = b""
            while True:
                answer = await opened(there, written.stream_id)
                follower = Follower(answer, there, Position(len(data)))
                try:
                    for _ in range(random.randint(1, 5)):
                        for item in await anext(follower):
                            if isinstance(item, Piece):
                                data += item.data
                            elif isinstance(item, Ended):
                                return data.decode()
                finally:
                    follower.close()

        readers = [asyncio.create_task(follow()) for _ in range(10)]
        for number in range(200):
            written.append(f"{number} ".encode())
            await asyncio.sleep(0.005)
        await log.finish(written, COMPLETED)
        async with asyncio.timeout(LIMIT):
            self.assertEqual(set(await asyncio.gather(*readers)), {written.text})

    @override_settings(MINDWAVE={"STREAMING": {"RETENTION": 0.5}})
    async def test_it_expires(self) -> None:
        log, there, written = self._begun()
        reader = asyncio.create_task(read(there, await opened(there, written.stream_id)))
        await asyncio.sleep(1)
        self.assertIsNotNone(await there.open(written.stream_id), "A running answer never expires.")
        write(written)
        await log.finish(written, COMPLETED)
        async with asyncio.timeout(LIMIT):
            self.assertEqual((await reader)[0], written.text)
            while await there.open(written.stream_id) is not None:  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.05)
        self.assertFalse(await there.cancel(written.stream_id, CancelReason.USER))

    async def test_cancel_reaches_the_writer_until_the_end(self) -> None:
        asked: list[CancelReason] = []
        log, there, written = self._begun(asked.append)
        await opened(there, written.stream_id)
        self.assertTrue(await there.cancel(written.stream_id, CancelReason.USER))
        await eventually(lambda: asked == [CancelReason.USER])
        await log.finish(written, COMPLETED)
        self.assertFalse(await there.cancel(written.stream_id, CancelReason.USER))
        self.assertEqual(asked, [CancelReason.USER])

    async def test_many_cancel_at_once(self) -> None:
        asked: list[CancelReason] = []
        log, there, written = self._begun(asked.append)
        await opened(there, written.stream_id)
        stops = [there.cancel(written.stream_id, CancelReason.USER) for _ in range(20)]
        self.assertEqual(await asyncio.gather(*stops), [True] * 20)
        await eventually(lambda: len(asked) == 20)
        await log.finish(written, COMPLETED)

    async def test_cancel_races_with_the_end(self) -> None:
        log = self.make()
        there = self.elsewhere(log)
        for number in range(20):
            stream_id = new_id()
            written = log.create(stream_id, "", nothing)
            answer = await opened(there, stream_id)
            written.append(b"text")

            async def stop(stream_id: str = stream_id, turns: int = number) -> None:
                for _ in range(turns):
                    await asyncio.sleep(0)
                await there.cancel(stream_id, CancelReason.USER)

            async with asyncio.timeout(LIMIT):
                _, _, found = await asyncio.gather(
                    stop(), log.finish(written, COMPLETED), read(there, answer)
                )
            self.assertEqual(found, ("text", "", COMPLETED))

    async def test_reader_is_seen(self) -> None:
        log, there, written = self._begun()
        answer = await opened(there, written.stream_id)
        for _ in range(2):
            since = time.time()
            answer.subscribe(_heard)
            await there.reader_seen(written.stream_id)
            await self._seen_since(log, written.stream_id, since)
            answer.unsubscribe(_heard)
        await log.finish(written, COMPLETED)

    async def _seen_since(self, log: Log, stream_id: str, since: float) -> None:
        async with asyncio.timeout(LIMIT):
            while (await log.last_reader_at(stream_id) or 0) < since:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def test_reader_who_left_is_missed(self) -> None:
        log, there, written = self._begun()
        answer = await opened(there, written.stream_id)
        answer.subscribe(_heard)
        await there.reader_seen(written.stream_id)
        answer.unsubscribe(_heard)
        await asyncio.sleep(1)
        seen = await log.last_reader_at(written.stream_id)
        assert seen is not None
        self.assertLess(seen, time.time() - 0.1)


class SharedLogContract(LogContract):
    """The same for a log of several processes: readers are never in the process that writes."""

    def elsewhere(self, log: Log) -> Log:
        """Return another log that has nothing in common with this one but its back end."""
        raise NotImplementedError


def _heard() -> None:
    """Be a reader."""
