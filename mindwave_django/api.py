"""The two-line face: `stream` for views, `llm` for everything else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from mindwave_django.drivers import DEFAULT_ALIAS, drivers
from mindwave_django.events import CancelReason, Ended, Outcome, Usage
from mindwave_django.exceptions import Interrupted, Overloaded, StreamingNotSupported, error_for
from mindwave_django.http import StreamedTextResponse, refusal
from mindwave_django.messages import Prompt, as_messages
from mindwave_django.protocols import PROTOCOLS
from mindwave_django.slots import held_slots
from mindwave_django.sources import Rejoin, Start, resume_of
from mindwave_django.streaming.answer import Piece
from mindwave_django.streaming.audience import OnChunk
from mindwave_django.streaming.background import background, is_on_a_loop
from mindwave_django.streaming.budget import Allowance, held_allowances
from mindwave_django.streaming.call import Call
from mindwave_django.streaming.capacity import capacity
from mindwave_django.streaming.follow import Follower
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.inbox import LoopIterator, ThreadInbox
from mindwave_django.streaming.log import current_log
from mindwave_django.streaming.worker import needs_this_thread
from mindwave_django.tracing import current_trace

logger = logging.getLogger("mindwave_django")

SETTLE_LIMIT = 10.0  # seconds that a call waits for the receivers of its signals


class Stream:
    """A question not yet asked: cheap to build, asked when its response is first read."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def response(
        self,
        request: HttpRequest,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        protocol: str = "text",
        on_chunk: OnChunk | None = None,
    ) -> HttpResponseBase:
        """Return the response that streams the answer, or goes on with it.

        A `StreamingHttpResponse`, for ASGI and WSGI, from async and sync views. A request with
        `Last-Event-ID` gets the rest of the answer it names and asks nobody anything; one that has
        had the end gets 204, which tells EventSource to stop. A driver that cannot stream gets 501,
        a HEAD request 405, a process that streams as much as MAX_STREAMS allows 503.

        :param headers: added to the response's own, or in their place.
        :param protocol: a key of `mindwave_django.protocols.PROTOCOLS`.
        :param on_chunk: called once for each piece of text as it comes from the model, sync or
            async; never again when the answer is resumed. What it raises is logged.
        """
        resumed = resume(request, status=status, headers=headers, protocol=protocol)
        if resumed is not None:
            return resumed
        driver = self._call.driver
        if not driver.supports_streaming:
            logger.warning("Driver %r (%s) cannot stream.", driver.alias, type(driver).__name__)
            return refusal(StreamingNotSupported())
        try:
            capacity.require()
        except Overloaded as exc:
            return refusal(exc)
        call = msgspec.structs.replace(
            self._call,
            on_chunk=on_chunk,
            trace_context=current_trace(),
            slots=held_slots(request),
            allowances=held_allowances(request),
        )
        return StreamedTextResponse(
            request, Start(call), protocol=protocol, status=status, headers=headers
        )


