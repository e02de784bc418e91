"""Which of the servers' own time limits end a stream that takes longer: those of docs/deploy.md."""

from __future__ import annotations

from http.client import IncompleteRead

from mindwave_django.testing import Gate
from tests.servers.base import SHIPPED, ServerTestCase
from tests.servers.client import Client
from tests.support.tried import only_tried
from tests.support.upstream import finish, text


class Limit:
    """The server has a limit of one or two seconds."""

    env = {"MINDWAVE_HEARTBEAT_INTERVAL": "0.2"}

    def tearDown(self) -> None:
        """Not one of a server that only writes what is in order."""

    def start_a_long_stream(self) -> tuple[Client, Gate]:
        gate = Gate()
        self.upstream.serve_only(text("Hel"), gate, text("lo"), finish())
        return self.get(f"{SHIPPED}?prompt=Hi"), gate


class Spares(Limit):
    def test_stream_goes_on(self) -> None:
        client, gate = self.start_a_long_stream()
        client.read_until(lambda c: [e.event for e in c.events].count("heartbeat") >= 20)
        gate.open()
        client.read_all()
        assert (client.text, client.names[-1]) == ("Hello", "done")


class Ends(Limit):
    def test_stream_breaks_off(self) -> None:
        client, _ = self.start_a_long_stream()
        try:
            client.read_all()
        except IncompleteRead:
            return
        assert client.names[-1] in {"start", "message"}  # neither done nor failed


class Recycling:
    """The server replaces a worker after a request, of which most count those that have ended."""

    def start_a_long_stream(self) -> tuple[Client, Gate]:
        started = super().start_a_long_stream()
        self.get("/").read_all()
        return started


class UvicornTests(Spares, ServerTestCase):
    server_name = "uvicorn"
    options = ("--timeout-keep-alive", "1")


class UvicornRecyclingTests(Recycling, Spares, ServerTestCase):
    server_name = "uvicorn"
    options = ("--limit-max-requests", "1")


class DaphneTests(Ends, ServerTestCase):
    server_name = "daphne"
    options = ("--http-timeout", "2")


class HypercornTests(Spares, ServerTestCase):
    server_name = "hypercorn"
    options = ("--keep-alive", "1")


class HypercornReadTests(Ends, ServerTestCase):
    server_name = "hypercorn"
    options = ("--read-timeout", "2")


class GranianTests(Spares, ServerTestCase):
    server_name = "granian"
    options = ("--http1-header-read-timeout", "1000")


class GunicornSyncTests(Ends, ServerTestCase):
    server_name = "gunicorn-sync"
    options = ("--timeout", "2")


class GunicornGthreadTests(Spares, ServerTestCase):
    server_name = "gunicorn-gthread"
    options = ("--timeout", "2", "--keep-alive", "1")


class GunicornUvicornTests(Spares, ServerTestCase):
    server_name = "gunicorn-uvicorn"
    options = ("--timeout", "2", "--keep-alive", "1")


class GunicornASGITests(Spares, ServerTestCase):
    server_name = "gunicorn-asgi"
    options = ("--timeout", "2", "--keep-alive", "1")


class GunicornGthreadRecyclingTests(Recycling, Ends, ServerTestCase):
    server_name = "gunicorn-gthread"
    options = ("--max-requests", "1", "--graceful-timeout", "2")


class GunicornASGIRecyclingTests(Recycling, Ends, ServerTestCase):
    server_name = "gunicorn-asgi"
    options = ("--max-requests", "1", "--graceful-timeout", "2")


class GunicornUvicornRecyclingTests(Recycling, Ends, ServerTestCase):
    """Does not tell gunicorn that it lives while it waits for its streams."""

    server_name = "gunicorn-uvicorn"
    options = ("--max-requests", "1", "--timeout", "2")


only_tried(__name__)
