"""How many streams somebody has at the same time: slots in Django's cache, held while they run."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from queue import Empty, SimpleQueue
from typing import Any
from weakref import WeakSet

from django.core.cache import caches
from django.db import connections
from django.http.response import HttpResponseBase

from mindwave_django.conf import ratelimit_settings

logger = logging.getLogger("mindwave_django")

LEASE = 30.0  # seconds after which the slot of a process that died is free again
RENEWAL = LEASE / 3

_ATTRIBUTE = "_mindwave_slots"


class Slot:
    """One of somebody's places, held until `release`, or until nobody refers to it any more.

    `taken` is set by whatever goes on holding it when the view that got it has ended.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.token = secrets.token_hex(8)
        self.taken = False

    def release(self) -> None:
        """Give the place back, in any thread, without waiting; more than once does no harm."""
        keeper.release(self)

    def release_unless_taken(self) -> None:
        """Give the place back unless somebody else does it later."""
        if not self.taken:
            self.release()


def acquire(name: str, limit: int) -> Slot | None:
    """Return one of `limit` slots of this name, or None if all are held; in synchronous code.

    Raises what the cache's client raises, OSError for a cache that fails without a word.
    """
    slots = [Slot(_key(name, number)) for number in range(limit)]
    cache = caches[ratelimit_settings.cache]
    for _ in range(2):
        for slot in slots:
            if cache.add(slot.key, slot.token, LEASE):
                keeper.keep(slot)
                return slot
        keeper.free_released()
        if len(cache.get_many([slot.key for slot in slots])) == limit:
            return None
        # Some were freed meanwhile, or the cache keeps nothing: the second time says which.
    if cache.get_many([slot.key for slot in slots]):
        return None
    raise OSError("The cache keeps nothing.")


def held_slots(request: Any) -> tuple[Slot, ...]:
    """Return the slots that the limits before the view got for this request."""
    held: tuple[Slot, ...] = getattr(request, _ATTRIBUTE, ())
    return held


def hold(request: Any, slot: Slot) -> None:
    """Let the stream that this request starts hold the slot."""
    # Of the request itself, not of what a framework wraps around it.
    setattr(getattr(request, "_request", request), _ATTRIBUTE, (*held_slots(request), slot))


@contextmanager
def released(slot: Slot | None, *, on_error_only: bool = False) -> Iterator[None]:
    """Give the slot back at the end of the block, or only if it ends with an exception."""
    try:
        yield
    except BaseException:
        if slot is not None:
            slot.release()
        raise
    if slot is not None and not on_error_only:
        slot.release()


def holding(slot: Slot | None, response: HttpResponseBase) -> HttpResponseBase:
    """Let a response give the slot back when it is closed, unless a generation has taken it."""
    if slot is not None:
        response._resource_closers.append(slot.release_unless_taken)  # type: ignore[attr-defined]
    return response


def _key(name: str, number: int) -> str:
    return f"mindwave:slot:{sha256(name.encode()).hexdigest()}:{number}"


class Keeper:
    """Renews the slots of this process, and frees them, in a thread that lives while there are any.

    A slot that a frozen process could not renew may be somebody else's by then; it is left alone.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._held: WeakSet[Slot] = WeakSet()
        self._released: SimpleQueue[Slot] = SimpleQueue()
        self._wake = threading.Event()
        self._freeing = threading.Lock()
        self._thread: threading.Thread | None = None

    def keep(self, slot: Slot) -> None:
        """Renew this slot from now on."""
        with self._lock:
            self._held.add(slot)
            self._ensure_thread()

    def release(self, slot: Slot) -> None:
        """Free this slot soon."""
        with self._lock:
            if slot not in self._held:
                return
            self._held.discard(slot)
            self._released.put(slot)
            self._wake.set()
            self._ensure_thread()

    def free_released(self) -> None:
        """Free now, in this thread, what is to be freed soon, and wait for what is being freed."""
        with suppress(Empty):
            while True:
                with self._freeing:  # taken and freed are one step to whoever looks for a place
                    self._free(self._released.get_nowait())

    def _ensure_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="mindwave-slots", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        renewal = time.monotonic() + RENEWAL
        while self._has_work():
            self._wake.wait(max(0.0, renewal - time.monotonic()))
            self._wake.clear()
            self.free_released()
            if time.monotonic() >= renewal:
                self._renew()
                renewal = time.monotonic() + RENEWAL
        connections.close_all()  # of a cache in the database

    def _has_work(self) -> bool:
        with self._lock:
            if self._held or not self._released.empty():
                return True
            self._thread = None
            return False

    def _free(self, slot: Slot) -> None:
        cache = caches[ratelimit_settings.cache]
        try:
            if cache.get(slot.key) == slot.token:
                cache.delete(slot.key)
        except Exception as exc:  # noqa: BLE001  # each cache's client has errors of its own
            logger.warning("A slot is freed %g s late: %s.", LEASE, type(exc).__name__)

    def _renew(self) -> None:
        cache = caches[ratelimit_settings.cache]
        with self._lock:
            tokens = {slot.key: slot.token for slot in self._held}
        try:
            known = cache.get_many(tokens)
            mine = {key: token for key, token in tokens.items() if known.get(key, token) == token}
            cache.set_many(mine, LEASE)
        except Exception as exc:  # noqa: BLE001
            logger.warning("%d slots were not renewed: %s.", len(tokens), type(exc).__name__)


keeper = Keeper()
os.register_at_fork(after_in_child=keeper._reset)
