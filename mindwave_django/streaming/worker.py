"""Where the synchronous work of a generation runs: receivers, callbacks, rows."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from asgiref.sync import AsyncToSync, SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.db import connections

from mindwave_django.streaming.gathering import gathering
from mindwave_django.streaming.pool import clean_up, is_testing, submit

T = TypeVar("T")

FINISH_LIMIT = 10.0  # seconds for work whose caller has been cancelled


def needs_this_thread() -> bool:
    """Return whether sync work has to be done in this very thread, as it has to be in tests.

    Only this thread sees its open transaction, as `TestCase` has one, and its database in memory;
    and only here does Django's test runner forbid databases that a test has not asked for.
    """
    return _is_test_thread() or any(
        connection.in_atomic_block or _is_in_memory(connection)
        for connection in connections.all(initialized_only=True)
    )


def _is_test_thread() -> bool:
    return is_testing() and threading.current_thread() is threading.main_thread()


def _is_in_memory(connection: Any) -> bool:
    return bool(connection.vendor == "sqlite" and connection.is_in_memory_db())


def parent_executor() -> Executor | None:
    """Return the thread that waits in `async_to_sync` for the running code, as it does in tests.

    Its database connection is the one whose transaction a test sees. Where such calls are nested,
    only the innermost thread takes work.
    """
    # Undocumented, and looked up in the order in which asgiref does it. Without them such tests
    # would use further connections.
    innermost: Executor | None = getattr(AsyncToSync.executors, "current", None)
    executors: dict[Any, Executor] = getattr(AsyncToSync, "loop_thread_executors", {})
    return innermost or executors.get(asyncio.get_running_loop())


@asynccontextmanager
async def thread_of_its_own(executor: Executor | None) -> AsyncIterator[None]:
    """Let `sync_to_async`, and with it the async ORM, use a thread of this task inside the block.

    Else it would use asgiref's one thread for the whole process, and never give its database
    connection back. With `executor`, that thread is used.
    """
    if executor is not None:
        AsyncToSync.executors.current = executor
        yield
        return
    async with ThreadSensitiveContext():
        try:
            yield
        finally:
            await release_own_connections()


async def release_own_connections() -> None:
    """Give back what async ORM calls of this task have opened, if there were any."""
    threads: Any = getattr(SyncToAsync, "context_to_thread_executor", {})
    if SyncToAsync.thread_sensitive_context.get(None) in threads:
        await sync_to_async(clean_up)()


def give_back_thread() -> None:
    """End the thread in which Django runs the sync parts of this request, if it has one.

    Django would keep it, idle, until the response has ended: one for each open stream. Whoever
    needs a thread later in the same request gets a new one.
    """
    # Undocumented, and looked up as asgiref does it. Without them the thread stays.
    threads: Any = getattr(SyncToAsync, "context_to_thread_executor", {})
    contexts: Any = getattr(SyncToAsync, "thread_sensitive_context", None)
    if contexts is not None and (context := contexts.get(None)) in threads:
        thread = threads.pop(context)
        thread.submit(clean_up)  # what a wrapper of the stream may have opened meanwhile
        thread.shutdown(wait=False)


class Worker:
    """Runs sync work of a generation in a thread, without blocking the loop.

    The threads are few, lest a thousand streams that end together open a thousand database
    connections, but they are ours and more than one: in asgiref's single thread every stream would
    wait for one slow receiver. With `executor` the work goes there instead.
    """

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Call `function`; in a thread of ours, give its database connections back afterwards.

        What has been handed over is done, also when the caller is cancelled meanwhile. Raises
        RuntimeError if the process is exiting, when Python starts no threads any more.
        """
        call = partial(contextvars.copy_context().run, function, *args)
        work = submit if self._executor is None else self._executor.submit
        return await _result_of(asyncio.wrap_future(work(call)))

    async def run_within(
        self, delay: float, function: Callable[..., T], *args: Any, may_drop: bool = False
    ) -> T:
        """Call `function` within `delay` seconds, in one thread with what others want by then.

        As `run`, but with `may_drop` a call is not made if its caller is cancelled before it.
        """
        if self._executor is not None:
            return await self.run(function, *args)
        job = gathering(delay).add(partial(contextvars.copy_context().run, function, *args))
        return await _result_of(job.future, drop=job.drop if may_drop else None)


async def _result_of(future: asyncio.Future[T], drop: Callable[[], bool] | None = None) -> T:
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        # Nothing that comes after it may overtake it, also when the loop shuts down.
        if not (future.done() or (drop is not None and drop())):
            await asyncio.wait({future}, timeout=FINISH_LIMIT)
        raise
