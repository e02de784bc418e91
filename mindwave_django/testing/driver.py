"""A driver that does as told."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

from mindwave_django.drivers import DEFAULT_ALIAS, drivers
from mindwave_django.drivers.base import Driver
from mindwave_django.events import DriverEvent, Finished, TextDelta
from mindwave_django.messages import Message


class Gate:
    """Holds a driver until the test opens it; for any thread and event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self.reached = threading.Event()

    def open(self) -> None:
        """Let everybody through, now and later."""
        with self._lock:
            self._open = True
            for loop, event in self._waiting:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(event.set)

    async def wait(self) -> None:
        """Wait until the gate is open; `reached` is set meanwhile."""
        event = asyncio.Event()
        with self._lock:
            if self._open:
                return
            self._waiting.append((asyncio.get_running_loop(), event))
        self.reached.set()
        await event.wait()


Step: TypeAlias = str | DriverEvent | Gate | BaseException


class FakeCall(NamedTuple):
    """What a fake driver was asked."""

    messages: tuple[Message, ...]
    options: dict[str, Any]


class FakeDriver(Driver):
    """Gives scripted replies and remembers what it was asked.

    `reply` adds a reply: a sequence of texts, events, gates to wait at, and errors to raise. A
    reply without a Finished gets one, unless it ends with an error. The last reply is given again
    when there are no more. `closed` counts the replies that have been let go, finished or not.
    """

    provider_name = "fake"

    def __init__(
        self, alias: str = DEFAULT_ALIAS, *, model: str = "fake-model", replies: Sequence[Any] = ()
    ) -> None:
        super().__init__(alias)
        self.model = model
        self.calls: list[FakeCall] = []
        self.closed = 0
        self._replies: deque[tuple[Step, ...]] = deque()
        for reply in replies:
            self.reply(*([reply] if isinstance(reply, str) else reply))

    def reply(self, *steps: Step) -> None:
        """Add a reply to the script."""
        self._replies.append(steps)

    async def stream(
        self, messages: Sequence[Message], **options: Any
    ) -> AsyncGenerator[DriverEvent, None]:
        """Give the next reply."""
        self.calls.append(FakeCall(tuple(messages), options))
        steps = self._replies.popleft() if len(self._replies) > 1 else (self._replies or [()])[0]
        try:
            for step in steps:
                if isinstance(step, Gate):
                    await step.wait()
                elif isinstance(step, BaseException):
                    raise step
                else:
                    yield TextDelta(step) if isinstance(step, str) else step
            if not (steps and isinstance(steps[-1], Finished)):
                yield Finished(model=self.model)
        finally:
            self.closed += 1


@contextmanager
def fake_driver(
    *steps: Step, alias: str = DEFAULT_ALIAS, backend: type[FakeDriver] = FakeDriver
) -> Iterator[FakeDriver]:
    """Put a fake driver in the place of `alias`, with one reply of these steps.

        with fake_driver("Hello", " world") as driver:
            body = self.client.get("/chat?prompt=Hi").getvalue()

    Nothing is asked before the response is read, so read it inside the block.
    """
    driver = backend(alias)
    driver.reply(*steps)
    with drivers.override(driver):
        yield driver
