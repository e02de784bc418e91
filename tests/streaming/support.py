"""What tests of the core share: calls to a fake driver, and a record of the signals."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from types import FunctionType
from typing import Any
from unittest import mock

from mindwave_django import signals
from mindwave_django.messages import Message, Role
from mindwave_django.signals import StreamEnded, StreamStarted, TokenStreamed
from mindwave_django.streaming.call import Call
from mindwave_django.streaming.capacity import capacity
from mindwave_django.streaming.follow import Followed, Follower
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.log import current_log
from mindwave_django.testing import FakeDriver
from mindwave_django.testing.driver import Step

PROMPT = "What is the answer?"

ALL_SIGNALS = (
    signals.stream_started,
    signals.token_streamed,
    signals.stream_completed,
    signals.stream_failed,
    signals.stream_cancelled,
)


def call_to(driver: FakeDriver, *, context: dict[str, Any] | None = None, **fields: Any) -> Call:
    """Return a call to `driver`."""
    return Call(driver, (Message(Role.USER, PROMPT),), {}, context or {}, **fields)


def generation_of(*steps: Step, **fields: Any) -> tuple[FakeDriver, Generation]:
    """Return a fake driver with one reply, and a generation, not started, that asks it."""
    driver = FakeDriver()
    driver.reply(*steps)
    return driver, Generation(call_to(driver, **fields))


async def read(generation: Generation) -> list[Followed]:
    """Follow a generation from its start to its end."""
    follower = Follower(generation.answer, current_log())
    generation.start()
    items = [item async for portion in follower for item in portion]
    follower.close()
    return items


async def until(event: Any) -> None:
    """Wait for a threading event without blocking the loop."""
    await asyncio.to_thread(event.wait, 10)
    assert event.is_set()


class Heard:
    """The events of all signals, in the order of their arrival."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    @property
    def tokens(self) -> list[TokenStreamed]:
        return [event for event in self.events if isinstance(event, TokenStreamed)]

    @property
    def starts(self) -> list[StreamStarted]:
        return [event for event in self.events if type(event) is StreamStarted]

    @property
    def endings(self) -> list[StreamEnded]:
        return [event for event in self.events if isinstance(event, StreamEnded)]


def in_threads_of_its_own() -> Any:
    """Keep generations from using the test's thread, which a receiver that blocks would block."""
    return mock.patch("mindwave_django.streaming.generation.parent_executor", return_value=None)


@contextmanager
def hearing(*, asynchronous: bool = False) -> Iterator[Heard]:
    """Connect a receiver, and nobody else, to every signal."""
    heard = Heard()

    def receive(sender: type, event: Any, **kwargs: Any) -> None:
        heard.events.append(event)

    async def areceive(sender: type, event: Any, **kwargs: Any) -> None:
        heard.events.append(event)

    with only_receiver(areceive if asynchronous else receive):
        yield heard


def _of_new_streams(receive: Any) -> Any:
    """Keep from a receiver what streams of tests before this one still have to say."""
    if not isinstance(receive, FunctionType):
        return receive
    strays = {task.get_name().removeprefix("mindwave-") for task in tuple(capacity.running)}

    def is_stray(event: Any) -> bool:
        return getattr(event, "stream_id", None) in strays

    @wraps(receive)
    def hear(**kwargs: Any) -> Any:
        return None if is_stray(kwargs["event"]) else receive(**kwargs)

    @wraps(receive)
    async def ahear(**kwargs: Any) -> Any:
        return None if is_stray(kwargs["event"]) else await receive(**kwargs)

    return ahear if iscoroutinefunction(receive) else hear


@contextmanager
def only_receiver(receive: Any, *signals_heard: signals.StreamSignal) -> Iterator[None]:
    """Connect one receiver to these signals, by default to all, and nobody else to any."""
    kept = [signal.receivers for signal in ALL_SIGNALS]
    for signal in ALL_SIGNALS:
        signal.receivers = []
    for signal in signals_heard or ALL_SIGNALS:
        signal.connect(_of_new_streams(receive), weak=False)
    try:
        yield
    finally:
        for signal, receivers in zip(ALL_SIGNALS, kept, strict=True):
            signal.receivers = receivers
