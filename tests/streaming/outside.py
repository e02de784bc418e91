"""How tests act outside the test's own thread and process, without ever waiting for good."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar
from unittest import mock

from tests.programs import run_python
from tests.support.processes import ROOT

T = TypeVar("T")

LIMIT = 10.0  # seconds until what hangs fails the test

# What every script needs; a process that hangs ends itself, and says where it hung.
PREAMBLE = """
import asyncio, faulthandler, os, threading
faulthandler.dump_traceback_later(30, exit=True)
import django
django.setup()
from mindwave_django import llm, signals, stream
from mindwave_django.testing import Gate, fake_driver
for signal in (signals.stream_completed, signals.stream_failed, signals.stream_cancelled):
    signal.receivers = []
"""


def in_a_thread(function: Callable[[], T]) -> T:
    """Call `function` in a thread that lends itself to nobody, as a server's; bounded in time."""
    called: Future[T] = Future()

    def run() -> None:
        try:
            called.set_result(function())
        except BaseException as exc:
            called.set_exception(exc)

    threading.Thread(target=run, daemon=True).start()
    if (failure := called.exception(LIMIT)) is not None:
        raise AssertionError(f"It raised {failure!r}.") from failure  # SystemExit too is a failure
    return called.result()


def comes_true(condition: Callable[[], bool]) -> bool:
    """Wait at most LIMIT seconds for the condition to hold, and return whether it does."""
    pause = threading.Event()
    for _ in range(int(LIMIT / 0.01)):
        if condition():
            return True
        pause.wait(0.01)
    return False


@contextmanager
def lending() -> Iterator[None]:
    """Have the waiting thread do the sync work, as in tests, though it is not theirs."""
    with (
        mock.patch("mindwave_django.api.needs_this_thread", return_value=True),
        mock.patch("mindwave_django.http.needs_this_thread", return_value=True),
    ):
        yield


def run_script(program: str) -> subprocess.CompletedProcess[str]:
    """Run a script with the example's settings to its end, and return what it printed."""
    done = run_python(
        *("-W", "ignore", "-c", PREAMBLE + program),  # of forking beside threads Python warns
        PYTHONPATH=f"{ROOT}:{ROOT / 'example_project'}",
        DJANGO_SETTINGS_MODULE="example.settings",
        DATABASE_URL="sqlite:///never-opened.sqlite3",  # one in memory would lend the main thread
    )
    assert done.returncode == 0, done.stderr
    return done
