"""A reader of one answer: loses its line, comes back with its position, and adds the text up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import aiohttp

from mindwave_django.testing import ServerSentEvent, parse_events

TERMINAL = {"done", "failed"}
READ_LIMIT = 60.0  # seconds without a byte, heartbeats included
ATTEMPTS = 60  # times in a row that a connection brings nothing
RETRY = 0.5  # seconds before the next one


class Lost(Exception):
    """The line broke, or the server is not there."""


class Refused(Exception):
    """The server answered with something else than a stream."""


class Reading:
    """What a reader has of one answer, over all its connections."""

    def __init__(self) -> None:
        self.text = ""
        self.last_id = ""
        self.ends: list[ServerSentEvent] = []
        self.connections = 0
        self.failures = 0  # connections in a row that brought nothing
        self.story: list[str] = []  # what happened, and when
        self._began = time.monotonic()
        self._buffer = b""
        self._response: aiohttp.ClientResponse | None = None

    @property
    def is_over(self) -> bool:
        """Whether the terminal event is there."""
        return bool(self.ends)

    def tell(self, what: str) -> None:
        """Note what happened."""
        self.story.append(f"{time.monotonic() - self._began:.1f} {what}")

    async def connect(self, http: aiohttp.ClientSession, url: str) -> None:
        """Read on from the position; raises Lost, or Refused."""
        headers: Mapping[str, str] = {"Last-Event-ID": self.last_id} if self.last_id else {}
        self._buffer = b""
        try:
            self._response = await http.get(url, headers=headers)
        except (aiohttp.ClientError, OSError) as exc:
            raise Lost from exc
        self.connections += 1
        self.tell(f"connected to {self._response.url.port} with {len(self.text)} characters")
        if self._response.status != 200:
            body = await self._response.text()
            self.cut()
            raise Refused(f"{self._response.status}: {body[:200]}")

    def cut(self) -> None:
        """Drop the connection without a word."""
        if self._response is not None:
            self._response.close()
        self._response = None

    async def read(self) -> None:
        """Take what comes next; raises Lost if the line broke before the end."""
        assert self._response is not None
        try:
            async with asyncio.timeout(READ_LIMIT):
                data = await self._response.content.readany()
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise Lost from exc
        if not data:
            raise Lost
        self._take(data)

    def _take(self, data: bytes) -> None:
        whole, _, self._buffer = (self._buffer + data).rpartition(b"\n\n")
        for event in parse_events(whole + b"\n\n") if whole else ():
            self.last_id = event.id or self.last_id
            self.failures = 0
            if event.event == "message":
                self.text += event.data
            elif event.event in TERMINAL:
                self.ends.append(event)
                self.tell(f"{event.event} {event.data}")

    @property
    def end(self) -> tuple[str, Any]:
        """The terminal event: its name and what it says."""
        return self.ends[0].event, self.ends[0].json()
