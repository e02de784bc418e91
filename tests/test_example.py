"""The example project: its pages, its settings, and the rows its receiver saves."""

from __future__ import annotations

import os
from typing import Any
from unittest import mock

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import SimpleTestCase, TestCase, TransactionTestCase, tag
from django.urls import reverse

from chat.models import ChatMessage
from example.settings import database
from mindwave_django import llm
from mindwave_django.events import Finished, Usage
from mindwave_django.exceptions import ProviderUnavailable
from mindwave_django.signals import token_streamed
from mindwave_django.testing import Gate, fake_driver, parse_events, text_of
from tests.clients import WithAsyncClient, WithClient
from tests.programs import manage

URL = "/api/chat/stream"
STREAM = "/mindwave/stream/"


class SavingTests(WithClient, TestCase):
    """What a view streamed is in the database as soon as its response has been read."""

    def test_answer_is_saved(self) -> None:
        finished = Finished("stop", Usage(input_tokens=3, output_tokens=2), "fake-2")
        with fake_driver("Hello", " world", finished):
            answered = self.ask(URL, {"prompt": "Hi"})
        message = ChatMessage.objects.get()
        assert message.stream_id == answered.events[0].json()["stream"]
        assert (message.prompt, message.answer, message.outcome) == (
            "Hi",
            "Hello world",
            "completed",
        )
        assert (message.model, message.output_tokens, message.error_code) == ("fake-2", 2, "")
        assert message.user is None
        assert str(message) == "Hi"

    def test_failure_is_saved(self) -> None:
        with fake_driver("Half", ProviderUnavailable()), self.assertLogs("mindwave_django"):
            self.ask(URL, {"prompt": "Hi"})
        message = ChatMessage.objects.get()
        assert (message.answer, message.outcome) == ("Half", "failed")
        assert message.error_code == "provider_unavailable"

    def test_user_is_saved(self) -> None:
        user = get_user_model().objects.create_user("ann")
        self._client().force_login(user)
        with fake_driver("Hello"):
            self.ask(STREAM, {"prompt": "Hi"})
        assert ChatMessage.objects.get().user == user

    def test_whole_answer_is_saved(self) -> None:
        with fake_driver("Hello"):
            assert self.ask("/mindwave/generate/", {"prompt": "Hi"}).json["text"] == "Hello"
        assert ChatMessage.objects.get().answer == "Hello"

    def test_owner_resumes_and_nothing_is_saved_again(self) -> None:
        self._client().force_login(get_user_model().objects.create_user("ann"))
        with fake_driver("Hello"):
            stream_id = self.ask(STREAM, {"prompt": "Hi"}).events[0].json()["stream"]
            headers = {"Last-Event-ID": f"{stream_id}:2"}
            assert self.ask(STREAM, headers=headers).text == "llo"
            self._client().logout()
            refused = self.ask(STREAM, headers=headers)
        assert refused.events[-1].json()["code"] == "stream_expired"
        assert ChatMessage.objects.count() == 1

    def test_receiver_of_tokens_may_use_the_database(self) -> None:
        counts = []

        def receive(sender: type, **kwargs: Any) -> None:
            counts.append(ChatMessage.objects.count())

        token_streamed.connect(receive)
        self.addCleanup(token_streamed.disconnect, receive)
        with fake_driver("a", "b"):
            self.ask(URL)
        assert counts == [0, 0, 0]  # two pieces and the end, all before the row is saved

    def test_count_starts_at_zero_here(self) -> None:
        self.count_to_two()

    def test_and_here(self) -> None:
        self.count_to_two()

    def count_to_two(self) -> None:
        assert ChatMessage.objects.count() == 0
        with fake_driver("Hello"):
            for number in (1, 2):
                assert self.ask(URL, {"prompt": "Hi"}).text == "Hello"
                assert ChatMessage.objects.count() == number
        assert connection.in_atomic_block is isinstance(self, TestCase)


class AsyncSavingTests(WithAsyncClient, SavingTests):
    pass


class CommittedSavingTests(WithClient, TransactionTestCase):
    """The same without a transaction around the test."""

    test_answer_is_saved = SavingTests.test_answer_is_saved
    test_user_is_saved = SavingTests.test_user_is_saved
    test_count_starts_at_zero_here = SavingTests.test_count_starts_at_zero_here
    test_and_here = SavingTests.test_and_here
    count_to_two = SavingTests.count_to_two


class AsyncCommittedSavingTests(WithAsyncClient, CommittedSavingTests):
    pass


class AsyncTestTests(TestCase):
    """Tests that are coroutines themselves."""

    async def test_client_in_an_async_test(self) -> None:
        with fake_driver("Hello"):
            response = await self.async_client.get(URL, {"prompt": "Hi"})
            body = b"".join([part async for part in response])
        assert text_of(parse_events(body)) == "Hello"
        assert (await ChatMessage.objects.aget()).answer == "Hello"

    async def test_call_in_an_async_test(self) -> None:
        with fake_driver("Hello"):
            await llm().agenerate("Hi")
        assert (await ChatMessage.objects.aget()).prompt == "Hi"


