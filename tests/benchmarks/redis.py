"""What it costs to share answers through Redis: python -m tests.benchmarks.redis.

Two uvicorn processes with one worker each, a Redis, and SQLite; provider and clients are in this
process. Measured are

* how much later a reader of the other process gets each token than one of the process that writes,
* the processor time of the writing process for each token: with `MemoryLog`, with `RedisLog` that
  nobody reads elsewhere, and with `RedisLog` and one reader of each answer in the other process,
* how long it takes from a stop, sent to the other process, until the provider's connection closes.

Rounds of the variants take turns; medians count. Before that, in this process and without any
server: the processor time of nothing but the writing to Redis, for each token.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "example_project"))

import aiohttp
import django

django.setup()

from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.redis import RedisLog
from tests.support.databases import SQLITE, fresh_database
from tests.support.processes import cpu_seconds
from tests.support.redis_servers import single
from tests.support.servers import Server, serving_on
from tests.support.upstream import HEAD, finish, read_request, send, text, until_left

STREAMS = 100
PACE = 0.05  # seconds between two tokens of a stream
SECONDS = 15.0  # of each round
TWO_LINES, MESSAGES = "/api/chat/stream", "/mindwave/messages/"
TOKEN = "c" * 32
VARIANTS = ("memory", "redis", "redis, read elsewhere")


class Clock:
    """A provider whose tokens say when they were sent."""

    def __init__(self) -> None:
        self.tokens = 0
        self.open = 0
        self.closed_at = 0.0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve; give the address."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        seconds = float((await read_request(reader)).body["messages"][-1]["content"])
        await until_left(reader, self._write(writer, seconds))
        self.closed_at = time.monotonic()
        self.open -= 1
        writer.close()

    async def _write(self, writer: asyncio.StreamWriter, seconds: float) -> None:
        writer.write(HEAD + b"\r\n")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await send(writer, text(f"{time.monotonic():.6f} "))
            self.tokens += 1
            await asyncio.sleep(PACE)
        await send(writer, finish(), b"")


class Reader:
    """Reads a stream, and notes how old each token is."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.ages: dict[str, float] = {}
        self.since = 0.0
        self.started: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def read(self, url: str, last_id: str = "") -> None:
        """Read to the end."""
        headers = {"Last-Event-ID": last_id} if last_id else {}
        async with self._http.get(url, headers=headers) as response:
            assert response.status == 200, response.status
            async for line in response.content:
                if line.startswith(b"id: ") and not self.started.done():
                    self.started.set_result(line[4:].decode().strip())
                    self.since = time.monotonic()
                if line.startswith(b"data: ") and line[6:7].isdigit():
                    now = time.monotonic()
                    for stamp in line[6:].decode().split():
                        self.ages[stamp] = now - float(stamp)


class Bench:
    """Two processes for each kind of log, on one Redis."""

    def __init__(self, stack: ExitStack, provider: Clock, url: str) -> None:
        self._provider = provider
        redis = stack.enter_context(single()).options["url"]
        database = stack.enter_context(fresh_database(SQLITE))
        env = {
            "OPENAI_BASE_URL": url,
            "OPENAI_API_KEY": "unused",
            "REDIS_URL": redis,
            "DJANGO_DEBUG": "0",
            "STREAMING_OPTIONS": '{"HEARTBEAT_INTERVAL": 15, "RECONNECT_GRACE": 45}',
        }
        self.servers: dict[str, list[Server]] = {}
        for kind in ("chat", "redis"):
            settings = {"DJANGO_SETTINGS_MODULE": f"tests.support.settings_{kind}"}
            self.servers[kind] = [
                stack.enter_context(serving_on(database, "uvicorn", env | settings))
                for _ in range(2)
            ]

    async def round(self, variant: str, seconds: float, streams: int) -> dict[str, Any]:
        """Let so many answers be written, and read here, or here and there."""
        here, there = self.servers["chat" if variant == "memory" else "redis"]
        elsewhere = variant.endswith("elsewhere")
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
            pairs = [(Reader(http), Reader(http)) for _ in range(streams)]
            url = f"{TWO_LINES}?prompt={seconds + 2}"
            tasks = [asyncio.create_task(first.read(here.url + url)) for first, _ in pairs]
            ids = [await first.started for first, _ in pairs]
            if elsewhere:
                for (_, second), last_id in zip(pairs, ids, strict=True):
                    tasks.append(asyncio.create_task(second.read(there.url + url, last_id)))
            await asyncio.sleep(1)
            began, tokens = self._cpu(here, there), self._provider.tokens
            await asyncio.sleep(seconds)
            used = [b - a for a, b in zip(began, self._cpu(here, there), strict=True)]
            tokens = self._provider.tokens - tokens
            await asyncio.gather(*tasks)
        later = [
            (second.ages[stamp] - age) * 1000
            for first, second in pairs
            for stamp, age in first.ages.items()
            if stamp in second.ages and float(stamp) > second.since
        ]
        return {
            "here": used[0] / tokens * 1e6,
            "there": used[1] / tokens * 1e6,
            "core": used[0] / seconds,
            "later": later,
        }

    def _cpu(self, *servers: Server) -> list[float]:
        return [cpu_seconds(server.process.popen.pid) for server in servers]

    async def stop(self) -> float:
        """Stop an answer through the other process; return the milliseconds it took."""
        here, there = self.servers["redis"]
        headers = {"X-CSRFToken": TOKEN}
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(
            cookies={"csrftoken": TOKEN}, headers=headers, cookie_jar=jar
        ) as http:
            async with http.post(here.url + MESSAGES, json={"prompt": "60"}) as response:
                posted = await response.json()
            reader = Reader(http)
            reading = asyncio.create_task(reader.read(here.url + posted["stream"]))
            while not reader.ages:
                await asyncio.sleep(0.01)
            began = time.monotonic()
            path = f"{MESSAGES}{posted['message']['id']}/cancel/"
            async with http.post(there.url + path, json={}) as response:
                assert response.status == 200
            await reading
            return (self._provider.closed_at - began) * 1000


