"""SIGTERM: running answers get a moment to end, then are saved as they are."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from mindwave_django.conf import mindwave_settings

HOLD_LIMIT = 5.0  # seconds beyond the grace for endings to be saved, where a server would not wait


class Interruptible(Protocol):
    """What runs and can be told to end; a generation."""

    def interrupt_in(self, seconds: float) -> None:
        """End as interrupted after so many seconds; may be called from any thread."""


class Shutdown:
    """Knows what runs, and stands before the server's own handler of SIGTERM.

    Installed with the first stream, since servers install theirs after the project is loaded, and
    only in the main thread, where signals arrive: under ASGI. The server's handler comes after
    ours: most servers wait for open responses. Daphne cuts them at once, so its handler waits
    until everything has ended.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._running: set[Interruptible] = set()
        self._previous: Any = None
        self._deadline: float | None = None
        self._resume: Callable[[], None] | None = None
        self._timer: threading.Timer | None = None

    def add(self, running: Interruptible) -> None:
        """Watch over something that begins to run."""
        self._running.add(running)
        if self._deadline is not None:  # it begins while the process is ending
            running.interrupt_in(max(0, self._deadline - time.monotonic()))
        elif threading.current_thread() is threading.main_thread():
            self._install()

    def discard(self, running: Interruptible) -> None:
        """Forget what has ended."""
        self._running.discard(running)
        if not self._running and self._resume is not None:
            resume, self._resume = self._resume, None
            if self._timer is not None:
                self._timer.cancel()
            resume()

    def _install(self) -> None:
        handler = signal.getsignal(signal.SIGTERM)
        # Without a handler of its own the program ends at once, and expects to.
        if callable(handler) and handler != self._handle:
            self._previous = handler
            signal.signal(signal.SIGTERM, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        grace = mindwave_settings.STREAMING.SHUTDOWN_GRACE
        again = self._deadline is not None
        self._deadline = time.monotonic() + grace
        running = tuple(self._running)
        if running and not again and _cuts_at_once(self._previous):
            self._hold(grace, lambda: self._previous(number, None))
        else:
            self._previous(number, frame)
        for each in () if again else running:
            each.interrupt_in(grace)

    def _hold(self, grace: float, resume: Callable[[], None]) -> None:
        self._resume = resume
        # A second signal goes straight to the server.
        limit = grace + HOLD_LIMIT
        self._timer = threading.Timer(limit, os.kill, (os.getpid(), signal.SIGTERM))
        self._timer.daemon = True
        self._timer.start()


def _cuts_at_once(handler: Any) -> bool:
    module = getattr(handler, "__module__", None) or type(handler).__module__
    return str(module).startswith("twisted.")


shutdown = Shutdown()
os.register_at_fork(after_in_child=shutdown._reset)
