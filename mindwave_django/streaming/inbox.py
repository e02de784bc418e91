"""A synchronous caller's side of the background loop: it waits, does what comes in, iterates."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, Generic, NamedTuple, TypeVar

from asgiref.sync import SyncToAsync

from mindwave_django.streaming.background import background

T = TypeVar("T")

_END: Final = object()
AHEAD = 8  # items that are fetched before the thread has taken the first of them
GONE = "The thread that did this work waits no more."


class _Item(NamedTuple):
    """What a `LoopIterator` has fetched."""

    value: Any


class ThreadInbox(Executor):
    """Work for one thread that waits for a future and meanwhile does what comes in.

    A context manager: at its end the thread waits no more.
    """

    def __init__(self) -> None:
        self._items: SimpleQueue[Callable[[], None] | Future[Any] | _Item] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have `fn` called by the waiting thread; raises RuntimeError once that is gone."""
        future: Future[T] = Future()

        def work() -> None:
            if self._closed:
                future.set_exception(RuntimeError(GONE))
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as exc:  # noqa: BLE001  # belongs to whoever asked
                future.set_exception(exc)
            except BaseException as exc:
                # Ctrl-C belongs to this thread; on the event loop it would end the loop.
                future.set_exception(RuntimeError(f"The thread was told to stop: {exc!r}"))
                raise

        with self._lock:
            if self._closed:
                raise RuntimeError(GONE)
            self._items.put(work)
        return future

    def __exit__(self, *exc_info: object) -> None:
        """Refuse what was not done, and what comes from now on."""
        with self._lock:
            self._closed = True
        while not self._items.empty():
            _do(self._items.get())

    def wait_for(self, future: Future[T]) -> T:
        """Do what comes in until `future` is done, and return its result."""
        future.add_done_callback(self._items.put)
        while self._work_until(future) is not future:
            pass  # an item that nobody wants any more
        return future.result()

    def deliver(self, value: Any) -> None:
        """Give the waiting thread something that `take` returns; from any thread."""
        self._items.put(_Item(value))

    def take(self, delivery: Future[None]) -> Any:
        """Do what comes in until something is delivered, and return it; _END at the end.

        `delivery` is who delivers, and has been given to `announce_end`; what ended it is raised.
        """
        item = self._work_until(delivery)
        if isinstance(item, _Item):
            return item.value
        delivery.result()
        return _END

    def announce_end(self, delivery: Future[None]) -> None:
        """Let `take` hear when this is over."""
        delivery.add_done_callback(self._items.put)

    def _work_until(self, future: Future[Any]) -> _Item | Future[Any]:
        """Do what comes in until there is an item or `future` is done; return what it was."""
        # `sync_to_async` notes the loop that it serves in the thread, undocumented and for good:
        # later `async_to_sync` calls of this thread would run on our loop.
        noted = dict(vars(SyncToAsync.threadlocal))
        try:
            while (item := self._items.get()) is not future and not isinstance(item, _Item):
                _do(item)
        except BaseException:  # Ctrl-C, or a worker that is told to exit
            future.cancel()
            raise
        finally:
            vars(SyncToAsync.threadlocal).clear()
            vars(SyncToAsync.threadlocal).update(noted)
        return item


def _do(item: Callable[[], None] | Future[Any] | _Item) -> None:
    # A future is one that an interrupted wait has left behind.
    if not isinstance(item, Future | _Item):
        item()


class LoopIterator(Generic[T]):
    """Iterates, in this thread, an async iterator that lives on the background loop.

    A task there fetches up to AHEAD items before they are taken, lest each item cost a way there
    and back. Sync work given to `inbox` is done in this thread while it waits.
    """

    def __init__(self, source: AsyncIterator[T], inbox: ThreadInbox | None = None) -> None:
        self._source = source
        self._inbox = inbox or ThreadInbox()
        self._delivery: Future[None] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._fetched = self._taken = 0
        self._is_full = False
        self._over = False
        self._closing = False

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._over:
            raise StopIteration
        if self._delivery is None:
            self._delivery = background.submit(self._deliver())
            self._inbox.announce_end(self._delivery)
        self._over = True  # unless there is an item
        item: Any = self._inbox.take(self._delivery)
        if item is _END:
            raise StopIteration
        self._over = False
        self._note_taken()
        return item  # type: ignore[no-any-return]  # not the sentinel

    def _note_taken(self) -> None:
        self._taken += 1
        if self._is_full:
            with suppress(RuntimeError):  # the loop is closed, and nothing waits there
                self._loop.call_soon_threadsafe(self._room.set)

    async def _deliver(self) -> None:
        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        self._room = asyncio.Event()
        async for item in self._source:
            if self._closing:  # and somebody swallowed the cancellation
                return
            self._fetched += 1
            self._inbox.deliver(item)
            if self._fetched - self._taken >= AHEAD:
                await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        self._room.clear()
        self._is_full = True
        # Looked at once more, since the thread may have taken one before it could see the mark.
        if self._fetched - self._taken >= AHEAD and not self._closing:
            await self._room.wait()
        self._is_full = False

    def close(self) -> None:
        """Close the source, on its loop; a loop that has stopped has closed it."""
        self._over = True
        self.finish(self._close())

    def finish(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine that ends things, and wait for it where that is possible.

        The garbage collector may close a forgotten iterator in any thread, the loop's own included.
        """
        with suppress(RuntimeError):
            if background.must_not_wait():
                background.submit(coroutine)
            else:
                self._inbox.wait_for(background.submit(coroutine))

    async def _close(self) -> None:
        self._closing = True
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})
        aclose = getattr(self._source, "aclose", None)
        if aclose is not None:
            await aclose()
