"""A provider that costs next to nothing: python -m tests.benchmarks.upstream PORT.

Every piece of every answer is ready before anybody asks. The prompt says what is wanted:

* `short`: one token, and the end;
* `burst 2000`: one token; after GET /go as many as there are left, as fast as they are taken;
* `paced`: a token every 50 ms until GET /go, in a phase of its own;
* `idle`: one token; after GET /go the end.

GET /sent returns how many tokens have been sent until now.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Callable
from typing import Any, cast

import uvloop

from tests.support.upstream import framed

PACE = 0.05  # seconds between two tokens of a paced answer
PERIOD = 10_000  # tokens; then the same ones come again
BLOCK = 40  # tokens of a burst in one write
BUFFER = 256 * 1024  # bytes of a burst that may wait
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def word(number: int) -> str:
    """Return the token with this number, of eight bytes."""
    return f" {number % PERIOD:07d}"


def _chunk(delta: dict[str, str], finish_reason: str | None = None, **fields: Any) -> bytes:
    """Return one chunk with every field that the API reference lists for it."""
    body: dict[str, Any] = {
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
        "object": "chat.completion.chunk",
        "created": 1741569952,
        "model": "gpt-4.1-mini-2025-04-14",
        "service_tier": "default",
        "system_fingerprint": "fp_44709d6fcb",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}],
        "usage": None,
        "obfuscation": "Zj8Qm",
    } | fields
    return framed(b"data: %b\n\n" % json.dumps(body, separators=(",", ":")).encode())


TOKENS = [_chunk({"content": word(number)}) for number in range(PERIOD)]
STOP = _chunk({}, "stop")
USAGE = _chunk({}, choices=[], usage={"prompt_tokens": 9, "completion_tokens": 9})
DONE = framed(b"data: [DONE]\n\n", b"")
sent = 0
waiting: set[Callable[[], None]] = set()  # what the answers do at /go


class Connection(asyncio.Protocol):
    """One connection of a client, who may ask again and again."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=BUFFER)
        self._loop = asyncio.get_running_loop()
        self._asked = b""
        self._next = self._until = 0
        self._is_paused = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()

    def data_received(self, data: bytes) -> None:
        self._asked += data
        head, found, body = self._asked.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._asked = b""
        self._is_last = b"connection: close" in head.lower()
        path = head.split(b" ", 2)[1]
        if path in {b"/go", b"/sent"}:
            self._control(path)
        else:
            asked = json.loads(body)
            self._last_words = STOP + (USAGE if "stream_options" in asked else b"") + DONE
            self._answer(asked["messages"][-1]["content"].split())

    def _control(self, path: bytes) -> None:
        if path == b"/go":
            for go_on in tuple(waiting):
                go_on()
        told = b"%d" % sent
        self._finish(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told))

    def _answer(self, wanted: list[str]) -> None:
        kind, *more = wanted
        self._next = 0
        self._transport.write(HEAD)
        self._write_token()
        if kind == "short":
            self._finish(self._last_words)
            return
        if kind == "burst":
            self._until = int(more[0])
        if kind == "paced":
            self._due = self._loop.time() + random.uniform(0, PACE)
            self._timer = self._loop.call_at(self._due, self._step)
        waiting.add(self._run if kind == "burst" else self._end)

    def _write_token(self) -> None:
        global sent  # noqa: PLW0603
        self._transport.write(TOKENS[self._next % PERIOD])
        self._next += 1
        sent += 1

    def _step(self) -> None:
        self._write_token()
        self._due += PACE
        self._timer = self._loop.call_at(self._due, self._step)

    def _run(self) -> None:
        global sent  # noqa: PLW0603
        waiting.discard(self._run)
        if self._is_paused or self._transport.is_closing():
            return
        at = self._next % PERIOD
        block = TOKENS[at : at + min(BLOCK, self._until - self._next)]
        if not block:
            self._end()
            return
        self._transport.write(b"".join(block))
        self._next += len(block)
        sent += len(block)
        self._loop.call_soon(self._run)

    def _end(self) -> None:
        self._rest()
        self._finish(self._last_words)

    def _finish(self, end: bytes) -> None:
        self._transport.write(end)
        if self._is_last:
            self._transport.close()

    def _rest(self) -> None:
        waiting.discard(self._end)
        waiting.discard(self._run)
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        if self._next < self._until:
            self._run()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def main(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(
        Connection, "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
