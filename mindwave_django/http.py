"""Answers as HTTP: the streamed response, resuming, and refusals."""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import aclosing
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.utils import translation

from mindwave_django.access import Caller, caller
from mindwave_django.events import CancelReason, Ended, Outcome
from mindwave_django.exceptions import InternalError, MindwaveError, StreamExpired
from mindwave_django.protocols import PROTOCOLS
from mindwave_django.streaming.answer import Answer, Position
from mindwave_django.streaming.background import LoopIterator, ThreadInbox
from mindwave_django.streaming.call import Call
from mindwave_django.streaming.follow import Follower
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.log import current_log
from mindwave_django.streaming.worker import needs_this_thread, release_connections

logger = logging.getLogger("mindwave_django")

HEADERS = {
    "Cache-Control": "no-cache",
    # nginx would keep the answer back otherwise.
    "X-Accel-Buffering": "no",
    # Keeps GZipMiddleware away, which loses events before Django 6.1, and nginx's gzip too.
    "Content-Encoding": "identity",
}

_LAST_EVENT_ID = re.compile(
    r"(?P<stream>[\w-]{1,64}):(?:(?P<end>end)|(?P<text>\d{1,15})(\.(?P<reasoning>\d{1,15}))?)",
    re.ASCII,
)


class Resume(NamedTuple):
    """Where a reader wants to go on; `position` is None for one who has had the end."""

    stream_id: str
    position: Position | None


def resume_of(request: HttpRequest) -> Resume | None:
    """Return what the request wants to resume, or None if it starts a stream.

    From the header `Last-Event-ID` that EventSource sends, else from `last_event_id` in the query.
    An id that is none of ours resumes a stream that nobody knows: it must never start one.
    """
    value = request.headers.get("Last-Event-ID") or request.GET.get("last_event_id")
    if not value:
        return None
    found = _LAST_EVENT_ID.fullmatch(value)
    if found is None:
        return Resume("unknown", Position())
    if found["end"]:
        return Resume(found["stream"], None)
    return Resume(found["stream"], Position(int(found["text"]), int(found["reasoning"] or 0)))


def refusal(error: MindwaveError) -> JsonResponse:
    """Return what a client is told when it gets no stream: a flat JSON object.

    `{"error": text, "code": code}`, with `retry_after` in seconds and `fields` where they apply.
    """
    body: dict[str, Any] = {"error": str(error.message), "code": error.code}
    if fields := getattr(error, "fields", None):
        body["fields"] = fields
    headers = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        body["retry_after"] = math.ceil(error.retry_after)
        headers["Retry-After"] = str(body["retry_after"])
    return JsonResponse(body, status=error.status, headers=headers)


class Body:
    """What a response streams: async-iterable once, on the event loop of the generation.

    An object with `close()` and not an async generator: Django closes only what has one, and an
    async generator stays open until the garbage collector comes when a client leaves during a slow
    write. Nothing is asked of anybody before the first `__anext__`.
    """

    def __init__(self, request: HttpRequest, asked: Call | Resume, protocol: str) -> None:
        self._request: HttpRequest | None = request
        self._asked = asked
        self._protocol_class = PROTOCOLS[protocol]
        self._protocol = self._protocol_class("unknown")
        self._language = translation.get_language()
        self._caller: Caller | None = None
        self._executor: Executor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._generation: Generation | None = None
        self._follower: Follower | None = None
        self._closed = False

    def prepare(self, executor: Executor | None = None) -> None:
        """Do in the request's thread what belongs there; a synchronous caller may lend it.

        Sees who asks, and gives the database connections of the request back, except inside a
        transaction: the stream may be long, and it needs none.
        """
        if self._request is None or self._closed:
            return  # read before, or given up: there is nothing more
        self._caller = caller(self._request)
        self._executor = executor
        self._request = None  # it need not live as long as the stream
        release_connections()

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
        if self._caller is None:
            await sync_to_async(self.prepare)()
        if self._closed or self._caller is None:
            raise StopAsyncIteration
        if isinstance(self._asked, Resume):
            return await self._rejoin(self._caller, self._asked)
        return self._start(self._caller, self._asked)

    def _start(self, who: Caller, call: Call) -> bytes:
        # Not a coroutine: a generation that has started has a reader.
        call = call.on_behalf_of(who.owner, who.user)
        self._generation = generation = Generation(call, self._executor)
        first = self._follow(generation.answer, Position())
        generation.start()
        return first

    async def _rejoin(self, who: Caller, resume: Resume) -> bytes:
        answer = await current_log().open(resume.stream_id)
        if answer is None or answer.owner not in {"", who.owner} or resume.position is None:
            self._closed = True
            self._protocol = self._protocol_class(resume.stream_id)
            return self._encode([Ended(Outcome.FAILED, code=StreamExpired.code)])
        return self._follow(answer, resume.position)

    def _follow(self, answer: Answer, position: Position) -> bytes:
        self._protocol = self._protocol_class(answer.stream_id)
        self._follower = Follower(answer, current_log(), position)
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
        if self._follower is not None:
            self._follower.close()
        self._follower = None
        if self._generation is not None and not self._generation.borrows_a_thread:
            self._generation = None  # it is none of ours any more, see `Follower.close`

    async def _settle_lent_thread(self) -> None:
        # In tests: what a receiver saved is there once the response has been read.
        if self._generation is not None and self._generation.borrows_a_thread:
            await self._generation.ended.wait()
            self._generation = None


class StreamedTextResponse(StreamingHttpResponse):
    """Streams one answer piece by piece, under ASGI and under WSGI."""

    def __init__(
        self,
        request: HttpRequest,
        asked: Call | Resume,
        *,
        protocol: str = "text",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._body = Body(request, asked, protocol)
        super().__init__(
            self._body,
            status=status,
            headers=HEADERS
            | {"Content-Type": PROTOCOLS[protocol].content_type}
            | dict(headers or {}),
        )

    # Both bind the content at once: middleware may wrap this very iteration and put the wrapper in
    # the content's place.

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _closing(self.streaming_content) if self.is_async else super().__aiter__()

    def __iter__(self) -> Iterator[bytes]:
        return self._drive(self.streaming_content) if self.is_async else super().__iter__()

    def _drive(self, content: Any) -> Iterator[bytes]:
        lends = needs_this_thread()
        with ThreadInbox() as inbox:
            try:
                self._body.prepare(inbox if lends else None)
            except Exception as exc:  # noqa: BLE001  # logged there
                yield self._body.give_up(exc)
                return
            parts: LoopIterator[bytes] = LoopIterator(content, inbox)
            try:
                yield from parts
            finally:
                parts.close()
                self._body.close()
                if lends:
                    parts.finish(self._body.settle())

    def getvalue(self) -> bytes:
        """Return the whole body; waits for the end of the answer."""
        return b"".join(self)


async def _closing(content: Any) -> AsyncIterator[bytes]:
    async with aclosing(content) as parts:
        async for part in parts:
            yield part
