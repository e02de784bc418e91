"""A server whose limits are counted in a real cache."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from tests.servers.base import ServerTestCase
from tests.servers.client import Client
from tests.support.caches import CACHES, CacheServer


class LimitsTestCase(ServerTestCase):
    """Several workers, each a process, and the cache called `cache_name`.

    Errors in the server's log fail a test unless `may_log_errors`.
    """

    server_name: ClassVar[str] = "gunicorn-uvicorn-3"
    settings_module = "tests.support.settings_limits"
    cache_name: ClassVar[str]
    cache: ClassVar[CacheServer]
    chat_options: ClassVar[dict[str, Any]] = {"RATE": None, "MAX_STREAMS_PER_OWNER": None}
    may_log_errors: ClassVar[bool] = False

    @classmethod
    def setUpClass(cls) -> None:
        cls.cache = cls.enterClassContext(CACHES[cls.cache_name]())
        options = {"CHAT_OPTIONS": json.dumps(cls.chat_options)}
        cls.env = cls.cache.environment | options | dict(cls.env)
        super().setUpClass()

    def tearDown(self) -> None:
        if not self.may_log_errors:
            super().tearDown()

    def ask(self, path: str, person: str, *, read: bool = True) -> Client:
        """Ask on behalf of the person at an address."""
        client = self.get(f"{path}?prompt=Hi", headers={"X-Forwarded-For": person})
        if read:
            client.read_all()
        return client

    def status(self, path: str, person: str) -> int:
        """Ask, read the whole answer, and return the status."""
        client = self.ask(path, person)
        client.close()
        return client.status

    def at_once(self, times: int, task: Callable[[int], Any]) -> Sequence[Any]:
        """Call something many times in parallel."""
        with ThreadPoolExecutor(32) as threads:
            return list(threads.map(task, range(times)))

    def statuses(self, times: int, path: str, person: str) -> Counter[int]:
        """Ask many times in parallel, and count the statuses."""
        return Counter(self.at_once(times, lambda _: self.status(path, person)))
