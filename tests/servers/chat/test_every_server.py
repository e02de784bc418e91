"""Every server: an answer is stopped, the server is told to end, and a process of it is killed."""

from __future__ import annotations

import os
import signal
from typing import Any, ClassVar

from mindwave_django.testing import Gate
from tests.servers.base import eventually
from tests.servers.chat.base import ChatTestCase, answer_of
from tests.servers.chat.person import MESSAGES, Person
from tests.support.servers import Server
from tests.support.tried import only_tried
from tests.support.upstream import Hang, finish, text

HERE = "uvicorn"  # where others come back to
EXIT_LIMIT = 15  # seconds


class EveryServer(ChatTestCase):
    """Each test has a server of its own; another one is there all the time."""

    server_names = (HERE,)
    env = {"STREAMING_OPTIONS": '{"SHUTDOWN_GRACE": 0.4}'}
    may_log_errors = True
    server_name: ClassVar[str]

    def setUp(self) -> None:
        self.server = self.start(self.server_name)
        self.person = Person()

    def begin(self) -> Any:
        """Have an answer begun, and its first word read and saved."""
        posted = self.person.ask(self.server)
        self.reading = self.read(self.person, self.server, posted["stream"])
        self.reading.read_text("Hel")
        eventually(lambda: answer_of(posted).content == "Hel")
        return posted

    def test_stop(self) -> None:
        self.upstream.serve_only(text("Hel"), Hang())
        posted = self.begin()
        path = f"{MESSAGES}{posted['message']['id']}/cancel/"
        assert self.person.post(self.stopping_server(), path).status == 200
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)
        assert self.reading.read_end() == ("done", {"status": "cancelled", "reason": "user"})
        row = answer_of(posted)
        assert (row.state, row.cancel_reason, row.content) == ("cancelled", "user", "Hel")

    def stopping_server(self) -> Server:
        return self.server

    def test_killed(self) -> None:
        gate = Gate()
        self.upstream.serve_only(text("Hel"), gate, text("lo"), Hang())
        posted = self.begin()
        os.kill(int(self.reading.process), signal.SIGKILL)
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)
        self.assert_interrupted(posted)

    def assert_interrupted(self, posted: Any) -> None:
        """Somebody comes back elsewhere, is told, and may ask again."""
        late = self.read(self.person, self.servers[0], posted["stream"], self.reading.last_id)
        event, data = late.read_end()
        assert (event, data["code"], data["retryable"]) == ("failed", "interrupted", True)
        row = answer_of(posted)
        assert (row.state, row.content) == ("interrupted", "Hel")
        self.upstream.serve_only(text("Yes"), finish())
        path = f"{MESSAGES}{posted['message']['id']}/regenerate/"
        again = self.person.post(self.servers[0], path).json
        assert self.read(self.person, self.servers[0], again["stream"]).read_end()[0] == "done"


class Deaf:
    """SIGTERM ends the server, or waits for it; running answers hear nothing of it."""

    def test_sigterm(self) -> None:
        self.upstream.serve_only(text("Hel"), Hang())
        posted = self.begin()
        self.server.process.send(signal.SIGTERM)
        self.reading.close()
        self.server.process.stop()  # insists, as every init system does after a while
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)
        self.assert_ended(posted)

    def assert_ended(self, posted: Any) -> None:
        """A process that had time to say goodbye cancelled its answers."""
        if answer_of(posted).state != "cancelled":
            self.assert_interrupted(posted)
        assert answer_of(posted).content == "Hel"


class Listening:
    """`SHUTDOWN_GRACE` begins with SIGTERM, and then readers are told."""

    def test_sigterm(self) -> None:
        self.upstream.serve_only(text("Hel"), Hang())
        posted = self.begin()
        self.server.process.send(signal.SIGTERM)
        event, data = self.reading.read_end()
        assert (event, data["code"], data["retryable"]) == ("failed", "interrupted", True)
        row = answer_of(posted)
        assert (row.state, row.content) == ("interrupted", "Hel")
        self.server.process.popen.wait(EXIT_LIMIT)


class UvicornTests(Listening, EveryServer):
    server_name = "uvicorn"


class UvicornWorkersTests(Listening, EveryServer):
    server_name = "uvicorn-4"


class DaphneTests(Listening, EveryServer):
    server_name = "daphne"


class HypercornTests(Deaf, EveryServer):
    server_name = "hypercorn"


class GranianTests(Listening, EveryServer):
    server_name = "granian"


class GunicornUvicornTests(Listening, EveryServer):
    server_name = "gunicorn-uvicorn"


class GunicornASGITests(Listening, EveryServer):
    server_name = "gunicorn-asgi"


class GunicornGthreadTests(Deaf, EveryServer):
    server_name = "gunicorn-gthread-3"


class GunicornSyncTests(Deaf, EveryServer):
    server_name = "gunicorn-sync-2"


class RunserverTests(Deaf, EveryServer):
    server_name = "runserver"


del EveryServer
only_tried(__name__)
