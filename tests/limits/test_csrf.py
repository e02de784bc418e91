"""Requests that change something need Django's CSRF token, and are refused in our form."""

from __future__ import annotations

from typing import Any

from django.test import TestCase, modify_settings, override_settings

from mindwave_django.testing import fake_driver
from tests.asking import BOTH
from tests.chat.asking import CONVERSATIONS, MESSAGES, WithChat, unknown
from tests.clients import WithAsyncClient

TOKEN = "a" * 32
MIDDLEWARE = "django.middleware.csrf.CsrfViewMiddleware"
PK = unknown()
CHANGES = [
    ("post", MESSAGES),
    ("post", f"{MESSAGES}{PK}/cancel/"),
    ("post", f"{MESSAGES}{PK}/regenerate/"),
    ("post", f"{MESSAGES}{PK}/edit/"),
    ("patch", f"{CONVERSATIONS}{PK}/"),
    ("delete", f"{CONVERSATIONS}{PK}/"),
    *(("post", path) for path in BOTH),
]


class CsrfTestCase(WithChat, TestCase):
    def setUp(self) -> None:
        self.client = self.async_client = self.client_class(enforce_csrf_checks=True)

    def refused(self, method: str, path: str, **extra: Any) -> None:
        answered = self.ask(path, {"prompt": "Hi"}, method=method, **extra)
        assert answered.status == 403
        assert answered.json == {
            "error": "This page is out of date. Reload it and try again.",
            "code": "csrf_failed",
        }


class CsrfTests(CsrfTestCase):
    def test_every_change_needs_a_token(self) -> None:
        with fake_driver("Hello") as driver:
            for method, path in CHANGES:
                with self.subTest(f"{method} {path}"):
                    self.refused(method, path, content_type="application/json")
            assert driver.calls == []

    def test_wrong_tokens(self) -> None:
        self.client.cookies["csrftoken"] = TOKEN
        for token in ("b" * 32, "", "short", "b" * 32 + "d" * 32):
            self.refused("post", MESSAGES, headers={"X-CSRFToken": token})
        foreign = {"X-CSRFToken": TOKEN, "Origin": "https://evil.example"}
        self.refused("post", MESSAGES, headers=foreign)

    def test_token_in_a_header_or_in_the_form(self) -> None:
        self.client.cookies["csrftoken"] = TOKEN
        assert self.post(headers={"X-CSRFToken": TOKEN}).status == 201
        form = {"prompt": "Hi", "csrfmiddlewaretoken": TOKEN}
        assert self.ask(MESSAGES, form, method="post").status == 201

    def test_page_is_refused_with_a_page(self) -> None:
        page = self.ask(MESSAGES, {"prompt": "Hi"}, method="post", headers={"Accept": "text/html"})
        assert page.status == 403
        assert b"This page is out of date." in page.body
        assert b"</textarea>" in page.body
        assert b">Hi</textarea>" not in page.body  # nobody sends a foreign page's words by mistake

    @modify_settings(MIDDLEWARE={"remove": MIDDLEWARE})
    def test_sites_without_the_middleware(self) -> None:
        for method, path in CHANGES:
            self.refused(method, path, content_type="application/json")
        self.client.cookies["csrftoken"] = TOKEN
        assert self.post(headers={"X-CSRFToken": TOKEN}).status == 201

    @override_settings(CSRF_TRUSTED_ORIGINS=["https://friend.example"])
    def test_trusted_origin(self) -> None:
        self.client.cookies["csrftoken"] = TOKEN
        headers = {"X-CSRFToken": TOKEN, "Origin": "https://friend.example"}
        assert self.post(headers=headers).status == 403  # it is not in ALLOWED_ORIGINS
        allowed = {
            "ACCESS": "mindwave_django.access.anyone",
            "ALLOWED_ORIGINS": ["https://friend.example"],
        }
        with override_settings(MINDWAVE={"CHAT": allowed}):
            assert self.post(headers=headers).status == 201


class SessionTests(CsrfTestCase):
    @override_settings(CSRF_USE_SESSIONS=True)
    def test_token_in_the_session(self) -> None:
        self.refused("post", MESSAGES)
        self.client.get("/widget/")  # a page with a form
        token = self.client.session["_csrftoken"]
        assert self.post(headers={"X-CSRFToken": token}).status == 201


class AsyncCsrfTests(WithAsyncClient, CsrfTests):
    pass
