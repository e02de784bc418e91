"""A thousand streams that end in every way, and workers that are killed: no slot stays held."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from pathlib import Path
from typing import ClassVar

from tests.servers.base import eventually
from tests.servers.limits.base import LimitsTestCase
from tests.support.settings_limits_times import LEASE
from tests.support.upstream import Hang, Reset, Status, finish, text

PATHS = ("/few", "/few-sync", "/mindwave/stream", "/mindwave/generate")
SCRIPTS = {
    "complete": (text("Hello"), finish()),
    "cut off": (text("Hel"), Reset()),
    "refused": (Status(401),),
    "rate limited": (Status(429),),
}
STREAMS = 1000
SEED = 4


class SlotTests(LimitsTestCase):
    cache_name = "redis"
    chat_options: ClassVar = {"RATE": None, "MAX_STREAMS_PER_OWNER": 2}
    may_log_errors = True

    def held(self) -> int:
        return len(self.keys())

    def keys(self) -> list[bytes]:
        client = self.cache.client._cache.get_client(None, write=True)
        return [key for key in client.keys("*") if b":mindwave:slot:" in key]

    def ask_somehow(self, number: int) -> int:
        dice = random.Random(SEED + number)
        path, person = dice.choice(PATHS), f"203.0.113.{dice.randrange(200)}"
        client = self.get(f"{path}?prompt=Hi", headers={"X-Forwarded-For": person})
        with client:
            if dice.random() < 0.7:
                client.read_all()
            return client.status

    def test_every_ending_frees_its_slot(self) -> None:
        seen: Counter[int] = Counter()
        for script in SCRIPTS.values():
            self.upstream.serve_only(*script)
            seen += Counter(self.at_once(STREAMS // len(SCRIPTS), self.ask_somehow))
        assert seen.total() == STREAMS
        assert seen[200] > STREAMS / 2
        eventually(lambda: self.held() == 0, limit=2 * LEASE)
        assert "Traceback" not in self.server.process.output

    def test_limit_across_processes(self) -> None:
        self.upstream.serve_only(text("Hel"), Hang())
        clients = self.at_once(20, lambda _: self.ask("/few", "203.0.113.1", read=False))
        assert Counter(client.status for client in clients) == {200: 2, 429: 18}
        assert self.ask("/few", "203.0.113.2", read=False).status == 200
        # A slot outlives its lease as long as its stream runs.
        leased = self.held()
        eventually(lambda: self.time_left() < LEASE * 5 / 6)
        eventually(lambda: self.time_left() > LEASE * 5 / 6)
        assert self.held() == leased == 3
        for client in clients:
            client.close()
        eventually(lambda: self.held() == 1)

    def time_left(self) -> float:
        client = self.cache.client._cache.get_client(None, write=True)
        return min(client.pttl(key) for key in self.keys()) / 1000

    def test_killed_workers_slots_expire_by_themselves(self) -> None:
        self.upstream.serve_only(text("Hel"), Hang())
        for number in range(30):
            client = self.ask("/few", f"203.0.113.{number}", read=False)
            client.read_text("Hel")
        assert self.held() == 30
        for worker in self.workers():
            os.kill(worker, signal.SIGKILL)
        assert self.held() == 30
        eventually(lambda: self.held() == 0, limit=2 * LEASE)
        self.upstream.serve_only(text("Hello"), finish())
        eventually(lambda: self.status("/few", "203.0.113.1") == 200)

    def workers(self) -> list[int]:
        master = self.server.process.popen.pid
        return list(map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split()))
