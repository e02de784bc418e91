"""What the doctor sees in the settings alone: each rule, its code and its level."""

from __future__ import annotations

from typing import Any
from unittest import mock

from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import SimpleTestCase, TestCase, override_settings

from mindwave_django.doctor.configuration import (
    look_at_database,
    look_at_processes,
    look_at_settings,
)
from mindwave_django.doctor.findings import Finding
from tests.doctor.middlewares import NoURLs

SECRET = "very-secret"
CACHES = "django.core.cache.backends"
REDIS_LOG = {
    "BACKEND": "mindwave_django.streaming.redis.RedisLog",
    "OPTIONS": {"url": "redis://127.0.0.1:1"},
}
CONTENT = {
    "SECURE_SSL_REDIRECT": True,
    "RATELIMIT_ENABLE": True,
    "CACHES": {"default": {"BACKEND": f"{CACHES}.redis.RedisCache", "LOCATION": "redis://x"}},
}


class OwnCache(LocMemCache):
    """A cache in memory by another name."""


def said(findings: Any) -> list[tuple[str, str]]:
    return [(finding.level.value, finding.code) for finding in findings]


def only(findings: Any) -> Finding:
    (finding,) = findings
    return finding


class SettingsTests(TestCase):  # some checks ask the database what it can do
    def look(self, mindwave: Any, **other: Any) -> list[Finding]:
        with override_settings(MINDWAVE=mindwave, **(CONTENT | other)):
            return list(look_at_settings())

    def test_content(self) -> None:
        assert said(self.look({})) == [("ok", "settings"), ("ok", "urls")]

    def test_errors(self) -> None:
        finding, _ = self.look({"STREAMIN": {}})
        assert said([finding]) == [("error", "mindwave.E001")]
        assert finding.message == "MINDWAVE has no setting 'STREAMIN'."
        assert finding.hint.startswith("Did you mean 'STREAMING'?")

    def test_warnings_for_production(self) -> None:
        found = self.look({"CHAT": {"ACCESS": "mindwave_django.access.anyone"}})
        assert said(found) == [("warning", "mindwave.W002"), ("ok", "urls")]

    def test_silenced(self) -> None:
        anyone = {"CHAT": {"ACCESS": "mindwave_django.access.anyone"}}
        found = self.look(anyone, SILENCED_SYSTEM_CHECKS=["mindwave.W002"])
        assert said(found) == [("ok", "settings"), ("ok", "urls")]

    def test_scope_of_the_cache_is_told_with_the_processes(self) -> None:
        local = {"default": {"BACKEND": f"{CACHES}.locmem.LocMemCache"}}
        assert said(self.look({}, CACHES=local)) == [("ok", "settings"), ("ok", "urls")]

    def test_checks_of_others_are_none_of_ours(self) -> None:
        found = self.look({}, SECRET_KEY="short", DEBUG=True)  # warnings of Django's
        assert said(found) == [("ok", "settings"), ("ok", "urls")]

    def test_urls(self) -> None:
        assert self.look({})[-1].message == "The shipped views are at /mindwave/stream/."
        found = self.look({}, ROOT_URLCONF=NoURLs)
        assert said(found) == [("ok", "settings"), ("note", "urls_missing")]

    def test_checks_that_raise(self) -> None:
        found = self.look({}, ROOT_URLCONF="no.such.urls")
        assert said(found) == [("error", "checks_fail")]
        assert found[0].message == "The system checks raise ModuleNotFoundError."


