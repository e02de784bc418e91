"""What the shipped views refuse, and how, through both of Django's clients."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.test import override_settings
from django.utils import translation

from mindwave_django.testing import fake_driver
from tests.asking import BOTH, STREAM, chat
from tests.clients import WithAsyncClient, WithClient
from tests.recording import CoreTestCase


class RefusalTests(WithClient, CoreTestCase):
    """What is refused with 400 before any driver is asked."""

    def assert_refused(self, fields: list[str] | None, **asked: Any) -> None:
        for path in BOTH:
            with self.subTest(path=path, **asked), fake_driver("No") as driver:
                answered = self.ask(path, **asked)
                assert answered.status == 400
                assert answered["Content-Type"] == "application/json"
                assert answered.json["code"] == "invalid_request"
                assert list(answered.json.get("fields", {})) == (fields or [])
                assert driver.calls == []

    def test_missing_prompt_and_exact_text(self) -> None:
        answered = self.ask(STREAM)
        assert answered.status == 400
        assert answered["Cache-Control"] == "no-store"
        assert answered.json == {
            "error": "The request is not valid.",
            "code": "invalid_request",
            "fields": {"prompt": ["This field is required."]},
        }

    def test_stranger_is_refused_and_not_sent_to_a_login(self) -> None:
        required = "django.contrib.auth.middleware.LoginRequiredMiddleware"
        for path in BOTH:
            with (
                self.subTest(path),
                chat(ACCESS="mindwave_django.access.authenticated"),
                override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, required]),
            ):
                answered = self.ask(path, {"prompt": "Hi"})
                assert (answered.status, answered.json["code"]) == (401, "authentication_required")

    def test_prompt(self) -> None:
        self.assert_refused(["prompt"], data={})
        self.assert_refused(["prompt"], data={"prompt": "  "})
        self.assert_refused(["prompt"], data={"prompt": ""}, method="post")

    def test_prompt_at_the_bound(self) -> None:
        with chat(MAX_PROMPT_LENGTH=3):
            self.assert_refused(["prompt"], data={"prompt": "abcd"})
            with fake_driver("Hello"):
                assert self.ask(STREAM, {"prompt": "abc"}).text == "Hello"

    def test_numbers(self) -> None:
        for name, value in (
            ("temperature", "-0.1"),
            ("temperature", "2.1"),
            ("temperature", "nan"),
            ("temperature", "inf"),
            ("max_tokens", "0"),
            ("max_tokens", "4001"),
        ):
            self.assert_refused([name], data={"prompt": "Hi", name: value})
            self.assert_refused([name], data={"prompt": "Hi", name: value}, method="post")

    def test_model_that_is_not_allowed(self) -> None:
        self.assert_refused(["model"], data={"prompt": "Hi", "model": "gpt-5-pro"})

    def test_several_fields(self) -> None:
        self.assert_refused(["prompt", "max_tokens"], data={"max_tokens": "x"})

    def test_body_that_is_no_json_object(self) -> None:
        for body in (b"{", b" ", b"\xff", b"[]", b'"Hi"', b"null", b"3", b"[" * 100_000):
            self.assert_refused(None, data=body, method="post", content_type="application/json")

    def test_json_with_infinite_numbers(self) -> None:
        for value in (b"NaN", b"Infinity", b"1e999"):
            self.assert_refused(
                ["temperature"],
                data=b'{"prompt": "Hi", "temperature": %s}' % value,
                method="post",
                content_type="application/json",
            )

    def test_json_prompt_that_no_encoding_can_send(self) -> None:
        self.assert_refused(
            ["prompt"],
            data=b'{"prompt": "a\\ud800"}',
            method="post",
            content_type="application/json",
        )

    def test_texts_are_in_the_language_of_the_reader(self) -> None:
        self.enterContext(translation.override("en"))  # and back to what it was
        answered = self.ask(STREAM, headers={"Accept-Language": "de"})
        assert answered.json["fields"] == {"prompt": ["Dieses Feld ist zwingend erforderlich."]}

    def test_other_methods(self) -> None:
        for path in BOTH:
            for method in ("head", "put", "patch", "delete", "options"):
                with self.subTest(path=path, method=method), fake_driver("No") as driver:
                    answered = self.ask(f"{path}?prompt=Hi", method=method)
                    assert answered.status == 405
                    assert answered["Allow"] == "GET, POST"
                    assert driver.calls == []


class DoorTests(WithClient, CoreTestCase):
    def test_closed_by_default(self) -> None:
        for path in BOTH:
            with (
                self.subTest(path=path),
                override_settings(MINDWAVE={}),
                fake_driver("No") as driver,
            ):
                answered = self.ask(path, {"prompt": "Hi"})
                assert answered.status == 401
                assert answered.json == {
                    "error": "Please log in first.",
                    "code": "authentication_required",
                }
                assert driver.calls == []

    def test_stranger_learns_nothing_of_the_form(self) -> None:
        with override_settings(MINDWAVE={}):
            assert self.ask(STREAM).status == 401
            assert self.ask(STREAM, headers={"Last-Event-ID": "abc:0"}).status == 401

    def test_foreign_page_is_refused(self) -> None:
        for path in BOTH:
            with self.subTest(path=path), fake_driver("No") as driver:
                answered = self.ask(
                    path, {"prompt": "Hi"}, headers={"Sec-Fetch-Site": "cross-site"}
                )
                assert answered.status == 403
                assert answered.json == {
                    "error": "You are not allowed to do this.",
                    "code": "permission_denied",
                }
                assert driver.calls == []

    def test_page_of_an_allowed_origin(self) -> None:
        origin = "https://friend.example"
        with chat(ALLOWED_ORIGINS=[origin]), fake_driver("Hello"):
            headers = {"Sec-Fetch-Site": "cross-site", "Origin": origin}
            assert self.ask(STREAM, {"prompt": "Hi"}, headers=headers).text == "Hello"

    def test_post_without_csrf_token_is_refused(self) -> None:
        self.client = self.async_client = self.client_class(enforce_csrf_checks=True)
        token = "a" * 32
        for path in BOTH:
            with self.subTest(path=path), fake_driver("Hello") as driver:
                assert self.ask(path, {"prompt": "Hi"}, method="post").status == 403
                assert driver.calls == []
                self.client.cookies["csrftoken"] = token
                headers = {"X-CSRFToken": token}
                answered = self.ask(path, {"prompt": "Hi"}, method="post", headers=headers)
                assert answered.status == 200
                del self.client.cookies["csrftoken"]


class RequestIdTests(WithClient, CoreTestCase):
    def ids(self, sent: str | None) -> set[str]:
        headers = {} if sent is None else {"X-Request-ID": sent}
        with chat(), fake_driver("Hello"):
            answers = [self.ask(path, {"prompt": "Hi"}, headers=headers) for path in BOTH]
            answers.append(self.ask(STREAM, headers=headers))
            answers.append(self.ask(STREAM, method="put", headers=headers))
        with override_settings(MINDWAVE={}):
            answers.append(self.ask(STREAM, headers=headers))
        assert [answered.status for answered in answers] == [200, 200, 400, 405, 401]
        return {answered["X-Request-ID"] for answered in answers}

    def test_valid_id_comes_back_also_on_refusals(self) -> None:
        for sent in ("a", "req-1_2.3", "x" * 128):
            with self.subTest(sent=sent):
                assert self.ids(sent) == {sent}

    def test_without_an_id_each_answer_gets_its_own(self) -> None:
        ids = self.ids(None)
        assert len(ids) == 5
        assert all(len(found) == 32 for found in ids)

    def test_invalid_ids_are_replaced(self) -> None:
        for sent in ("", "x" * 129, "a b", "ä", "<script>", "a\tb"):
            with self.subTest(sent=sent):
                ids = self.ids(sent)
                assert sent not in ids
                assert all(len(found) == 32 for found in ids)


class AsyncRefusalTests(WithAsyncClient, RefusalTests):
    pass


class AsyncDoorTests(WithAsyncClient, DoorTests):
    pass


class AsyncRequestIdTests(WithAsyncClient, RequestIdTests):
    pass
