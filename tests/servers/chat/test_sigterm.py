"""A server that is told to end while an answer is written."""

from __future__ import annotations

import json
import signal
from typing import Any, ClassVar

from mindwave_django.testing import Gate
from tests.servers.chat.base import ChatTestCase, answer_of
from tests.servers.chat.person import Person
from tests.support.servers import Server
from tests.support.upstream import Hang, finish, text

LISTENS = ("uvicorn", "daphne", "granian", "gunicorn-uvicorn", "gunicorn-asgi")
EXIT_LIMIT = 15  # seconds


class SigtermTestCase(ChatTestCase):
    """Every test has servers of its own, since they end."""

    server_names = ()
    may_log_errors = True
    grace: ClassVar[float]

    def begin(self, name: str) -> tuple[Server, Any, Any]:
        """Have an answer begun, read the first word of it, and tell the server to end."""
        options = {"SHUTDOWN_GRACE": self.grace, "RECONNECT_GRACE": 30, "HEARTBEAT_INTERVAL": 0.5}
        server = self.start(name, STREAMING_OPTIONS=json.dumps(options))
        person = Person()
        posted = person.ask(server)
        reading = self.read(person, server, posted["stream"])
        reading.read_text("Hel")
        server.process.send(signal.SIGTERM)
        return server, posted, reading


class EnoughTimeTests(SigtermTestCase):
    grace = 10

    def test_answer_ends_as_ever(self) -> None:
        for name in LISTENS:
            with self.subTest(name):
                gate = Gate()
                self.upstream.serve_only(text("Hel"), gate, text("lo"), finish())
                server, posted, reading = self.begin(name)
                gate.open()
                assert reading.read_end() == ("done", {"status": "complete"})
                assert reading.text == "Hello"
                row = answer_of(posted)
                assert (row.state, row.content) == ("complete", "Hello")
                server.process.popen.wait(EXIT_LIMIT)


class TooLittleTimeTests(SigtermTestCase):
    grace = 0.4

    def test_reader_is_told_and_what_came_is_kept(self) -> None:
        for name in LISTENS:
            with self.subTest(name):
                self.upstream.serve_only(text("Hel"), Hang())
                server, posted, reading = self.begin(name)
                event, data = reading.read_end()
                assert (event, data["code"], data["retryable"]) == ("failed", "interrupted", True)
                row = answer_of(posted)
                assert (row.state, row.content) == ("interrupted", "Hel")
                server.process.popen.wait(EXIT_LIMIT)
