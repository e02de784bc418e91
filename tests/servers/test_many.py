"""A thousand readers of one process at the same time."""

from __future__ import annotations

import asyncio
import resource
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.test import SimpleTestCase, tag

from mindwave_django.testing import parse_events, text_of
from tests.servers.base import SHIPPED, eventually
from tests.servers.drivers import GO, first_half, second_half
from tests.support.servers import Server, serving

READERS = 1000
FILES = 4 * READERS  # sockets, threads' databases, and what a process has open anyway
LIMIT = 120.0  # seconds for all of it
THREADS = 100  # of pools, and of requests that are about to begin or to end


class Reader:
    """A bare HTTP/1.1 connection."""

    def __init__(self, server: Server, prompt: str) -> None:
        self.prompt = prompt
        self.answer = first_half(prompt) + second_half(prompt)
        self.body = b""
        self._port = server.port
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Ask, and read the first half of the answer."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        request = f"GET {SHIPPED}?prompt={self.prompt} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        self._writer.write(request.encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        while first_half(self.prompt).encode() not in self.body:
            self.body += await self._chunk()

    async def finish(self) -> None:
        """Read to the end."""
        while chunk := await self._chunk():
            self.body += chunk

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    async def _chunk(self) -> bytes:
        size = int(await self._reader.readuntil(b"\r\n"), 16)
        return (await self._reader.readexactly(size + 2))[:-2]


@tag("machine")
class ManyTests(SimpleTestCase):
    def test_thousand_streams_of_one_process_at_the_same_time(self) -> None:
        env = {"DJANGO_SETTINGS_MODULE": "tests.support.settings_together"}
        with open_files(FILES), serving("uvicorn", env) as server:
            readers = [Reader(server, f"reader-{number}") for number in range(READERS)]
            asyncio.run(read_together(server, readers))
            eventually(lambda: len(server.saved()) > READERS, LIMIT)  # one more said GO
            rows, output = server.saved(), server.process.output
        assert "Traceback" not in output, output
        assert "ERROR" not in output, output
        for reader in readers:
            events = parse_events(reader.body)
            assert text_of(events) == reader.answer
            assert events[0].event == "start"
            assert events[-1].event == "done"
            assert events[-1].json() == {"status": "complete"}
        expected = [(reader.prompt, reader.answer, "completed") for reader in readers]
        assert sorted(row for row in rows if row[0] != GO) == sorted(expected)


async def read_together(server: Server, readers: list[Reader]) -> None:
    """Have everybody read half an answer before anybody can get the other half."""
    last = Reader(server, GO)
    try:
        async with asyncio.timeout(LIMIT):
            await asyncio.gather(*(reader.open() for reader in readers))
            while threads_of(server) >= THREADS:
                await asyncio.sleep(0.1)
            assert not any(b"event: done" in reader.body for reader in readers)
            await last.open()
            await asyncio.gather(*(reader.finish() for reader in [*readers, last]))
    finally:
        for reader in [*readers, last]:
            reader.close()


def threads_of(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.popen.pid}/task").iterdir()))


@contextmanager
def open_files(number: int) -> Iterator[None]:
    """Let this process, and those it starts, have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        raise unittest.SkipTest(f"Only {hard} files may be open: raise it, ulimit -Hn {number}")
    if soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, number), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
