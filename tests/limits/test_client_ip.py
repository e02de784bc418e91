"""From which address a request comes: behind proxies, unix sockets, and anything in a header."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.test import RequestFactory, SimpleTestCase, override_settings

from mindwave_django import client_ip as module
from mindwave_django.client_ip import client_ip

CLIENT, PROXY = "203.0.113.7", "10.0.0.1"
ONE_PROXY = {"HEADER": "X-Forwarded-For"}
TWO_PROXIES = ONE_PROXY | {"TRUSTED_PROXIES": 2}


def header_of(request: HttpRequest) -> Any:
    return request.headers["X-Client"]


class ClientIPTestCase(SimpleTestCase):
    def setUp(self) -> None:
        module._warn_once.cache_clear()

    def address(self, setting: Any = None, remote: Any = PROXY, **headers: str) -> str:
        request = RequestFactory().get("/", REMOTE_ADDR=remote)
        for name, value in headers.items():
            request.META[f"HTTP_{name.upper()}"] = value
        with override_settings(MINDWAVE={"CLIENT_IP": setting}):
            return client_ip(request)


class DirectTests(ClientIPTestCase):
    def test_address_of_the_connection(self) -> None:
        with self.assertNoLogs("mindwave_django"):
            assert self.address(remote=CLIENT) == CLIENT

    def test_header_is_not_believed_from_whoever_sends_it(self) -> None:
        with self.assertNoLogs("mindwave_django"):
            assert self.address(remote="8.8.8.8", x_forwarded_for=CLIENT) == "8.8.8.8"

    def test_proxy_that_nobody_told_us_of_is_noticed_once(self) -> None:
        for remote in (PROXY, "127.0.0.1", "::1"):
            module._warn_once.cache_clear()
            with self.subTest(remote), self.assertLogs("mindwave_django", "WARNING") as logs:
                for _ in range(3):
                    assert self.address(remote=remote, x_forwarded_for=CLIENT) != CLIENT
            assert len(logs.output) == 1
            assert "set MINDWAVE['CLIENT_IP']" in logs.output[0]

    def test_unix_socket(self) -> None:
        for remote in ("", None, "unix:", []):
            module._warn_once.cache_clear()
            with self.subTest(remote=remote), self.assertLogs("mindwave_django", "WARNING") as logs:
                assert self.address(remote=remote) == ""
            assert "as through a unix socket" in logs.output[0]

    def test_no_address_at_all(self) -> None:
        request = RequestFactory().get("/")
        del request.META["REMOTE_ADDR"]
        with self.assertLogs("mindwave_django", "WARNING"):
            assert client_ip(request) == ""


class ProxyTests(ClientIPTestCase):
    def test_what_our_proxies_saw(self) -> None:
        forged = f"1.1.1.1, 2.2.2.2, {CLIENT}"
        for setting, header, wanted in (
            (ONE_PROXY, CLIENT, CLIENT),
            (ONE_PROXY, forged, CLIENT),
            (ONE_PROXY, f"{CLIENT}:4711", CLIENT),
            (ONE_PROXY, "[2001:db8:1:2:3::4]:4711", "2001:db8:1:2::"),
            (ONE_PROXY, "::ffff:203.0.113.7", CLIENT),
            (ONE_PROXY, "fe80::1%eth0", "fe80::"),
            (TWO_PROXIES, f"{forged}, 10.0.0.2", CLIENT),
            (TWO_PROXIES, CLIENT, CLIENT),
        ):
            with self.subTest(header, setting=setting):
                assert self.address(setting, x_forwarded_for=header) == wanted

    def test_unix_socket_behind_a_proxy(self) -> None:
        assert self.address(ONE_PROXY, remote="", x_forwarded_for=CLIENT) == CLIENT

    def test_header_of_another_name(self) -> None:
        assert self.address({"HEADER": "X-Real-IP"}, x_real_ip=CLIENT) == CLIENT

    def test_what_is_no_address_is_noticed_and_not_believed(self) -> None:
        for header in ("", "unknown", "evil, unknown", "999.1.1.1", "1.2.3", ",", "a" * 10_000):
            module._warn_once.cache_clear()
            with self.subTest(header[:20]), self.assertLogs("mindwave_django", "WARNING") as logs:
                assert self.address(ONE_PROXY, x_forwarded_for=header) == PROXY
            assert "finds no address" in logs.output[0]


class NetworkTests(ClientIPTestCase):
    def test_whoever_has_an_address_of_version_6_has_its_network(self) -> None:
        assert self.address(remote="2001:db8::1") == self.address(remote="2001:db8::ffff:1")
        assert self.address(remote="2001:db8::1") != self.address(remote="2001:db8:0:1::1")

    @override_settings(RATELIMIT_IPV6_MASK=128, RATELIMIT_IPV4_MASK=24)
    def test_masks_of_django_ratelimit(self) -> None:
        assert self.address(remote="2001:db8::1") != self.address(remote="2001:db8::2")
        assert self.address(remote="203.0.113.7") == self.address(remote="203.0.113.9")


class CallableTests(ClientIPTestCase):
    def test_function_or_its_path(self) -> None:
        for setting in (header_of, f"{__name__}.header_of"):
            assert self.address(setting, x_client=CLIENT) == CLIENT

    def test_one_that_fails_is_logged_and_harms_nobody(self) -> None:
        with self.assertLogs("mindwave_django", "ERROR") as logs:
            assert self.address(header_of) == PROXY
        assert "MINDWAVE['CLIENT_IP'] failed" in logs.output[0]

    def test_one_that_returns_what_is_no_address(self) -> None:
        for value in (None, 7, "", "localhost"):
            with self.subTest(value=value), self.assertLogs("mindwave_django", "WARNING"):
                module._warn_once.cache_clear()
                assert self.address(lambda request: value) == PROXY  # noqa: B023
