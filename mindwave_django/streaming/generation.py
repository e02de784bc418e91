"""One call to a model: the task that asks a driver and writes the answer into the log."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

import msgspec

from mindwave_django import tokens
from mindwave_django.events import (
    CancelReason,
    Ended,
    Finished,
    Outcome,
    TextDelta,
    Usage,
)
from mindwave_django.exceptions import (
    AnswerTooLarge,
    BudgetExceeded,
    GenerationTimeout,
    InternalError,
    Interrupted,
    MindwaveError,
    ProviderConnectionLost,
)
from mindwave_django.pricing import acost_of
from mindwave_django.streaming import budget
from mindwave_django.streaming.announce import Announcer
from mindwave_django.streaming.audience import Audience
from mindwave_django.streaming.call import Call
from mindwave_django.streaming.capacity import capacity
from mindwave_django.streaming.failure import describe_failure
from mindwave_django.streaming.ledger import write_down
from mindwave_django.streaming.log import current_log
from mindwave_django.streaming.normalise import TextNormaliser
from mindwave_django.streaming.progress import PROGRESS_INTERVAL, Gauge, Progress
from mindwave_django.streaming.recorder import Recorder
from mindwave_django.streaming.recording import Recording
from mindwave_django.streaming.report import (
    describe_end,
    describe_start,
    ending_fields,
    starting_fields,
)
from mindwave_django.streaming.shutdown import shutdown
from mindwave_django.streaming.telemetry import Telemetry
from mindwave_django.streaming.watch import Watch
from mindwave_django.streaming.worker import Worker, parent_executor, thread_of_its_own
from mindwave_django.tracing import fresh_context

logger = logging.getLogger("mindwave_django")

FIRST_READER_LIMIT = 1.0  # seconds for a reader who has asked to begin to read
CLOSE_LIMIT = 5.0  # seconds for a driver to end its work, before it is cancelled once more


class Generation:
    """Runs one call to its end, whoever reads along.

    Ends in exactly one way: completed, failed with a code, or cancelled for a reason. `ended` is
    set once everything is over, the ending signal included.
    """

    def __init__(self, call: Call, executor: Executor | None = None) -> None:
        self.stream_id = call.stream_id or secrets.token_hex(16)
        self.ended = asyncio.Event()
        self.error: MindwaveError | None = None  # why it failed
        self._call = call
        for slot in call.slots:
            slot.taken = True
        self._loop = asyncio.get_running_loop()
        self._executor = executor or parent_executor()
        self._telemetry = Telemetry(self.stream_id, call)
        self._context = fresh_context(self._telemetry.context)
        self._started = self._context.run(describe_start, self.stream_id, call)
        self._worker = Worker(self._executor)
        self._audience = Audience(type(call.driver), call.on_chunk, self._worker)
        self._text = TextNormaliser()
        self._reasoning = TextNormaliser()
        self._finished: Finished | None = None
        self._first_token_at: float | None = None
        self._gauge = Gauge(call)
        self._begun = False
        self._shut_down = False
        self._stopped: Ended | None = None
        self._insist: asyncio.TimerHandle | None = None
        self._budget: asyncio.TimerHandle | None = None
        budget.begin(call.allowances, self._gauge)
        self._log = current_log()
        self.answer = self._log.create(self.stream_id, call.owner, self.cancel)
        self.answer.progress = self._gauge.read
        self._recording = self._record(call.recorder)
        self._watch = Watch(
            self.stream_id,
            self._log,
            first_token_timeout=call.driver.first_token_timeout,
            idle_timeout=call.driver.idle_timeout,
            stop=self._stop,
            fail=self._time_out,
            read_elsewhere_at=self._recording.last_reader_at if self._recording else None,
        )

    def _record(self, recorder: Recorder | None) -> Recording | None:
        if recorder is None:
            return None
        return Recording(
            recorder,
            self.answer,
            self._worker,
            stop=partial(self._stop, Ended(Outcome.CANCELLED, reason=CancelReason.USER)),
            lose=partial(self._interrupt, "Its row is no longer this generation's."),
        )

    @property
    def model(self) -> str:
        """The model that answered, by its own word if it gave one."""
        return (self._finished and self._finished.model) or self._call.model

    def progress(self) -> Progress | None:
        """Return the figures of this moment, the true ones once it is over; from any thread.

        None before the first token.
        """
        return self._gauge.read()

    @property
    def borrows_a_thread(self) -> bool:
        """Whether sync work runs in a thread that somebody lent, which must not go too early."""
        return self._executor is not None

    def start(self) -> None:
        """Start the task; it belongs to the process, not to the request that started it."""
        self.answer.on_idle = lambda: self._call_soon(self._watch.readers_left)
        self._task = self._loop.create_task(
            self._run(), name=f"mindwave-{self.stream_id}", context=self._context
        )
        capacity.add(self._task)  # a strong reference: the loop keeps weak ones only
        shutdown.add(self)
        self._task.add_done_callback(self._done)

    def await_first_reader(self) -> None:
        """Let the grace begin if the reader for whom it was started does not come."""
        self._loop.call_later(FIRST_READER_LIMIT, self._watch.readers_left)

    def _done(self, task: asyncio.Task[None]) -> None:
        capacity.discard(task)
        shutdown.discard(self)
        for slot in self._call.slots:
            slot.release()
        budget.end(self._call.allowances, self._gauge)
        if not self._begun:  # the loop shut down before the first step
            self._close()
            self._telemetry.abandon()
            self.answer.finish(Ended(Outcome.CANCELLED, reason=CancelReason.SHUTDOWN))
            self.ended.set()

    def cancel(self, reason: CancelReason) -> None:
        """End the generation; may be called from any thread, and when it is over."""
        self._call_soon(self._stop, Ended(Outcome.CANCELLED, reason=reason))

    def interrupt_in(self, seconds: float) -> None:
        """End as interrupted after so many seconds, or now if nobody reads; from any thread."""
        delay = seconds if self.answer.is_read else 0.0
        self._call_soon(self._loop.call_later, delay, self._interrupt, "The process is ending.")

    def _interrupt(self, why: str) -> None:
        if not self._watch.closed:
            self._stop(self._stopped or self._failure(Interrupted(why)))

    def _call_soon(self, function: Callable[..., object], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop is closed, and the generation went with it
            logger.debug("Stream %s: its loop is closed.", self.stream_id)

    def _stop(self, ended: Ended) -> None:
        if self._watch.closed:
            return
        self._stopped = self._stopped or ended
        if not self._begun:
            return  # it looks at the reason when it begins
        self._task.cancel()
        # A driver that hangs while it is closed is cancelled again.
        if self._insist is not None:
            self._insist.cancel()
        self._insist = self._loop.call_later(CLOSE_LIMIT, self._stop, ended)

    def _time_out(self, error: GenerationTimeout) -> None:
        self._stop(self._stopped or self._failure(error))

    async def _run(self) -> None:
        self._begun = True
        announcer = Announcer(self._started, self._audience)
        try:
            async with thread_of_its_own(self._executor):
                if self._recording is not None:
                    self._recording.start()
                ended = await self._outcome(announcer)
                self._close()
                await self._end(ended, announcer)
        except Exception:
            logger.exception("Stream %s could not be ended properly.", self.stream_id)
        finally:
            self.ended.set()
        if self._shut_down:
            raise asyncio.CancelledError

    async def _outcome(self, announcer: Announcer) -> Ended:
        """Generate, and say how it ended; whatever a driver does, it does end."""
        try:
            announcer.start()
            self._watch.start()
            logger.info(
                "Stream %s: driver %r is asked for model %r.",
                self.stream_id,
                self._started.driver,
                self._started.model,
                extra=starting_fields(self._started),
            )
            return await self._generate(announcer)
        except asyncio.CancelledError:
            if self._stopped is not None:
                return self._stopped
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # by a loop that shuts down
                self._shut_down = True
                return Ended(Outcome.CANCELLED, reason=CancelReason.SHUTDOWN)
            return self._failure(InternalError("The driver was cancelled by something else."))
        except BaseException as exc:  # noqa: BLE001  # also what would end the event loop
            # A driver may answer its cancellation with an error of its own.
            return self._stopped or self._failure(exc)

    def _look_at_budget(self) -> None:
        """End the answer once it has spent what is left, and look again after a while."""
        if any(allowance.is_used_up for allowance in self._call.allowances):
            self._stop(self._stopped or self._failure(BudgetExceeded("It was spent on the way.")))
        else:
            self._budget = self._loop.call_later(PROGRESS_INTERVAL, self._look_at_budget)

    def _close(self) -> None:
        self._watch.close()
        if self._budget is not None:
            self._budget.cancel()
        self.answer.on_idle = None  # the answer outlives the generation
        if self._insist is not None:
            self._insist.cancel()

    async def _generate(self, announcer: Announcer) -> Ended:
        call = self._call
        if self._stopped is not None:
            raise asyncio.CancelledError
        if call.allowances:
            await budget.require_price(call.allowances, call.model, call.driver)
            budget.require(call.allowances)
            self._look_at_budget()
        async with aclosing(call.driver.stream(call.messages, **call.options)) as events:
            async for event in events:
                if self._stopped is not None:  # the driver swallowed its cancellation
                    raise asyncio.CancelledError
                self._watch.heard()
                if isinstance(event, Finished):
                    self._finished = event
                    break
                self._telemetry.chunk()
                self._take(event.text, announcer, is_text=isinstance(event, TextDelta))
        if self._finished is None:
            raise ProviderConnectionLost("The driver's stream ended without Finished.")
        return Ended(Outcome.COMPLETED)

    def _take(self, text: str, announcer: Announcer, *, is_text: bool) -> None:
        text = (self._text if is_text else self._reasoning).feed(text)
        if text:
            self._add(text, announcer, is_text=is_text)

    def _flush(self, announcer: Announcer) -> None:
        """Add what the normalisers still hold: half a character at most."""
        with suppress(AnswerTooLarge):
            for normaliser, is_text in ((self._reasoning, False), (self._text, True)):
                if rest := normaliser.finish():
                    self._add(rest, announcer, is_text=is_text)

    def _add(self, text: str, announcer: Announcer, *, is_text: bool) -> None:
        self.answer.append(text.encode(), is_reasoning=not is_text)
        self._gauge.count(is_text=is_text)
        if not is_text:
            return
        if self._first_token_at is None:
            self._first_token_at = time.time()
        chunk = self._gauge.chunks
        logger.debug("Stream %s: chunk %d, %d characters", self.stream_id, chunk, len(text))
        announcer.token(text, chunk)

    async def _end(self, ended: Ended, announcer: Announcer) -> None:
        """Settle the ending, with as much as is known of the usage."""
        self._gauge.stop()
        self._flush(announcer)
        usage = None
        try:
            usage = await self._usage()
        finally:
            finished = self._finished or Finished(reason="")
            cost = await acost_of(usage, self.model, self._call.driver)
            ended = msgspec.structs.replace(
                ended, usage=usage, cost=cost, finish_reason=finished.reason
            )
            await self._tell(ended, finished, announcer)
        logger.info(
            "Stream %s %s%s after %d chunks, %d bytes.",
            self.stream_id,
            ended.outcome,
            f" ({ended.code or ended.reason})" if ended.code or ended.reason else "",
            self._gauge.chunks,
            self.answer.size,
            extra=ending_fields(self._started, ended, self._first_token_at),
        )

    async def _tell(self, ended: Ended, finished: Finished, announcer: Announcer) -> None:
        """Tell the recorder, so that a reader of the end can ask again; the log; the rest."""
        summary = describe_end(self._started, self.answer, ended, finished, self._first_token_at)
        self._telemetry.end(summary)
        try:
            if self._recording is not None:
                await self._recording.close()
                await self._recording.save(summary)
        finally:
            try:
                self._gauge.end(ended)
                await self._log.finish(self.answer, ended)
            finally:
                try:
                    await write_down(self._call, summary, self._worker)
                finally:
                    await announcer.end(summary, self._gauge.chunks)

    async def _usage(self) -> Usage | None:
        """Return what the provider reported, else what is counted here."""
        if self._finished is not None and self._finished.usage is not None:
            return self._finished.usage
        if self._watch.heard_nothing:
            return None  # nothing says that the provider ever saw the messages
        said = self.answer.text + self.answer.reasoning
        return await tokens.ausage_of(self._call.messages, said, self._call.model)

    def _failure(self, exc: BaseException) -> Ended:
        """Log what went wrong and return what the reader is told about it."""
        self.error = error = exc if isinstance(exc, MindwaveError) else InternalError()
        alias, told = self._call.driver.alias, describe_failure(exc)
        logger.error("Stream %s, driver %r failed: %s", self.stream_id, alias, told)
        return Ended(Outcome.FAILED, code=error.code, retry_after=error.retry_after)
