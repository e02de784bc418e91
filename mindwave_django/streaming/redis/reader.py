"""The reading half of a log on one event loop."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable

from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.redis import control, entries
from mindwave_django.streaming.redis.attendant import Attendant
from mindwave_django.streaming.redis.connect import Client, read_new
from mindwave_django.streaming.redis.copies import Copies, Copy
from mindwave_django.streaming.redis.entries import Entries
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.tasks import NEVER, PAUSE, Tasks, is_cancelled

logger = logging.getLogger("mindwave_django")

BLOCK = 100  # milliseconds of one blocked read: a new reader waits no longer to be part of it
STUCK = 0.25  # seconds until it is looked again whether a gap has been filled
TURNS = 8  # connections for those who ask for a stream
RECOVERY = 15.0  # seconds after an outage in which a writer may still bring an answer back
OUTAGE_LIMIT = 30.0  # seconds without Redis after which readers are sent away, to come back


class NotNow(Exception):
    """Redis did not answer a moment ago, or has lost its data: the stream may come back soon."""


class Reader:
    """Follows what other processes write, with one blocked read for each bucket in use."""

    def __init__(self, client: Callable[[], Awaitable[Client]], keys: Keys, place: str) -> None:
        self._client = client
        self._keys = keys
        self._place = place
        self._copies = Copies(keys)
        self._attendant = Attendant(self._copies, client, keys)
        self._tasks = Tasks()
        self._failing_since: dict[int, float] = {}  # by bucket
        self._epochs: dict[str, bytes] = {}
        self._lost_at = NEVER  # when Redis was seen to have lost its data, or was away
        self._failed_at = NEVER  # when it was asked for a stream in vain
        self.turns = asyncio.Semaphore(TURNS)

    async def open(self, stream_id: str) -> Answer | None:
        """Return a copy that grows, or a whole one; None for a stream that Redis does not have.

        Raises what redis-py raises, and NotNow for one that may be there again in a moment.
        """
        async with self.turns:
            if (copy := self._copies.get(stream_id)) is None:
                client = await self._client()
                found = await self._look_up(client, stream_id)
                start = entries.read_start(found[0][1]) if found else None
                if start is None:
                    return None
                copy = await self._copy(client, Copy(stream_id, start), found)
            copy.answer.reader_seen()
            return copy.answer

    async def _look_up(self, client: Client, stream_id: str) -> Entries:
        """Return all entries of a stream; raises NotNow if it may come back."""
        if time.monotonic() - self._failed_at < PAUSE:
            raise NotNow  # whoever waited for a turn need not find out again
        pipe, epoch = client.pipeline(transaction=False), self._keys.epoch(stream_id)
        pipe.xrange(self._keys.stream(stream_id))
        pipe.set(epoch, secrets.token_hex(8), nx=True)
        pipe.get(epoch)
        try:
            # A Redis that is full refuses to set anything.
            found, _, now = await pipe.execute(raise_on_error=False)
            if isinstance(found, Exception):
                raise found
        except Exception:
            self._lost_at = self._failed_at = time.monotonic()
            raise
        if isinstance(now, bytes) and self._epochs.setdefault(epoch, now) != now:
            self._epochs[epoch] = now
            self._lost_at = time.monotonic()
        if not found and time.monotonic() - self._lost_at < RECOVERY:
            raise NotNow
        return list(found)

    async def _copy(self, client: Client, copy: Copy, found: Entries) -> Copy:
        await self._take(client, copy, found)
        if copy.answer.ended is None:
            copy = self._copies.add(copy)
            bucket = self._keys.bucket(copy.answer.stream_id)
            self._tasks.keep_on(f"{bucket}", lambda: self._follow(bucket))
            self._tasks.keep_on("attendant", self._attendant.run)
            self._attendant.greet()
        return copy

    def reader_seen(self, stream_id: str) -> bool:
        """Have the writer told of a reader soon; return whether there is a copy."""
        if (copy := self._copies.get(stream_id)) is None:
            return False
        copy.said_at = NEVER
        return True

    def has(self, stream_id: str) -> bool:
        """Whether there is a copy that grows."""
        return self._copies.get(stream_id) is not None

    async def _follow(self, bucket: int) -> None:
        try:
            while (copies := self._copies.of(bucket)) and not is_cancelled():
                try:
                    await self._read(copies)
                    self._recover(bucket)
                except Exception as exc:  # noqa: BLE001  # whatever Redis or the way to it raises
                    self._lose(bucket, exc)
                    await asyncio.sleep(PAUSE)
        finally:
            self._failing_since.pop(bucket, None)

    def _lose(self, bucket: int, exc: Exception) -> None:
        self._lost_at = now = time.monotonic()
        if not self._failing_since:
            logger.error(
                "Redis at %s cannot be read: %s. Readers of other processes' answers wait.",
                self._place,
                type(exc).__name__,
            )
        if now - self._failing_since.setdefault(bucket, now) > OUTAGE_LIMIT:
            for copy in self._copies.of(bucket):
                self._copies.send_away(copy)

    def _recover(self, bucket: int) -> None:
        if self._failing_since.pop(bucket, None) is not None and not self._failing_since:
            logger.warning("Redis at %s can be read again.", self._place)

    async def _read(self, copies: list[Copy]) -> None:
        now = time.monotonic()
        ready = [copy for copy in copies if copy.stuck_until < now]
        if not ready:
            await asyncio.sleep(STUCK)
            return
        by_key = {self._keys.stream(copy.answer.stream_id): copy for copy in ready}
        client, last_ids = await self._client(), {key: c.last_id for key, c in by_key.items()}
        for key, found in await read_new(client, last_ids, BLOCK):
            copy = by_key[key.decode()]
            await self._take(client, copy, found)
            if copy.answer.ended is not None:
                self._copies.drop(copy)

    async def _take(self, client: Client, copy: Copy, found: Entries) -> None:
        try:
            copy.take(found)
        except entries.Gap:
            # Redis has lost something, and has got what comes after it.
            copy.stuck_until = time.monotonic() + STUCK
            message = control.Message(control.GAP, [copy.answer.stream_id])
            await control.tell(client, self._keys, copy.process, message)
