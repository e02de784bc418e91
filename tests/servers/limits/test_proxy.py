"""Visitors behind a proxy are told apart, whatever they write into headers."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPConnection
from typing import ClassVar

from tests.servers.client import LIMIT
from tests.servers.limits.base import LimitsTestCase
from tests.support.proxies import APACHE, CADDY, HAPROXY, NGINX, Program, proxying, shipped
from tests.support.servers import SOCKETS
from tests.support.upstream import finish, text

ANN, BOB, CY = "127.0.0.2", "127.0.0.3", "127.0.0.4"


class ProxyTestCase(LimitsTestCase):
    """A proxy with its file of docs/deploy before a server."""

    cache_name = "redis"
    server_name = "gunicorn-uvicorn"
    chat_options: ClassVar = {"RATE": "2/d", "MAX_STREAMS_PER_OWNER": None}
    program: ClassVar[Program] = NGINX
    port: ClassVar[int]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        proxy = proxying(cls.program, shipped(cls.program.file), cls.address())
        cls.port = cls.enterClassContext(proxy).port
        cls.upstream.serve_only(text("Hello"), finish())

    @classmethod
    def address(cls) -> int | str:
        """Return where the proxy finds the server."""
        return cls.server.port

    def come_from(self, address: str, **headers: str) -> int:
        """Ask from one of this machine's addresses, and return the status."""
        link = HTTPConnection("127.0.0.1", self.port, LIMIT, source_address=(address, 0))
        try:
            link.request("GET", "/mindwave/stream/?prompt=Hi", headers=headers)
            response = link.getresponse()
            response.read()
            return response.status
        finally:
            link.close()


class OnSocket:
    """The server has no address of its own, nor sees one."""

    @classmethod
    def address(cls) -> str:
        return f"unix:{SOCKETS.format(port=cls.server.port)}"


class BehindOne:
    """Said to be behind one proxy."""

    come_from: Callable[..., int]

    def test_each_visitor_has_a_limit(self) -> None:
        assert [self.come_from(ANN) for _ in range(3)] == [200, 200, 429]
        assert [self.come_from(BOB) for _ in range(3)] == [200, 200, 429]

    def test_nobody_becomes_somebody_else_by_a_header(self) -> None:
        forged = [{"X-Forwarded-For": f"8.8.8.{n}"} for n in range(2)]
        forged += [{"X-Forwarded-For": "1.1.1.1, 2.2.2.2"}, {"X-Real-IP": "8.8.8.8"}]
        assert [self.come_from(CY, **each) for each in forged] == [200, 200, 429, 429]


class NginxASGITests(OnSocket, BehindOne, ProxyTestCase):
    server_name = "gunicorn-uvicorn-unix"


class NginxWSGITests(OnSocket, BehindOne, ProxyTestCase):
    server_name = "gunicorn-gthread-unix"


class ApacheTests(BehindOne, ProxyTestCase):
    program = APACHE


class HAProxyASGITests(BehindOne, ProxyTestCase):
    """Adds a header to one of the same name, which the server has to put together."""

    program = HAPROXY


class HAProxyWSGITests(BehindOne, ProxyTestCase):
    program = HAPROXY
    server_name = "gunicorn-gthread"


class CaddyTests(BehindOne, ProxyTestCase):
    program = CADDY


class UnconfiguredTests(OnSocket, ProxyTestCase):
    """Nobody said that there is a proxy: all count as one, and the log says so."""

    server_name = "gunicorn-uvicorn-unix"
    env: ClassVar = {"CLIENT_IP_HEADER": ""}

    def test_it_is_noticed(self) -> None:
        assert [self.come_from(each) for each in (ANN, BOB, CY)] == [200, 200, 429]
        assert "set MINDWAVE['CLIENT_IP']" in self.server.process.output
