"""A test case with one application server, and an upstream whose steps a test decides."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar

from django.test import SimpleTestCase, tag

from mindwave_django.testing import Gate
from tests.servers.client import LIMIT, Client
from tests.support.redis_servers import Setup, single
from tests.support.servers import Server, serving
from tests.support.upstream import Step, Upstream, finish, text

TWO_LINES = "/api/chat/stream"
SHIPPED = "/mindwave/stream"


class FreshUpstream(Upstream):
    """An upstream for many tests in a row, as a server knows only one address."""

    def serve_only(self, *steps: Step) -> None:
        """Forget what was before and answer every request with these steps."""
        self._scripts.clear()
        self.requests.clear()
        self.serve(*steps)


@tag("machine")
class ServerTestCase(SimpleTestCase):
    """Starts the server called `server_name` once for all tests of the class."""

    server_name: ClassVar[str]
    settings_module: ClassVar[str] = "example.settings"
    env: ClassVar[Mapping[str, str]] = {}
    options: ClassVar[Sequence[str]] = ()  # of the server
    upstream: ClassVar[FreshUpstream]
    server: ClassVar[Server]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.upstream = cls.enterClassContext(FreshUpstream())
        env = {
            "DJANGO_SETTINGS_MODULE": cls.settings_module,
            "OPENAI_BASE_URL": cls.upstream.url,
            "OPENAI_API_KEY": "unused",
        }
        serve = serving(cls.server_name, env | dict(cls.env), cls.options)
        cls.server = cls.enterClassContext(serve)

    def tearDown(self) -> None:
        output = self.server.process.output
        assert "Traceback" not in output, output
        assert "ERROR" not in output, output

    def get(self, path: str, headers: Mapping[str, str] | None = None, **kwargs: Any) -> Client:
        """Ask the server; the connection is closed at the end of the test if not before."""
        return self.enterContext(Client(self.server, path, headers=headers, **kwargs))

    def saved(self, prompt: str) -> list[tuple[str, str]]:
        """Return answer and outcome of every message the example saved for this prompt."""
        return [row[1:] for row in self.server.saved() if row[0] == prompt]


class WithRedis:
    """Mixed in before a `ServerTestCase`: its server keeps answers in a Redis of the class."""

    settings_module: ClassVar[str] = "tests.support.settings_redis"
    redis: ClassVar[Setup]
    env: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def setUpClass(cls) -> None:
        cls.redis = cls.enterClassContext(single())  # type: ignore[attr-defined]
        # Long enough to try one connection after another until another worker takes one.
        grace = {"STREAMING_OPTIONS": '{"RECONNECT_GRACE": 5}'}
        cls.env = {"REDIS_URL": cls.redis.options["url"]} | grace | dict(cls.env)
        super().setUpClass()  # type: ignore[misc]


def gated(tokens: Sequence[str], gates: Sequence[Gate]) -> list[Step]:
    """Return the steps of an answer with a gate after each token."""
    pairs = zip(tokens, gates, strict=True)
    return [*chain.from_iterable((text(token), gate) for token, gate in pairs), finish()]


def eventually(condition: Callable[[], Any], limit: float = LIMIT) -> None:
    """Wait until `condition` holds; fail after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "The expected state was not reached in time."
        time.sleep(0.02)
