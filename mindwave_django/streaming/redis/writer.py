"""The writing half of a log on one event loop."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress

from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.redis.connect import Client
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.listener import Listener
from mindwave_django.streaming.redis.outbox import Outbox
from mindwave_django.streaming.redis.outgoing import Cancel, Outgoing
from mindwave_django.streaming.redis.sender import Sender
from mindwave_django.streaming.redis.tasks import Tasks


class Writer:
    """Brings answers to Redis: one task sends, and one hears what other processes want of them.

    Both run as long as this process keeps an answer. `keeps` says whether it keeps one.
    """

    def __init__(
        self,
        client: Callable[[], Awaitable[Client]],
        keys: Keys,
        place: str,
        keeps: Callable[[str], bool],
    ) -> None:
        self.process = secrets.token_hex(8)
        self._keys = keys
        self._outbox = Outbox(keeps)
        self._sender = Sender(self._outbox, client, keys, self.process, place)
        self._listener = Listener(self._outbox, client, keys, self.process)
        self._tasks = Tasks()

    def add(self, answer: Answer, cancel: Cancel) -> None:
        """Send this answer from now on, until its end has arrived."""
        self._outbox.add(Outgoing(answer, cancel, self._keys.stream(answer.stream_id)))
        self._tasks.keep_on("send", self._sender.run)
        self._tasks.keep_on("listen", self._listener.run)

    def is_deaf_to_readers_of(self, stream_id: str) -> bool:
        """Whether an outage keeps readers elsewhere from saying that they are there."""
        outgoing = self._outbox.get(stream_id)
        return outgoing is not None and self._sender.cannot_hear_of(outgoing)

    async def end(self, stream_id: str, seconds: float) -> None:
        """Send the end of an answer; wait until it has arrived, but no longer than this."""
        outgoing = self._outbox.get(stream_id)
        if outgoing is None:
            return
        self._outbox.changed.set()
        if self._sender.is_failing:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await outgoing.arrived.wait()