async def writing(options: dict[str, Any], arguments: argparse.Namespace, *, read: bool) -> float:
    """Return the microseconds of processor time for each token that goes to Redis."""
    log = RedisLog(prefix=f"read-{read}", **options)
    answers = [log.create(f"{number:032x}", "", _nothing) for number in range(arguments.streams)]
    await asyncio.sleep(1)
    if read:
        writer, _ = log._here()
        for outgoing in writer._outbox:
            outgoing.see(time.monotonic(), 3600)
    costs = []
    for appends in (True, False):  # what the answers cost themselves is taken off
        memory = answers if appends else [Answer(answer.stream_id) for answer in answers]
        began, until, tokens = time.process_time(), time.monotonic() + arguments.seconds, 0
        while time.monotonic() < until:
            for answer in memory:
                answer.append(b" token")
            tokens += len(memory)
            await asyncio.sleep(PACE)
        costs.append((time.process_time() - began) / tokens * 1e6)
    return costs[0] - costs[1]


def _nothing(reason: object) -> None:
    """Cancel nothing."""


def quantiles(values: Iterable[float]) -> str:
    """Return median, 99th percentile and most."""
    ordered = sorted(values)
    middle, late = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    return f"median {middle:.0f} ms, p99 {late:.0f} ms, at most {ordered[-1]:.0f} ms"


async def measure(arguments: argparse.Namespace) -> None:
    """Measure, and print."""
    provider = Clock()
    with ExitStack() as stack:
        async with provider.serving() as url:
            bench = await asyncio.to_thread(Bench, stack, provider, url)
            found: dict[str, list[dict[str, Any]]] = {variant: [] for variant in VARIANTS}
            for _ in range(arguments.rounds):
                for variant in VARIANTS:
                    found[variant].append(
                        await bench.round(variant, arguments.seconds, arguments.streams)
                    )
            for variant, rounds in found.items():
                middle = {
                    key: statistics.median(each[key] for each in rounds)
                    for key in ("here", "there", "core")
                }
                print(
                    f"{variant}: {middle['here']:.0f} µs for each token in the writing process "
                    f"({middle['core']:.0%} of a core), {middle['there']:.0f} µs in the other"
                )
            ratios = [
                shared["here"] / alone["here"]
                for alone, shared in zip(found[VARIANTS[0]], found[VARIANTS[1]], strict=True)
            ]
            print(f"redis to memory, round by round: {statistics.median(ratios):.2f}")
            later = [each for one in found[VARIANTS[-1]] for each in one["later"]]
            print(f"the other process gets a token later by: {quantiles(later)}")
            stops = [await bench.stop() for _ in range(20)]
            print(f"a stop through the other process takes: {quantiles(stops)}")


def main() -> None:
    """Read the command line, and measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.redis")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--streams", type=int, default=STREAMS)
    arguments = parser.parse_args()
    with single() as servers:
        for read in (False, True):
            cost = asyncio.run(writing(servers.options, arguments, read=read))
            where = "and somebody reads it elsewhere" if read else "and nobody reads it elsewhere"
            print(f"writing alone, {where}: {cost:.1f} µs for each token", flush=True)
    asyncio.run(measure(arguments))


if __name__ == "__main__":
    main()
