"""System checks of drivers, the log, the access rule and the deployment."""

from __future__ import annotations

import os
from typing import Any
from unittest import mock

from django.core.cache.backends.db import DatabaseCache
from django.core.checks import CheckMessage
from django.test import override_settings

from mindwave_django.checks import check_deployment
from tests.checking import DEMO, CheckTestCase, check, check_default

CACHES = "django.core.cache.backends"
OPENAI = "mindwave_django.drivers.openai.OpenAIDriver"


SAFE = {
    "SECURE_SSL_REDIRECT": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "RATELIMIT_ENABLE": True,
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}},
}


def check_deploy(mindwave: Any, **settings: Any) -> list[CheckMessage]:
    with override_settings(MINDWAVE=mindwave, **{**SAFE, **settings}):
        return check_deployment(None)


class ImportTests(CheckTestCase):
    def test_driver_cannot_be_imported(self) -> None:
        self.assert_one(
            check_default(BACKEND="nowhere.Driver"),
            "E004",
            "MINDWAVE['DRIVERS']['default']: Could not import BACKEND 'nowhere.Driver': "
            "No module named 'nowhere'",
        )

    def test_paths_that_are_none(self) -> None:
        for path in ("", "Driver", ".Driver", "..Driver", "Driver.", "mindwave_django.drivers."):
            with self.subTest(path=path):
                assert [m.id for m in check_default(BACKEND=path)] == ["mindwave.E004"]

    def test_driver_is_no_driver(self) -> None:
        self.assert_one(
            check_default(BACKEND="builtins.dict"),
            "E004",
            "MINDWAVE['DRIVERS']['default']: BACKEND 'builtins.dict' should be a subclass of "
            "mindwave_django.drivers.base.Driver.",
        )

    def test_log_is_no_log(self) -> None:
        self.assert_one(
            check({"STREAMING": {"LOG": {"BACKEND": DEMO}}}),
            "E004",
            f"MINDWAVE['STREAMING']['LOG']: BACKEND {DEMO!r} should be a subclass of "
            "mindwave_django.streaming.log.Log.",
        )

    def test_access_cannot_be_imported(self) -> None:
        self.assert_one(
            check({"CHAT": {"ACCESS": "nowhere.rule"}}),
            "E004",
            "MINDWAVE['CHAT']['ACCESS']: Could not import 'nowhere.rule': "
            "No module named 'nowhere'",
        )

    def test_access_paths_that_are_none(self) -> None:
        for path in (".rule", "..rule", "mindwave_django.access.", "mindwave_django.access.nobody"):
            with self.subTest(path=path):
                found = check({"CHAT": {"ACCESS": path}})
                assert [message.id for message in found] == ["mindwave.E004"]

    def test_access_cannot_be_called(self) -> None:
        found = check({"CHAT": {"ACCESS": "mindwave_django.access.SESSION_OWNER_KEY"}})
        assert [message.id for message in found] == ["mindwave.E004"]

    def test_one_driver_does_not_hide_the_next(self) -> None:
        drivers = {"default": {"BACKEND": "a.A"}, "other": {"BACKEND": "b.B"}}
        assert [message.id for message in check({"DRIVERS": drivers})] == ["mindwave.E004"] * 2


class OptionTests(CheckTestCase):
    def test_unknown_option(self) -> None:
        self.assert_one(
            check_default(OPTIONS={"delays": 1}),
            "E005",
            "MINDWAVE['DRIVERS']['default']: DemoDriver has no option 'delays'.",
            "Did you mean 'delay'? Known: delay, model, tokens_per_second.",
        )

    def test_alias_is_not_for_the_settings(self) -> None:
        found = check_default(OPTIONS={"alias": "other"})
        assert [message.id for message in found] == ["mindwave.E005"]

    def test_value_that_the_driver_refuses(self) -> None:
        found = check_default(OPTIONS={"tokens_per_second": "fast"})
        assert [message.id for message in found] == ["mindwave.E005"]
        assert found[0].msg.startswith("MINDWAVE['DRIVERS']['default']: unsupported operand")

    def test_option_of_the_log(self) -> None:
        backend = "mindwave_django.streaming.log.MemoryLog"
        found = check({"STREAMING": {"LOG": {"BACKEND": backend, "OPTIONS": {"max_byte": 1}}}})
        assert [message.id for message in found] == ["mindwave.E005"]
        assert found[0].hint == "Did you mean 'max_bytes'? Known: max_answer_bytes, max_bytes."

    def test_key_is_not_shown(self) -> None:
        found = check_default(BACKEND=OPENAI, OPTIONS={"api_key": "sk-secret", "modell": "m"})
        assert found
        assert not any("sk-secret" in f"{m.msg} {m.hint}" for m in found)


