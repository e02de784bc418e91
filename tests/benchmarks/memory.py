"""What a stream costs in memory: `python -m tests.benchmarks.memory`, from the project's root.

Prints the resident memory of one uvicorn process per idle stream (Django's request and thread
included), and the memory that an answer takes per character once its text is there.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import tracemalloc
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "example_project"))

import django

django.setup()

from mindwave_django.events import CancelReason
from mindwave_django.streaming.log import MemoryLog
from tests.servers.drivers import GO
from tests.servers.test_many import FILES, Reader, open_files
from tests.support.processes import resident_memory
from tests.support.servers import Server, serving

STREAMS = 1000
WARM_UP = 50
CHARACTERS = 4_000_000
DELTA = "word"


def resident(server: Server) -> int:
    """Return the resident memory of the server's process in bytes."""
    return resident_memory(server.process.popen.pid)


async def idle_streams(server: Server) -> float:
    """Return the bytes that each of STREAMS open streams adds."""
    warm_up = [Reader(server, f"warm-up-{number}") for number in range(WARM_UP)]
    readers = [Reader(server, f"reader-{number}") for number in range(STREAMS)]
    await asyncio.gather(*(reader.open() for reader in warm_up))
    before = resident(server)
    await asyncio.gather(*(reader.open() for reader in readers))
    after = resident(server)
    last = Reader(server, GO)
    await last.open()
    everybody = [*warm_up, *readers, last]
    await asyncio.gather(*(reader.finish() for reader in everybody))
    for reader in everybody:
        reader.close()
    return (after - before) / STREAMS


def text() -> float:
    """Return the bytes that an answer takes for each of its characters."""

    def cancel(reason: CancelReason) -> None: ...

    tracemalloc.start()
    answer = MemoryLog().create("benchmark", "", cancel)
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(CHARACTERS // len(DELTA)):
        answer.append(DELTA.encode())
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / CHARACTERS


def main() -> None:
    env = {"DJANGO_SETTINGS_MODULE": "tests.support.settings_together"}
    with open_files(FILES), serving("uvicorn", env) as server:
        idle = asyncio.run(idle_streams(server))
    print(f"Python {platform.python_version()}, Django {django.__version__}")
    print(f"{STREAMS} idle streams, uvicorn: {idle / 1024:.1f} KiB each")
    print(f"{CHARACTERS} characters: {text():.2f} bytes each")


if __name__ == "__main__":
    main()
