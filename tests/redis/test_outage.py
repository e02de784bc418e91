"""Redis goes away and comes back meanwhile: nothing is skipped, nothing comes twice."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

from django.test import SimpleTestCase, tag

from mindwave_django.events import CancelReason
from mindwave_django.streaming.follow import Follower
from mindwave_django.streaming.log import LogUnavailable
from mindwave_django.streaming.redis import RedisLog, attendant, listener, reader, sender
from mindwave_django.testing.log_contract import (
    COMPLETED,
    eventually,
    new_id,
    nothing,
    opened,
    read,
)
from tests.redis.base import RedisTestCase
from tests.support import redis_servers
from tests.support.processes import free_port
from tests.support.redis_servers import cli, redis_server


def impatient() -> Iterator[Any]:
    """Yield patches that let processes notice sooner."""
    for module in (sender, listener, reader, attendant):
        yield mock.patch.object(module, "PAUSE", 0.05)
    for module in (sender, attendant):
        yield mock.patch.object(module, "LEASE", 1.0)


@tag("machine")
class OutageTests(SimpleTestCase):
    """Each test has a server of its own, which forgets everything when it is started again."""

    def setUp(self) -> None:
        super().setUp()
        for patch in impatient():
            self.enterContext(patch)
        self.port = free_port()
        self.stack = self.enterContext(contextlib.ExitStack())
        self.start()

    def start(self) -> None:
        _, self.process = self.stack.enter_context(redis_server(port=self.port))

    def make(self) -> RedisLog:
        return RedisLog(url=f"redis://:secret@127.0.0.1:{self.port}", options={"password": None})

    async def begin(self) -> tuple[RedisLog, Any, RedisLog, Any]:
        """Have a first word written here and read there."""
        here, there = self.make(), self.make()
        written = here.create("s", "u:1", nothing)
        written.append(b"before ")
        answer = await opened(there, "s")
        answer.subscribe(lambda: None)
        await eventually(lambda: answer.text == "before ")
        return here, written, there, answer

    async def test_restart_in_the_middle(self) -> None:
        here, written, _, answer = await self.begin()
        with self.assertLogs("mindwave_django", "WARNING") as logs:
            await asyncio.to_thread(self.process.stop)
            written.append("während ".encode())
            written.append(b"thinking", is_reasoning=True)
            await eventually(lambda: "cannot be written" in str(logs.output))
            await eventually(lambda: "cannot be read" in str(logs.output))
            await asyncio.to_thread(self.start)
            written.append(b"after")
            await eventually(lambda: answer.text == "before während after")
            for again in ("can be written again", "can be read again"):
                await eventually(lambda again=again: again in str(logs.output))  # type: ignore[misc]
        levels = sorted(line.split(":")[0] for line in logs.output)
        assert levels == ["ERROR", "ERROR", "WARNING", "WARNING"]
        assert f"127.0.0.1:{self.port}" in logs.output[0]
        assert "secret" not in str(logs.output)
        assert answer.reasoning == "thinking"
        await here.finish(written, COMPLETED)
        await eventually(lambda: answer.ended == COMPLETED)
        late = self.make()
        expected = (written.text, written.reasoning, COMPLETED)
        assert await read(late, await opened(late, "s")) == expected

    async def test_end_comes_during_the_outage(self) -> None:
        here, written, _, answer = await self.begin()
        with self.assertLogs("mindwave_django", "WARNING"):
            await asyncio.to_thread(self.process.stop)
            written.append(b"after")
            await here.finish(written, COMPLETED)
            await asyncio.to_thread(self.start)
            await eventually(lambda: answer.ended == COMPLETED)
        assert answer.text == "before after"

    async def test_writer_that_always_has_something_to_say(self) -> None:
        here, written, _, answer = await self.begin()
        enough = asyncio.get_running_loop().time() + 4 * sender.LEASE
        while asyncio.get_running_loop().time() < enough:
            written.append(b".")
            await asyncio.sleep(0.02)
            assert answer.ended is None
        await here.finish(written, COMPLETED)
        await eventually(lambda: answer.ended == COMPLETED)

    async def test_writer_that_is_gone(self) -> None:
        here, _, there, answer = await self.begin()
        for task in here._here()[0]._tasks.values():  # as kill -9 does
            task.cancel()
        await eventually(lambda: answer.ended is not None)
        assert answer.ended.code == "interrupted"
        late = await opened(there, "s")
        late.subscribe(lambda: None)
        await eventually(lambda: late.ended is not None)
        assert (late.text, late.ended) == (answer.text, answer.ended)

    async def test_readers_are_sent_away_in_the_end(self) -> None:
        _, _, there, answer = await self.begin()
        follower = Follower(answer, there)
        portions = [await anext(follower)]
        with (
            mock.patch.object(reader, "OUTAGE_LIMIT", 0.2),
            self.assertLogs("mindwave_django", "ERROR"),
        ):
            await asyncio.to_thread(self.process.stop)
            portions += [portion async for portion in follower]
        follower.close()
        assert len(portions) == 1
        assert portions[0][0].data == b"before "  # type: ignore[union-attr]

    async def test_without_redis_readers_here_go_on(self) -> None:
        await asyncio.to_thread(self.process.stop)
        with self.assertLogs("mindwave_django", "ERROR") as logs:
            log = self.make()
            written = log.create("s", "", nothing)
            written.append(b"Hello")
            answer = await log.open("s")
            assert answer is not None
            await log.finish(written, COMPLETED)
            assert (answer.text, answer.ended) == ("Hello", COMPLETED)
            with self.assertRaisesMessage(LogUnavailable, f"Redis at 127.0.0.1:{self.port}"):
                await log.open("other")
            assert not await log.cancel("other", CancelReason.USER)
        assert len(logs.output) == 2
        assert "Readers in this process go on" in logs.output[0]
        assert "Stream other cannot be stopped" in logs.output[1]

    async def test_crowd_does_not_wait_for_a_redis_that_is_silent(self) -> None:
        log = self.make()
        assert await log.open("nobody") is None
        client = await log._clients.get()
        asked = mock.Mock(side_effect=client.pipeline)
        with mock.patch.object(client, "pipeline", asked):
            await asyncio.to_thread(self.process.stop)
            opened = [log.open(f"nobody {number}") for number in range(100)]
            found = await asyncio.gather(*opened, return_exceptions=True)
        assert {type(each) for each in found} == {LogUnavailable}
        assert asked.call_count <= reader.TURNS

    async def test_what_cannot_be_sent_is_given_up_in_the_end(self) -> None:
        await asyncio.to_thread(self.process.stop)
        retention = self.settings(MINDWAVE={"STREAMING": {"RETENTION": 0.2}})
        with retention, self.assertLogs("mindwave_django", "ERROR"):
            log = self.make()
            await log.finish(log.create("s", "", nothing), COMPLETED)
            await eventually(lambda: not log._here()[0]._outbox)
            await eventually(lambda: log._here()[0]._tasks == {})

    async def test_readers_elsewhere_count_as_there_during_the_outage(self) -> None:
        here, written, _, _ = await self.begin()
        heard = await here.last_reader_at("s")
        with self.assertLogs("mindwave_django", "WARNING") as logs:
            await asyncio.to_thread(self.process.stop)
            await eventually(lambda: "cannot be written" in str(logs.output))
            for _ in range(2):
                before = time.time()
                seen = await here.last_reader_at("s")
                assert seen is not None
                assert seen >= before > heard  # type: ignore[operator]
            restarted = time.time()
            await asyncio.to_thread(self.start)
            await eventually(lambda: "can be written again" in str(logs.output))
            await eventually(lambda: "can be read again" in str(logs.output))
        assert written.last_reader_at >= restarted  # from here on they have as long as ever
        await here.finish(written, COMPLETED)

    async def test_nobody_elsewhere_is_nobody_during_the_outage(self) -> None:
        log = self.make()
        written = log.create("s", "", nothing)
        with self.assertLogs("mindwave_django", "WARNING") as logs:
            await asyncio.to_thread(self.process.stop)
            await eventually(lambda: "cannot be written" in str(logs.output))
            before = time.time()
            seen = await log.last_reader_at("s")
            assert seen is not None
            assert seen < before
            await log.finish(written, COMPLETED)

    async def test_redis_that_is_full(self) -> None:
        here, written, _, answer = await self.begin()
        await asyncio.to_thread(cli, self.port, "config", "set", "maxmemory", "1")
        with self.assertLogs("mindwave_django", "WARNING") as logs:
            written.append(b"during ")
            await eventually(lambda: "cannot be written: OutOfMemoryError" in str(logs.output))
            await asyncio.sleep(20 * sender.PAUSE)  # it is tried again and again
            assert (await opened(self.make(), "s")).text == "before "
            assert answer.ended is None
            await asyncio.to_thread(cli, self.port, "config", "set", "maxmemory", "0")
            await eventually(lambda: answer.text == "before during ")
        await here.finish(written, COMPLETED)
        await eventually(lambda: answer.ended == COMPLETED)


@tag("machine")
class ClusterTests(SimpleTestCase):
    """A node of the three goes, forgets, and comes back."""

    async def test_node_is_started_again(self) -> None:
        with contextlib.ExitStack() as stack:
            for patch in impatient():
                stack.enter_context(patch)
            servers = await asyncio.to_thread(stack.enter_context, redis_servers.cluster())
            here, there = RedisLog(**servers.options), RedisLog(**servers.options)
            written = [here.create(new_id(), "", nothing) for _ in range(16)]  # on all nodes
            answers = [await opened(there, each.stream_id) for each in written]
            for answer in answers:
                answer.subscribe(lambda: None)
            for each in written:
                each.append(b"before ")
            await eventually(lambda: all(answer.text == "before " for answer in answers))
            with self.assertLogs("mindwave_django", "WARNING"):
                await asyncio.to_thread(self.restart, servers, written)
                await eventually(lambda: all(a.text == "before during after" for a in answers))
            for each in written:
                await here.finish(each, COMPLETED)
            await eventually(lambda: all(answer.ended == COMPLETED for answer in answers))

    def restart(self, servers: redis_servers.Setup, written: list[Any]) -> None:
        port, process = list(servers.processes.items())[1]
        process.stop()
        for each in written:
            each.append(b"during ")
        servers.start_again(port)
        for each in written:
            each.append(b"after")


class FailoverTests(RedisTestCase):
    """The master dies, and its replica takes over."""

    started = staticmethod(redis_servers.sentinel)

    async def test_nothing_is_skipped_or_doubled(self) -> None:
        for patch in impatient():
            self.enterContext(patch)
        here, there, stream_id = self.make(), self.make(), new_id()
        written = here.create(stream_id, "", nothing)
        answer = await self.follow(there, stream_id)
        with self.assertLogs("mindwave_django", "WARNING") as logs:
            for number in range(50):
                written.append(f"{number} ".encode())
                if number == 25:
                    master = next(iter(self.servers.processes.values()))
                    await asyncio.to_thread(master.stop)
                await asyncio.sleep(0.02)
            await eventually(lambda: answer.text == written.text)
            await eventually(lambda: "can be written again" in str(logs.output))
        await here.finish(written, COMPLETED)
        await eventually(lambda: answer.ended == COMPLETED)
        late = self.make()
        assert await read(late, await opened(late, stream_id)) == (written.text, "", COMPLETED)
