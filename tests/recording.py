"""Test cases of the core, where nothing is saved, and a record of the signals that were sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.signals import request_finished
from django.db import close_old_connections
from django.test import SimpleTestCase

from chat.receivers import save_chat_message
from mindwave_django import signals
from mindwave_django.signals import ENDING_SIGNALS, StreamSignal

SIGNALS: dict[str, StreamSignal] = {
    name: value for name, value in vars(signals).items() if isinstance(value, StreamSignal)
}
LIMIT = 10.0  # seconds until a condition that does not come true fails the test


class Record(list[tuple[str, Any]]):
    """What was announced, oldest first: pairs of a signal's name and its event."""

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self]

    def events(self, name: str) -> list[Any]:
        return [event for sent, event in self if sent == name]


@contextmanager
def recorded_signals(*names: str) -> Iterator[Record]:
    """Record these signals, or all of them, while the block runs."""
    record = Record()
    receivers = []
    for name in names or SIGNALS:

        def receive(sender: type, event: object, name: str = name, **kwargs: Any) -> None:
            record.append((name, event))

        SIGNALS[name].connect(receive, weak=False)
        receivers.append((SIGNALS[name], receive))
    try:
        yield record
    finally:
        for signal, receiver in receivers:
            signal.disconnect(receiver)


async def until(condition: Callable[[], object]) -> None:
    """Wait until the condition is true; fail if it never is."""
    async with asyncio.timeout(LIMIT):
        while not condition():
            await asyncio.sleep(0.005)


class CoreTestCase(SimpleTestCase):
    """Without the example's receiver, which needs a database."""

    def setUp(self) -> None:
        super().setUp()
        for signal in ENDING_SIGNALS.values():
            if signal.disconnect(save_chat_message):
                self.addCleanup(signal.connect, save_chat_message)
        # As Django's clients do: `response.close()` must not look at the database.
        if request_finished.disconnect(close_old_connections):
            self.addCleanup(request_finished.connect, close_old_connections)
