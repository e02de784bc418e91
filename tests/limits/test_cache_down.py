"""Caches that cannot be reached: refused or let in, as the site wants it, and never a defect."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import BaseCache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import SimpleTestCase, override_settings

from mindwave_django.decorators import concurrent_streams, stream_ratelimit
from tests.limits.calling import call


class Down(BaseCache):
    """As Redis is: each call raises what its client has for that."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        raise ConnectionError("secret.internal:6379 refused")


class Silent(Down):
    """As Memcached is: everything fails without a word."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def incr(self, *args: Any, **kwargs: Any) -> int:
        raise ValueError

    def get_many(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {}


@stream_ratelimit("10/m", key="ip")
def counts(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Hi")


@concurrent_streams(3, key="ip")
def slots(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Hi")


def cache(backend: type[BaseCache], **settings: Any) -> override_settings:
    path = f"{backend.__module__}.{backend.__name__}"
    caches = {"default": {"BACKEND": path}}
    return override_settings(CACHES=caches, RATELIMIT_ENABLE=True, **settings)


class CacheDownTests(SimpleTestCase):
    def test_refused(self) -> None:
        for view, backend in ((counts, Down), (counts, Silent), (slots, Down), (slots, Silent)):
            with (
                self.subTest(f"{view.__name__}, {backend.__name__}"),
                cache(backend),
                self.assertLogs("mindwave_django", "ERROR") as logs,
            ):
                refused = call(view)
                assert (refused.status_code, refused["Retry-After"]) == (503, "5")
                assert refused.json == {
                    "error": "This is not available right now. Please try again in a moment.",
                    "code": "limit_unavailable",
                    "retry_after": 5,
                }
            assert "Cache 'default' cannot count: " in logs.output[0]
            assert "secret" not in logs.output[0]

    def test_let_in(self) -> None:
        for view, backend in ((counts, Down), (slots, Down), (slots, Silent)):
            with (
                self.subTest(f"{view.__name__}, {backend.__name__}"),
                cache(backend, RATELIMIT_FAIL_OPEN=True),
                self.assertLogs("mindwave_django", "ERROR"),
            ):
                assert call(view).status_code == 200
        with cache(Silent, RATELIMIT_FAIL_OPEN=True):
            assert call(counts).status_code == 200

    def test_wrong_settings_are_no_outage(self) -> None:
        with cache(Down), self.assertRaises(ImproperlyConfigured):
            call(stream_ratelimit(lambda group, request: "often", key="ip")(slots))
