"""What each proxy does while the server is silent, as it is without heartbeats."""

from __future__ import annotations

from http.client import IncompleteRead

from tests.servers.base import SHIPPED
from tests.servers.behaviour import Leaving
from tests.servers.proxies.base import LIMIT_OF_SILENCE, ProxyTestCase
from tests.support.proxies import APACHE, CADDY, HAPROXY, NGINX


class Silent:
    env = {"MINDWAVE_RECONNECT_GRACE": "0.2", "MINDWAVE_HEARTBEAT_INTERVAL": "60"}


class Limited(Silent):
    def test_silence_beyond_the_limit_breaks_the_stream_off(self) -> None:
        self.serve_silence()
        self.use(*LIMIT_OF_SILENCE[self.program])
        client = self.get(f"{SHIPPED}?prompt=Hi")
        client.read_until(lambda c: "start" in c.names)
        with self.assertRaises(IncompleteRead):
            client.read_all()


class NginxTests(Limited, Leaving, ProxyTestCase):
    """Tells at once that a reader has left, and so does Caddy."""

    program = NGINX


class ApacheTests(Limited, ProxyTestCase):
    program = APACHE


class HAProxyTests(Limited, ProxyTestCase):
    program = HAPROXY


class CaddyTests(Silent, Leaving, ProxyTestCase):
    program = CADDY