class MissingKeyTests(CheckTestCase):
    def check_openai(self, environment: str | None, **options: Any) -> list[CheckMessage]:
        with mock.patch.dict(os.environ):
            os.environ.pop("OPENAI_API_KEY", None)
            if environment is not None:
                os.environ["OPENAI_API_KEY"] = environment
            return check_default(BACKEND=OPENAI, OPTIONS={"model": "m"} | options)

    def test_no_key(self) -> None:
        self.assert_one(
            self.check_openai(None),
            "W001",
            "MINDWAVE['DRIVERS']['default'] has no 'api_key', and OPENAI_API_KEY is not set.",
            "Set it in OPTIONS, or name your own server by 'base_url'.",
        )

    def test_empty_key(self) -> None:
        found = self.check_openai("", api_key="")
        assert [message.id for message in found] == ["mindwave.W001"]

    def test_key_in_the_options(self) -> None:
        assert self.check_openai(None, api_key="sk-1") == []

    def test_key_in_the_environment(self) -> None:
        assert self.check_openai("sk-1") == []

    def test_own_server(self) -> None:
        assert self.check_openai(None, base_url="http://127.0.0.1:1/v1") == []


class DeploymentTests(CheckTestCase):
    def test_nothing_to_warn_of(self) -> None:
        assert check_deploy({}) == []

    def test_open_access(self) -> None:
        self.assert_one(
            check_deploy({"CHAT": {"ACCESS": "mindwave_django.access.anyone"}}),
            "W002",
            "MINDWAVE['CHAT']['ACCESS'] lets everybody ask the model.",
            "Strangers spend what you pay. Use mindwave_django.access.authenticated, or a "
            "callable of your own.",
        )

    def test_no_https(self) -> None:
        self.assert_one(
            check_deploy({}, SECURE_SSL_REDIRECT=False),
            "W003",
            "A foreign page might make a visitor's browser ask the model.",
            "Set SECURE_SSL_REDIRECT = True (silence this check if a proxy redirects to HTTPS) "
            "and SESSION_COOKIE_SAMESITE to 'Lax' or 'Strict'.",
        )

    def test_same_site_cookies(self) -> None:
        for value, ids in (("Strict", []), ("None", ["mindwave.W003"]), (False, ["mindwave.W003"])):
            with self.subTest(value=value):
                found = check_deploy({}, SESSION_COOKIE_SAMESITE=value)
                assert [message.id for message in found] == ids

    def test_limits_of_one_process(self) -> None:
        caches = {"default": {"BACKEND": f"{CACHES}.locmem.LocMemCache"}}
        self.assert_one(
            check_deploy({}, CACHES=caches),
            "W005",
            "Limits hold for each process by itself: the cache 'default' (LocMemCache) is the "
            "process's own.",
            "Use Redis or Memcached, and name that cache in RATELIMIT_USE_CACHE. With a single "
            "process there is nothing to do.",
        )
        assert check_deploy({"CHAT": {"RATE": "1/s", "MAX_STREAMS_PER_OWNER": None}}) == []

    def test_proxy_without_addresses(self) -> None:
        proxied = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}
        for settings in (proxied, {"USE_X_FORWARDED_HOST": True}):
            found = check_deploy({}, **settings)
            assert [message.id for message in found] == ["mindwave.W006"]
            assert check_deploy({"CLIENT_IP": {"HEADER": "X-Real-IP"}}, **settings) == []

    def test_no_limits(self) -> None:
        for mindwave, settings in (
            ({}, {"RATELIMIT_ENABLE": False}),
            ({"CHAT": {"RATE": None}}, {}),
        ):
            found = check_deploy(mindwave, **settings)
            assert [message.id for message in found] == ["mindwave.W007"]

    def test_limits_that_fail_open(self) -> None:
        found = check_deploy({}, RATELIMIT_FAIL_OPEN=True)
        assert [message.id for message in found] == ["mindwave.W008"]

    def test_origin_without_https(self) -> None:
        origins = ["https://a.example", "http://b.example"]
        found = check_deploy({"CHAT": {"ALLOWED_ORIGINS": origins}})
        assert [message.id for message in found] == ["mindwave.W009"]
        assert "'http://b.example'" in found[0].msg

    def test_content_in_logs(self) -> None:
        found = check_deploy({"LOG_CONTENT": True})
        assert [message.id for message in found] == ["mindwave.W010"]

    def test_probe_that_was_left_on(self) -> None:
        found = check_deploy({"PROBE": True})
        assert [message.id for message in found] == ["mindwave.W011"]

    def test_broken_settings_are_left_to_the_other_check(self) -> None:
        for mindwave in (None, {"CHAT": []}, {"CHAT": {"ACCESS": None}}):
            with self.subTest(mindwave=mindwave):
                found = check_deploy(mindwave)
                assert not any(message.id == "mindwave.W002" for message in found)


