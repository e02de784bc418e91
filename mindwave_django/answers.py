"""The answer of a message, wherever it is: to be asked for, being written, or saved."""

from __future__ import annotations

import logging
from concurrent.futures import Executor
from typing import Any

import msgspec
from django.http import HttpRequest

from mindwave_django.access import Caller
from mindwave_django.budgets import chat_allowances
from mindwave_django.conf import mindwave_settings
from mindwave_django.drivers import drivers
from mindwave_django.history import messages_for
from mindwave_django.http import StreamedTextResponse
from mindwave_django.metrics import count_resumed
from mindwave_django.models import ChatMessage, MessageState
from mindwave_django.sources import Opened, Resume, Source, resume_of
from mindwave_django.streaming.answer import Position
from mindwave_django.streaming.call import Call
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.log import LogUnavailable, current_log
from mindwave_django.streaming.recorder import current_recorder
from mindwave_django.tail import RowTail, saved_answer
from mindwave_django.tracing import TraceContext, current_trace, fresh_context

logger = logging.getLogger("mindwave_django")


def answer_response(
    request: HttpRequest, message: ChatMessage, who: Caller, *, protocol: str = "text"
) -> StreamedTextResponse:
    """Return the response that streams the answer of `message`, whatever its state.

    A request with `Last-Event-ID` gets what comes after its position.
    """
    asked = resume_of(request) or Resume(message.stream_id, Position())
    source = MessageAnswer(message, who, asked, current_trace())
    return StreamedTextResponse(request, source, protocol=protocol)


class MessageAnswer(Source):
    """The answer of one message from a reader's position.

    A pending one is claimed, so that of all who read it exactly one process asks the model, once.
    """

    def __init__(
        self, message: ChatMessage, who: Caller, resume: Resume, trace: TraceContext
    ) -> None:
        self.stream_id = message.stream_id
        self._message = message
        self._who = who
        self._resume = resume
        self._trace = trace
        self._call: Call | None = None  # once it is claimed
        self._generation: Generation | None = None

    def prepare(self, request: HttpRequest) -> None:
        """Claim a pending answer, once it is known what the model has to be shown."""
        if self._position is None or self._message.state != MessageState.PENDING:
            return
        recorder = current_recorder()
        call = _call_for(self._message, self._who, self._trace)
        if recorder.claim(self.stream_id):
            self._call = msgspec.structs.replace(call, recorder=recorder)

    def prepared(self, executor: Executor | None) -> None:
        """Ask the model if the answer is claimed; it has its grace to find a reader."""
        if self._call is not None:
            # What the generation keeps must not keep the request's context as long.
            start = fresh_context(self._trace).run
            self._generation = start(_start, self._call, executor)

    async def open(self, executor: Executor | None) -> Opened | None:
        """Return the answer from the nearest place that has it."""
        message, position = self._message, self._position
        if position is None:
            return None
        if position != Position():
            count_resumed()
        if not message.is_live:
            return Opened(saved_answer(message), position)
        if (generation := self._generation) is not None:
            return Opened(generation.answer, position, generation)
        return await self._from_log(position) or _from_row(message, position, executor)

    @property
    def _position(self) -> Position | None:
        """Where the reader is in this answer; None for one who has it, or asks for another."""
        asked = self._resume
        return asked.position if asked.stream_id == self._message.stream_id else None

    async def _from_log(self, position: Position) -> Opened | None:
        try:
            answer = await current_log().find(self.stream_id)
        except LogUnavailable as exc:
            logger.warning("Stream %s is read from its row: %s", self.stream_id, exc)
            return None
        return None if answer is None else Opened(answer, position)


def _start(call: Call, executor: Executor | None) -> Generation:
    generation = Generation(call, executor)
    generation.start()
    generation.await_first_reader()
    return generation


def _from_row(message: ChatMessage, position: Position, executor: Executor | None) -> Opened:
    tail = RowTail(message, executor)
    return Opened(tail.answer, position, begin=tail.start, leave=tail.close)


def _call_for(message: ChatMessage, who: Caller, trace: TraceContext) -> Call:
    driver = drivers[message.driver]
    options: dict[str, Any] = message.options
    model = options.get("model") or driver.model
    limit = options.get("max_tokens") or driver.max_tokens or mindwave_settings.CHAT.MAX_TOKENS
    context = {
        "conversation": str(message.conversation_id),
        "message": str(message.pk),
        "is_first": message.reply_to is not None and message.reply_to.position == 0,
    }
    return Call(
        driver,
        tuple(messages_for(message, model=model, reserved=limit)),
        options,
        context,
        owner=who.owner,
        user=who.user,
        trace_context=trace,
        stream_id=message.stream_id,
        allowances=tuple(chat_allowances(who.owner)),
    )
