"""The log on Redis."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from mindwave_django.conf import mindwave_settings
from mindwave_django.drivers.per_loop import PerLoop
from mindwave_django.events import CancelReason, Ended
from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.log import Cancel, Log, MemoryLog
from mindwave_django.streaming.redis import entries
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.reader import Reader
from mindwave_django.streaming.redis.writer import CONTROL_LENGTH, SPARE, Client, Writer

logger = logging.getLogger("mindwave_django")

BUCKETS = 8
FLUSH_LIMIT = 1.0  # seconds that the end of an answer waits to arrive


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
    :param prefix: what all keys begin with.
    :param options: further arguments of redis-py's client, such as `ssl_ca_certs`.
    """

    def __init__(
        self,
        *,
        url: str = "redis://127.0.0.1:6379/0",
        cluster: bool = False,
        sentinels: Sequence[Sequence[Any]] = (),
        prefix: str = "mindwave",
        options: Mapping[str, Any] | None = None,
        max_bytes: int = 64 * 1024 * 1024,
        max_answer_bytes: int = 8 * 1024 * 1024,
    ) -> None:
        try:
            import redis  # noqa: F401, PLC0415  # an extra
        except ImportError as exc:
            raise ValueError(
                "RedisLog needs the package redis: pip install 'mindwave-django[redis]'."
            ) from exc
        self._url = url
        self._cluster = cluster
        self._sentinels = tuple(tuple(each) for each in sentinels)
        self._options = {"socket_connect_timeout": 5} | dict(options or {})
        self._keys = Keys(prefix, BUCKETS)
        self._memory = MemoryLog(max_bytes=max_bytes, max_answer_bytes=max_answer_bytes)
        self._clients: PerLoop[Client] = PerLoop(self._build, _close)
        self._halves: dict[asyncio.AbstractEventLoop, tuple[Writer, Reader]] = {}

    def _build(self) -> Client:
        import redis.asyncio  # noqa: PLC0415
        from redis.asyncio.cluster import RedisCluster  # noqa: PLC0415
        from redis.asyncio.sentinel import Sentinel  # noqa: PLC0415

        if self._cluster:
            return RedisCluster.from_url(self._url, **self._options)
        if self._sentinels:
            service, _, database = self._url.partition("://")[2].partition("/")
            sentinel: Any = Sentinel(list(self._sentinels), **self._options)  # type: ignore[no-untyped-call]
            return sentinel.master_for(service, db=int(database or 0), **self._options)
        return redis.asyncio.from_url(self._url, **self._options)

    def _here(self) -> tuple[Writer, Reader]:
        """Return the halves of the running loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._halves:
            for other in [each for each in self._halves if each.is_closed()]:
                self._halves.pop(other, None)
            get = self._clients.get
            self._halves[loop] = Writer(get, self._keys), Reader(get, self._keys)
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
            copy = await self._here()[1].open(stream_id)
        except Exception as exc:  # noqa: BLE001  # whatever Redis or the way to it raises
            _complain("be asked for a stream", exc)
            return None
        if copy is None:
            return None
        if copy.answer.ended is None:
            await self._tell(copy.process, {"a": "seen", "s": stream_id})
        return copy.answer

    async def finish(self, answer: Answer, ended: Ended) -> None:
        """Add the terminal entry, here at once, and in Redis within moments."""
        await self._memory.finish(answer, ended)
        await self._here()[0].flush(answer.stream_id, FLUSH_LIMIT)

    async def cancel(self, stream_id: str, reason: CancelReason) -> bool:
        """End the generation, here or wherever it runs."""
        if await self._memory.cancel(stream_id, reason):
            return True
        process = await self._writer_of(stream_id)
        if process is None:
            return False
        return await self._tell(process, {"a": "cancel", "s": stream_id, "r": str(reason)})

    async def reader_seen(self, stream_id: str) -> None:
        """Note a reader, here or where the answer is written."""
        if await self._memory.last_reader_at(stream_id) is not None:
            await self._memory.reader_seen(stream_id)
        elif (copy := self._here()[1].find(stream_id)) is not None:
            await self._tell(copy.process, {"a": "seen", "s": stream_id})

    async def last_reader_at(self, stream_id: str) -> float | None:
        """Return when anybody was seen reading last, as far as the writer has been told."""
        here = await self._memory.last_reader_at(stream_id)
        if here is None and self._here()[1].find(stream_id) is not None:
            return math.inf
        return here

    async def _writer_of(self, stream_id: str) -> str | None:
        """Return the process that writes an answer; None if nobody does any more."""
        key = self._keys.stream(stream_id)
        try:
            client = await self._clients.get()
            first, last = await client.xrange(key, count=1), await client.xrevrange(key, count=1)
        except Exception as exc:  # noqa: BLE001
            _complain("be asked for a stream", exc)
            return None
        if not first or last[0][1][entries.KIND] == entries.END:
            return None
        return entries.read_start(first[0][1]).process

    async def _tell(self, process: str, message: dict[str, str]) -> bool:
        try:
            client = await self._clients.get()
            key = self._keys.control(process)
            await client.xadd(key, message, maxlen=CONTROL_LENGTH, approximate=True)
            lifetime = mindwave_settings.STREAMING.TIMEOUT + SPARE
            await client.pexpire(key, int(lifetime * 1000))
        except Exception as exc:  # noqa: BLE001
            _complain("tell another process", exc)
            return False
        return True


async def _close(client: Client) -> None:
    await client.aclose()


def _complain(what: str, exc: Exception) -> None:
    logger.error("Redis cannot %s: %s.", what, type(exc).__name__)
