"""A test case with servers that share a database, and an upstream whose steps a test decides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any, ClassVar, TypeVar

from django.db import connection
from django.test import SimpleTestCase, tag

from mindwave_django.models import ChatMessage
from tests.servers.base import FreshUpstream
from tests.servers.chat.person import CONVERSATIONS, Person, Reading, connect
from tests.servers.client import LIMIT
from tests.support.databases import SQLITE, default_database, fresh_database
from tests.support.servers import Server, serving_on, serving_together

T = TypeVar("T")

ATTEMPTS = 500  # connections until one is taken by another worker


@tag("machine")
class ChatTestCase(SimpleTestCase):
    """Starts the servers called `server_names` once for all tests of the class.

    Rows are read through the ORM of the test's process. Errors in the servers' logs fail a test
    unless `may_log_errors`.
    """

    databases = {"default"}
    vendor: ClassVar[str] = SQLITE
    server_names: ClassVar[tuple[str, ...]]
    env: ClassVar[Mapping[str, str]] = {}
    may_log_errors: ClassVar[bool] = False
    upstream: ClassVar[FreshUpstream]
    database_url: ClassVar[str]
    servers: ClassVar[list[Server]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.upstream = cls.enterClassContext(FreshUpstream())
        cls.database_url = cls.enterClassContext(fresh_database(cls.vendor))
        cls.enterClassContext(default_database(cls.database_url))
        cls.servers = cls.enterClassContext(
            serving_together(cls.database_url, cls.server_names, cls.environment())
        )

    @classmethod
    def environment(cls) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "tests.support.settings_chat",
            "OPENAI_BASE_URL": cls.upstream.url,
            "OPENAI_API_KEY": "unused",
        } | dict(cls.env)

    def tearDown(self) -> None:
        connection.close()
        if not self.may_log_errors:
            for server in self.servers:
                output = server.process.output
                assert "Traceback" not in output, output
                assert "ERROR" not in output, output

    def start(self, name: str = "uvicorn", **env: str) -> Server:
        """Start one more server on the same database, for this test alone."""
        return self.enterContext(serving_on(self.database_url, name, self.environment() | env))

    def read(self, person: Person, server: Server, path: str, last_id: str = "") -> Reading:
        """Read a stream; it is left at the end of the test if not before."""
        return self.enterContext(person.read(server, path, last_id))

    def elsewhere(self, person: Person, *processes: str) -> HTTPConnection:
        """Return a connection to a process that is none of these."""
        for attempt in range(ATTEMPTS):
            link = connect(self.servers[attempt % len(self.servers)])
            self.addCleanup(link.close)
            if person.send_on(link, "GET", CONVERSATIONS).process not in processes:
                return link
            link.close()
        raise AssertionError("No connection led to another process.")


def answer_of(posted: Any) -> ChatMessage:
    """Return the row of the answer as it is now."""
    try:
        return ChatMessage.objects.get(pk=posted["message"]["id"])
    finally:
        connection.close()


def together(number: int, work: Callable[[int], T]) -> list[T]:
    """Do this so many times at the same moment, in as many threads; return the results."""
    barrier = threading.Barrier(number)

    def one(index: int) -> T:
        barrier.wait(LIMIT)
        return work(index)

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(one, range(number)))
