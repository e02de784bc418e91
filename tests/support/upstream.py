"""An OpenAI-compatible server, in this process, that misbehaves exactly as a test says.

For what needs a gate or a fault on the wire. Where a well-behaved server will do, tests use one
that nobody here wrote (`aimock`).
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, Self, TypeAlias

from mindwave_django.testing import Gate


class Reset(NamedTuple):
    """Cut the connection with a TCP reset."""


class Hang(NamedTuple):
    """Send nothing more, and keep the connection open until the client leaves."""


class Status(NamedTuple):
    """Answer with an HTTP status and a body instead of a stream."""

    code: int
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


class Request(NamedTuple):
    """What the server was asked."""

    headers: dict[str, str]
    body: dict[str, Any]


# Without the empty line that ends it.
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: close\r\n"
)

Step: TypeAlias = bytes | Gate | Reset | Hang | Status


def chunk(delta: dict[str, Any] | None = None, **fields: Any) -> bytes:
    """Return one chunk of a chat completion as an event."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": fields.pop("finish_reason", None)}
    body = {
        "id": "chatcmpl-test",
        "object": "chat.completion.chunk",
        "model": "test-model",
        "choices": [choice],
    } | fields
    return f"data: {json.dumps(body)}\n\n".encode()


def text(content: str) -> bytes:
    """Return a chunk with text."""
    return chunk({"content": content})


def finish(reason: str = "stop", usage: dict[str, Any] | None = None) -> bytes:
    """Return the end of a whole answer."""
    end = chunk(finish_reason=reason)
    if usage is not None:
        end += chunk(choices=[], usage=usage)
    return end + b"data: [DONE]\n\n"


class Upstream:
    """The server: a context manager with a `url`; `serve` says what the next requests get.

    `requests` are those seen so far. `open_streams` counts the answers being given; `wait_until`
    waits for a state, such as `lambda: upstream.open_streams == 0`.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.open_streams = 0
        self._scripts: deque[Sequence[Step]] = deque()
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(ready)))
        self._thread.start()
        self.url = f"http://127.0.0.1:{ready.result(10)}/v1"
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def serve(self, *steps: Step) -> None:
        """Answer one request with these steps; the last answer stands for all further requests."""
        self._scripts.append(steps)

    def wait_until(self, condition: Callable[[], bool], limit: float = 10.0) -> None:
        """Wait until `condition` holds; fail after `limit` seconds."""
        with self._changed:
            if not self._changed.wait_for(condition, limit):
                raise AssertionError("The upstream did not get into the expected state in time.")

    async def _main(self, ready: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096)
        ready.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self._note(await read_request(reader))
            self._count(+1)
            try:
                await self._answer(reader, writer)
            finally:
                self._count(-1)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the server is stopped
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts.popleft() if len(self._scripts) > 1 else self._scripts[0]
        if script and isinstance(script[0], Status):
            writer.write(_status(script[0]))
            await writer.drain()
            return
        writer.write(HEAD + b"\r\n")
        await until_left(reader, _play(script, writer))

    def _note(self, request: Request) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def _count(self, change: int) -> None:
        with self._changed:
            self.open_streams += change
            self._changed.notify_all()


async def _play(script: Sequence[Step], writer: asyncio.StreamWriter) -> None:
    for step in script:
        if isinstance(step, bytes):
            await send(writer, step)
        elif isinstance(step, Gate):
            await step.wait()
        elif isinstance(step, Reset):
            reset(writer)
            return
        else:
            await asyncio.Event().wait()
    await send(writer, b"")


async def until_left(reader: asyncio.StreamReader, answer: Coroutine[Any, Any, None]) -> None:
    """Give an answer, to its end or until the client leaves."""
    left, work = asyncio.ensure_future(reader.read()), asyncio.ensure_future(answer)
    try:
        await asyncio.wait({left, work}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (left, work):
            task.cancel()
        await asyncio.gather(left, work, return_exceptions=True)


def framed(*parts: bytes) -> bytes:
    """Return parts of a chunked body; an empty one ends it."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


async def send(writer: asyncio.StreamWriter, *parts: bytes) -> None:
    """Send parts of a chunked body."""
    writer.write(framed(*parts))
    await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """Cut the connection with a TCP reset, which throws away what is still on its way."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read what a client asks."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(headers, json.loads(body or b"{}"))


def _status(status: Status) -> bytes:
    headers = "".join(f"{name}: {value}\r\n" for name, value in status.headers)
    head = f"HTTP/1.1 {status.code} Test\r\n{headers}Content-Length: {len(status.body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + status.body
