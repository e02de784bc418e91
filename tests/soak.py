"""Many clients, two workers, Redis and PostgreSQL, and everything that goes wrong on the way.

    python -m tests.soak                    500 clients for five minutes
    python -m tests.soak --clients 120 --seconds 60
    python -m tests.soak --seed 7           another piece; the same seed plays the same one again

Clients lose their lines, stall, stop answers, reload their pages and leave; the provider fails in
five ways. After that the workers are replaced one by one under load, and one is killed. Ends with
exit status 1, and says what does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "example_project"))

import aiohttp
import django

django.setup()

from mindwave_django.models import ChatMessage
from mindwave_django.recorder import abandoned
from tests.servers.test_left_over import POOLS
from tests.servers.test_many import open_files
from tests.soaking.checks import Found, Verdict
from tests.soaking.held import MIB, Around, Held, held_around, held_by
from tests.soaking.person import Person, Result
from tests.soaking.provider import Provider
from tests.support.databases import POSTGRESQL, default_database, fresh_database
from tests.support.processes import cpu_seconds
from tests.support.redis_servers import single
from tests.support.servers import Server, serving_on

SETTLE = 60.0  # seconds for the last answers to end
RETENTION = 20.0  # as in settings_soak
FILES = 8192
LATE = 0.5  # seconds
SHOWN = 20  # complaints
# What a process may hold more than before, after the same load once more.
MORE = Held(tasks=4, threads=POOLS, answers=0, descriptors=12, memory=24 * MIB)
MORE_AROUND = Around(
    database_connections=4, redis_connections=8, redis_keys=8, redis_memory=4 * MIB
)


class Soak:
    """The workers, their back ends and the clients of one run."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.workers: list[Server] = []
        self.complaints: list[str] = []
        self._stack = ExitStack()
        self._numbers = iter(range(1_000_000))

    @contextmanager
    def back_ends(self) -> Iterator[None]:
        """Run PostgreSQL and Redis."""
        with self._stack:
            self.database = self._stack.enter_context(fresh_database(POSTGRESQL))
            self._stack.enter_context(default_database(self.database))
            self.redis = self._stack.enter_context(single()).options["url"]
            yield

    async def start(self) -> Server:
        """Start a worker, which clients come to from now on."""
        env = {
            "DJANGO_SETTINGS_MODULE": "tests.support.settings_soak",
            "OPENAI_BASE_URL": self.provider.url,
            "OPENAI_API_KEY": "unused",
            "REDIS_URL": self.redis,
        }
        serving = serving_on(self.database, "uvicorn", env)
        worker = await asyncio.to_thread(self._stack.enter_context, serving)
        self.workers.append(worker)
        return worker

    async def replace(self, worker: Server, number: int) -> None:
        """Start another worker, and end this one by a signal."""
        await self.start()
        self.workers.remove(worker)
        worker.process.send(number)

    async def run(self) -> None:
        """Play all of it."""
        async with AsyncExitStack() as stack:
            self.provider = await stack.enter_async_context(Provider())
            self.connector = await stack.enter_async_context(aiohttp.TCPConnector(limit=0))
            for _ in range(2):
                await self.start()
            seconds, clients = self.arguments.seconds, self.arguments.clients
            print(f"{clients} clients, {seconds:g} s, seed {self.arguments.seed}", flush=True)
            results = await self._load(seconds * 0.4)
            before, before_around = await self._held()
            results += await self._load(seconds * 0.6)
            self._compare(before, before_around, *await self._held())
            await self._check(results, may_interrupt=False)
            results = await self._load(max(20.0, seconds / 5), self._restart)
            await self._settle()
            await self._check(results, may_interrupt=True)

    async def _load(
        self, seconds: float, meanwhile: Callable[[float], Any] | None = None
    ) -> list[Result]:
        """Let all clients live for so long; what they have open, they finish."""
        used = sum(cpu_seconds(worker.process.popen.pid) for worker in self.workers)
        began = time.monotonic()
        people = [
            Person(next(self._numbers), self.arguments, self._urls, self.connector)
            for _ in range(self.arguments.clients)
        ]
        until = asyncio.get_running_loop().time() + seconds
        lives = [asyncio.create_task(person.live(until)) for person in people]
        lag = asyncio.create_task(_lag())
        if meanwhile is not None:
            await meanwhile(seconds)
        await asyncio.gather(*lives)
        lag.cancel()
        results = [result for person in people for result in person.results]
        connections = sum(result.reading.connections for result in results)
        took = time.monotonic() - began
        line = (
            f"{len(results)} questions, {connections} connections in {took:.0f} s; at most "
            f"{self.provider.most} answers at the same time"
        )
        if meanwhile is None:
            used = sum(cpu_seconds(worker.process.popen.pid) for worker in self.workers) - used
            line += f"; the workers used {used / took / len(self.workers):.0%} of a core each"
        print(line, flush=True)
        return results

    def _urls(self) -> list[str]:
        return [worker.url for worker in self.workers]

    async def _restart(self, seconds: float) -> None:
        """Replace each worker once, as a deploy does, and then kill one."""
        for number, worker in ((signal.SIGTERM, 0), (signal.SIGTERM, 0), (signal.SIGKILL, 0)):
            await asyncio.sleep(seconds / 4)
            await self.replace(self.workers[worker], number)

    async def _settle(self) -> None:
        """Wait until the provider has nothing open, and what ended is forgotten."""
        deadline = time.monotonic() + SETTLE
        while self.provider.open:
            if time.monotonic() > deadline:
                self.complaints.append(f"{self.provider.open} requests are open for ever.")
                break
            await asyncio.sleep(0.2)

    async def _held(self) -> tuple[list[Held], Around]:
        """Count what is held once everything is over."""
        await self._settle()
        await asyncio.sleep(RETENTION + 5)
        held = [await held_by(each.url, each.process.popen.pid) for each in self.workers]
        around = await held_around(self.redis)
        for each in (*held, around):
            print(f"    {each}", flush=True)
        return held, around

    def _compare(
        self,
        before: list[Held],
        before_around: Around,
        after: list[Held],
        after_around: Around,
    ) -> None:
        pairs: list[tuple[Any, Any, Any]] = [
            *((old, new, MORE) for old, new in zip(before, after, strict=True)),
            (before_around, after_around, MORE_AROUND),
        ]
        for old, new, more in pairs:
            for name, limit in more._asdict().items():
                if getattr(new, name) > getattr(old, name) + limit:
                    self.complaints.append(
                        f"{name}: {getattr(old, name)} before, {getattr(new, name)} after."
                    )

    async def _check(self, results: list[Result], *, may_interrupt: bool) -> None:
        if may_interrupt:  # whoever looks at what a process left ends it
            await asyncio.to_thread(abandoned, ChatMessage.objects.all())
        found = await asyncio.to_thread(Found)
        verdict = Verdict(results, self.provider, found)
        self.complaints += verdict.complaints(may_interrupt=may_interrupt)
        asked = sum(self.provider.requests.values())
        if not may_interrupt and found.calls != asked:
            self.complaints.append(f"{asked} requests, {found.calls} calls in the ledger.")
        outcomes = ", ".join(f"{number} {name}" for name, number in verdict.outcomes.most_common())
        print(f"    {outcomes}; {asked} requests in all", flush=True)
        for worker in self.workers:
            if "Traceback" in worker.process.output:
                self.complaints.append(worker.process.output[-3000:])


async def _lag() -> None:
    """Say when this process is too slow itself: then readers come back too late."""
    loop = asyncio.get_running_loop()
    while True:
        before = loop.time()
        await asyncio.sleep(0.1)
        if (late := loop.time() - before - 0.1) > LATE:
            print(f"    the clients are {late:.1f} s late", flush=True)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def main() -> int:
    """Run a soak; return the exit status."""
    soak = Soak(parse())
    with open_files(FILES), soak.back_ends():
        asyncio.run(soak.run())
    for complaint in soak.complaints[:SHOWN]:
        print(complaint)
    if soak.complaints:
        print(f"{len(soak.complaints)} complaints.")
        return 1
    print("Everything held.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