class ProcessTests(SimpleTestCase):
    def look(self, workers: int | None, name: str, **settings: Any) -> Finding:
        """Return what is found about the log or the cache."""
        with override_settings(**(CONTENT | {"MINDWAVE": {}} | settings)):
            return only(f for f in look_at_processes(workers) if f.code.startswith(name))

    def levels(self, name: str, **settings: Any) -> list[tuple[str, str]]:
        found = (self.look(workers, name, **settings) for workers in (None, 1, 2))
        return said(found)

    def test_log_in_memory(self) -> None:
        levels = [("note", "log_per_process"), ("ok", "log"), ("warning", "log_per_process")]
        assert self.levels("log") == levels
        hint = self.look(2, "log").hint
        assert hint.startswith("With more, set MINDWAVE['STREAMING']['LOG'] to {'BACKEND': ")

    def test_shared_log(self) -> None:
        mindwave = {"STREAMING": {"LOG": REDIS_LOG}}
        assert self.levels("log", MINDWAVE=mindwave) == [("ok", "log")] * 3

    def test_log_that_cannot_be_built_is_left_to_the_checks(self) -> None:
        with override_settings(MINDWAVE={"STREAMING": {"LOG": {"BACKEND": "no.such.Log"}}}):
            assert all(f.code.startswith("cache") for f in look_at_processes(2))

    def test_cache_in_memory(self) -> None:
        levels = [("note", "cache_per_process"), ("ok", "cache"), ("warning", "cache_per_process")]
        for backend in (f"{CACHES}.locmem.LocMemCache", f"{__name__}.OwnCache"):
            with self.subTest(backend):
                assert self.levels("cache", CACHES={"default": {"BACKEND": backend}}) == levels

    def test_shared_cache(self) -> None:
        assert self.levels("cache") == [("ok", "cache")] * 3

    def test_cache_of_another_name(self) -> None:
        caches = CONTENT["CACHES"] | {"own": {"BACKEND": f"{CACHES}.locmem.LocMemCache"}}  # type: ignore[operator]
        finding = self.look(2, "cache", CACHES=caches, RATELIMIT_USE_CACHE="own")
        assert "'own'" in finding.message
        assert said([finding]) == [("warning", "cache_per_process")]

    def test_caches_that_the_checks_complain_of(self) -> None:
        for caches, alias in (
            ({"default": {"BACKEND": f"{CACHES}.dummy.DummyCache"}}, "default"),
            ({"default": {"BACKEND": f"{CACHES}.db.DatabaseCache", "LOCATION": "x"}}, "default"),
            (CONTENT["CACHES"], "missing"),
        ):
            with override_settings(CACHES=caches, RATELIMIT_USE_CACHE=alias, MINDWAVE={}):
                assert said(look_at_processes(2)) == [("warning", "log_per_process")]


class DatabaseTests(TestCase):
    def look(self, workers: int | None = None, **options: Any) -> list[tuple[str, str]]:
        usual = {"CONN_MAX_AGE": 0, "ATOMIC_REQUESTS": False}
        with mock.patch.dict(connection.settings_dict, usual | options):
            return said(look_at_database(workers))

    def test_content(self) -> None:
        assert self.look() == [("ok", "database")]
        assert self.look(1) == [("ok", "database")]

    def test_many_processes(self) -> None:
        expected = [("warning", "sqlite")] if connection.vendor == "sqlite" else []
        assert self.look(2) == [("ok", "database"), *expected]

    def test_connections_that_are_kept(self) -> None:
        for age in (60, None):
            expected = [("ok", "database"), ("note", "persistent_connections")]
            assert self.look(CONN_MAX_AGE=age) == expected

    def test_transaction_for_each_request(self) -> None:
        expected = [("ok", "database"), ("warning", "atomic_requests")]
        assert self.look(ATOMIC_REQUESTS=True) == expected

    def without(self, app: str) -> tuple[Finding, int]:
        """Return what is found where the migrations of an app are not applied, and how many."""
        applied = MigrationRecorder(connection).applied_migrations()
        rest = {key: value for key, value in applied.items() if key[0] != app}
        with mock.patch.object(MigrationRecorder, "applied_migrations", return_value=rest):
            return next(iter(look_at_database(1))), len(applied) - len(rest)

    def test_tables_that_are_not_there(self) -> None:
        finding, missing = self.without("mindwave_django")
        assert said([finding]) == [("error", "migrations")]
        assert missing
        assert finding.message.endswith(f" not applied: {missing}.")
        assert finding.hint == "python manage.py migrate"

    def test_tables_of_others(self) -> None:
        finding, missing = self.without("sessions")
        assert missing
        assert finding.code == "database"

    def test_database_that_cannot_be_asked(self) -> None:
        for raised in (OperationalError, InterfaceError, ImproperlyConfigured):
            with mock.patch.object(
                MigrationRecorder, "applied_migrations", side_effect=raised(SECRET)
            ):
                finding = only(look_at_database(1))
            assert said([finding]) == [("error", "database")]
            assert finding.message == f"The database cannot be asked: {raised.__name__}."
            assert SECRET not in str(finding)
