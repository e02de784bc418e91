"""Sends what this process writes to Redis."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from mindwave_django.streaming.redis import entries
from mindwave_django.streaming.redis.connect import Client
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.outbox import Outbox
from mindwave_django.streaming.redis.outgoing import INTERVAL, WATCHED_INTERVAL, Batch, Outgoing

logger = logging.getLogger("mindwave_django")

LEASE = 5.0  # seconds after which a process that says nothing counts as gone
PAUSE = 1.0  # seconds before Redis is tried again
REFUSALS = 2  # of what Redis lacks by its own word, before all of it is sent again
TWICE = "equal or smaller"  # what Redis says to an entry that it has


class Sender:
    """Sends an outbox, all of it in one pipeline, and says that this process is alive.

    After an error nobody knows what has arrived: Redis is asked for its last entry, and the rest is
    sent again from memory.
    """

    def __init__(
        self,
        outbox: Outbox,
        client: Callable[[], Awaitable[Client]],
        keys: Keys,
        process: str,
        place: str,
    ) -> None:
        self.is_failing = False
        self._outbox = outbox
        self._client = client
        self._keys = keys
        self._process = process
        self._place = place
        self._alive_until = -1e9

    async def run(self) -> None:
        """Send until the outbox is empty."""
        while self._outbox:
            self._outbox.changed.clear()
            try:
                await self._send(await self._client())
                self._recover()
            except Exception as exc:  # noqa: BLE001  # whatever Redis or the way to it raises
                self._lose(exc)
                self._outbox.give_up()
            self._outbox.forget_arrived()
            await self._pause()

    async def _pause(self) -> None:
        if self.is_failing:
            await asyncio.sleep(PAUSE)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._outbox.changed.wait(), self._interval)

    @property
    def _interval(self) -> float:
        """How long to gather."""
        waiting, now = list(self._outbox), time.monotonic()
        if not waiting:
            return LEASE / 2
        watched = any(outgoing.is_watched(now) for outgoing in waiting)
        return WATCHED_INTERVAL if watched else INTERVAL

    def _lose(self, exc: Exception) -> None:
        for outgoing in self._outbox:
            outgoing.ask()
        if not self.is_failing:
            self.is_failing = True
            logger.error(
                "Redis at %s cannot be written: %s. Readers in this process go on, others wait.",
                self._place,
                type(exc).__name__,
            )

    def _recover(self) -> None:
        if self.is_failing:
            self.is_failing = False
            logger.warning("Redis at %s can be written again.", self._place)

    async def _send(self, client: Client) -> None:
        for outgoing in self._outbox:
            if outgoing.position is None:
                await self._ask(client, outgoing)
        pipe, now = client.pipeline(transaction=False), time.monotonic()
        renews = now > self._alive_until - LEASE / 2
        if renews:
            pipe.set(self._keys.alive(self._process), b"1", px=int(LEASE * 1000), get=True)
        batches = [
            Batch(pipe, outgoing, self._process)
            for outgoing in self._outbox
            if outgoing.is_due(now)
        ]
        results = await pipe.execute(raise_on_error=False) if len(pipe) else []
        for batch in batches:
            self._settle(batch, results)
        _require_no_trouble(results)
        if renews:
            self._renewed(now, was_there=results[0] is not None)

    async def _ask(self, client: Client, outgoing: Outgoing) -> None:
        version = outgoing.version
        if outgoing.refusals > REFUSALS:  # what there is, is none of ours
            await client.delete(outgoing.key)
        found = await client.xrevrange(outgoing.key, count=1)
        if version != outgoing.version:
            return
        last = found[0] if found else None
        outgoing.is_as(last)
        if last is not None and last[1][entries.KIND] == entries.END:
            self._outbox.arrive(outgoing)

    def _settle(self, batch: Batch, results: list[Any]) -> None:
        if batch.settle(results) is not None:
            self._outbox.arrive(batch.outgoing)
        elif batch.outgoing.position is None:
            self._outbox.changed.set()

    def _renewed(self, now: float, *, was_there: bool) -> None:
        if not was_there and now < self._alive_until:  # it has forgotten us, and maybe answers
            for outgoing in self._outbox:
                outgoing.ask()
            self._outbox.changed.set()
        self._alive_until = now + LEASE


def _require_no_trouble(results: list[Any]) -> None:
    for result in results:
        if isinstance(result, Exception) and TWICE not in str(result):
            raise result
