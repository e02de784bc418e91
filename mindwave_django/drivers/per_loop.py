"""Objects that belong to one event loop, as HTTP clients do."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One object for each running event loop, built in a thread and closed with its loop.

    A client shared by two loops fails, and under WSGI or in tests loops come and go. `build` may
    block; `begin`, if given, is awaited before anybody gets the object, and may raise: whoever asks
    next gets another one. `close` is awaited on the object's own loop when that shuts down, or
    when the PerLoop itself is no longer there; it must not refer to the PerLoop.
    """

    def __init__(
        self,
        build: Callable[[], T],
        close: Callable[[T], Awaitable[None]],
        begin: Callable[[T], Awaitable[None]] | None = None,
    ) -> None:
        self._build = build
        self._close = close
        self._begin = begin
        self._entries: dict[asyncio.AbstractEventLoop, _Entry[T]] = {}

    async def get(self) -> T:
        """Return the object of the running loop."""
        loop = asyncio.get_running_loop()
        entry = self._entries.get(loop)
        if entry is None:
            self._forget_closed_loops()
            entry = self._entries[loop] = _Entry()
        async with entry.lock:
            if entry.lifetime is None:
                entry.value = await self._begun(loop)
                entry.lifetime = _live(entry.value, self._close)
                await anext(entry.lifetime)
                entry.hold = weakref.finalize(self, _let_go, entry.lifetime)
                entry.hold.atexit = False
        return entry.value

    async def _begun(self, loop: asyncio.AbstractEventLoop) -> T:
        value = await loop.run_in_executor(None, self._build)
        if self._begin is not None:
            try:
                await self._begin(value)
            except BaseException:
                await self._close(value)
                raise
        return value

    def _forget_closed_loops(self) -> None:
        # A weak mapping would not do: the object refers to its loop and so keeps its key alive.
        # Other threads do the same meanwhile, hence the copy and the `pop`.
        for loop in [loop for loop in list(self._entries) if loop.is_closed()]:
            entry = self._entries.pop(loop, None)
            if entry is not None and entry.hold is not None:
                entry.hold.detach()


async def _live(value: T, close: Callable[[T], Awaitable[None]]) -> AsyncIterator[None]:
    # The loop knows every async generator started on it and closes it in `shutdown_asyncgens`,
    # which `asyncio.run` calls: the one hook a loop offers for "close me with you". It also closes
    # one that nobody refers to any more.
    try:
        yield
    finally:
        await close(value)


def _let_go(lifetime: AsyncIterator[None]) -> None:
    """Give up a reference that kept the garbage collector from taking the value unclosed."""


class _Entry(Generic[T]):
    value: T

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.lifetime: AsyncIterator[None] | None = None
        self.hold: weakref.finalize[[AsyncIterator[None]], PerLoop[T]] | None = None
