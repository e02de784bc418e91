"""An incremental decoder of Server-Sent Events: bytes in, events out, no network.

Follows https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream as
far as providers need it: `data` and `event`; `id` and `retry` mean nothing between servers.
"""

from __future__ import annotations

from typing import NamedTuple

from mindwave_django.exceptions import ProviderProtocolError

MAX_EVENT_BYTES = 16 * 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class ProviderEvent(NamedTuple):
    """One event as the provider sent it; `name` is empty where it named none."""

    name: bytes
    data: bytes


class EventDecoder:
    """Cuts a provider's body into events, wherever the network has cut it before."""

    def __init__(self) -> None:
        self._tail: list[bytes] = []  # of a line whose end has not come yet
        self._tail_size = 0
        self._after_cr = False  # a LF next belongs to the CR before it
        self._started = False
        self._name = b""
        self._data: list[bytes] = []
        self._data_size = 0

    def feed(self, chunk: bytes) -> list[ProviderEvent]:
        """Return the events that `chunk` completes, in order.

        Raises ProviderProtocolError if the event left unfinished by the chunks before exceeds
        MAX_EVENT_BYTES.
        """
        if self._tail_size + self._data_size > MAX_EVENT_BYTES:
            raise ProviderProtocolError(f"An event exceeds {MAX_EVENT_BYTES} bytes.")
        return [event for line in self._lines(chunk) if (event := self._take(line))]

    def _lines(self, chunk: bytes) -> list[bytes]:
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if b"\n" not in chunk and b"\r" not in chunk:
            self._hold(chunk)
            return []
        self._after_cr = chunk.endswith(b"\r")
        text = b"".join((*self._tail, chunk))
        self._tail.clear()
        self._tail_size = 0
        lines = text.splitlines()
        if not text.endswith((b"\n", b"\r")):
            self._hold(lines.pop())
        if not self._started:
            self._started = True
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
        return lines

    def _hold(self, part: bytes) -> None:
        self._tail.append(part)
        self._tail_size += len(part)

    def _take(self, line: bytes) -> ProviderEvent | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._data_size += len(value) + 1
        elif field == b"event":
            self._name = value
        return None

    def _dispatch(self) -> ProviderEvent | None:
        event = ProviderEvent(self._name, b"\n".join(self._data)) if self._data else None
        self._name = b""
        self._data.clear()
        self._data_size = 0
        return event
