"""Hears what other processes want of the answers that this one writes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from mindwave_django.conf import mindwave_settings
from mindwave_django.streaming.redis import control
from mindwave_django.streaming.redis.connect import Client, read_new
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.outbox import Outbox
from mindwave_django.streaming.redis.outgoing import Outgoing

BLOCK = 1000  # milliseconds of one blocked read
PAUSE = 1.0  # seconds before Redis is tried again
PRESENCE_INTERVAL = 10.0  # seconds, at most, between two times that a reader says to be there
PATIENCE = 2.5  # such times without a word, after which it counts as gone


def presence_interval() -> float:
    """Return the seconds between two times that a reader says to be there."""
    return min(mindwave_settings.STREAMING.RECONNECT_GRACE / 4, PRESENCE_INTERVAL)


class Listener:
    """Reads the control stream of this process as long as its outbox holds something."""

    def __init__(
        self,
        outbox: Outbox,
        client: Callable[[], Awaitable[Client]],
        keys: Keys,
        process: str,
    ) -> None:
        self._outbox = outbox
        self._client = client
        self._key = keys.control(process)
        self._last_id: bytes = b"0-0"

    async def run(self) -> None:
        """Listen until the outbox is empty."""
        while self._outbox:
            try:
                client = await self._client()
                for _, found in await read_new(client, {self._key: self._last_id}, BLOCK):
                    for entry_id, fields in found:
                        self._last_id = entry_id
                        await self._hear(client, fields)
            except Exception:  # noqa: BLE001  # the sender says so
                self._last_id = b"0-0"  # a Redis that has lost it may number from before
                await asyncio.sleep(PAUSE)

    async def _hear(self, client: Client, fields: dict[bytes, bytes]) -> None:
        with suppress(KeyError, ValueError):  # of a release that says more than this one knows
            message = control.read_message(fields)
            for stream_id in message.stream_ids:
                await self._obey(client, message, stream_id)

    async def _obey(self, client: Client, message: control.Message, stream_id: str) -> None:
        if message.action == control.CANCEL:
            if (outgoing := self._outbox.get(stream_id)) and message.reason is not None:
                outgoing.cancel(message.reason)
        elif (outgoing := self._outbox.take_back(stream_id)) is None:
            return
        elif message.action == control.GAP:
            await self._rewrite(client, outgoing)
        elif outgoing.see(time.monotonic(), PATIENCE * presence_interval()):
            self._outbox.changed.set()

    async def _rewrite(self, client: Client, outgoing: Outgoing) -> None:
        """Send all of it again: what is missing cannot be put between what is there."""
        if outgoing.may_rewrite(time.monotonic()):
            await client.delete(outgoing.key)
            outgoing.ask()
            self._outbox.changed.set()
