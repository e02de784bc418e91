"""Copies of answers that other processes write, kept as long as somebody here reads them."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from contextvars import Context

from mindwave_django.events import Ended, Outcome
from mindwave_django.exceptions import Interrupted
from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.redis import entries
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.writer import LEASE, PAUSE, Client

logger = logging.getLogger("mindwave_django")

BLOCK = 100  # milliseconds of one blocked read: a new reader waits no longer to be part of it
ARRIVAL, ATTEMPTS = 1.0, 10  # seconds that a stream which nobody knows is looked for, and how often
OUTAGE_LIMIT = 30.0  # seconds without Redis after which readers are told
LOST = Ended(Outcome.FAILED, code=Interrupted.code)


class Copy:
    """A copy of an answer: where it is, and who writes the original."""

    def __init__(self, stream_id: str, start: entries.Start) -> None:
        self.answer = Answer(stream_id, start.owner)
        self.process = start.process
        self.last_id = entries.START_ID
        self.missing_since: float | None = None
        self.looked_at = -math.inf

    def take(self, found: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        """Add entries; raises `entries.Gap` if some are missing before them."""
        for entry_id, fields in found:
            entries.apply(self.answer, entry_id, fields)
            self.last_id = entry_id


class Reader:
    """The reading half of a log on one event loop: one blocked read for each bucket in use."""

    def __init__(self, client: Callable[[], Awaitable[Client]], keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._copies: dict[int, dict[str, Copy]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def open(self, stream_id: str) -> Copy | None:
        """Return a copy that grows, or a whole one; None for a stream that Redis does not have."""
        bucket = self._keys.bucket(stream_id)
        if (known := self._copies.get(bucket, {}).get(stream_id)) is not None:
            return known
        found = await self._find(stream_id)
        if not found:
            return None
        copy = Copy(stream_id, entries.read_start(found[0][1]))
        copy.take(found)
        if copy.answer.ended is None:
            copy = self._copies.setdefault(bucket, {}).setdefault(stream_id, copy)
            copy.answer.on_idle = lambda: self._forget(stream_id)
            if bucket not in self._tasks:
                name = f"mindwave-redis-{bucket}"
                self._tasks[bucket] = asyncio.create_task(
                    self._follow(bucket), name=name, context=Context()
                )
        return copy

    async def _find(self, stream_id: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Return the entries of a stream; one that has just begun may still be on its way."""
        client = await self._client()
        for _ in range(ATTEMPTS):
            if found := await client.xrange(self._keys.stream(stream_id)):
                return list(found)
            await asyncio.sleep(ARRIVAL / ATTEMPTS)
        return []

    def find(self, stream_id: str) -> Copy | None:
        """Return the copy of a stream if there is one."""
        return self._copies.get(self._keys.bucket(stream_id), {}).get(stream_id)

    def _forget(self, stream_id: str) -> None:
        self._copies.get(self._keys.bucket(stream_id), {}).pop(stream_id, None)

    async def _follow(self, bucket: int) -> None:
        copies = self._copies[bucket]
        failing_since: float | None = None
        try:
            while copies:
                try:
                    await self._read(copies)
                    await self._look_after(copies)
                    failing_since = None
                except Exception as exc:  # noqa: BLE001  # whatever Redis or the way to it raises
                    if failing_since is None:
                        failing_since = time.monotonic()
                        _say(exc)
                    self._bear(copies, time.monotonic() - failing_since)
                    await asyncio.sleep(PAUSE)
        finally:
            del self._tasks[bucket]

    async def _read(self, copies: dict[str, Copy]) -> None:
        client = await self._client()
        wanted = {self._keys.stream(name): copy.last_id for name, copy in copies.items()}
        by_key = {self._keys.stream(name).encode(): copy for name, copy in copies.items()}
        for key, found in await client.xread(wanted, block=BLOCK) or ():
            copy = by_key[key]
            try:
                copy.take(found)
            except entries.Gap:
                await self._read_again(client, copy)
            if copy.answer.ended is not None:
                copies.pop(copy.answer.stream_id, None)

    async def _read_again(self, client: Client, copy: Copy) -> None:
        """Read from the beginning: Redis has lost something, and has been given it again."""
        try:
            copy.take(await client.xrange(self._keys.stream(copy.answer.stream_id)))
        except entries.Gap:  # the writer has not sent all of it yet, or never will
            copy.last_id = b"0-0"

    async def _look_after(self, copies: dict[str, Copy]) -> None:
        """Tell the readers of what nobody writes any more."""
        now = time.monotonic()
        due = [c for c in copies.values() if now - c.looked_at > LEASE / 2]
        if not due:
            return
        client = await self._client()
        alive: dict[str, bool] = {}
        for copy in due:
            copy.looked_at = now
            if copy.process not in alive:
                alive[copy.process] = bool(await client.exists(self._keys.alive(copy.process)))
            if alive[copy.process]:
                copy.missing_since = None
            elif copy.missing_since is None:
                copy.missing_since = now
            elif now - copy.missing_since > LEASE:
                self._end(copies, copy, LOST)

    def _bear(self, copies: dict[str, Copy], seconds: float) -> None:
        if seconds > OUTAGE_LIMIT:
            for copy in tuple(copies.values()):
                self._end(copies, copy, LOST)

    def _end(self, copies: dict[str, Copy], copy: Copy, ended: Ended) -> None:
        copies.pop(copy.answer.stream_id, None)
        if copy.answer.ended is None:
            copy.answer.finish(ended)


def _say(exc: Exception) -> None:
    logger.error("Redis cannot be read: %s. Its readers wait.", type(exc).__name__)
