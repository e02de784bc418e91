"""A client that costs next to nothing while it reads, and checks every text afterwards."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, NamedTuple, cast

import httptools

from tests.benchmarks.upstream import word

FIRST = word(0).strip().encode()


class Response(NamedTuple):
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class Reading(asyncio.Protocol):
    """One request, and every piece of its answer with the time at which it came."""

    def __init__(self, request: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.reads: list[tuple[float, bytes]] = []
        self.begun: asyncio.Future[None] = loop.create_future()  # the first token is there
        self.ended: asyncio.Future[None] = loop.create_future()
        self._request = request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.asked_at = time.monotonic()
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        self.reads.append((time.monotonic(), data))
        if not self.begun.done() and FIRST in self._raw:
            self.begun.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self.begun, self.ended):
            if not future.done():
                future.set_result(None)

    @property
    def _raw(self) -> bytes:
        return b"".join(data for _, data in self.reads)

    @property
    def response(self) -> Response:
        """The whole answer, as a third party's parser of HTTP reads it."""
        return _Parsed(self._raw).response

    @property
    def first_token_after(self) -> float:
        """Seconds from the question to the first token."""
        raw = b""
        for at, data in self.reads:
            raw += data
            if FIRST in raw:
                return at - self.asked_at
        raise AssertionError(f"There is no token: {raw[:300]!r}")


class _Parsed:
    """Collects what httptools calls back."""

    def __init__(self, raw: bytes) -> None:
        self._body: list[bytes] = []
        self._headers: dict[str, str] = {}
        parser = httptools.HttpResponseParser(self)
        parser.feed_data(raw)
        self.response = Response(parser.get_status_code(), self._headers, b"".join(self._body))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)


class Client:
    """Asks one server."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def get(self, path: str, headers: str = "") -> Reading:
        """Begin to read what is at this path, with further lines of headers."""
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n"
        return await self._send(head.encode())

    async def post(self, path: str, data: Any, headers: str = "") -> Response:
        """Send JSON; return the whole answer."""
        reading = await self.send(path, data, headers)
        await reading.ended
        return reading.response

    async def send(self, path: str, data: Any, headers: str = "") -> Reading:
        """Send JSON; begin to read the answer."""
        body = json.dumps(data).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return await self._send(head.encode() + body)

    async def _send(self, request: bytes) -> Reading:
        loop = asyncio.get_running_loop()
        _, reading = await loop.create_connection(lambda: Reading(request), "127.0.0.1", self.port)
        return reading


def require_text(text: str) -> int:
    """Return how many tokens a text is; fails unless it is exactly the first ones, in order."""
    count = len(text) // len(word(0))
    if text != "".join(map(word, range(count))):
        raise AssertionError(f"A text is not what the provider sent: {text[:200]!r}")
    return count
