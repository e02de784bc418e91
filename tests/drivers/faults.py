"""Everything that a provider can do wrong, and what it has to look like to a reader."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, NamedTuple

from tests.drivers.asking import KEY
from tests.support.upstream import HEAD, Hang, Reset, Status, Step, chunk, framed, text

PROMPT = "prompt-that-nobody-may-see"
ECHO = f"Incorrect API key provided: {KEY}. You said: {PROMPT}"
LIMIT = 10_000  # bytes of one event, in these tests
HTML = (("Content-Type", "text/html; charset=utf-8"),)


class Fault(NamedTuple):
    """A fault: how the server behaves, and what becomes of it."""

    answer: tuple[Step, ...] | bytes  # bytes go to the wire as they are
    code: str
    retryable: bool
    logged: str
    text: str = ""
    retry_after: range | None = None  # in seconds; a date comes nearer while it travels


def error(**fields: Any) -> dict[str, Any]:
    """Return an error object whose message repeats what it should not."""
    return {"error": {"message": ECHO, "type": None, "param": None, "code": None} | fields}


def status(code: int, /, *headers: tuple[str, str], **fields: Any) -> tuple[Step]:
    """Return an answer with an HTTP status and an error object."""
    kind = ("Content-Type", "application/json")
    return (Status(code, json.dumps(error(**fields)).encode(), (kind, *headers)),)


def event(data: object, name: str = "") -> bytes:
    """Return an event with JSON."""
    return (f"event: {name}\n" if name else "").encode() + f"data: {json.dumps(data)}\n\n".encode()


def later(seconds: int) -> str:
    """Return an HTTP date."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


DONE = b"data: [DONE]\n\n"
PARTIAL = text("Hel") + text("lo")
LOST = ("provider_connection_lost", True)
UNAVAILABLE = ("provider_unavailable", True)
PROTOCOL = ("provider_protocol_error", True)
AUTHENTICATION = ("provider_authentication", False)

STATUSES = {
    "wrong key": Fault(
        status(401, ("x-request-id", "req-1"), code="invalid_api_key"),
        *AUTHENTICATION,
        "status=401, code=invalid_api_key, request_id=req-1",
    ),
    "forbidden": Fault(status(403), *AUTHENTICATION, "status=403"),
    "no such model": Fault(
        status(404, code="model_not_found"), "provider_rejected", False, "code=model_not_found"
    ),
    "bad request": Fault(
        status(400, type="invalid_request_error"), "provider_rejected", False, "status=400"
    ),
    "too many tokens": Fault(
        status(400, code="context_length_exceeded", type="invalid_request_error"),
        "context_length_exceeded",
        False,
        "ContextLengthExceeded: ",
    ),
    "rate limit": Fault(
        status(429, ("Retry-After", "7")),
        "provider_rate_limited",
        True,
        "status=429",
        retry_after=range(7, 8),
    ),
    "rate limit until a date": Fault(
        status(429, ("Retry-After", later(3600))),  # reckoned when the tests are loaded
        "provider_rate_limited",
        True,
        "status=429",
        retry_after=range(1800, 3601),
    ),
    "rate limit for ever": Fault(
        status(429, ("Retry-After", "inf")), "provider_rate_limited", True, "status=429"
    ),
    "rate limit of unknown length": Fault(
        status(429, ("Retry-After", "soon")), "provider_rate_limited", True, "status=429"
    ),
    "no credit": Fault(
        status(429, code="insufficient_quota"), "provider_quota_exceeded", False, "status=429"
    ),
    "server error": Fault(status(500), *UNAVAILABLE, "status=500"),
    "bad gateway in HTML": Fault(
        (Status(502, f"<h1>{ECHO}</h1>".encode(), HTML),), *UNAVAILABLE, "status=502"
    ),
    "overloaded": Fault(
        status(503, ("Retry-After", "0")), *UNAVAILABLE, "status=503", retry_after=range(1)
    ),
    "a page in HTML": Fault((Status(200, ECHO.encode(), HTML),), *PROTOCOL, "text/html"),
    "JSON instead of a stream": Fault(status(200), *PROTOCOL, "application/json"),
}

