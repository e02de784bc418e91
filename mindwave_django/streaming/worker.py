"""Where the synchronous work of a generation runs: receivers, callbacks, rows."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from asgiref.sync import AsyncToSync
from django.core import mail
from django.db import connections

T = TypeVar("T")

MAX_THREADS = 32  # of a process, for the sync work of all its streams


def release_connections() -> None:
    """Give back this thread's database connections, except those inside a transaction."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


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
    # `outbox` is there from `setup_test_environment` on.
    return hasattr(mail, "outbox") and threading.current_thread() is threading.main_thread()


def _is_in_memory(connection: Any) -> bool:
    return bool(connection.vendor == "sqlite" and connection.is_in_memory_db())


def parent_executor(loop: asyncio.AbstractEventLoop) -> Executor | None:
    """Return the thread that waits in `async_to_sync` for `loop`, as it does in async tests.

    Its database connection is the one whose transaction a test sees.
    """
    # Undocumented; without it such tests would use further connections.
    executors: dict[Any, Executor] = getattr(AsyncToSync, "loop_thread_executors", {})
    return executors.get(loop)


class _Pool:
    """The threads of this process, started at the first need; a forked child starts its own."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        os.register_at_fork(after_in_child=self._forget)

    def __call__(self) -> ThreadPoolExecutor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="mindwave")
        return self._executor

    def _forget(self) -> None:
        self._executor = None


_pool = _Pool()


class Worker:
    """Runs sync work of a generation in a thread, without blocking the loop.

    The threads are few, lest a thousand streams that end together open a thousand database
    connections, but they are ours and more than one: in asgiref's single thread every stream would
    wait for one slow receiver. With `executor` the work goes there instead.
    """

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Call `function` and give the thread's database connections back afterwards.

        Raises RuntimeError if the process is exiting, when Python starts no threads any more.
        """
        call = partial(contextvars.copy_context().run, _call, function, *args)
        return await asyncio.get_running_loop().run_in_executor(self._executor or _pool(), call)


def _call(function: Callable[..., T], *args: Any) -> T:
    try:
        return function(*args)
    finally:
        release_connections()
