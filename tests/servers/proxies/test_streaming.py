"""Each proxy, as docs/deploy has it: tokens one by one, readers who leave, silence, cookies."""

from __future__ import annotations

import time
from statistics import median

from mindwave_django.testing import Gate
from tests.servers.base import SHIPPED, TWO_LINES, gated
from tests.servers.behaviour import Leaving, Progress
from tests.servers.chat.person import MESSAGES, Person
from tests.servers.proxies.base import LIMIT_OF_SILENCE, UNKIND, ProxyTestCase
from tests.support.proxies import APACHE, CADDY, HAPROXY, NGINX
from tests.support.upstream import finish, text

PROMPT = "Wie heißt der größte See? 🌊 " * 150


class Streaming(Progress, Leaving):
    env = {"MINDWAVE_RECONNECT_GRACE": "0.2", "MINDWAVE_HEARTBEAT_INTERVAL": "0.2"}

    def test_headers_come_through(self) -> None:
        self.upstream.serve_only(text("Hello"), finish())
        for path in (TWO_LINES, SHIPPED):
            with self.subTest(path):
                self.assert_plain_stream(path)

    def assert_plain_stream(self, path: str) -> None:
        client = self.get(f"{path}?prompt=Hi", {"Accept-Encoding": "gzip"})
        client.read_all()
        assert client.names == ["start", "message", "done"]
        assert client.headers.get_all("Content-Type") == ["text/event-stream"]
        assert client.headers.get_all("Content-Encoding") == ["identity"]
        assert client.headers.get_all("Cache-Control") == ["no-cache"]

    def test_site_that_compresses(self) -> None:
        self.use(*UNKIND[self.program])
        page = self.get("/", {"Accept-Encoding": "gzip"})
        assert page.headers["Content-Encoding"] == "gzip"
        client = self.assert_progress(SHIPPED, {"Accept-Encoding": "gzip"})
        assert client.headers.get_all("Content-Encoding") == ["identity"]

    def test_body_and_cookies(self) -> None:
        self.upstream.serve_only(text("Bodensee"), finish())
        person = Person()
        # A client may not say how it came: Django would compare Origin with https.
        said = {"Origin": self.proxy.url, "X-Forwarded-Proto": "https"}
        reply = person.send(self.proxy, "POST", MESSAGES, {"prompt": PROMPT}, headers=said)
        assert reply.status == 201, reply
        with person.read(self.proxy, reply.json["stream"]) as reading:
            reading.read_all()
        assert reading.text == "Bodensee", reading.body
        assert self.upstream.requests[-1].body["messages"][-1]["content"] == PROMPT.strip()
        with Person().read(self.proxy, reply.json["stream"]) as stranger:
            assert stranger.status == 404

    def assert_kept_by_heartbeats(self) -> None:
        gate = self.serve_silence()
        client = self.get(f"{SHIPPED}?prompt=Hi")
        client.read_text("Hel")
        client.read_until(lambda c: [e.event for e in c.events].count("heartbeat") >= 15)
        gate.open()
        client.read_all()
        assert (client.text, client.names[-1]) == ("Hello", "done")


class Limited(Streaming):
    """The proxy has a limit for silence, longer than a heartbeat takes."""

    def test_heartbeats_keep_a_silent_stream(self) -> None:
        self.use(*LIMIT_OF_SILENCE[self.program])
        self.assert_kept_by_heartbeats()


class NginxTests(Limited, ProxyTestCase):
    program = NGINX


class NginxUnchunkedTests(Progress, ProxyTestCase):
    """nginx keeps back, if it may, what comes without chunks, as `runserver` sends everything."""

    program = NGINX
    server_name = "runserver"
    env = {"MINDWAVE_RECONNECT_GRACE": "0.2"}

    def setUp(self) -> None:
        self.use(*UNKIND[self.program])


class ApacheTests(Limited, ProxyTestCase):
    program = APACHE


class HAProxyTests(Limited, ProxyTestCase):
    program = HAPROXY

    def test_tokens_are_not_collected(self) -> None:
        quick = self.time_of_a_token()
        self.use("option http-no-delay", "")
        assert quick < self.time_of_a_token() / 3

    def time_of_a_token(self) -> float:
        tokens = [f"token {number} " for number in range(8)]
        gates = [Gate() for _ in tokens]
        self.upstream.serve_only(*gated(tokens, gates))
        client, times = self.get(f"{SHIPPED}?prompt=Hi"), []
        for number, gate in enumerate(gates, 1):
            start = time.perf_counter()
            client.read_text("".join(tokens[:number]))
            times.append(time.perf_counter() - start)
            gate.open()
        return median(times)


class CaddyTests(Streaming, ProxyTestCase):
    program = CADDY
