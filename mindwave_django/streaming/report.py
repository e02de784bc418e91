"""What the signals and the recorder of a stream are told about it."""

from __future__ import annotations

import time
from typing import Any

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
        cost=ended.cost,
        response_id=finished.response_id,
        first_token_at=first_token_at,
        ended_at=time.time(),
    )


def starting_fields(started: StreamStarted) -> dict[str, Any]:
    """Return what a structured log shows of a stream, beside the text of its record."""
    return {
        "stream_id": started.stream_id,
        "driver": started.driver,
        "model": started.model,
        "trace_id": started.trace_id,
        "span_id": started.span_id,
    }


def ending_fields(
    started: StreamStarted, ended: Ended, first_token_at: float | None
) -> dict[str, Any]:
    """Return what a structured log shows of a stream's end: numbers and codes, no content."""
    usage = ended.usage
    return starting_fields(started) | {
        "outcome": str(ended.outcome),
        "code": ended.code,
        "reason": ended.reason and str(ended.reason),
        "seconds": round(time.time() - started.started_at, 3),
        "seconds_to_first_token": first_token_at and round(first_token_at - started.started_at, 3),
        "input_tokens": usage and usage.input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "cost": ended.cost,
    }
