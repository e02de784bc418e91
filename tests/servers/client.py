"""An HTTP client that reads a stream event by event, as it arrives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from types import TracebackType
from typing import Any, Protocol, Self

from mindwave_django.testing import ServerSentEvent, parse_events, text_of

LIMIT = 20.0  # seconds for anything to arrive at all


class Listening(Protocol):
    """A server, or what stands before one."""

    @property
    def port(self) -> int: ...


class Client:
    """One request and its response; leaving the block closes the connection.

    `body` is what has been read so far.
    """

    def __init__(
        self,
        server: Listening,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
        try:
            self._connection.request(method, path, headers=dict(headers or {}))
            self._response = self._connection.getresponse()
        except BaseException:
            self._connection.close()
            raise
        self.status = self._response.status
        self.headers = self._response.headers
        self.body = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave, whatever is still to come."""
        self._response.close()
        self._connection.close()

    @property
    def events(self) -> list[ServerSentEvent]:
        """The events that have arrived whole."""
        return parse_events(self.body)

    @property
    def names(self) -> list[str]:
        """The events by name, without heartbeats, which come when they like."""
        return [event.event for event in self.events if event.event != "heartbeat"]

    @property
    def text(self) -> str:
        """The text that has arrived."""
        return text_of(self.events)

    @property
    def last_id(self) -> str:
        """What a browser would send as `Last-Event-ID` now."""
        return self.events[-1].id

    @property
    def stream_id(self) -> str:
        """The id of the stream."""
        return str(self.events[0].json()["stream"])

    def read_until(self, condition: Callable[[Self], Any]) -> None:
        """Read on until `condition` holds, and not a byte more than came with that."""
        while not condition(self):
            if not (portion := self._response.read1(65536)):
                raise AssertionError(f"The response ended too early: {self.body!r}")
            self.body += portion

    def read_text(self, expected: str) -> None:
        """Read on until there is as much text as expected, which has to be that text."""
        self.read_until(lambda client: len(client.text) >= len(expected))
        assert self.text == expected, self.text

    def read_all(self) -> list[ServerSentEvent]:
        """Read to the end of the response."""
        self.body += self._response.read()
        return self.events
