"""What the signals and the recorder of a stream are told about it."""

from __future__ import annotations

import time

import msgspec

from mindwave_django.events import Ended, Finished
from mindwave_django.signals import StreamEnded, StreamStarted
from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.call import Call
from mindwave_django.tracing import current_ids


def describe_start(stream_id: str, call: Call) -> StreamStarted:
    """Return what is known when a driver is about to be asked; call it in the stream's context."""
    ids = current_ids()
    return StreamStarted(
        stream_id=stream_id,
        prompt=call.prompt,
        messages=call.messages,
        owner=call.owner,
        user=call.user,
        driver=call.driver.alias,
        model=call.model,
        options=call.options,
        started_at=time.time(),
        trace_id=ids.trace_id,
        span_id=ids.span_id,
        context=call.context,
    )


def describe_end(
    started: StreamStarted,
    answer: Answer,
    ended: Ended,
    finished: Finished,
    first_token_at: float | None,
) -> StreamEnded:
    """Return all that is known of a stream at its end."""
    known = msgspec.structs.asdict(started)
    known["model"] = finished.model or started.model
    return StreamEnded(
        **known,
        text=answer.text,
        reasoning=answer.reasoning,
        outcome=ended.outcome,
        code=ended.code,
        reason=ended.reason,
        finish_reason=ended.finish_reason,
        usage=ended.usage,
        cost=None,
        response_id=finished.response_id,
        first_token_at=first_token_at,
        ended_at=time.time(),
    )