class CacheTests(CheckTestCase):
    """Of the cache that counts."""

    def found(self, backend: str, mindwave: Any = None, **settings: Any) -> list[CheckMessage]:
        caches = {"default": {"BACKEND": backend, "LOCATION": "x"}}
        with override_settings(**{"CACHES": caches, "RATELIMIT_ENABLE": True} | settings):
            return check(mindwave or {})

    def test_caches_that_count_right(self) -> None:
        for name in ("locmem.LocMemCache", "redis.RedisCache", "memcached.PyMemcacheCache"):
            assert self.found(f"{CACHES}.{name}") == []

    def test_caches_that_lose_counts(self) -> None:
        for name in ("db.DatabaseCache", "filebased.FileBasedCache"):
            self.assert_one(
                self.found(f"{CACHES}.{name}"),
                "E007",
                f"The cache 'default' ({name.partition('.')[2]}) reads, adds and writes in three "
                "steps: requests at the same time are not counted.",
                "Use Redis or Memcached, and name that cache in RATELIMIT_USE_CACHE. Without "
                "limits: MINDWAVE['CHAT']['RATE'] = None and "
                "MINDWAVE['CHAT']['MAX_STREAMS_PER_OWNER'] = None.",
            )

    def test_class_that_derives_from_one(self) -> None:
        assert [m.id for m in self.found(f"{__name__}.OwnCache")] == ["mindwave.E007"]

    def test_nothing_is_counted(self) -> None:
        limits = {"CHAT": {"RATE": None, "MAX_STREAMS_PER_OWNER": None}}
        assert self.found(f"{CACHES}.db.DatabaseCache", limits) == []

    def test_cache_that_keeps_nothing(self) -> None:
        assert [m.id for m in self.found(f"{CACHES}.dummy.DummyCache")] == ["mindwave.W004"]

    def test_cache_that_cannot_be_imported_is_left_to_django(self) -> None:
        assert self.found("nowhere.Cache") == []

    def test_cache_that_is_not_there(self) -> None:
        self.assert_one(
            self.found(f"{CACHES}.locmem.LocMemCache", RATELIMIT_USE_CACHE="limits"),
            "E006",
            "RATELIMIT_USE_CACHE names the cache 'limits', which is not in CACHES.",
            "Known are: 'default'.",
        )

    def test_functions_that_cannot_be_imported(self) -> None:
        for mindwave in ({"CHAT": {"RATE": "nowhere.rate"}}, {"CLIENT_IP": "nowhere.address"}):
            found = self.found(f"{CACHES}.locmem.LocMemCache", mindwave)
            assert [message.id for message in found] == ["mindwave.E004"]


class OwnCache(DatabaseCache):
    pass
