"""What the pages around the chat need: each rule, its code and its level."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.middleware.csrf import CsrfViewMiddleware
from django.test import SimpleTestCase, override_settings

from mindwave_django.doctor.findings import Finding
from mindwave_django.doctor.pages import CORS, CSRF, SCRIPT, SESSIONS, look_at_pages

FOREIGN = "https://pages.example.com"
MANIFEST = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
    }
}


class OwnCsrf(CsrfViewMiddleware):
    """One that derives from Django's."""


class PagesTestCase(SimpleTestCase):
    def found(self, **changed: Any) -> list[Finding]:
        usual = {"DEBUG": True, "MIDDLEWARE": [SESSIONS, CSRF], "MINDWAVE": {}}
        with override_settings(**(usual | changed)):
            return list(look_at_pages())

    def look(self, **changed: Any) -> list[tuple[str, str]]:
        return [(finding.level.value, finding.code) for finding in self.found(**changed)]


class StaticTests(PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def collect(self, name: str = SCRIPT) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def collected(self, **changed: Any) -> list[tuple[str, str]]:
        return self.look(DEBUG=False, STATIC_ROOT=self.root, **changed)

    def test_found(self) -> None:
        assert self.look() == [("ok", "static")]

    def test_nobody_serves_them(self) -> None:
        apps = [app for app in settings.INSTALLED_APPS if app != "django.contrib.staticfiles"]
        assert self.look(INSTALLED_APPS=apps) == [("warning", "staticfiles_app")]

    def test_no_finder_finds_them(self) -> None:
        assert self.look(STATICFILES_FINDERS=[]) == [("error", "static_not_found")]

    def test_collected(self) -> None:
        assert self.collected() == [("warning", "static_not_collected")]
        self.collect()
        assert self.collected() == [("ok", "static")]

    def test_no_place_to_collect_them(self) -> None:
        found = self.look(DEBUG=False, STATIC_ROOT=None)
        assert found == [("warning", "static_not_collected")]

    def test_names_with_a_hash(self) -> None:
        assert self.collected(STORAGES=MANIFEST) == [("warning", "static_not_collected")]
        hashed = SCRIPT.replace(".js", ".0123456789ab.js")
        paths = {"version": "1.1", "paths": {SCRIPT: hashed}, "hash": ""}
        (self.root / "staticfiles.json").write_text(json.dumps(paths))
        assert self.collected(STORAGES=MANIFEST) == [("warning", "static_not_collected")]
        self.collect(hashed)
        assert self.collected(STORAGES=MANIFEST) == [("ok", "static")]

    def test_storage_that_raises(self) -> None:
        with mock.patch.object(staticfiles_storage, "exists", side_effect=LookupError):
            assert self.look(DEBUG=False) == [("warning", "static_not_collected")]


class FormTests(PagesTestCase):
    def test_no_csrf(self) -> None:
        expected = [("ok", "static"), ("warning", "csrf_middleware")]
        assert self.look(MIDDLEWARE=[SESSIONS]) == expected

    def test_csrf_by_another_name(self) -> None:
        assert self.look(MIDDLEWARE=[SESSIONS, f"{__name__}.OwnCsrf"]) == [("ok", "static")]

    def test_no_sessions(self) -> None:
        assert self.look(MIDDLEWARE=[CSRF]) == [("ok", "static"), ("note", "sessions")]

    def test_middleware_that_is_a_function_or_cannot_be_imported(self) -> None:
        odd = ["tests.doctor.middlewares.harmless", "no.such.middleware", "nonsense"]
        assert self.look(MIDDLEWARE=[*odd, SESSIONS, CSRF]) == [("ok", "static")]


class OriginTests(PagesTestCase):
    mindwave = {"CHAT": {"ALLOWED_ORIGINS": [FOREIGN]}}

    def codes(self, *, cors: bool = True, trusted: tuple[str, ...] = (FOREIGN,)) -> list[str]:
        middleware = [*([CORS] if cors else []), SESSIONS, CSRF]
        found = self.look(
            MINDWAVE=self.mindwave, MIDDLEWARE=middleware, CSRF_TRUSTED_ORIGINS=list(trusted)
        )
        return [code for _, code in found]

    def test_content(self) -> None:
        assert self.codes() == ["static"]

    def test_no_cors(self) -> None:
        assert self.codes(cors=False) == ["static", "cors_middleware"]

    def test_trusted(self) -> None:
        for trusted in (
            "https://*.example.com",
            FOREIGN,
            FOREIGN.upper().replace("HTTPS", "https"),
        ):
            assert self.codes(trusted=(trusted,)) == ["static"]

    def test_not_trusted(self) -> None:
        for trusted in (
            "http://pages.example.com",
            "https://example.com",
            "https://*.other.example.com",
            "https://pages.example.com:8443",
        ):
            with self.subTest(trusted):
                assert self.codes(trusted=(trusted,)) == ["static", "csrf_trusted_origins"]
        assert self.codes(trusted=()) == ["static", "csrf_trusted_origins"]

    def test_one_of_them_is_named(self) -> None:
        finding = self.found(
            MINDWAVE={"CHAT": {"ALLOWED_ORIGINS": [FOREIGN, "https://other.example"]}},
            MIDDLEWARE=[CORS, SESSIONS, CSRF],
            CSRF_TRUSTED_ORIGINS=[FOREIGN],
        )[-1]
        assert finding.message.startswith("https://other.example may ask")
        assert "['https://other.example']" in finding.hint
