"""The body of a streamed response: one reader of one answer, as bytes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils import translation

from mindwave_django.conf import mindwave_settings
from mindwave_django.events import CancelReason, Ended, Outcome
from mindwave_django.exceptions import InternalError, StreamExpired
from mindwave_django.protocols import Protocol
from mindwave_django.sources import Opened, Source
from mindwave_django.streaming.follow import Follower
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.log import LogUnavailable, current_log
from mindwave_django.streaming.pool import release_connections
from mindwave_django.streaming.worker import give_back_thread, parent_executor

logger = logging.getLogger("mindwave_django")

THREAD_KEPT = 1.0  # seconds that a stream keeps the thread which Django has for its request


class Body:
    """What a response streams: async-iterable once, on the event loop of the generation.

    An object with `close()` and not an async generator: Django closes only what has one, and an
    async generator stays open until the garbage collector comes when a client leaves during a slow
    write. Nothing is asked of anybody before the first `__anext__`.
    """

    def __init__(self, request: HttpRequest, source: Source, protocol: type[Protocol]) -> None:
        self._request: HttpRequest | None = request
        self._source: Source | None = source
        self._protocol_class = protocol
        self._details = request.GET.get("details") == "1"
        self._progress = request.GET.get("progress") == "1"
        self._protocol = protocol(source.stream_id)
        self._language = translation.get_language()
        self._opened: Opened | None = None
        self._executor: Executor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._generation: Generation | None = None
        self._follower: Follower | None = None
        self._thread: asyncio.TimerHandle | None = None  # when it is given back
        self._closed = False

    def prepare(self, executor: Executor | None = None) -> bool:
        """Do in the request's thread what belongs there; a synchronous caller may lend it.

        Lets the source look, and gives the database connections of the request back, except inside
        a transaction: the stream may be long, and it needs none. Returns whether nothing of it is
        left in the thread.
        """
        source = self._source
        if self._request is None or source is None or self._closed:
            return False  # read before, or given up: there is nothing more
        source.prepare(self._request)
        self._executor = executor
        self._request = None  # it need not live as long as the stream
        if self._loop is not None:
            # From here, for whoever waits there for this thread may be cancelled meanwhile.
            self._loop.call_soon_threadsafe(source.prepared, executor)
        return release_connections()

    _prepare_in_thread = sync_to_async(prepare)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._closed:
            raise StopAsyncIteration
        try:
            return await (self._begin() if self._loop is None else self._go_on())
        except StopAsyncIteration:
            self._leave()
            await self._settle_lent_thread()
            raise
        except Exception as exc:  # noqa: BLE001  # logged there
            return self.give_up(exc)
        except BaseException:
            self._leave()
            raise

    def close(self) -> None:
        """Leave the stream; Django calls this from any thread, and when nothing was streamed."""
        self._closed = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leave)

    def give_up(self, exc: Exception) -> bytes:
        """Log a defect and tell the reader of a failure.

        One whose line just broke would come back for ever.
        """
        stream_id = self._protocol.stream_id
        logger.error("Stream %s could not be followed.", stream_id, exc_info=exc)
        self._leave()
        self._closed = True
        return self._encode([Ended(Outcome.FAILED, code=InternalError.code)])

    async def settle(self) -> None:
        """End the generation now and wait until all of it is over, signals included."""
        if self._generation is not None:
            self._generation.cancel(CancelReason.NO_READER)
            await self._generation.ended.wait()
            self._generation = None

    async def _begin(self) -> bytes:
        self._loop = asyncio.get_running_loop()
        if self._request is None and self._source is not None:
            self._source.prepared(self._executor)
        elif await self._prepare_in_thread(parent_executor()):
            # Not at once: many answers are short, and Django needs a thread again for their end.
            self._thread = self._loop.call_later(THREAD_KEPT, give_back_thread)
        if self._closed or self._request is not None:
            raise StopAsyncIteration
        opened = await self._open()
        if opened is None:
            return self._expired()
        # Nothing may be awaited from here on: an answer that has begun has a reader.
        self._opened = opened
        self._generation = opened.generation
        first = self._follow(opened)
        opened.begin()
        return first

    async def _open(self) -> Opened | None:
        source, self._source = self._source, None  # it need not live as long as the stream
        assert source is not None
        try:
            return await source.open(self._executor)
        except LogUnavailable as exc:
            # No end is known, so none is told: the reader comes back with its position.
            logger.warning("Stream %s cannot be followed now: %s", source.stream_id, exc)
            raise StopAsyncIteration from exc

    def _expired(self) -> bytes:
        self._closed = True
        return self._encode([Ended(Outcome.FAILED, code=StreamExpired.code)])

    def _follow(self, opened: Opened) -> bytes:
        answer, position = opened.answer, opened.position
        self._protocol = self._protocol_class(answer.stream_id, details=self._details)
        progress = self._progress or mindwave_settings.STREAMING.PROGRESS
        self._follower = Follower(answer, current_log(), position, progress=progress)
        return self._protocol.start(position)

    async def _go_on(self) -> bytes:
        if self._follower is None:
            raise StopAsyncIteration
        return self._encode(await anext(self._follower))

    def _encode(self, portion: Any) -> bytes:
        if not isinstance(portion[-1], Ended):
            return self._protocol.encode(portion)
        with translation.override(self._language):
            return self._protocol.encode(portion)

    def _leave(self) -> None:
        if self._thread is not None:
            self._thread.cancel()
            self._thread = None
        if self._follower is not None:
            self._follower.close()
        self._follower = None
        if self._opened is not None:
            self._opened.leave()
        self._opened = None
        if self._generation is not None and not self._generation.borrows_a_thread:
            self._generation = None  # it is none of ours any more, see `Follower.close`

    async def _settle_lent_thread(self) -> None:
        # In tests: what a receiver saved is there once the response has been read.
        if self._generation is not None and self._generation.borrows_a_thread:
            await self._generation.ended.wait()
            self._generation = None
