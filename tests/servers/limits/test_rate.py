"""Many requests at the same time, in several processes, counted by real caches."""

from __future__ import annotations

from typing import ClassVar

from tests.servers.limits.base import LimitsTestCase
from tests.support.upstream import finish, text

TEN = {200: 10, 429: 190}


class Counting(LimitsTestCase):
    chat_options: ClassVar = {"RATE": "10/d", "MAX_STREAMS_PER_OWNER": None}

    def setUp(self) -> None:
        self.upstream.serve_only(text("Hello"), finish())

    def test_two_hundred_at_once_on_a_view_of_the_site(self) -> None:
        assert self.statuses(200, "/limited", "203.0.113.1") == TEN
        assert len(self.upstream.requests) == 10
        assert self.statuses(1, "/limited", "203.0.113.2") == {200: 1}

    def test_two_hundred_at_once_on_shipped_views(self) -> None:
        statuses = self.at_once(
            200,
            lambda number: self.status(
                f"/mindwave/{'stream' if number % 2 else 'generate'}", "203.0.113.3"
            ),
        )
        assert sorted(statuses) == [200] * 10 + [429] * 190
        assert len(self.upstream.requests) == 10


class RedisTests(Counting):
    cache_name = "redis"


class MemcachedTests(Counting):
    cache_name = "memcached"


class Down(LimitsTestCase):
    """The cache dies before the first request, and comes back never."""

    chat_options: ClassVar = {"RATE": "10/d", "MAX_STREAMS_PER_OWNER": 3}
    may_log_errors = True
    wanted: ClassVar = {503: 20}

    def test_nothing_breaks(self) -> None:
        self.upstream.serve_only(text("Hello"), finish())
        assert self.statuses(3, "/limited", "203.0.113.1") == {200: 3}
        self.cache.process.stop()
        self.upstream.requests.clear()
        for path in ("/limited", "/few", "/few-sync", "/mindwave/stream", "/mindwave/generate"):
            with self.subTest(path):
                assert self.statuses(20, path, "203.0.113.1") == self.wanted
        expected = 0 if 503 in self.wanted else 100
        assert len(self.upstream.requests) == expected
        assert "Traceback" not in self.server.process.output
        assert "cannot count" in self.server.process.output


class RedisDownTests(Down):
    cache_name = "redis"


class MemcachedDownTests(Down):
    cache_name = "memcached"


class RedisDownOpenTests(Down):
    cache_name = "redis"
    env: ClassVar = {"FAIL_OPEN": "1"}
    wanted: ClassVar = {200: 20}


class MemcachedDownOpenTests(Down):
    cache_name = "memcached"
    env: ClassVar = {"FAIL_OPEN": "1"}
    wanted: ClassVar = {200: 20}


del Counting, Down
