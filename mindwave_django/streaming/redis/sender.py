"""Sends what this process writes to Redis."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from mindwave_django.streaming.redis import control, entries
from mindwave_django.streaming.redis.connect import Client
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.outbox import Outbox
from mindwave_django.streaming.redis.outgoing import (
    INTERVAL,
    WATCHED_INTERVAL,
    Batch,
    Outgoing,
    is_twice,
)
from mindwave_django.streaming.redis.tasks import NEVER, PAUSE, is_cancelled

logger = logging.getLogger("mindwave_django")

LEASE = 5.0  # seconds after which a process that says nothing counts as gone
REFUSALS = 2  # of what Redis lacks by its own word, before all of it is sent again


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
        self._alive_until = self._failing_since = NEVER

    async def run(self) -> None:
        """Send until the outbox is empty."""
        while self._outbox and not is_cancelled():
            self._outbox.changed.clear()
            try:
                await self._send(await self._client())
                self._recover()
            except Exception as exc:  # noqa: BLE001  # whatever Redis or the way to it raises
                self._lose(exc)
                self._outbox.give_up()
            self._outbox.forget_arrived()
            await self._pause()

    def cannot_hear_of(self, outgoing: Outgoing) -> bool:
        """Whether an outage keeps its readers elsewhere from saying that they are there."""
        return self.is_failing and outgoing.is_watched(self._failing_since)

    async def _pause(self) -> None:
        if self.is_failing:
            await asyncio.sleep(PAUSE)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._interval):
                await self._outbox.changed.wait()

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
            self.is_failing, self._failing_since = True, time.monotonic()
            logger.error(
                "Redis at %s cannot be written: %s. Readers in this process go on, others wait.",
                self._place,
                type(exc).__name__,
            )

    def _recover(self) -> None:
        if not self.is_failing:
            return
        for outgoing in self._outbox:
            if self.cannot_hear_of(outgoing):  # its readers have as long as ever to say so again
                outgoing.see(time.monotonic(), control.patience())
        self.is_failing = False
        logger.warning("Redis at %s can be written again.", self._place)

    async def _send(self, client: Client) -> None:
        await self._renew(client)
        trouble = [*await self._ask(client), *await self._send_due(client)]
        if trouble:  # what there is of others has been sent all the same
            raise trouble[0]

    async def _renew(self, client: Client) -> None:
        """Say that this process is alive."""
        now = time.monotonic()
        if now < self._alive_until - LEASE / 2:
            return
        key, lease = self._keys.alive(self._process), int(LEASE * 1000)
        before = await client.set(key, b"1", px=lease, get=True)
        if before is None and now < self._alive_until:
            # Redis has forgotten us, and so it may have forgotten answers.
            for outgoing in self._outbox:
                outgoing.ask()
        self._alive_until = now + LEASE

    async def _ask(self, client: Client) -> list[Exception]:
        """Ask Redis for its last entry of each answer in doubt; return what went wrong."""
        pipe = client.pipeline(transaction=False)
        unsure = [outgoing for outgoing in self._outbox if outgoing.position is None]
        versions = [outgoing.version for outgoing in unsure]
        for outgoing in unsure:
            if outgoing.refusals > REFUSALS:  # what there is, is none of ours
                await client.delete(outgoing.key)
                outgoing.refusals = 0
            pipe.xrevrange(outgoing.key, count=1)
        found = await pipe.execute(raise_on_error=False) if unsure else []
        trouble = []
        for outgoing, version, last in zip(unsure, versions, found, strict=True):
            if isinstance(last, Exception) and "WRONGTYPE" not in str(last):
                trouble.append(last)
            elif version == outgoing.version:
                self._take(outgoing, last)
        return trouble

    def _take(self, outgoing: Outgoing, last: Any) -> None:
        try:
            outgoing.is_as(last[0] if last else None)
        except (KeyError, TypeError, ValueError):  # somebody else's
            outgoing.refusals = REFUSALS + 1
            self._outbox.changed.set()
            return
        if last and last[0][1][entries.KIND] == entries.END:
            self._outbox.arrive(outgoing)

    async def _send_due(self, client: Client) -> list[Exception]:
        """Send what Redis lacks; return what went wrong."""
        pipe, now = client.pipeline(transaction=False), time.monotonic()
        batches = [
            Batch(pipe, outgoing, self._process)
            for outgoing in self._outbox
            if outgoing.is_due(now)
        ]
        results = await pipe.execute(raise_on_error=False) if batches else []
        for batch in batches:
            if batch.settle(results) is not None:
                self._outbox.arrive(batch.outgoing)
            elif batch.outgoing.position is None:
                self._outbox.changed.set()
        return [each for each in results if isinstance(each, Exception) and not is_twice(each)]