STREAMS = {
    "error event with an object": Fault(
        (PARTIAL, event(error(code="server_error"), "error")), *UNAVAILABLE, "server_error", "Hello"
    ),
    "error event, flat": Fault(
        (PARTIAL, event({"message": ECHO}, "error")), *UNAVAILABLE, "no details", "Hello"
    ),
    "error event without JSON": Fault(
        (PARTIAL, f"event: error\ndata: {ECHO}\n\n".encode()), *UNAVAILABLE, "no details", "Hello"
    ),
    "error without a name": Fault(
        (PARTIAL, event(error(code=429))), "provider_rate_limited", True, "status=429", "Hello"
    ),
    "error as a text": Fault((event({"error": ECHO}),), *UNAVAILABLE, "no details"),
    "end without a finish reason": Fault((PARTIAL,), *LOST, "without a finish reason", "Hello"),
    "half an event left": Fault(
        (PARTIAL, text(PROMPT)[:-1]), *LOST, "without a finish reason", "Hello"
    ),
    "nothing at all": Fault((), *LOST, "without a finish reason"),
    "done without an answer": Fault((event({"foo": 1}), DONE), *PROTOCOL, "held no answer"),
    "an object that is no chunk": Fault(
        (PARTIAL, event({"foo": PROMPT})), *LOST, "without a finish reason", "Hello"
    ),
    "a list": Fault((PARTIAL, event([1, 2])), *PROTOCOL, "6 bytes", "Hello"),
    "a text": Fault((PARTIAL, event("x")), *PROTOCOL, "3 bytes", "Hello"),
    "malformed JSON": Fault(
        (PARTIAL, b'data: {"choices":\n\n'), *PROTOCOL, "JSONDecodeError", "Hello"
    ),
    "invalid UTF-8": Fault(
        (PARTIAL, b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n'),
        *PROTOCOL,
        "UnicodeDecodeError",
        "Hello",
    ),
    "content of another type": Fault(
        (PARTIAL, chunk({"content": {"text": PROMPT}})), *PROTOCOL, "ValidationError", "Hello"
    ),
    "an event without end": Fault(
        (PARTIAL, b"data: " + b"x" * 5 * LIMIT), *PROTOCOL, f"exceeds {LIMIT} bytes", "Hello"
    ),
    "connection reset": Fault((PARTIAL, Reset()), *LOST, "TransferEncodingError", "Hello"),
    "connection reset at once": Fault((Reset(),), *UNAVAILABLE, "cannot be reached"),
}

CONNECTIONS = {
    "connection closed in the body": Fault(
        HEAD + b"\r\n" + framed(PARTIAL), *LOST, "broke off", "Hello"
    ),
    "connection closed before the announced length": Fault(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n"
        + PARTIAL,
        *LOST,
        "ContentLengthError",
        "Hello",
    ),
    "connection closed without an answer": Fault(b"", *UNAVAILABLE, "ServerDisconnectedError"),
    "connection closed in the head": Fault(HEAD[:30], *UNAVAILABLE, "ServerDisconnectedError"),
    "no HTTP": Fault(ECHO.encode() + b"\r\n\r\n", *PROTOCOL, "BadStatusLine"),
    "a broken chunk": Fault(
        HEAD + b"\r\n" + ECHO.encode() + b"\r\n", *PROTOCOL, "ClientResponseError"
    ),
    "a body that is not gzip": Fault(
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + framed(PARTIAL) + b"0\r\n\r\n",
        *PROTOCOL,
        "DecodingError",
    ),
    "redirects in a circle": Fault(
        b"HTTP/1.1 307 Elsewhere\r\nLocation: /v1/again\r\nContent-Length: 0\r\n"
        b"Connection: close\r\n\r\n",
        *UNAVAILABLE,
        "TooManyRedirects",
    ),
}

SILENCES = {
    "silence before the first token": Fault((Hang(),), "timeout", True, ""),
    "silence after a comment": Fault((b": still here\n\n", Hang()), "timeout", True, ""),
    "silence in the middle": Fault((PARTIAL, Hang()), "timeout", True, "", "Hello"),
}
