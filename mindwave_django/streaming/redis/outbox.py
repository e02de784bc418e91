"""The answers of this process that Redis has to have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from mindwave_django.events import CancelReason
from mindwave_django.streaming.redis.outgoing import Outgoing


def _nothing(reason: CancelReason) -> None:
    """Do nothing: it is over."""


class Outbox:
    """Answers on their way, and those that have arrived, as long as this process keeps them.

    Redis may lose what it has confirmed, when a replica takes over; then it is given it again.
    """

    def __init__(self, keeps: Callable[[str], bool]) -> None:
        self._keeps = keeps
        self._outgoing: dict[str, Outgoing] = {}
        self._arrived: dict[str, Outgoing] = {}  # in the order of their arrival
        self.changed = asyncio.Event()  # there is something to send at once

    def __bool__(self) -> bool:
        return bool(self._outgoing or self._arrived)

    def __iter__(self) -> Iterator[Outgoing]:
        """Iterate over those on their way."""
        return iter(tuple(self._outgoing.values()))

    def add(self, outgoing: Outgoing) -> None:
        """Put one in."""
        self._outgoing[outgoing.answer.stream_id] = outgoing
        self.changed.set()

    def get(self, stream_id: str) -> Outgoing | None:
        """Return one that is on its way."""
        return self._outgoing.get(stream_id)

    def take_back(self, stream_id: str) -> Outgoing | None:
        """Return one that somebody misses something of; one that had arrived is sent again."""
        if outgoing := self._arrived.pop(stream_id, None):
            outgoing.ask()
            self.add(outgoing)
        return self.get(stream_id)

    def arrive(self, outgoing: Outgoing) -> None:
        """Note that Redis has all of it."""
        stream_id = outgoing.answer.stream_id
        self._outgoing.pop(stream_id, None)
        self._arrived[stream_id] = outgoing
        outgoing.cancel = _nothing  # it would keep the whole generation
        outgoing.arrived.set()

    def forget_arrived(self) -> None:
        """Let go of those that arrived and are no longer kept."""
        while self._arrived and not self._keeps(oldest := next(iter(self._arrived))):
            del self._arrived[oldest]

    def give_up(self) -> None:
        """Let go of those that could not be sent and are no longer kept."""
        for stream_id in tuple(self._outgoing):
            if not self._keeps(stream_id):
                del self._outgoing[stream_id]
