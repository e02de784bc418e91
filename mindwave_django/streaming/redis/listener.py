"""Hears what other processes want of the answers that this one writes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from mindwave_django.streaming.redis import control, entries
from mindwave_django.streaming.redis.connect import Client, read_new
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.outbox import Outbox
from mindwave_django.streaming.redis.outgoing import Outgoing
from mindwave_django.streaming.redis.tasks import PAUSE, is_cancelled

BLOCK = 1000  # milliseconds of one blocked read


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
        self._keys = keys
        self._key = keys.control(process)
        self._last_id: bytes = b"0-0"
        self._is_sure = True  # that Redis still has what was heard last

    async def run(self) -> None:
        """Listen until the outbox is empty."""
        while self._outbox and not is_cancelled():
            try:
                client = await self._client()
                if not self._is_sure:
                    await self._find_place(client)
                for _, found in await read_new(client, {self._key: self._last_id}, BLOCK):
                    for entry_id, fields in found:
                        self._last_id = entry_id
                        await self._hear(client, fields)
            except Exception:  # noqa: BLE001  # the sender says so
                await asyncio.sleep(PAUSE)
                self._is_sure = False

    async def _find_place(self, client: Client) -> None:
        """Hear from the beginning if Redis has lost the stream: it may number from before."""
        last = await client.xrevrange(self._key, count=1)
        if not last or _number(last[0][0]) < _number(self._last_id):
            self._last_id = b"0-0"
        self._is_sure = True

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
            await self._delete_unfinished(client, self._keys.stream(stream_id))
        elif message.action == control.GAP:
            await self._rewrite(client, outgoing)
        elif message.action == control.SEEN:
            outgoing.see(time.monotonic(), control.patience())
            outgoing.ask()  # whether Redis still has it
            self._outbox.changed.set()

    async def _delete_unfinished(self, client: Client, key: str) -> None:
        """Delete what was given up in an outage: nobody will ever add its end."""
        last = await client.xrevrange(key, count=1)
        if last and last[0][1].get(entries.KIND) != entries.END:
            await client.delete(key)

    async def _rewrite(self, client: Client, outgoing: Outgoing) -> None:
        """Send all of it again: what is missing cannot be put between what is there."""
        if outgoing.may_rewrite(time.monotonic()):
            await client.delete(outgoing.key)
            self._outbox.take_back(outgoing.answer.stream_id)  # it may have arrived meanwhile
            outgoing.ask()
            self._outbox.changed.set()


def _number(entry_id: bytes) -> tuple[int, ...]:
    return tuple(map(int, entry_id.split(b"-")))
