"""The plain protocol: `message` events, then `done` or `failed`."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from mindwave_django.conf import mindwave_settings
from mindwave_django.events import Ended, Outcome
from mindwave_django.exceptions import error_for
from mindwave_django.protocols import sse
from mindwave_django.protocols.base import Protocol
from mindwave_django.streaming.answer import Piece, Position
from mindwave_django.streaming.progress import Progress

_json = msgspec.json.Encoder().encode
END = "end"


class TextProtocol(Protocol):
    """Text as it is, one SSE event for each portion of it.

    The id of each event with text is `<stream id>:<bytes of text>`, or `<stream id>:<bytes of
    text>.<bytes of reasoning>` once there is reasoning: the reader's position after the event. The
    terminal event's is `<stream id>:end`. Heartbeats and progress have none.
    """

    content_type = "text/event-stream"

    def __init__(self, stream_id: str, *, details: bool = False) -> None:
        super().__init__(stream_id, details=details)
        self._stream = sse.one_line(f"{stream_id}:")  # what each id begins with
        self._end = sse.one_line(f"{stream_id}:{END}")

    def start(self, position: Position) -> bytes:
        """Return `start`, with data, since Firefox ignores the id of an event without."""
        return sse.retry(math.ceil(mindwave_settings.STREAMING.RETRY * 1000)) + sse.encode(
            b"start", _json(self._introduction()), event_id=self._id(position)
        )

    def piece(self, piece: Piece) -> bytes:
        """Return `message` or `reasoning`."""
        name = b"reasoning" if piece.is_reasoning else b"message"
        return sse.encode(name, piece.data, event_id=self._id(piece.end))

    def heartbeat(self) -> bytes:
        """Return `heartbeat`."""
        return sse.encode(b"heartbeat", b'{"status":"alive"}')

    def progress(self, figures: Progress) -> bytes:
        """Return `progress`."""
        return sse.encode(b"progress", _json(figures.rounded()))

    def end(self, ended: Ended) -> bytes:
        """Return `done`, also after a stop, so that simple pages end quietly; or `failed`."""
        name, data = _terminal(ended)
        if self.details and name == b"done":
            data |= {
                "finish_reason": ended.finish_reason,
                "usage": ended.usage,
                "cost": ended.cost,
            }
        return sse.encode(name, _json(data), event_id=self._end)

    def _introduction(self) -> dict[str, Any]:
        interval = mindwave_settings.STREAMING.HEARTBEAT_INTERVAL
        return {"stream": self.stream_id, "heartbeat_interval": interval}

    def _id(self, position: Position) -> bytes:
        if position.reasoning:
            return self._stream + b"%d.%d" % position
        return self._stream + b"%d" % position.text


def _terminal(ended: Ended) -> tuple[bytes, dict[str, Any]]:
    if ended.outcome is Outcome.COMPLETED:
        return b"done", {"status": "complete"}
    if ended.outcome is Outcome.CANCELLED:
        return b"done", {"status": "cancelled", "reason": ended.reason}
    error = error_for(ended.code)
    failure = {"code": ended.code, "message": str(error.message), "retryable": error.retryable}
    if ended.retry_after is not None:
        failure["retry_after"] = math.ceil(ended.retry_after)
    return b"failed", failure
