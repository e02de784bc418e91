"""Tells writers that they are read, and readers that their writer is gone."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from itertools import islice

from mindwave_django.streaming.redis import control
from mindwave_django.streaming.redis.connect import Client
from mindwave_django.streaming.redis.copies import Copies, Copy
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.sender import LEASE
from mindwave_django.streaming.redis.tasks import NEVER, PAUSE, is_cancelled

TICK = 0.25  # seconds
AT_ONCE = 100  # streams that one message names


class Attendant:
    """Looks after the copies of one event loop, as long as there are any."""

    def __init__(self, copies: Copies, client: Callable[[], Awaitable[Client]], keys: Keys) -> None:
        self._copies = copies
        self._client = client
        self._keys = keys
        self._missing_since: dict[str, float] = {}  # by process
        self._looked_at = NEVER
        self._news = asyncio.Event()

    def greet(self) -> None:
        """Have the writer of a new copy told at once."""
        self._news.set()

    async def run(self) -> None:
        """Attend to the copies until there are none."""
        while list(self._copies) and not is_cancelled():
            self._news.clear()
            try:
                client = await self._client()
                await self._say_who_reads(client)
                await self._look_for_writers(client)
                with suppress(TimeoutError):
                    async with asyncio.timeout(TICK):
                        await self._news.wait()
            except Exception:  # noqa: BLE001  # the readers say so
                self._missing_since.clear()
                await asyncio.sleep(PAUSE)

    async def _say_who_reads(self, client: Client) -> None:
        now, limit = time.monotonic(), time.monotonic() - control.presence_interval()
        due: dict[str, list[Copy]] = defaultdict(list)
        for copy in self._copies:
            if not copy.is_wanted:
                self._copies.drop(copy)
            elif copy.said_at == NEVER or (copy.answer.is_read and copy.said_at <= limit):
                due[copy.process].append(copy)
        for process, copies in due.items():
            for some in _portions(copies):
                streams = [copy.answer.stream_id for copy in some]
                await control.tell(
                    client, self._keys, process, control.Message(control.SEEN, streams)
                )
            for copy in copies:
                copy.said_at = now

    async def _look_for_writers(self, client: Client) -> None:
        now = time.monotonic()
        if now - self._looked_at < LEASE / 4:
            return
        self._looked_at = now
        missing: dict[str, float] = {}
        for process in {copy.process for copy in self._copies}:
            if not await client.exists(self._keys.alive(process)):
                # Redis may have forgotten it: a writer that lives says so again within its lease.
                missing[process] = self._missing_since.get(process, now)
        self._missing_since = missing
        for process, since in missing.items():
            if now - since > LEASE:
                await self._lose(client, process)
        await self._look_for_answers(client, now)

    async def _lose(self, client: Client, process: str) -> None:
        lost = [copy for copy in self._copies if copy.process == process]
        # A Redis that takes nothing now takes no sign of life either: then this raises.
        streams = [copy.answer.stream_id for copy in lost[:AT_ONCE]]
        await control.tell(client, self._keys, process, control.Message(control.SEEN, streams))
        for copy in lost:
            self._copies.lose(copy)

    async def _look_for_answers(self, client: Client, now: float) -> None:
        """Send readers away from what is quiet since it is there no more."""
        for copy in self._copies:
            if now - copy.heard_at < LEASE:
                copy.missing_since = None
            elif await client.exists(self._keys.stream(copy.answer.stream_id)):
                copy.missing_since, copy.heard_at = None, now
            elif copy.missing_since is None:
                copy.missing_since = now
            elif now - copy.missing_since > LEASE:
                self._copies.send_away(copy)


def _portions(copies: Iterable[Copy]) -> Iterable[list[Copy]]:
    rest = iter(copies)
    return iter(lambda: list(islice(rest, AT_ONCE)), [])
