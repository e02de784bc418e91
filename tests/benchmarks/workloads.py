"""What is measured of a server: processor time for a token and for a request, and memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from tests.benchmarks.load import Client, Reading, require_text
from tests.benchmarks.variants import Asker, Started, Variant
from tests.support.processes import cpu_seconds, family, resident_memory

WARM_UP = 50  # requests
AT_ONCE = 10  # requests
MANY_AT_ONCE = 50  # while streams are opened that nobody measures
SETTLE = 2.0  # seconds after which a silent stream is silent
LIMIT = 120.0  # seconds for anything


class Size(NamedTuple):
    """How much of everything."""

    requests: int = 300
    burst_streams: int = 20
    burst_tokens: int = 5000
    paced_streams: int = 50  # with 100 the hand-written view may need a whole core
    paced_seconds: float = 8.0
    idle_streams: int = 500


QUICK = Size(requests=100, burst_tokens=600, paced_seconds=3.0, idle_streams=0)


class Cost(NamedTuple):
    """What one server needed: microseconds of processor time, and bytes for each idle stream."""

    burst: float
    paced: float
    request: float
    idle: float | None = None


class Bench:
    """One server under load; the texts are checked, all of them."""

    def __init__(self, variant: Variant, server: Started, provider: Client) -> None:
        self._variant = variant
        self._process = server.process.popen.pid
        self._provider = provider
        self._asker: Asker = variant.asker(server.client, variant.path)

    async def measure(self, size: Size) -> Cost:
        """Measure the times of a server that nobody has asked yet."""
        await self.prepare()
        request = await self.requests(size.requests)
        burst = await self.burst(size.burst_streams, size.burst_tokens)
        paced = await self.paced(size.paced_streams, size.paced_seconds)
        return Cost(burst, paced, request)

    async def measure_idle(self, size: Size) -> float:
        """Measure the memory of a server that nobody has asked yet."""
        await self.prepare()
        return await self.idle(size.idle_streams)

    async def prepare(self) -> None:
        """Let the server import what it needs, and be visited."""
        await self._asker.prepare()
        await self.requests(WARM_UP)

    async def requests(self, count: int) -> float:
        """Return the microseconds for each of so many answers of one token."""
        began = self.cpu()
        readings = await self.open("short", count, at_once=AT_ONCE, until=_ended)
        used = self.cpu() - began
        self.check(readings, 1)
        return used / count * 1e6

    async def burst(self, streams: int, tokens: int) -> float:
        """Return the microseconds for each token of answers at full speed."""
        readings = await self.open(f"burst {tokens}", streams)
        began = self.cpu()
        await self.go(readings)
        used = self.cpu() - began
        self.check(readings, tokens)
        return used / (streams * (tokens - 1)) * 1e6

    async def paced(self, streams: int, seconds: float) -> float:
        """Return the microseconds for each token of answers that come at 20 tokens a second."""
        readings = await self.open("paced", streams)
        await asyncio.sleep(1)
        began, sent = self.cpu(), await self.sent()
        await asyncio.sleep(seconds)
        used, count = self.cpu() - began, await self.sent() - sent
        await self.go(readings)
        self.check(readings)
        return used / count * 1e6

    async def idle(self, streams: int) -> float:
        """Return the bytes of memory that each of so many silent streams takes."""
        await self.go(await self.open("idle", MANY_AT_ONCE))
        await asyncio.sleep(SETTLE)
        before = self.memory()
        readings = await self.open("idle", streams)
        await asyncio.sleep(SETTLE)
        taken = self.memory() - before
        await self.go(readings)
        self.check(readings, 1)
        return taken / streams

    async def open(
        self,
        prompt: str,
        count: int,
        *,
        at_once: int = MANY_AT_ONCE,
        until: Callable[[Reading], asyncio.Future[None]] | None = None,
    ) -> list[Reading]:
        """Ask so many times; return once every answer has begun, or is where `until` says."""
        slots = asyncio.Semaphore(at_once)

        async def one() -> Reading:
            async with slots:
                reading = await self._asker.ask(prompt)
                await (until or _begun)(reading)
                return reading

        async with asyncio.timeout(LIMIT):
            return await asyncio.gather(*(one() for _ in range(count)))

    async def go(self, readings: list[Reading]) -> None:
        """Let the provider go on with what waits, and wait for the ends of all answers."""
        await self._ask_provider("/go")
        async with asyncio.timeout(LIMIT):
            await asyncio.gather(*(reading.ended for reading in readings))

    async def sent(self) -> int:
        """Return how many tokens the provider has sent."""
        return int(await self._ask_provider("/sent"))

    async def _ask_provider(self, path: str) -> bytes:
        reading = await self._provider.get(path)
        await reading.ended
        return reading.response.body

    def check(self, readings: list[Reading], tokens: int | None = None) -> int:
        """Return how many tokens came; fail if any text is not what was sent."""
        counts = [self._tokens_of(reading) for reading in readings]
        if tokens is not None:
            assert counts == [tokens] * len(readings), counts
        return sum(counts)

    def _tokens_of(self, reading: Reading) -> int:
        response = reading.response
        assert response.status == 200, response
        return require_text(self._variant.text(response.body))

    def cpu(self) -> float:
        """Return the processor time that the server's processes have used, in seconds."""
        return sum(map(cpu_seconds, family(self._process)))

    def memory(self) -> int:
        """Return the memory of the server's processes in bytes."""
        return sum(map(resident_memory, family(self._process)))


def _begun(reading: Reading) -> asyncio.Future[None]:
    return reading.begun


def _ended(reading: Reading) -> asyncio.Future[None]:
    return reading.ended
