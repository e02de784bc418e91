"""Options of the log that make no sense, and what nobody may read of them."""

from __future__ import annotations

from typing import Any

from django.test import SimpleTestCase

from mindwave_django.streaming.redis import RedisLog

URL = "redis://user:s3cr3t@127.0.0.1:6380/2"


class RefusedTests(SimpleTestCase):
    def refused(self, **options: Any) -> str:
        with self.assertRaises(ValueError) as raised:
            RedisLog(**options)
        assert raised.exception.__cause__ is None
        assert raised.exception.__suppress_context__ or raised.exception.__context__ is None
        assert "s3cr3t" not in str(raised.exception)
        return str(raised.exception)

    def test_url(self) -> None:
        for url in ("redis://user:s3cr3t/pw@127.0.0.1", "http://127.0.0.1", f"{URL}?db=many"):
            with self.subTest(url):
                assert "url should be as redis://user:password@host:6379/0" in self.refused(url=url)

    def test_impatience(self) -> None:
        for options in (
            {"options": {"socket_timeout": 1}},
            {"url": f"{URL}?socket_timeout=0.5"},
        ):
            with self.subTest(options):
                assert "socket_timeout should be at least 3 seconds" in self.refused(**options)

    def test_cluster_with_sentinels(self) -> None:
        told = self.refused(cluster=True, sentinels=[("127.0.0.1", 1)])
        assert "give cluster or sentinels, not both" in told


class TakenTests(SimpleTestCase):
    def connector(self, **options: Any) -> Any:
        return RedisLog(**options)._connector

    def test_options_of_the_url_count_and_answers_stay_bytes(self) -> None:
        url = f"{URL}?socket_timeout=7&decode_responses=true&client_name=chat"
        given = self.connector(url=url, options={"decode_responses": True}).build()
        kwargs = given.connection_pool.connection_kwargs
        assert (kwargs["socket_timeout"], kwargs["client_name"]) == (7.0, "chat")
        assert (kwargs["host"], kwargs["port"], kwargs["db"]) == ("127.0.0.1", 6380, 2)
        assert kwargs["decode_responses"] is False

    def test_place_has_no_password(self) -> None:
        sentinels = [("127.0.0.1", 1)]
        for options, place in (
            ({"url": URL}, "127.0.0.1:6380"),
            ({"url": "unix://user:s3cr3t@/run/redis.sock"}, "/run/redis.sock"),
            ({"url": "redis://:s3cr3t@Answers/1", "sentinels": sentinels}, "service 'Answers'"),
        ):
            assert self.connector(**options).place == place

    def test_service_of_sentinels(self) -> None:
        client = self.connector(
            url="rediss://user:s3cr3t@answers/4",
            sentinels=[("127.0.0.1", 26379)],
            sentinel_options={"password": "other"},
        ).build()
        pool = client.connection_pool
        assert (pool.service_name, pool.connection_kwargs["db"]) == ("answers", 4)
        assert pool.connection_kwargs["password"] == "s3cr3t"
        assert "SSL" in pool.connection_class.__name__
        (sentinel,) = client.sentinel.sentinels
        assert sentinel.connection_pool.connection_kwargs["password"] == "other"
