"""Proxies that are right, and some that are wrong in one way: who is named, with which line."""

from __future__ import annotations

import subprocess
import sys

from tests.servers.doctor.base import DoctorTestCase
from tests.support.processes import ROOT, free_port
from tests.support.proxies import apache, haproxy, nginx, shipped

NGINX = """
server {{
  listen 80;
  location / {{
    proxy_pass http://127.0.0.1:8000;
    {lines}
  }}
}}
"""
APACHE = """
<VirtualHost *:80>
  ProxyPass / http://127.0.0.1:8000/
</VirtualHost>
"""
HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client {timeout}
  timeout server {timeout}
frontend site
  bind :80
  default_backend application
backend application
  {lines}
  server one 127.0.0.1:8000
"""


def nginx_with(*lines: str) -> str:
    return NGINX.format(lines="\n    ".join(lines))


def haproxy_with(*lines: str, timeout: str = "30s") -> str:
    return HAPROXY.format(lines="\n  ".join(lines), timeout=timeout)


class ShippedTests(DoctorTestCase):
    def test_nothing_between(self) -> None:
        self.look(self.server.url)
        self.assert_only()
        assert "directly to uvicorn (ASGI, HTTP/1.1" in self.found["way"].message
        assert self.found.keys() >= {"progressive", "endurance", "leaves"}

    def test_nginx(self) -> None:
        with nginx(shipped("nginx.conf"), self.server.port) as proxy:
            self.look(proxy.url)
        self.assert_only()
        assert "through nginx to uvicorn" in self.found["way"].message
        assert self.found.keys() >= {"progressive", "endurance", "leaves"}

    def test_apache(self) -> None:
        with apache(shipped("apache.conf"), self.server.port) as proxy:
            self.look(proxy.url)
        self.assert_only()
        assert "through Apache to uvicorn" in self.found["way"].message

    def test_haproxy(self) -> None:
        with haproxy(shipped("haproxy.cfg"), self.server.port) as proxy:
            self.look(proxy.url)
        self.assert_only()
        assert "through a proxy that does not name itself" in self.found["way"].message


class NginxTests(DoctorTestCase):
    def test_buffering_is_no_fault_while_our_header_is_heard(self) -> None:
        with nginx(nginx_with("proxy_buffering on;"), self.server.port) as proxy:
            self.look(proxy.url)
        self.assert_only()

    def test_gzip_is_no_fault_while_our_header_is_there(self) -> None:
        zipping = nginx_with("gzip on;", "gzip_types text/event-stream;", "gzip_proxied any;")
        with nginx(zipping, self.server.port) as proxy:
            self.look(proxy.url)
        self.assert_only()

    def test_gzip(self) -> None:
        zipping = nginx_with(
            "gzip on;",
            "gzip_types text/event-stream;",
            "gzip_proxied any;",
            "proxy_hide_header Content-Encoding;",
        )
        with nginx(zipping, self.server.port) as proxy:
            found = self.look(proxy.url)
        self.assert_only("compressed")
        assert found["compressed"].layer == "nginx"
        assert "proxy_hide_header Content-Encoding" in found["compressed"].hint

    def test_dead_upstream(self) -> None:
        with nginx(nginx_with(), free_port()) as proxy:
            found = self.look(proxy.url)
        self.assert_only("no_upstream")
        assert found["no_upstream"].message.startswith("nginx answers 502")
        assert "proxy_pass" in found["no_upstream"].hint


class BufferingTests(DoctorTestCase):
    """nginx keeps back what comes without chunks, as by HTTP/1.0: from gunicorn, not uvicorn."""

    server_name = "gunicorn-gthread"

    def test_header_that_is_ignored(self) -> None:
        ignoring = nginx_with("proxy_ignore_headers X-Accel-Buffering;")
        with nginx(ignoring, self.server.port) as proxy:
            found = self.look(proxy.url)
        self.assert_only("buffered")
        assert found["buffered"].layer == "nginx"
        assert "all 10 pieces came at once" in found["buffered"].message
        assert "proxy_ignore_headers X-Accel-Buffering" in found["buffered"].hint

    def test_inside_and_outside(self) -> None:
        ignoring = nginx_with("proxy_ignore_headers X-Accel-Buffering;")
        with nginx(ignoring, self.server.port) as proxy:
            done = subprocess.run(
                [
                    *(sys.executable, "example_project/manage.py", "mindwave_doctor"),
                    *(proxy.url, self.server.url),
                ],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
        assert done.returncode == 1
        assert done.stderr == ""
        assert f"Between {proxy.url} and {self.server.url}" in done.stdout
        assert "Caused here: buffered." in done.stdout


class SilenceTests(DoctorTestCase):
    env = {"MINDWAVE_HEARTBEAT_INTERVAL": "7"}

    def test_nginx_that_waits_5_seconds(self) -> None:
        impatient = nginx_with("proxy_read_timeout 5s;")
        with nginx(impatient, self.server.port) as proxy:
            found = self.look(proxy.url)
        self.assert_only("cut_while_silent")
        assert found["cut_while_silent"].layer == "nginx"
        assert "cut after 5" in found["cut_while_silent"].message
        assert found["cut_while_silent"].hint == "proxy_read_timeout 300s;"

    def test_haproxy_that_waits_5_seconds(self) -> None:
        impatient = haproxy_with("option http-no-delay", "option forwardfor", timeout="5s")
        with haproxy(impatient, self.server.port) as proxy:
            found = self.look(proxy.url)
        self.assert_only("cut_while_silent")
        assert "timeout server 300s" in found["cut_while_silent"].hint


class OthersTests(DoctorTestCase):
    def test_apache_tells_late_who_has_left(self) -> None:
        with apache(APACHE, self.server.port) as proxy:
            found = self.look(proxy.url)
        self.assert_only()
        assert found.keys() >= {"progressive", "endurance"}

    def test_apache_before_nothing(self) -> None:
        with apache(APACHE, free_port()) as proxy:
            found = self.look(proxy.url)
        self.assert_only("no_upstream")
        assert found["no_upstream"].layer == "Apache"

    def test_haproxy_that_collects(self) -> None:
        with haproxy(haproxy_with("option forwardfor"), self.server.port) as proxy:
            found = self.look(proxy.url)
        self.assert_only("batched")
        assert "HAProxy" in found["batched"].layer
        assert "option http-no-delay" in found["batched"].hint

    def test_haproxy_that_nothing_tells_of(self) -> None:
        with haproxy(haproxy_with(), self.server.port) as proxy:
            found = self.look(proxy.url)
        self.assert_only("batched")
        assert "option http-no-delay" in found["batched"].hint

    def test_haproxy_before_nothing(self) -> None:
        with haproxy(haproxy_with(), free_port()) as proxy:
            found = self.look(proxy.url)
        self.assert_only("no_upstream")
        assert found["no_upstream"].layer == "HAProxy"
