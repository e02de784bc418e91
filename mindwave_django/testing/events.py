"""Server-Sent Events as a browser reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple


class ServerSentEvent(NamedTuple):
    """One event as it would be dispatched."""

    event: str
    data: str
    id: str

    def json(self) -> Any:
        """Return the data as JSON."""
        return json.loads(self.data)


def parse_events(body: bytes) -> list[ServerSentEvent]:
    """Return the events of a response's body, in order.

    Follows the WHATWG parsing rules; an event that the body leaves unfinished is dropped, as
    browsers drop it.
    """
    events = []
    name, last_id = "", ""
    data: list[str] = []
    for line in _lines(body):
        if not line:
            if data:
                events.append(ServerSentEvent(name or "message", "\n".join(data), last_id))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value
        elif field == "id" and "\0" not in value:
            last_id = value
    return events


def _lines(body: bytes) -> list[str]:
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    return re.split("\r\n|\r|\n", text)[:-1]


def text_of(events: Iterable[ServerSentEvent]) -> str:
    """Return the text of an answer from its events."""
    return "".join(event.data for event in events if event.event == "message")
