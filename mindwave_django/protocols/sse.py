"""A pure encoder of Server-Sent Events.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import re

_LINE_END = re.compile(b"\r\n|\r|\n")


def encode(event: bytes, data: bytes, *, event_id: bytes | None = None) -> bytes:
    """Return one event; each line of `data` becomes a `data:` line, which parsers join again.

    Raises ValueError if `event` or `event_id` contain a line end, or `event_id` a NUL, which would
    make parsers ignore it.
    """
    head = b""
    if event_id is not None:
        if b"\0" in event_id:
            raise ValueError(f"An event id must not contain NUL, got {event_id!r}.")
        head = b"id: " + _single_line("event id", event_id) + b"\n"
    return (
        head
        + b"event: "
        + _single_line("event", event)
        + b"\ndata: "
        + _LINE_END.sub(b"\ndata: ", data)
        + b"\n\n"
    )


def retry(milliseconds: int) -> bytes:
    """Return the field that tells a client how long to wait before it reconnects."""
    return b"retry: %d\n" % milliseconds


def _single_line(name: str, value: bytes) -> bytes:
    if _LINE_END.search(value):
        raise ValueError(f"An {name} must be one line, got {value!r}.")
    return value
