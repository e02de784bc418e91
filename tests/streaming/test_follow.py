"""A reader gets everything after its position, as it comes, and signs of life."""

from __future__ import annotations

import asyncio
import threading

from django.test import SimpleTestCase, override_settings

from mindwave_django.events import Ended, Outcome
from mindwave_django.streaming.answer import Answer, Piece, Position
from mindwave_django.streaming.follow import HEARTBEAT, Followed, Follower
from mindwave_django.streaming.log import MemoryLog

COMPLETED = Ended(Outcome.COMPLETED)


def follow(answer: Answer, position: Position = Position()) -> Follower:  # noqa: B008
    return Follower(answer, MemoryLog(), position)


async def step(follower: Follower) -> list[Followed]:
    return list(await asyncio.wait_for(anext(follower), 10))


def texts(items: list[Followed]) -> list[bytes]:
    return [item.data for item in items if isinstance(item, Piece)]


class FollowerTests(SimpleTestCase):
    async def test_what_is_there_comes_as_one_portion(self) -> None:
        answer = Answer("s")
        answer.append(b"a")
        answer.append(b"b")
        assert texts(await step(follow(answer))) == [b"ab"]

    async def test_text_and_end_come_in_one_portion(self) -> None:
        answer = Answer("s")
        answer.append(b"a")
        answer.finish(COMPLETED)
        follower = follow(answer)
        assert await step(follower) == [Piece(b"a", False, Position(1)), COMPLETED]
        with self.assertRaises(StopAsyncIteration):
            await anext(follower)

    async def test_growth_wakes_the_reader(self) -> None:
        answer = Answer("s")
        follower = follow(answer)
        waiting = asyncio.ensure_future(step(follower))
        await asyncio.sleep(0)
        assert not waiting.done()
        answer.append(b"a")
        assert texts(await waiting) == [b"a"]

    async def test_growth_in_another_thread_wakes_the_reader(self) -> None:
        answer = Answer("s")
        waiting = asyncio.ensure_future(step(follow(answer)))
        await asyncio.sleep(0)
        thread = threading.Thread(target=answer.append, args=(b"a",))
        thread.start()
        assert texts(await waiting) == [b"a"]
        thread.join()

    async def test_it_starts_after_its_position(self) -> None:
        answer = Answer("s")
        answer.append(b"abc")
        assert texts(await step(follow(answer, Position(2)))) == [b"c"]

    async def test_a_position_past_the_end_gets_the_end_only(self) -> None:
        answer = Answer("s")
        answer.append(b"abc")
        answer.finish(COMPLETED)
        assert await step(follow(answer, Position(99))) == [COMPLETED]

    async def test_two_readers_get_the_same(self) -> None:
        answer = Answer("s")
        one, two = follow(answer), follow(answer)
        answer.append(b"a")
        assert await step(one) == await step(two)

    async def test_closing_ends_a_waiting_step_and_frees_the_answer(self) -> None:
        answer = Answer("s")
        follower = follow(answer)
        waiting = asyncio.ensure_future(step(follower))
        await asyncio.sleep(0)
        follower.close()
        follower.close()
        with self.assertRaises(StopAsyncIteration):
            await waiting
        assert answer._listeners == []

    async def test_a_cancelled_step_can_be_taken_again(self) -> None:
        answer = Answer("s")
        follower = follow(answer)
        waiting = asyncio.ensure_future(step(follower))
        await asyncio.sleep(0)
        waiting.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await waiting
        answer.append(b"a")
        assert texts(await step(follower)) == [b"a"]


class HeartbeatTests(SimpleTestCase):
    @override_settings(MINDWAVE={"STREAMING": {"HEARTBEAT_INTERVAL": 0.01}})
    async def test_in_silence_and_again(self) -> None:
        follower = follow(Answer("s"))
        assert await step(follower) == [HEARTBEAT]
        assert await step(follower) == [HEARTBEAT]
        follower.close()

    async def test_while_text_flows_it_comes_before_the_text(self) -> None:
        answer = Answer("s")
        follower = follow(answer)
        answer.append(b"a")
        follower._beat()
        assert await step(follower) == [HEARTBEAT, Piece(b"a", False, Position(1))]
        follower.close()

    async def test_it_tells_the_log_that_somebody_reads(self) -> None:
        log = MemoryLog()
        answer = log.create("s", "", lambda reason: None)
        seen = []
        answer.reader_seen = lambda: seen.append(True)  # type: ignore[method-assign]
        follower = Follower(answer, log)
        follower._beat()
        await step(follower)
        assert seen == [True]
        follower.close()


@override_settings(MINDWAVE={"STREAMING": {"FLUSH_INTERVAL": 30}})
class FlushIntervalTests(SimpleTestCase):
    async def test_the_first_text_is_not_held_back(self) -> None:
        answer = Answer("s")
        answer.append(b"a")
        assert texts(await step(follow(answer))) == [b"a"]

    async def _held_back(self) -> tuple[Answer, Follower, asyncio.Task[list[Followed]]]:
        answer = Answer("s")
        answer.append(b"a")
        follower = follow(answer)
        await step(follower)
        waiting = asyncio.ensure_future(step(follower))
        for piece in (b"b", b"c"):
            answer.append(piece)
            await asyncio.sleep(0)
        assert not waiting.done()
        return answer, follower, waiting

    async def test_later_text_waits_until_the_interval_is_over(self) -> None:
        _, follower, waiting = await self._held_back()
        follower._flushed_at -= 30
        follower._wake()
        assert texts(await waiting) == [b"bc"]

    async def test_the_end_is_not_held_back(self) -> None:
        answer, _, waiting = await self._held_back()
        answer.finish(COMPLETED)
        assert await waiting == [Piece(b"bc", False, Position(3)), COMPLETED]

    async def test_a_heartbeat_is_not_held_back(self) -> None:
        _, follower, waiting = await self._held_back()
        follower._beat()
        assert (await waiting)[0] == HEARTBEAT

    async def test_closing_is_not_held_back(self) -> None:
        _, follower, waiting = await self._held_back()
        follower.close()
        with self.assertRaises(StopAsyncIteration):
            await waiting

    @override_settings(MINDWAVE={"STREAMING": {"FLUSH_INTERVAL": 0.01}})
    async def test_the_timer_lets_it_go(self) -> None:
        answer = Answer("s")
        answer.append(b"a")
        follower = follow(answer)
        await step(follower)
        answer.append(b"b")
        assert texts(await step(follower)) == [b"b"]
