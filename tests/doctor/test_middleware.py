"""Whether the doctor names the very middleware that streams do not get through."""

from __future__ import annotations

import logging
from typing import Any
from unittest import mock

from django.conf import settings
from django.http import HttpResponse
from django.test import override_settings

from mindwave_django.conf import mindwave_settings
from mindwave_django.doctor.findings import Finding
from mindwave_django.doctor.middleware import Passage, look_at_middleware
from mindwave_django.probe import Plan
from tests.doctor.middlewares import SECRET, NoURLs
from tests.recording import CoreTestCase

HERE = "tests.doctor.middlewares"
GZIP = "django.middleware.gzip.GZipMiddleware"
SHORT = Plan(pieces=4, interval=0.05)
USUAL = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


class MiddlewareTestCase(CoreTestCase):
    def setUp(self) -> None:
        super().setUp()
        patch = mock.patch("mindwave_django.doctor.middleware.PLAN", SHORT)
        patch.start()
        self.addCleanup(patch.stop)

    def look(self, *middleware: str, **other: Any) -> Finding:
        paths = [each if "." in each else f"{HERE}.{each}" for each in middleware]
        with override_settings(MIDDLEWARE=paths, **other):
            (finding,) = look_at_middleware()
        return finding

    def assert_fine(self, finding: Finding) -> None:
        assert (finding.level, finding.code) == ("ok", "middleware"), finding

    def assert_at_fault(self, finding: Finding, name: str, code: str, what: str) -> None:
        culprit = name if "." in name else f"{HERE}.{name}"
        assert (finding.code, finding.layer) == (code, culprit)
        assert finding.message == f"{culprit} {what}."
        assert "`streaming`" in finding.hint


class FineTests(MiddlewareTestCase):
    def test_none(self) -> None:
        self.assert_fine(self.look())

    def test_usual(self) -> None:
        self.assert_fine(self.look(*USUAL))

    def test_sync_and_async(self) -> None:
        self.assert_fine(self.look("harmless", "harmless_async", "harmless"))

    def test_gzip_which_streams_keep_away(self) -> None:
        self.assert_fine(self.look(GZIP, "harmless"))

    def test_site_that_wants_https_and_its_own_host(self) -> None:
        self.assert_fine(self.look(*USUAL, SECURE_SSL_REDIRECT=True, ALLOWED_HOSTS=["example.com"]))

    def test_site_that_wants_everybody_to_log_in(self) -> None:
        login = "django.contrib.auth.middleware.LoginRequiredMiddleware"
        self.assert_fine(self.look(*USUAL, login))

    def test_probe_that_is_on_already(self) -> None:
        self.assert_fine(self.look(MINDWAVE={"PROBE": True}))


class FaultTests(MiddlewareTestCase):
    def test_keeps_back(self) -> None:
        for name in ("collects", "collects_async"):
            with self.subTest(name):
                finding = self.look("harmless", name, "harmless_async")
                assert finding.level == "error"
                what = "keeps streams back until their end"
                self.assert_at_fault(finding, name, "middleware_buffers", what)

    def test_raises(self) -> None:
        for name in ("raises", "raises_async"):
            with self.subTest(name):
                finding = self.look("harmless", "harmless_async", name)
                assert finding.level == "error"
                self.assert_at_fault(finding, name, "middleware_fails", "raises LookupError")
                assert SECRET not in str(finding)

    def test_raises_what_missing_urls_would_raise(self) -> None:
        finding = self.look("looks_up_a_name")
        what = "raises NoReverseMatch"
        self.assert_at_fault(finding, "looks_up_a_name", "middleware_fails", what)

    def test_redirects(self) -> None:
        for name in ("redirects", "redirects_async"):
            with self.subTest(name):
                finding = self.look("harmless", name)
                assert finding.level == "error"
                self.assert_at_fault(finding, name, "middleware_refuses", "answers 302")

    def test_forbids(self) -> None:
        self.assert_at_fault(
            self.look("forbids", "harmless"), "forbids", "middleware_refuses", "answers 403"
        )

    def test_compresses(self) -> None:
        finding = self.look("harmless", "compresses")
        assert finding.level == "warning"
        self.assert_at_fault(finding, "compresses", "middleware_compresses", "compresses (gzip)")

    def test_gzip_which_streams_could_not_keep_away(self) -> None:
        # Django 6.0 keeps the pieces back, too; 5.2 and 6.1 let each through.
        finding = self.look("harmless", GZIP, "strips_content_encoding")
        assert finding.layer == GZIP
        assert finding.code in {"middleware_compresses", "middleware_buffers"}

    def test_those_that_others_need_are_not_blamed(self) -> None:
        finding = self.look(*USUAL, "needs_a_user", "redirects")
        self.assert_at_fault(finding, "redirects", "middleware_refuses", "answers 302")

    def test_machine_that_stalled_once_is_not_blamed(self) -> None:
        at_once = Passage(HttpResponse(), [1.0, 1.0, 1.0, 1.0])
        one_by_one = Passage(HttpResponse(), [1.0, 2.0, 3.0, 4.0])
        way = mock.patch("mindwave_django.doctor.middleware._apass")
        with way as passes:
            passes.side_effect = [at_once, one_by_one]
            self.assert_fine(self.look())

    def test_two_at_once(self) -> None:
        finding = self.look("redirects", "redirects_async")
        assert (finding.code, finding.layer) == ("middleware_refuses", "middleware")
        assert finding.message == (
            "Something in MIDDLEWARE, or before our views in urls.py, answers 302."
        )


class TraceTests(MiddlewareTestCase):
    """What is left of it: nothing."""

    def test_urls_that_are_not_included(self) -> None:
        with override_settings(ROOT_URLCONF=NoURLs):
            assert list(look_at_middleware()) == []

    def test_settings(self) -> None:
        before = (settings.ALLOWED_HOSTS, settings.MIDDLEWARE, settings.MINDWAVE)
        self.look("raises", "harmless")
        assert before == (settings.ALLOWED_HOSTS, settings.MIDDLEWARE, settings.MINDWAVE)
        assert mindwave_settings.PROBE is False

    def test_logs(self) -> None:
        logging.disable(logging.INFO)
        self.addCleanup(logging.disable, logging.NOTSET)
        with self.assertNoLogs(level="WARNING"):
            self.look("raises", "harmless")
            self.look("forbids")
        assert logging.root.manager.disable == logging.INFO
