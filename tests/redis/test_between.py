"""Between processes, beyond the contract: figures, what is kept in Redis, and what it loses."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any
from unittest import mock

from django.test import override_settings

from mindwave_django.events import CancelReason
from mindwave_django.streaming.log import LogUnavailable
from mindwave_django.streaming.progress import Progress
from mindwave_django.streaming.redis import RedisLog, attendant
from mindwave_django.streaming.redis.outbox import Outbox
from mindwave_django.streaming.redis.writer import Writer
from mindwave_django.testing.log_contract import (
    COMPLETED,
    eventually,
    new_id,
    nothing,
    opened,
    write,
)
from tests.redis.base import RedisTestCase, turn

FIGURES = Progress(tokens=7, tokens_per_second=3.5, elapsed=2.0, cost=Decimal("0.0021"))


def writer_of(log: RedisLog) -> Writer:
    """Return the writing half of the running loop."""
    return log._here()[0]


class FiguresTests(RedisTestCase):
    async def test_reader_elsewhere_gets_them(self) -> None:
        here, there, stream_id = self.make(), self.make(), new_id()
        written = here.create(stream_id, "", nothing)
        answer = await self.follow(there, stream_id)
        assert answer.progress() is None
        written.progress = lambda: FIGURES
        for _ in range(2):  # the first may be on its way before the reader is known of
            written.append(b"Hello ")
            await eventually(lambda: answer.text == written.text)
            if answer.progress() is not None:
                break
        figures = answer.progress()
        assert figures is not None
        assert figures.elapsed >= FIGURES.elapsed
        assert (figures.tokens, figures.cost) == (FIGURES.tokens, FIGURES.cost)
        final = Progress(tokens=9, tokens_per_second=None, elapsed=3.0)
        written.progress = lambda: final
        await here.finish(written, COMPLETED)
        await eventually(lambda: answer.ended is not None)
        assert answer.progress() == final
        assert (await opened(self.make(), stream_id)).progress() == final


class KeptTests(RedisTestCase):
    """What is in Redis, and for how long."""

    async def keys(self) -> list[bytes]:
        """Return all keys but those, one for each bucket, that say since when Redis keeps data."""
        client = await self.redis()
        found = [key async for key in client.scan_iter(f"{self.options['prefix']}:*")]
        return [key for key in found if not key.endswith(b":epoch")]

    @override_settings(MINDWAVE={"STREAMING": {"RETENTION": 0.2}})
    async def test_nothing_stays(self) -> None:
        here, there, client = self.make(), self.make(), await self.redis()
        for _ in range(10):
            stream_id = new_id()
            written = here.create(stream_id, "", nothing)
            await self.follow(there, stream_id)
            await there.cancel(stream_id, CancelReason.USER)
            write(written)
            for key in await self.keys():
                assert await client.pttl(key) > 0, key
            await here.finish(written, COMPLETED)
        for key in await self.keys():
            if b"control" in key:  # kept as long as an answer might take
                await client.delete(key)
        while await self.keys():
            await turn(0.1)
        assert not writer_of(here)._outbox

    async def test_keys_that_are_made_anew_expire_too(self) -> None:
        here, stream_id, client = self.make(), new_id(), await self.redis()
        written = here.create(stream_id, "", nothing)
        written.append(b"one ")
        await self.arrival(here, stream_id, written.end)
        await client.delete(here._keys.stream(stream_id))
        written.append(b"two")
        assert (await self.follow(self.make(), stream_id)).text in {"one ", "one two"}
        assert await client.pttl(here._keys.stream(stream_id)) > 0
        await here.finish(written, COMPLETED)

    async def arrival(self, log: RedisLog, stream_id: str, position: Any) -> None:
        outgoing = writer_of(log)._outbox.get(stream_id)
        assert outgoing is not None
        await eventually(lambda: outgoing.has_start and outgoing.position == position)


class LosingTests(RedisTestCase):
    """Redis loses what it confirmed, and answers all the same: nobody gets an error."""

    def setUp(self) -> None:
        super().setUp()
        self.here, self.there, self.stream_id = self.make(), self.make(), new_id()
        self.key = self.here._keys.stream(self.stream_id)

    async def begin(self, *words: str) -> Any:
        """Write some words, one entry for each, as a reader elsewhere has them."""
        written = self.here.create(self.stream_id, "u:1", nothing)
        answer = await self.follow(self.there, self.stream_id)
        for word in words:
            written.append(word.encode())
            await eventually(lambda: answer.text == written.text)
        return written

    async def lose(self, *, first: int, number: int) -> None:
        """Let Redis be without these entries, as a replica that was behind."""
        client = await self.redis()
        ids = [entry_id for entry_id, _ in await client.xrange(self.key)]
        await client.xdel(self.key, *ids[first : first + number])
        if last := await client.xrevrange(self.key, count=1):
            await client.execute_command("XSETID", self.key, last[0][0])

    async def assert_everywhere(self, written: Any) -> None:
        for log in (self.there, self.make()):
            answer = await self.follow(log, self.stream_id)
            await eventually(lambda answer=answer: answer.text == written.text)  # type: ignore[misc]
            assert answer.owner == "u:1"
            await eventually(lambda answer=answer: answer.ended == written.ended)  # type: ignore[misc]

    async def test_the_middle(self) -> None:
        written = await self.begin("one ", "two ", "three ")
        await self.lose(first=2, number=1)
        await self.assert_everywhere(written)
        written.append(b"four")
        await self.assert_everywhere(written)
        await self.here.finish(written, COMPLETED)
        await self.assert_everywhere(written)

    async def test_the_latest(self) -> None:
        written = await self.begin("one ", "two ", "three ")
        await self.lose(first=2, number=2)
        written.append(b"four ")
        await self.assert_everywhere(written)
        await self.here.finish(written, COMPLETED)
        await self.assert_everywhere(written)

    async def test_the_end(self) -> None:
        written = await self.begin("one ", "two ")
        await self.here.finish(written, COMPLETED)
        await self.lose(first=3, number=1)
        await self.assert_everywhere(written)

    async def test_stream_that_is_nobodys(self) -> None:
        client = await self.redis()
        await client.xadd(self.key, {b"k": b"t", b"d": b"x"}, id="1-0")
        assert await self.there.find(self.stream_id) is None
        assert not await self.there.cancel(self.stream_id, CancelReason.USER)

    async def test_everything(self) -> None:
        written = await self.begin("one ", "two ")
        client = await self.redis()
        await client.flushall()
        written.append(b"three ")
        await eventually(lambda: written.text == "one two three ")
        await self.arrives(written)
        await client.flushall()
        await self.here.finish(written, COMPLETED)
        await self.assert_everywhere(written)

    async def test_reader_comes_before_it_is_there_again(self) -> None:
        written = await self.begin("one ", "two ")
        late, client = self.make(), await self.redis()
        assert (await opened(late, self.stream_id)).text == "one two "
        assert await late.find("nobody") is None
        copy = late._here()[1]._copies.get(self.stream_id)
        assert copy is not None
        late._here()[1]._copies.drop(copy)
        await client.flushall()
        with self.assertRaises(LogUnavailable):
            await late.open(self.stream_id)
        while not await client.exists(self.key):
            await turn(0.05)
        await self.assert_everywhere(written)
        await self.here.finish(written, COMPLETED)

    async def test_everything_while_nothing_is_written(self) -> None:
        written = await self.begin("one ", "two ")
        client = await self.redis()
        await client.flushall()
        while not await client.exists(self.key):  # the next sign of life tells
            await turn(0.05)
        await self.assert_everywhere(written)
        await self.here.finish(written, COMPLETED)

    async def arrives(self, written: Any) -> None:
        outgoing = writer_of(self.here)._outbox.get(self.stream_id)
        assert outgoing is not None
        await eventually(lambda: outgoing.position == written.end)

    async def test_somebody_else_writes_there(self) -> None:
        written = await self.begin("one ", "two ")
        client = await self.redis()
        await client.xadd(self.key, {b"k": b"t", b"d": b"x"}, id="1000000-0")
        await client.xadd(self.key, {b"x": b"y"}, id="1000001-0")
        written.append(b"three")
        await self.here.finish(written, COMPLETED)
        answer = await self.follow(self.make(), self.stream_id)
        await eventually(lambda: answer.ended == COMPLETED)
        assert answer.text == "one two three"


class StrangeKeyTests(RedisTestCase):
    """What is there under the key of an answer makes no sense: it is replaced, others go on."""

    async def test_replaced(self) -> None:
        for spoil in (
            lambda client, key: client.set(key, "a string"),
            lambda client, key: client.xadd(key, {b"x": b"y"}, id="9-9"),
            lambda client, key: client.xadd(key, {b"k": b"t", b"n": b"many"}, id="9-9"),
        ):
            here, stream_ids, client = self.make(), [new_id(), new_id()], await self.redis()
            written = [here.create(stream_id, "", nothing) for stream_id in stream_ids]
            answers = [await self.follow(self.make(), each) for each in stream_ids]
            key = here._keys.stream(stream_ids[0])
            await client.delete(key)
            await spoil(client, key)
            for each in written:
                each.append(b"Hello")
            await eventually(lambda answers=answers: answers[1].text == "Hello")
            await eventually(lambda answers=answers: answers[0].text == "Hello")
            for each in written:
                await here.finish(each, COMPLETED)
            await eventually(lambda answers=answers: all(a.ended == COMPLETED for a in answers))

    async def test_answer_that_is_gone(self) -> None:
        with mock.patch.object(attendant, "LEASE", 0.4):
            here, there, stream_id = self.make(), self.make(), new_id()
            written = here.create(stream_id, "", nothing)
            answer = await self.follow(there, stream_id)
            with mock.patch.object(Outbox, "take_back", return_value=None):  # it was given up
                await eventually(lambda: answer.is_broken_off)
        client = await self.redis()
        assert not await client.exists(here._keys.stream(stream_id))
        await here.finish(written, COMPLETED)


class CopiesTests(RedisTestCase):
    async def test_copy_that_took_the_place_of_another_stays(self) -> None:
        here, there, stream_id = self.make(), self.make(), new_id()
        written = here.create(stream_id, "", nothing)
        await opened(there, stream_id)
        copies = there._here()[1]._copies
        first = copies.get(stream_id)
        assert first is not None
        copies.drop(first)
        await opened(there, stream_id)
        copies.drop(first)
        assert copies.get(stream_id) not in {None, first}
        await here.finish(written, COMPLETED)

    async def test_crowd_that_comes_at_once(self) -> None:
        here, there = self.make(), self.make()
        written = [here.create(new_id(), "", nothing) for _ in range(20)]
        await asyncio.gather(*(opened(there, each.stream_id) for each in written))
        found = await asyncio.gather(
            *(opened(there, each.stream_id) for each in written for _ in range(20))
        )
        assert len({id(answer) for answer in found}) == len(written)
        for each in written:
            await here.finish(each, COMPLETED)


class MisunderstandingTests(RedisTestCase):
    async def test_messages_of_another_release_are_passed_over(self) -> None:
        here, stream_id, client = self.make(), new_id(), await self.redis()
        asked: list[CancelReason] = []
        written = here.create(stream_id, "", asked.append)
        control = here._keys.control(writer_of(here).process)
        for fields in (
            {b"x": b"1"},
            {b"a": b"dance", b"s": stream_id.encode()},
            {b"a": b"cancel", b"s": stream_id.encode(), b"r": b"boredom"},
            {b"a": b"cancel", b"s": b"\xff"},
        ):
            await client.xadd(control, fields)
        await opened(self.make(), stream_id)
        assert await self.make().cancel(stream_id, CancelReason.USER)
        await eventually(lambda: asked == [CancelReason.USER])
        await here.finish(written, COMPLETED)

    async def test_stop_of_what_nobody_writes_any_more(self) -> None:
        here, stream_id = self.make(), new_id()
        await here.finish(here.create(stream_id, "", nothing), COMPLETED)
        assert not await self.make().cancel(stream_id, CancelReason.USER)
        await asyncio.sleep(0)
