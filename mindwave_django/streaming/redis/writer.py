"""Sends what this process writes to Redis, and hears what other processes want of it."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from typing import Any

from mindwave_django.conf import mindwave_settings
from mindwave_django.events import CancelReason, Ended
from mindwave_django.streaming.answer import Answer, Position
from mindwave_django.streaming.redis import entries
from mindwave_django.streaming.redis.keys import Keys

logger = logging.getLogger("mindwave_django")

WATCHED_INTERVAL = 0.05  # seconds between two appends while somebody reads in another process
INTERVAL = 0.5  # else
LEASE = 5.0  # seconds after which a process that says nothing counts as gone
PAUSE = 1.0  # seconds before Redis is tried again
BLOCK = 1000  # milliseconds of one blocked read of the control stream
CONTROL_LENGTH = 1000  # messages to a process that Redis keeps
SPARE = 60.0  # seconds that keys outlive what they are for
PRESENCE = 2.5  # heartbeats after which a reader elsewhere counts as gone

Client = Any  # redis.asyncio.Redis, or RedisCluster


class Outgoing:
    """An answer on its way to Redis: how far it is."""

    def __init__(self, answer: Answer, cancel: Callable[[CancelReason], None]) -> None:
        self.answer = answer
        self.cancel = cancel
        self.position: Position | None = None  # None: Redis has to be asked
        self.is_new = True
        self.seen_at = -1e9
        self.sent_end = asyncio.Event()

    @property
    def has_news(self) -> bool:
        """Whether Redis lacks something."""
        return self.position != self.answer.end or self.answer.ended is not None


class Writer:
    """The writing half of a log on one event loop: one task sends and one listens.

    All answers go in one pipeline. After an error nobody knows what has arrived: Redis is asked for
    its last entry, and the rest is sent again from memory.
    """

    def __init__(self, client: Callable[[], Awaitable[Client]], keys: Keys) -> None:
        self.process = secrets.token_hex(8)
        self._client = client
        self._keys = keys
        self._outgoing: dict[str, Outgoing] = {}
        self._wake = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failing = False
        self._alive_until = -1e9

    def add(self, answer: Answer, cancel: Callable[[CancelReason], None]) -> None:
        """Send this answer from now on, until its end has arrived."""
        self._outgoing[answer.stream_id] = Outgoing(answer, cancel)
        for work in (self._send_all, self._listen):
            if work.__name__ not in self._tasks:
                # In no context of a request or a stream: it serves all of them.
                task = asyncio.create_task(
                    self._until_done(work), name="mindwave-redis", context=Context()
                )
                self._tasks[work.__name__] = task
        self._wake.set()

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:  # at once: what is added a moment later needs a new task
            del self._tasks[work.__name__]

    async def flush(self, stream_id: str, seconds: float) -> None:
        """Wait until the end of an answer has arrived, but no longer than this."""
        outgoing = self._outgoing.get(stream_id)
        if outgoing is None:
            return
        self._wake.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(outgoing.sent_end.wait(), seconds)

    async def _send_all(self) -> None:
        while self._outgoing:
            self._wake.clear()
            try:
                await self._send(await self._client())
                self._failing = False
                pause = self._interval
            except Exception as exc:  # noqa: BLE001  # whatever Redis or the way to it raises
                self._lose(exc)
                pause = PAUSE
            if self._outgoing:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), pause)

    @property
    def _interval(self) -> float:
        """How long to gather: short only while somebody reads elsewhere."""
        since = time.monotonic() - PRESENCE * mindwave_settings.STREAMING.HEARTBEAT_INTERVAL
        watched = any(outgoing.seen_at > since for outgoing in self._outgoing.values())
        return WATCHED_INTERVAL if watched else INTERVAL

    def _lose(self, exc: Exception) -> None:
        for outgoing in self._outgoing.values():
            outgoing.position = None
        if not self._failing:
            self._failing = True
            logger.error("Redis cannot be written: %s. Readers here go on.", type(exc).__name__)

    async def _send(self, client: Client) -> None:
        for outgoing in [each for each in self._outgoing.values() if each.position is None]:
            await self._find_position(client, outgoing)
        pipe = client.pipeline(transaction=False)
        now = time.monotonic()
        if says_alive := now > self._alive_until - LEASE / 2:
            pipe.set(self._keys.alive(self.process), b"1", px=int(LEASE * 1000))
        sent = [(each, *_append(pipe, self._keys, each)) for each in self._news()]
        if len(pipe):
            await pipe.execute()
        if says_alive:
            self._alive_until = now + LEASE
        for outgoing, position, has_end in sent:
            outgoing.position = position
            if has_end:
                self._outgoing.pop(outgoing.answer.stream_id, None)
                outgoing.sent_end.set()

    def _news(self) -> list[Outgoing]:
        return [outgoing for outgoing in self._outgoing.values() if outgoing.has_news]

    async def _find_position(self, client: Client, outgoing: Outgoing) -> None:
        key = self._keys.stream(outgoing.answer.stream_id)
        last = [] if outgoing.is_new else await client.xrevrange(key, count=1)
        if last:
            entry_id, fields = last[0]
            if fields[entries.KIND] == entries.END:
                self._outgoing.pop(outgoing.answer.stream_id, None)
                outgoing.sent_end.set()
            outgoing.position = entries.position_of(entry_id, fields)
            return
        pipe = client.pipeline(transaction=False)
        start = entries.start_fields(outgoing.answer.owner, self.process)
        pipe.xadd(key, start, id=entries.START_ID)
        limit = mindwave_settings.STREAMING.TIMEOUT + mindwave_settings.STREAMING.RETENTION
        pipe.pexpire(key, int((limit + SPARE) * 1000))
        outgoing.is_new = False  # from here on Redis may have it
        await pipe.execute()
        outgoing.position = Position()

    async def _listen(self) -> None:
        last = b"0-0"
        while self._outgoing:
            try:
                client = await self._client()
                key = self._keys.control(self.process)
                for _, messages in await client.xread({key: last}, block=BLOCK) or ():
                    for message_id, message in messages:
                        last = message_id
                        self._obey(message)
            except Exception:  # noqa: BLE001  # the sender says so
                await asyncio.sleep(PAUSE)

    def _obey(self, message: dict[bytes, bytes]) -> None:
        outgoing = self._outgoing.get(message[b"s"].decode())
        if outgoing is None:
            return
        if message[b"a"] == b"cancel":
            outgoing.cancel(CancelReason(message[b"r"].decode()))
            return
        outgoing.answer.reader_seen()
        outgoing.seen_at = time.monotonic()
        self._wake.set()


def _append(pipe: Any, keys: Keys, outgoing: Outgoing) -> tuple[Position, bool]:
    """Queue what Redis lacks; return where it is then, and whether it has the end."""
    answer, key = outgoing.answer, keys.stream(outgoing.answer.stream_id)
    ended: Ended | None = answer.ended  # first: text may grow meanwhile, but not after the end
    position = outgoing.position or Position()
    for entry_id, fields in entries.new_entries(answer, position):
        pipe.xadd(key, fields, id=entry_id)
        position = entries.position_of(entry_id, fields)
    if ended is None:
        return position, False
    entry_id, fields = entries.end_entry(position, ended)
    pipe.xadd(key, fields, id=entry_id)
    pipe.pexpire(key, int(mindwave_settings.STREAMING.RETENTION * 1000))
    return position, True
