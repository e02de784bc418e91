"""A pure encoder of Server-Sent Events.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations


def encode(event: bytes, data: bytes, *, event_id: bytes | None = None) -> bytes:
    """Return one event; each line of `data` becomes a `data:` line, which parsers join again.

    `event` and `event_id` are sent as they are. What comes from elsewhere goes through `one_line`
    before, once and not for each token.
    """
    head = b"" if event_id is None else b"id: " + event_id + b"\n"
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\ndata: ")
    return head + b"event: " + event + b"\ndata: " + lines + b"\n\n"


def retry(milliseconds: int) -> bytes:
    """Return the field that tells a client how long to wait before it reconnects."""
    return b"retry: %d\n" % milliseconds


def one_line(value: str) -> bytes:
    """Return a value for the `event` or `id` of an event, or a part of one.

    Raises ValueError for a line end, which would begin another field, and for NUL, which makes
    parsers ignore an id.
    """
    if any(character in value for character in "\r\n\0"):
        raise ValueError(f"Should be one line without NUL, got {value!r}.")
    return value.encode()
