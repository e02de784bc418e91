"""What every server has to show, as mixins for a `ServerTestCase`."""

from __future__ import annotations

from mindwave_django.testing import Gate
from tests.servers.base import SHIPPED, TWO_LINES, eventually, gated
from tests.servers.client import Client
from tests.support.upstream import Hang, finish, text

TOKENS = ["Two", " words,", "\n", "and 😀"]
HEARTBEAT = b'event: heartbeat\ndata: {"status":"alive"}\n\n'


class Progress:
    """The upstream gives a token only once the reader has the one before."""

    def test_progress_through_two_line_view(self) -> None:
        self.assert_progress(TWO_LINES)

    def test_progress_through_shipped_view(self) -> None:
        self.assert_progress(SHIPPED)

    def assert_progress(self, path: str, headers: dict[str, str] | None = None) -> Client:
        gates = [Gate() for _ in TOKENS]
        self.upstream.serve_only(*gated(TOKENS, gates))
        client = self.get(f"{path}?prompt=Hello", headers)
        for index, gate in enumerate(gates, 1):
            client.read_text("".join(TOKENS[:index]))
            assert "done" not in client.names
            gate.open()
        client.read_all()
        assert client.text == "".join(TOKENS)
        assert client.names == ["start", *(["message"] * len(TOKENS)), "done"]
        assert len(self.upstream.requests) == 1
        return client


class Heartbeats:
    """Needs a short HEARTBEAT_INTERVAL."""

    def test_heartbeats_before_first_token(self) -> None:
        gate = Gate()
        self.upstream.serve_only(gate, text("Hello"), finish())
        client = self.get(f"{TWO_LINES}?prompt=Hello")
        client.read_until(lambda c: [e.event for e in c.events].count("heartbeat") >= 2)
        assert client.names == ["start"]
        gate.open()
        client.read_all()
        assert client.text == "Hello"
        assert client.names == ["start", "message", "done"]
        assert len(self.upstream.requests) == 1


class Headers:
    """What travels before the first event."""

    def test_headers_of_stream(self) -> None:
        self.upstream.serve_only(text("Hello"), finish())
        for path in (TWO_LINES, SHIPPED):
            with self.subTest(path), self.get(f"{path}?prompt=Hello") as client:
                client.read_all()
                assert client.status == 200
                assert client.headers.get_all("Content-Type") == ["text/event-stream"]
                assert client.headers.get_all("Cache-Control") == ["no-cache"]
                assert client.headers.get_all("X-Accel-Buffering") == ["no"]
                assert client.headers.get_all("Content-Encoding") == ["identity"]
                assert "Content-Length" not in client.headers

    def test_connection_header_is_left_to_server(self) -> None:
        self.upstream.serve_only(text("Hello"), finish())
        with self.get(f"{TWO_LINES}?prompt=Hello") as stream:
            stream.read_all()
        # Without a length, servers that do not chunk end the answer by closing the connection.
        assert stream.headers["Connection"] in {self.get("/").headers["Connection"], "close"}

    def test_request_id_is_echoed(self) -> None:
        self.upstream.serve_only(text("Hello"), finish())
        client = self.get(f"{SHIPPED}?prompt=Hello", {"X-Request-ID": "trace-me.1"})
        client.read_all()
        assert client.headers.get_all("X-Request-ID") == ["trace-me.1"]

    def test_head_is_refused(self) -> None:
        self.upstream.serve_only(text("Hello"), finish())
        for path in (TWO_LINES, SHIPPED):
            with self.subTest(path), self.get(f"{path}?prompt=Hi", method="HEAD") as client:
                assert client.status == 405
                assert client.headers["Allow"] == "GET, POST"
        assert self.upstream.requests == []


class Resuming:
    """A reader goes, and comes back with what a browser sends."""

    def test_resume_while_answer_runs_two_line_view(self) -> None:
        self.assert_resume(TWO_LINES)

    def test_resume_while_answer_runs_shipped_view(self) -> None:
        self.assert_resume(SHIPPED)

    def assert_resume(self, path: str) -> None:
        gate = Gate()
        self.upstream.serve_only(text("Grüße "), gate, text("world"), finish())
        with self.get(f"{path}?prompt=Hello") as first:
            first.read_text("Grüße ")
        second = self.get(f"{path}?prompt=Hello", {"Last-Event-ID": first.last_id})
        second.read_until(lambda client: client.names == ["start"])
        assert second.stream_id == first.stream_id
        assert second.last_id == first.last_id
        gate.open()
        second.read_all()
        assert second.names == ["start", "message", "done"]
        assert second.text == "world"
        self.assert_replay(path, first, second)
        assert len(self.upstream.requests) == 1

    def assert_replay(self, path: str, first: Client, second: Client) -> None:
        """Ask again once the answer is over."""
        again = self.get(f"{path}?prompt=Hello", {"Last-Event-ID": first.last_id})
        assert [event.data for event in again.read_all() if event.event == "message"] == ["world"]
        assert again.names[-1] == "done"
        assert second.last_id == f"{first.stream_id}:end"
        over = self.get(f"{path}?prompt=Hello", {"Last-Event-ID": second.last_id})
        over.read_all()
        assert (over.status, over.body) == (204, b"")


class BehindGZip(Progress):
    """GZipMiddleware would compress everything that does not keep it away."""

    def test_progress_through_two_line_view(self) -> None:
        self.assert_same_bytes(TWO_LINES)

    def test_progress_through_shipped_view(self) -> None:
        self.assert_same_bytes(SHIPPED)

    def test_middleware_is_on(self) -> None:
        page = self.get("/", {"Accept-Encoding": "gzip"})
        assert page.headers["Content-Encoding"] == "gzip"

    def assert_same_bytes(self, path: str) -> None:
        plain = self.assert_progress(path, {"Accept-Encoding": "identity"})
        client = self.assert_progress(path, {"Accept-Encoding": "gzip"})
        assert client.headers["Content-Encoding"] == "identity"
        assert _comparable(client) == _comparable(plain)


def _comparable(client: Client) -> bytes:
    return client.body.replace(client.stream_id.encode(), b"ID").replace(HEARTBEAT, b"")


class Leaving:
    """Needs a short RECONNECT_GRACE and, under WSGI, a short HEARTBEAT_INTERVAL."""

    def test_disconnect_while_upstream_is_silent(self) -> None:
        self.upstream.serve_only(text("Hel"), Hang())
        with self.get(f"{TWO_LINES}?prompt=left-later") as client:
            client.read_text("Hel")
        self.assert_cancelled("left-later", "Hel")

    def test_disconnect_before_first_token(self) -> None:
        self.upstream.serve_only(Hang())
        with self.get(f"{SHIPPED}?prompt=left-at-once") as client:
            client.read_until(lambda c: c.names == ["start"])
            self.upstream.wait_until(lambda: self.upstream.open_streams == 1)
        self.assert_cancelled("left-at-once", "")

    def assert_cancelled(self, prompt: str, answer: str) -> None:
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)
        eventually(lambda: self.saved(prompt))
        assert self.saved(prompt) == [(answer, "cancelled")]
        assert len(self.upstream.requests) == 1
        # Nobody is kept busy by those who left: not even a server that has one worker.
        self.upstream.serve_only(text("Next"), finish())
        following = self.get(f"{TWO_LINES}?prompt=next-after-{prompt}")
        following.read_all()
        assert following.text == "Next"
