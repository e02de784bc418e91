"""The threads of this process for sync work, and what such work leaves behind in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.core import mail
from django.db import connections, reset_queries

T = TypeVar("T")

MAX_THREADS = 32  # of a process, for the sync work of all its streams


def release_connections() -> bool:
    """Give back this thread's database connections, except those inside a transaction.

    Returns whether there were none of those.
    """
    kept = False
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            kept = True
        else:
            connection.close()
    return not kept


def drop_unclean_connections() -> None:
    """Give back those that failed, or that somebody has left in a transaction of their own."""
    for connection in connections.all(initialized_only=True):
        if connection.connection is None or connection.in_atomic_block:
            continue
        usual = connection.settings_dict["AUTOCOMMIT"]
        if connection.errors_occurred or connection.get_autocommit() != usual:
            connection.close()


def clean_up() -> None:
    """Leave a thread that no request cleans up after as it was."""
    reset_queries()  # the record that Django keeps under DEBUG
    release_connections()


def is_testing() -> bool:
    """Return whether Django's test environment is set up; `outbox` is there from then on."""
    return hasattr(mail, "outbox")


def submit(call: Callable[[], T]) -> Future[T]:
    """Call in a thread of ours, and give its database connections back afterwards.

    Raises RuntimeError if the process is exiting, when Python starts no threads any more.
    """
    return _pool().submit(_call_and_clean_up, call)


def _call_and_clean_up(call: Callable[[], T]) -> T:
    try:
        return call()
    finally:
        clean_up()


class _Pool:
    """The threads, started at the first need; a forked child starts its own."""

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
