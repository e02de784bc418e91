"""A test case with uvicorn, and a proxy with a file of docs/deploy before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mindwave_django.testing import Gate
from tests.servers.base import ServerTestCase
from tests.servers.client import Client
from tests.support.proxies import (
    APACHE,
    CADDY,
    HAPROXY,
    NGINX,
    Program,
    Proxy,
    changed,
    proxying,
    shipped,
)
from tests.support.upstream import finish, text

# What else a site may have written, of what holds up a stream.
UNKIND = {
    NGINX: (r"\A", "gzip on; gzip_types *; proxy_ignore_headers X-Accel-Buffering;\n"),
    APACHE: (r"\A", "SetOutputFilter DEFLATE\n"),
    HAPROXY: (
        r"(?<=bind :80\n)",
        "    compression algo gzip\n    compression type text/html text/event-stream\n",
    ),
    CADDY: (r"(?=^\treverse_proxy)", "\tencode gzip\n"),
}
# How long a server may be silent by the files, and by a test. Caddy has no limit.
LIMIT_OF_SILENCE = {
    NGINX: (r"(?<=proxy_read_timeout )300s", "2s"),
    APACHE: (r"(?<=timeout=)300", "2"),
    HAPROXY: (r"(?<=timeout server )300s", "2s"),
}


class ProxyTestCase(ServerTestCase):
    """Asks the proxy where other test cases ask the server."""

    server_name = "uvicorn"
    settings_module = "tests.support.settings_grace"
    program: ClassVar[Program]
    proxy: Proxy

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        configuration = shipped(cls.program.file)
        cls.proxy = cls.enterClassContext(proxying(cls.program, configuration, cls.server.port))

    def get(self, path: str, headers: Mapping[str, str] | None = None, **kwargs: Any) -> Client:
        return self.enterContext(Client(self.proxy, path, headers=headers, **kwargs))

    def use(self, pattern: str, replacement: str) -> None:
        """Ask, in this test, another proxy whose file has a change."""
        configuration = changed(shipped(self.program.file), pattern, replacement)
        self.proxy = self.enterContext(proxying(self.program, configuration, self.server.port))

    def serve_silence(self) -> Gate:
        """Have the model fall silent in the middle of "Hello" until the gate opens."""
        gate = Gate()
        self.upstream.serve_only(text("Hel"), gate, text("lo"), finish())
        return gate
