"""A stream that asks no model: for finding out what stands between this application and a browser.

Only who has the site's SECRET_KEY can have one, and only while MINDWAVE['PROBE'] is on.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest

from mindwave_django.events import Ended, Outcome
from mindwave_django.exceptions import PermissionDenied
from mindwave_django.sources import Opened, Source
from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.pool import submit

logger = logging.getLogger("mindwave_django")

SALT = "mindwave_django.probe"
MAX_AGE = 300  # seconds that a signed plan is good for, and that its end is remembered


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe says: `pieces`, one each `interval` seconds, then one more after `silence`."""

    probe_id: str = msgspec.field(default_factory=lambda: secrets.token_hex(16))
    pieces: int = 1
    interval: float = 0.0
    silence: float = 0.0

    @property
    def seconds(self) -> float:
        """How long all of it takes."""
        return (self.pieces - 1) * self.interval + self.silence

    def signed(self) -> str:
        """Return what a client has to show."""
        return signing.dumps(msgspec.to_builtins(self), salt=SALT)


def read_plan(token: str) -> Plan:
    """Return the plan that was signed; raise PermissionDenied for anything else."""
    try:
        return msgspec.convert(signing.loads(token, salt=SALT, max_age=MAX_AGE), Plan)
    except (signing.BadSignature, msgspec.ValidationError) as exc:
        raise PermissionDenied(f"A probe was refused: {type(exc).__name__}.") from exc


class Ending(msgspec.Struct, frozen=True):
    """When the application saw a probe's reader go, in seconds since the first piece.

    `complete` says whether that was after the last one.
    """

    after: float
    complete: bool


def ending_of(probe_id: str) -> Ending | None:
    """Return how a probe ended; None if it runs, or if the cache does not know. Blocks."""
    try:
        found: Any = cache.get(_key(probe_id))
    except Exception as exc:  # noqa: BLE001  # each cache's client has errors of its own
        _cache_down(probe_id, exc)
        return None
    return None if found is None else msgspec.convert(found, Ending)


def _key(probe_id: str) -> str:
    return f"{SALT}:{probe_id}"


class Probe(Source):
    """Writes down the seconds since its beginning, as its plan has it.

    Goes the way of every answer but for the model: no call, no row, no signal, no figure.
    """

    def __init__(self, plan: Plan) -> None:
        self.stream_id = plan.probe_id
        self._plan = plan
        self._answer = Answer(plan.probe_id)
        self._task: asyncio.Task[None] | None = None

    def prepare(self, request: HttpRequest) -> None:
        """There is nothing to look up."""

    async def open(self, executor: Executor | None) -> Opened:
        """Return the answer, which begins with its reader."""
        return Opened(self._answer, begin=self._begin, leave=self._leave)

    def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._task = self._loop.create_task(self._write(), name=f"mindwave-probe-{self.stream_id}")

    async def _write(self) -> None:
        self._began = self._loop.time()  # a task may begin to run late
        self._say(self._began)
        for _ in range(self._plan.pieces - 1):
            await asyncio.sleep(self._plan.interval)
            self._say(self._loop.time())
        if self._plan.silence:
            await asyncio.sleep(self._plan.silence)
            self._say(self._loop.time())
        self._answer.finish(Ended(Outcome.COMPLETED))

    def _say(self, at: float) -> None:
        self._answer.append(f"{at - self._began:.3f} ".encode())

    def _leave(self) -> None:
        if self._task is None:
            return
        self._task.cancel()
        ending = Ending(self._loop.time() - self._began, self._answer.ended is not None)
        with suppress(RuntimeError):  # the process is exiting, and nobody will ask it
            submit(partial(_remember, self.stream_id, ending))


def _remember(probe_id: str, ending: Ending) -> None:
    try:
        cache.set(_key(probe_id), msgspec.to_builtins(ending), MAX_AGE)
    except Exception as exc:  # noqa: BLE001  # each cache's client has errors of its own
        _cache_down(probe_id, exc)


def _cache_down(probe_id: str, exc: Exception) -> None:
    logger.warning("Probe %s: the cache is down: %s", probe_id, type(exc).__name__)
