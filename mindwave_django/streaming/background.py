"""One event loop in a thread of its own, for synchronous callers: WSGI, commands, shells."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

logger = logging.getLogger("mindwave_django")

CANCEL_ROUNDS = 3  # each ends at least the task that broke the round before
SHUTDOWN_LIMIT = 5.0  # seconds for the endings of what still runs when the process exits


class BackgroundLoop:
    """Started at its first use; a forked child starts its own.

    One that breaks down, as asyncio lets a loop do when a task raises SystemExit, ends what runs on
    it and is replaced at the next use.
    """

    def __init__(self) -> None:
        self._here = threading.local()
        self._reset()

    def _reset(self) -> None:
        # The garbage collector may close a forgotten iterator while the lock is held.
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False
        # Strong references: a task that waits for what only it knows would be collected as garbage.
        self._submitted: set[Future[Any]] = set()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run `coroutine` on the loop; its result comes through the future.

        Raises RuntimeError once the loop has been stopped.
        """
        with self._lock:  # or the loop might be given up before it has the work
            submitting, self._here.submits = getattr(self._here, "submits", False), True
            try:
                future = asyncio.run_coroutine_threadsafe(coroutine, self._running())
                self._submitted.add(future)
                future.add_done_callback(self._submitted.discard)
                return future
            except RuntimeError:
                coroutine.close()
                raise
            finally:
                self._here.submits = submitting

    def must_not_wait(self) -> bool:
        """Return whether waiting would hang the caller.

        It does on the loop's own thread, and inside `submit`, where the garbage collector may bring
        one to.
        """
        return getattr(self._here, "runs", False) or getattr(self._here, "submits", False)

    def stop(self) -> None:
        """Cancel what runs, let it end, and stop for good; called when the process exits."""
        with self._lock:
            self._stopped = True
            loop, thread = self._loop, self._thread
        if loop is not None and thread is not None and thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
            thread.join(SHUTDOWN_LIMIT)

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._stopped:
            # A thread that is started now would never run, and its caller wait for ever.
            raise RuntimeError("The process is exiting, nothing can be streamed any more.")
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._run, args=(self._loop,), name="mindwave-loop", daemon=True
            )
            self._thread.start()
        return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        self._here.runs = True
        asyncio.set_event_loop(loop)
        try:
            _guarded(loop.run_forever)
            self._give_up(loop)
            # What has been handed over until now becomes tasks, and is cancelled with the others.
            _guarded(loop.run_until_complete, asyncio.sleep(0))
            for _ in range(CANCEL_ROUNDS):
                _cancel_all(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            if self._loop is loop:
                self._loop = self._thread = None


def _guarded(function: Callable[..., Any], *args: Any) -> None:
    try:
        function(*args)
    except BaseException:
        logger.exception("The event loop for synchronous callers broke down.")


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    """Do what `asyncio.run` does at its end; a task may raise SystemExit here too."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        _guarded(loop.run_until_complete, asyncio.gather(*tasks, return_exceptions=True))


def is_on_a_loop() -> bool:
    """Return whether an event loop runs in this thread, which nothing may block then."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


background = BackgroundLoop()
os.register_at_fork(after_in_child=background._reset)
# Before the pools of threads are closed, where sync receivers run; that hook is undocumented.
getattr(threading, "_register_atexit", atexit.register)(background.stop)
