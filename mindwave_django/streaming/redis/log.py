"""The log on Redis."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mindwave_django.drivers.per_loop import PerLoop
from mindwave_django.events import CancelReason, Ended
from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.log import Cancel, Log, LogUnavailable, MemoryLog
from mindwave_django.streaming.redis import control, entries
from mindwave_django.streaming.redis.connect import Client, Connector, begin, close
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.reader import Reader
from mindwave_django.streaming.redis.writer import Writer

logger = logging.getLogger("mindwave_django")

BUCKETS = 8
END_LIMIT = 1.0  # seconds that the end of an answer waits to arrive


class RedisLog(Log):
    """Keeps answers in this process, and in Redis for every other one.

    Readers in the process that writes an answer read its memory, as with `MemoryLog`; readers
    elsewhere read a Redis stream and keep a copy while they do. Needs Redis 6.2 and the package
    `redis`.

    :param url: as redis-py takes it: `redis://`, `rediss://` (TLS), `unix://`, with user and
        password.
    :param cluster: whether the URL is of a node of a Redis Cluster.
    :param sentinels: pairs of host and port; then `url` names the service, as
        `redis://<service>/<database>`.
    :param sentinel_options: arguments of redis-py's clients of the Sentinels, such as `password`.
    :param prefix: what all keys begin with.
    :param options: further arguments of redis-py's client, such as `ssl_ca_certs`.

    Raises ValueError for an URL that redis-py does not take, and if the package is missing.
    """

    arrival = 1.0

    def __init__(
        self,
        *,
        url: str = "redis://127.0.0.1:6379/0",
        cluster: bool = False,
        sentinels: Sequence[Sequence[Any]] = (),
        sentinel_options: Mapping[str, Any] | None = None,
        prefix: str = "mindwave",
        options: Mapping[str, Any] | None = None,
        max_bytes: int = 64 * 1024 * 1024,
        max_answer_bytes: int = 8 * 1024 * 1024,
    ) -> None:
        self._connector = Connector(
            url,
            cluster=cluster,
            sentinels=sentinels,
            sentinel_options=sentinel_options or {},
            options=options or {},
        )
        self._keys = Keys(prefix, BUCKETS)
        self._memory = MemoryLog(max_bytes=max_bytes, max_answer_bytes=max_answer_bytes)
        self._clients: PerLoop[Client] = PerLoop(self._connector.build, close, begin)
        self._halves: dict[asyncio.AbstractEventLoop, tuple[Writer, Reader]] = {}

    def _here(self) -> tuple[Writer, Reader]:
        """Return the halves of the running loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._halves:
            for other in [each for each in list(self._halves) if each.is_closed()]:
                self._halves.pop(other, None)
            get, place = self._clients.get, self._connector.place
            writer = Writer(get, self._keys, place, self._memory.__contains__)
            self._halves[loop] = writer, Reader(get, self._keys, place)
        return self._halves[loop]

    def create(self, stream_id: str, owner: str, cancel: Cancel) -> Answer:
        """Return a new answer, which is on its way to Redis from now on."""
        answer = self._memory.create(stream_id, owner, cancel)
        self._here()[0].add(answer, cancel)
        return answer

    async def open(self, stream_id: str) -> Answer | None:
        """Return the answer itself if this process has it, else a copy."""
        if (answer := await self._memory.open(stream_id)) is not None:
            return answer
        try:
            return await self._here()[1].open(stream_id)
        except Exception as exc:
            raise self._unavailable(exc) from exc

    async def finish(self, answer: Answer, ended: Ended) -> None:
        """Add the terminal entry, here at once, and in Redis within moments."""
        await self._memory.finish(answer, ended)
        await self._here()[0].end(answer.stream_id, END_LIMIT)

    async def cancel(self, stream_id: str, reason: CancelReason) -> bool:
        """End the generation, here or wherever it runs."""
        if await self._memory.cancel(stream_id, reason):
            return True
        try:
            async with self._here()[1].turns:
                return await self._cancel_elsewhere(stream_id, reason)
        except Exception as exc:  # noqa: BLE001  # whatever Redis or the way to it raises
            logger.error(  # noqa: TRY400  # its words may name the URL
                "Stream %s cannot be stopped: %s", stream_id, self._unavailable(exc)
            )
            return False

    async def _cancel_elsewhere(self, stream_id: str, reason: CancelReason) -> bool:
        client = await self._clients.get()
        process = await self._writer_of(client, stream_id)
        if process is None:
            return False
        message = control.Message(control.CANCEL, [stream_id], reason)
        await control.tell(client, self._keys, process, message)
        return True

    async def reader_seen(self, stream_id: str) -> None:
        """Note a reader, here at once, or soon where the answer is written."""
        if not self._here()[1].reader_seen(stream_id):
            await self._memory.reader_seen(stream_id)

    async def last_reader_at(self, stream_id: str) -> float | None:
        """Return when anybody was seen reading last, as far as the writer has been told.

        During an outage those elsewhere cannot tell, and count as there.
        """
        here = await self._memory.last_reader_at(stream_id)
        writer, reader = self._here()
        if here is None:
            return math.inf if reader.has(stream_id) else None
        return max(here, time.time()) if writer.is_deaf_to_readers_of(stream_id) else here

    async def _writer_of(self, client: Client, stream_id: str) -> str | None:
        """Return the process that writes an answer; None if nobody does any more."""
        pipe, key = client.pipeline(transaction=False), self._keys.stream(stream_id)
        pipe.xrange(key, count=1)
        pipe.xrevrange(key, count=1)
        first, last = await pipe.execute()
        if not first or not last or last[0][1].get(entries.KIND) == entries.END:
            return None
        start = entries.read_start(first[0][1])
        return None if start is None else start.process

    def _unavailable(self, exc: Exception) -> LogUnavailable:
        place, name = self._connector.place, type(exc).__name__
        return LogUnavailable(f"Redis at {place} cannot be asked: {name}.")
