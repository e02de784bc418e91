"""Visitors behind nginx and a unix socket are told apart, whatever they write into headers."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPConnection
from typing import ClassVar

from tests.servers.client import LIMIT
from tests.servers.limits.base import LimitsTestCase
from tests.support.proxies import nginx, shipped
from tests.support.servers import SOCKETS
from tests.support.upstream import finish, text

ANN, BOB, CY = "127.0.0.2", "127.0.0.3", "127.0.0.4"


class ProxyTestCase(LimitsTestCase):
    cache_name = "redis"
    server_name = "gunicorn-uvicorn-unix"
    chat_options: ClassVar = {"RATE": "2/d", "MAX_STREAMS_PER_OWNER": None}
    port: ClassVar[int]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        socket = SOCKETS.format(port=cls.server.port)
        cls.port = cls.enterClassContext(nginx(shipped("nginx.conf"), socket)).port
        cls.upstream.serve_only(text("Hello"), finish())

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


class BehindNginx:
    """Said to be behind one proxy."""

    come_from: Callable[..., int]

    def test_each_visitor_has_a_limit(self) -> None:
        assert [self.come_from(ANN) for _ in range(3)] == [200, 200, 429]
        assert [self.come_from(BOB) for _ in range(3)] == [200, 200, 429]

    def test_nobody_becomes_somebody_else_by_a_header(self) -> None:
        forged = [{"X-Forwarded-For": f"8.8.8.{n}"} for n in range(2)]
        forged += [{"X-Forwarded-For": "1.1.1.1, 2.2.2.2"}, {"X-Real-IP": "8.8.8.8"}]
        assert [self.come_from(CY, **each) for each in forged] == [200, 200, 429, 429]


class ASGITests(BehindNginx, ProxyTestCase):
    pass


class WSGITests(BehindNginx, ProxyTestCase):
    server_name = "gunicorn-gthread-unix"


class UnconfiguredTests(ProxyTestCase):
    """Nobody said that there is a proxy: all count as one, and the log says so."""

    env: ClassVar = {"CLIENT_IP_HEADER": ""}

    def test_it_is_noticed(self) -> None:
        assert [self.come_from(each) for each in (ANN, BOB, CY)] == [200, 200, 429]
        assert "set MINDWAVE['CLIENT_IP']" in self.server.process.output
