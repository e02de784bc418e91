"""A line between browser and server that a test can cut wherever it likes."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self

_REQUEST_LINE = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")
_LAST_EVENT_ID = re.compile(rb"^last-event-id: (.*?)\r$", re.IGNORECASE | re.MULTILINE)


class Exchange:
    """One request that went over the line, and the status of its response, once there is one."""

    def __init__(self, head: bytes) -> None:
        found = _LAST_EVENT_ID.search(head)
        # The body of the request before may stand in front.
        method, path = _REQUEST_LINE.findall(head)[-1]
        self.method, self.path = method.decode(), path.decode()
        self.last_event_id = found[1].decode() if found else None
        self.status: int | None = None

    def __repr__(self) -> str:
        return f"<{self.path} from {self.last_event_id}: {self.status}>"


class Proxy:
    """Forwards bytes to a port of this machine; a context manager with a `url`.

    `exchanges` are the requests it has seen. `hold_after` makes it stop in the middle of a
    response, `cut` ends all connections. `target` is the port of the server: another one takes
    the place of the first for new connections.
    """

    def __init__(self, port: int) -> None:
        self.exchanges: list[Exchange] = []
        self.target = port
        self._marker = b""
        self._held = threading.Event()
        self._lines: set[_Line] = set()
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(ready)))
        self._thread.start()
        self.port = ready.result(10)
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def streams(self) -> list[Exchange]:
        """The exchanges with the streaming views."""
        return [exchange for exchange in self.exchanges if "/stream" in exchange.path]

    def hold_after(self, marker: bytes) -> threading.Event:
        """Let the next response that contains `marker` get no further than that.

        The event is set when the marker has been sent on. A marker that a write divides between
        two events of the stream is not found: take one from within an event.
        """
        self._held = threading.Event()
        self._marker = marker
        return self._held

    def cut(self, *, reset: bool) -> None:
        """End all connections to both sides, with a TCP reset or in an orderly way."""

        async def cut_all() -> None:
            for line in tuple(self._lines):
                line.cut(reset=reset)

        asyncio.run_coroutine_threadsafe(cut_all(), self._loop).result(10)

    def wait_until(self, condition: Callable[[], bool], limit: float = 10.0) -> None:
        """Wait until `condition` holds; fail after `limit` seconds."""
        with self._changed:
            assert self._changed.wait_for(condition, limit), self.exchanges

    def note(self, exchange: Exchange) -> None:
        """Add a request."""
        with self._changed:
            self.exchanges.append(exchange)
            self._changed.notify_all()

    def answered(self, exchange: Exchange, status: int) -> None:
        """Note the status that a request got."""
        with self._changed:
            exchange.status = status
            self._changed.notify_all()

    def until_marker(self, tail: bytes, data: bytes) -> bytes | None:
        """Return the part of `data` up to the marker that is being waited for; None without it."""
        at = (tail + data).find(self._marker) if self._marker else -1
        if at < 0:
            return None
        part = data[: at + len(self._marker) - len(tail)]
        self._marker = b""
        return part

    def marker_sent(self) -> None:
        """Tell the test that the line now stands still."""
        self._held.set()

    async def _main(self, ready: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        ready.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(self, reader, writer)
        self._lines.add(line)
        try:
            await line.run(self.target)
        except ConnectionError:  # nobody listens there
            writer.close()
        finally:
            self._lines.discard(line)


class _Line:
    """One connection of a browser, and the one to the server that belongs to it."""

    def __init__(
        self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._exchange: Exchange | None = None
        self._cut = asyncio.Event()

    async def run(self, port: int) -> None:
        reader, self._server = await asyncio.open_connection("127.0.0.1", port)
        jobs = [self._requests(), self._responses(reader), self._cut.wait()]
        tasks = [asyncio.ensure_future(job) for job in jobs]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._writer.close()
            self._server.close()

    def cut(self, *, reset: bool) -> None:
        if reset:
            connection = self._writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
        self._cut.set()

    async def _requests(self) -> None:
        head = b""
        while data := await self._reader.read(65536):
            *heads, head = (head + data).split(b"\r\n\r\n")
            for each in heads:
                if not _REQUEST_LINE.search(each + b"\r\n"):  # of a part of a body
                    continue
                self._exchange = Exchange(each + b"\r\n")
                self._proxy.note(self._exchange)
            self._server.write(data)
            await self._server.drain()

    async def _responses(self, reader: asyncio.StreamReader) -> None:
        tail = b""
        while data := await reader.read(65536):
            if data.startswith(b"HTTP/1.1 ") and self._exchange is not None:
                self._proxy.answered(self._exchange, int(data[9:12]))
            part = self._proxy.until_marker(tail, data)
            self._writer.write(data if part is None else part)
            await self._writer.drain()
            if part is not None:
                self._proxy.marker_sent()
                await self._cut.wait()
                return
            tail = data[-200:]
