"""What `Upstream` does not do: bytes on the wire exactly as a test says, HTTP or not."""

from __future__ import annotations

import asyncio

from tests.support.upstream import HEAD, Upstream, finish, framed, read_request, send, text


class RawUpstream(Upstream):
    """Answers every request with these bytes and closes the connection."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self._bytes = answer

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._bytes)
        await writer.drain()


class DrippingUpstream(Upstream):
    """Sends the same bytes again and again for some time, then a whole answer."""

    def __init__(self, drop: bytes, times: int) -> None:
        super().__init__()
        self._drop = drop
        self._times = times

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n")
        for _ in range(self._times):
            await send(writer, self._drop)
            await asyncio.sleep(0.02)
        writer.write(framed(text("late"), finish()) + b"0\r\n\r\n")


class KeepAliveUpstream(Upstream):
    """Answers any number of requests on one connection, and ends each body late."""

    def __init__(self) -> None:
        super().__init__()
        self.connections = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self._note(await read_request(reader))
                writer.write(HEAD.replace(b"close", b"keep-alive") + b"\r\n")
                for part in (framed(text("Hi"), finish()), framed(b": bye\n\n"), b"0\r\n\r\n"):
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.01)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the server is stopped
        finally:
            writer.close()


class SilentUpstream(Upstream):
    """Takes every request and never answers, not even with a head."""

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # ends when the client leaves