class OtherCallersTests(TestCase):
    def test_call_without_a_view(self) -> None:
        with fake_driver("Hello"):
            llm().generate("Hi")
            list(llm().stream("Ho"))
        assert [message.prompt for message in ChatMessage.objects.order_by("pk")] == ["Hi", "Ho"]

    def test_leaving_early_saves_what_came(self) -> None:
        with fake_driver("Half", Gate()):
            response = self.client.get(URL, {"prompt": "Hi"})
            parts: Any = iter(response)
            next(parts)
            assert b"Half" in next(parts)
            assert not ChatMessage.objects.exists()
            parts.close()
        message = ChatMessage.objects.get()
        assert (message.answer, message.outcome) == ("Half", "cancelled")

    def test_answer_that_is_never_read_saves_nothing(self) -> None:
        with fake_driver("Hello") as driver:
            self.client.get(URL, {"prompt": "Hi"}).close()
        assert driver.calls == []
        assert not ChatMessage.objects.exists()


class NoDatabaseTests(SimpleTestCase):
    def test_receiver_is_held_to_the_rule_of_the_test(self) -> None:
        with fake_driver("Hello"), self.assertLogs("mindwave_django", "ERROR") as logs:
            response: Any = self.client.get(STREAM, {"prompt": "Hi"})
            assert text_of(parse_events(response.getvalue())) == "Hello"
        assert "save_chat_message raised while a stream was announced" in logs.output[0]


class PageTests(TestCase):
    def test_page(self) -> None:
        response = self.client.get(reverse("page"))
        self.assertContains(response, f'data-url="{reverse("mindwave:stream")}"')
        self.assertNotContains(response, "<script>")

    def test_view_of_two_lines_has_a_default_prompt(self) -> None:
        with fake_driver("Hello") as driver:
            assert self.client.get(URL).getvalue()  # type: ignore[attr-defined]  # it streams
        assert driver.calls[0].messages[0].content == "Hello"

    def test_admin_lists_answers(self) -> None:
        ChatMessage.objects.create(prompt="What is SSE?", outcome="completed", stream_id="abc")
        self.client.force_login(get_user_model().objects.create_superuser("root"))
        for query in ("", "?q=SSE", "?outcome=completed"):
            response = self.client.get(reverse("admin:chat_chatmessage_changelist") + query)
            self.assertContains(response, "What is SSE?")


class SettingsTests(SimpleTestCase):
    def test_databases(self) -> None:
        sqlite = "django.db.backends.sqlite3"
        file = database("sqlite:////tmp/a b.sqlite3")
        assert (file["ENGINE"], file["NAME"]) == (sqlite, "/tmp/a b.sqlite3")
        assert database("sqlite:///:memory:")["NAME"] == ":memory:"
        assert database("sqlite:////tmp/a%20b")["NAME"] == "/tmp/a b"
        assert database("postgres://ann:p%40ss@db.example:5433/shop") == {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "shop",
            "USER": "ann",
            "PASSWORD": "p@ss",
            "HOST": "db.example",
            "PORT": 5433,
        }

    def test_other_databases_are_refused_without_their_password(self) -> None:
        with self.assertRaises(ImproperlyConfigured) as caught:
            database("mysql://ann:secret@db/shop")
        assert str(caught.exception) == (
            "DATABASE_URL should begin with sqlite:/// or postgres://, got scheme 'mysql'."
        )

    @tag("machine")
    def test_driver_by_the_environment(self) -> None:
        keys = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MINDWAVE_DRIVER")
        code = (
            "from django.conf import settings\n"
            "print(settings.MINDWAVE['DRIVERS']['default']['BACKEND'].rpartition('.')[2])"
        )
        for env, driver in (
            ({}, "DemoDriver"),
            ({"OPENAI_API_KEY": "unused"}, "OpenAIDriver"),
            ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, "OpenAIDriver"),
            ({"OPENAI_API_KEY": "unused", "MINDWAVE_DRIVER": "demo"}, "DemoDriver"),
        ):
            with self.subTest(env=env), mock.patch.dict(os.environ):
                for key in keys:
                    os.environ.pop(key, None)
                done = manage("shell", "--no-imports", "-v0", "-c", code, **env)
                assert done.stdout.strip() == driver, done.stderr

    @tag("machine")
    def test_unknown_driver(self) -> None:
        done = manage("check", MINDWAVE_DRIVER="abacus")
        assert done.returncode == 1
        assert "MINDWAVE_DRIVER should be one of demo, openai, got 'abacus'." in done.stderr
