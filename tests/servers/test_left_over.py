"""A hundred readers who leave leave nothing behind: counted in the server's process."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mindwave_django.streaming.pool import MAX_THREADS
from mindwave_django.testing import Gate
from tests.servers.base import TWO_LINES, ServerTestCase, eventually
from tests.servers.client import Client
from tests.support.processes import family, resident_memory
from tests.support.upstream import finish, text

WARM_UP = 20
ROUNDS = 100
POOLS = MAX_THREADS + 8  # threads that are kept: ours, and those of the loop's default executor
MEMORY = 24 * 1024 * 1024  # bytes; the answers of all ROUNDS are twice as many
LONG = 500_000


class Held(NamedTuple):
    """What the server's processes hold: sockets and files, threads, bytes."""

    descriptors: int
    threads: int
    memory: int


def held(root: int) -> Held:
    folders = [Path(f"/proc/{process}") for process in family(root)]
    return Held(
        sum(len(list((folder / "fd").iterdir())) for folder in folders),
        sum(len(list((folder / "task").iterdir())) for folder in folders),
        sum(map(resident_memory, family(root))),
    )


class LeftOver:
    server_name: str
    settings_module = "tests.support.settings_forgetful"
    env = {"MINDWAVE_HEARTBEAT_INTERVAL": "0.05"}

    def leave(self, rounds: int) -> None:
        """Leave in the middle of a long answer, so often, and wait until all of them ended."""
        before = len(self.server.saved())
        for _ in range(rounds):
            # Django leaves the part that it sent last to the garbage collector: a short one.
            gate = Gate()
            self.upstream.serve_only(text("x" * LONG), gate, text("y"), Gate(), finish())
            with Client(self.server, f"{TWO_LINES}?prompt=Hi") as reader:
                reader.read_text("x" * LONG)
                gate.open()
                reader.read_text("x" * LONG + "y")
        eventually(lambda: len(self.server.saved()) == before + rounds)
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)

    def test_nothing_is_left_after_many_readers(self) -> None:
        self.leave(WARM_UP)
        process = self.server.process.popen.pid
        before = held(process)
        self.leave(ROUNDS)
        eventually(lambda: held(process).descriptors <= before.descriptors)
        after = held(process)
        assert after.threads <= before.threads + POOLS
        assert after.memory <= before.memory + MEMORY, (before, after)
        assert {row[2] for row in self.server.saved()} == {"cancelled"}


class UvicornTests(LeftOver, ServerTestCase):
    server_name = "uvicorn"


class GunicornGthreadTests(LeftOver, ServerTestCase):
    server_name = "gunicorn-gthread"