def resume(
    request: HttpRequest,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    protocol: str = "text",
) -> HttpResponseBase | None:
    """Return the response that goes on with the answer the request names; None if it names none.

    `Stream.response` does this by itself. Views that look at the request's body or count it first
    ask here before they do.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"Unknown protocol {protocol!r}, must be one of: {', '.join(PROTOCOLS)}.")
    if request.method == "HEAD":
        return HttpResponseNotAllowed(["GET", "POST"])
    asked = resume_of(request)
    if asked is None:
        return None
    if asked.position is None:
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
    return StreamedTextResponse(
        request, Rejoin(asked), protocol=protocol, status=status, headers=headers
    )


class Completion(msgspec.Struct, frozen=True):
    """A whole answer."""

    text: str
    reasoning: str
    model: str
    finish_reason: str
    usage: Usage | None
    stream_id: str


class LLM:
    """A driver with options, for code that wants text and no response.

    Every call raises a `MindwaveError` if the answer fails, `stream` and `astream` after the text
    that came before; and `Interrupted` if it was cancelled from elsewhere. The signals of streams
    are sent for these calls too; a call returns once they have been, or after SETTLE_LIMIT seconds.
    Leaving an iteration early ends the call to the provider.
    """

    def __init__(self, alias: str, options: dict[str, Any], context: dict[str, Any] | None) -> None:
        self._alias = alias
        self._options = options
        self._context = context
        self._allowances: tuple[Allowance, ...] = ()

    async def astream(
        self, prompt: Prompt, *, on_chunk: OnChunk | None = None
    ) -> AsyncGenerator[str, None]:
        """Yield the text as it comes; to leave early close it, as `contextlib.aclosing` does."""
        async with _reading(self._call(prompt, on_chunk)) as reading:
            async for text in reading.texts():
                yield text

    async def agenerate(self, prompt: Prompt, *, on_chunk: OnChunk | None = None) -> Completion:
        """Return the whole answer."""
        async with _reading(self._call(prompt, on_chunk)) as reading:
            return await reading.completion()

    def stream(self, prompt: Prompt, *, on_chunk: OnChunk | None = None) -> Iterator[str]:
        """Yield the text as it comes."""
        _require_no_loop("astream")
        call = self._call(prompt, on_chunk)
        readings: list[_Reading] = []

        async def texts() -> AsyncIterator[str]:
            async with _reading(call, lent) as reading:
                readings.append(reading)
                async for text in reading.texts():
                    yield text

        async def settle() -> None:
            for reading in readings:
                await reading.settle()

        with ThreadInbox() as inbox:
            lent = inbox if needs_this_thread() else None
            source = LoopIterator(texts(), inbox)
            try:
                yield from source
            finally:
                source.close()
                source.finish(settle())  # who leaves early cancels what would wait for that

    def generate(self, prompt: Prompt, *, on_chunk: OnChunk | None = None) -> Completion:
        """Return the whole answer; waits for it."""
        _require_no_loop("agenerate")
        call = self._call(prompt, on_chunk)

        async def completion() -> Completion:
            async with _reading(call, lent) as reading:
                return await reading.completion()

        with ThreadInbox() as inbox:
            lent = inbox if needs_this_thread() else None
            return inbox.wait_for(background.submit(completion()))

    def within(self, allowances: tuple[Allowance, ...]) -> LLM:
        """Return this, bounded by what is left of budgets."""
        bounded = LLM(self._alias, self._options, self._context)
        bounded._allowances = allowances
        return bounded

    def _call(self, prompt: Prompt, on_chunk: OnChunk | None) -> Call:
        call = _call(prompt, self._alias, self._options, self._context)
        return msgspec.structs.replace(
            call,
            on_chunk=on_chunk,
            trace_context=current_trace(),
            allowances=self._allowances,
        )


class _Reading:
    """The only reader of a generation: when it leaves, the generation is over."""

    def __init__(self, call: Call, executor: Executor | None) -> None:
        self.generation = Generation(call, executor)
        self.follower = Follower(self.generation.answer, current_log())
        self.generation.start()

    async def texts(self) -> AsyncIterator[str]:
        async for portion in self.follower:
            pieces = (item for item in portion if isinstance(item, Piece) and not item.is_reasoning)
            if text := b"".join(piece.data for piece in pieces).decode():
                yield text
        self._require_success(self.generation.answer.ended)

    async def settle(self) -> None:
        """Wait until all is over, signals included, as long as that is wise.

        The caller's loop or process may end right after the call, and the signals with it. There is
        a bound, since a receiver that itself calls a model holds one of few threads meanwhile; but
        not for a lent thread, which is the one that works.
        """
        limit = None if self.generation.borrows_a_thread else SETTLE_LIMIT
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self.generation.ended.wait()

    async def completion(self) -> Completion:
        async for _ in self.follower:
            pass
        answer = self.generation.answer
        ended = self._require_success(answer.ended)
        return Completion(
            text=answer.text,
            reasoning=answer.reasoning,
            model=self.generation.model,
            finish_reason=ended.finish_reason,
            usage=ended.usage,
            stream_id=answer.stream_id,
        )

    def _require_success(self, ended: Ended | None) -> Ended:
        if ended is None or ended.outcome is Outcome.CANCELLED:
            raise Interrupted("The call was cancelled.")
        if ended.outcome is Outcome.FAILED:
            raise self.generation.error or error_for(ended.code)()
        return ended


@asynccontextmanager
async def _reading(call: Call, executor: Executor | None = None) -> AsyncIterator[_Reading]:
    reading = _Reading(call, executor)
    try:
        yield reading
    finally:
        reading.follower.close()
        reading.generation.cancel(CancelReason.NO_READER)
        await reading.settle()


def _require_no_loop(instead: str) -> None:
    if is_on_a_loop():
        raise SynchronousOnlyOperation(
            f"This would block the event loop. In async code use {instead}() instead."
        )


def _call(
    prompt: Prompt, alias: str | None, options: dict[str, Any], context: dict[str, Any] | None
) -> Call:
    driver = drivers[alias or DEFAULT_ALIAS]
    driver.require_options(options)
    return Call(driver, as_messages(prompt), options, {} if context is None else context)


def stream(
    prompt: Prompt,
    *,
    driver: str | None = None,
    context: dict[str, Any] | None = None,
    **options: Any,
) -> Stream:
    """Return a question to a model, for the response of a view.

        async def chat(request):
            return stream(request.GET["prompt"]).response(request)

    :param prompt: a text, or messages: `Message` objects or `{"role": …, "content": …}`.
    :param driver: an alias of MINDWAVE['DRIVERS'], by default `default`.
    :param context: whatever your receivers need; every signal of this stream carries it.
    :param options: of the driver, for this call: `model`, `temperature`, `max_tokens`, …

    Nothing is sent anywhere yet. Raises ImproperlyConfigured for a driver that is not there,
    InvalidRequest for messages or options that it does not take.
    """
    return Stream(_call(prompt, driver, options, context))


def llm(
    alias: str = DEFAULT_ALIAS, *, context: dict[str, Any] | None = None, **options: Any
) -> LLM:
    """Return a driver, with options for every call, that gives text instead of responses.

    llm().generate("Hello").text
    async for text in llm("local", temperature=0).astream("Hello"): …
    """
    return LLM(alias, options, context)
