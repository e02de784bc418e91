"""A probe from outside: what comes over the network, and when."""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from mindwave_django.drivers.sse import EventDecoder, ProviderEvent

CHUNK = 65_536  # bytes; what is there is read at once
TASTE = 2_000  # bytes of a body that is no probe
HEADERS = {
    "Accept": "text/event-stream",
    "Accept-Encoding": "gzip, deflate",  # as browsers ask, without br: nobody here can read it
    "Cache-Control": "no-cache",
    "User-Agent": "mindwave_doctor",
}


class Unreachable(Exception):
    """No HTTP answer came; `str()` says why, without Python's words for it."""


@dataclass
class Visit:
    """What came of one request; times are seconds since it was sent."""

    url: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""  # its beginning, unless it is a stream of events
    headers_at: float = 0.0
    sent: list[float] = field(default_factory=list)  # when the server wrote pieces, by its clock
    arrived: list[float] = field(default_factory=list)  # when they were here
    heartbeats: list[float] = field(default_factory=list)
    is_complete: bool = False
    gave_up: bool = False  # we did, after `limit` seconds without a byte
    ended_at: float = 0.0

    @property
    def is_stream(self) -> bool:
        """Whether it was answered with a stream of events."""
        kind = self.headers.get("content-type", "")
        return self.status == 200 and kind.startswith("text/event-stream")

    @property
    def encoding(self) -> str:
        """How the body was compressed; empty if it was not."""
        named = self.headers.get("content-encoding", "").strip().lower()
        return "" if named == "identity" else named


def visit(url: str, *, limit: float, headers: Mapping[str, str] = {}, pieces: int = 0) -> Visit:
    """Read a URL to its end, or until so many pieces have come; then hang up.

    Blocks. Raises Unreachable if nothing answers; an answer that breaks off is none of these, it is
    just not complete.

    :param limit: seconds without a byte after which to give up.
    """
    began = time.monotonic()
    found = Visit(url)
    with closing(_connect(url, limit)) as connection:
        response = _ask(connection, url, {**HEADERS, **headers})
        found.status = response.status
        found.headers = {name.lower(): value for name, value in response.getheaders()}
        found.headers_at = time.monotonic() - began
        if found.is_stream:
            _read_events(response, found, began, pieces)
        else:
            found.body = _taste(response)
        found.ended_at = time.monotonic() - began
        response.close()
    return found


def _connect(url: str, limit: float) -> HTTPConnection:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=limit)


def _ask(connection: HTTPConnection, url: str, headers: Mapping[str, str]) -> HTTPResponse:
    parts = urlsplit(url)
    path = parts._replace(scheme="", netloc="").geturl() or "/"
    try:
        connection.request("GET", path, headers=dict(headers))
        return connection.getresponse()
    except (socket.gaierror, UnicodeError) as exc:  # the latter for what cannot be a name
        raise Unreachable(f"The name {parts.hostname} is unknown here.") from exc
    except ssl.SSLError as exc:
        raise Unreachable(f"TLS failed: {exc.reason}.") from exc
    except TimeoutError as exc:
        raise Unreachable("Nothing came in time.") from exc
    except (OSError, HTTPException) as exc:
        raise Unreachable(f"{_words(exc)} by {parts.netloc}.") from exc


def _words(exc: Exception) -> str:
    if isinstance(exc, ConnectionRefusedError):
        return "The connection was refused"
    return f"The connection was broken off ({type(exc).__name__})"


def _read_events(response: HTTPResponse, found: Visit, began: float, pieces: int) -> None:
    decoder = EventDecoder()
    for chunk in _chunks(response, found):
        now = time.monotonic() - began
        for event in decoder.feed(chunk):
            _take(event, found, now)
        if found.is_complete or (pieces and len(found.arrived) >= pieces):
            return


def _take(event: ProviderEvent, found: Visit, now: float) -> None:
    if event.name == b"message":
        for sent in event.data.split():  # several, where a slow reader got them together
            with suppress(ValueError):  # no probe wrote that
                found.sent.append(float(sent))
                found.arrived.append(now)
    elif event.name == b"heartbeat":
        found.heartbeats.append(now)
    elif event.name == b"done":
        found.is_complete = True


def _chunks(response: HTTPResponse, found: Visit) -> Iterator[bytes]:
    """Yield what comes, unpacked; ends where the connection ends."""
    unpack = zlib.decompressobj(wbits=47).decompress if found.encoding else bytes  # gzip or zlib
    try:
        while chunk := response.read1(CHUNK):
            yield unpack(chunk)
    except TimeoutError:
        found.gave_up = True
    except (OSError, HTTPException, zlib.error):
        return


def _taste(response: HTTPResponse) -> bytes:
    try:
        return response.read(TASTE)
    except (OSError, HTTPException):
        return b""
