"""Asking in a conversation and reading the answer, through both of Django's clients."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.test import TestCase, override_settings

from mindwave_django.events import Finished, ReasoningDelta, Usage
from mindwave_django.exceptions import ProviderUnavailable
from mindwave_django.messages import Message, Role
from mindwave_django.models import ChatMessage, Conversation
from mindwave_django.streaming.log import current_log
from mindwave_django.testing import FakeDriver, fake_driver
from tests.chat.asking import MESSAGES, WithChat, unknown
from tests.clients import WithAsyncClient


class AskingTests(WithChat, TestCase):
    def test_post_takes_the_question_and_asks_nobody(self) -> None:
        with fake_driver("Hello") as driver:
            answered = self.post("What is SSE?")
        assert answered.status == 201
        assert driver.calls == []
        data = answered.json
        assert data["conversation"]["title"] == "What is SSE?"
        assert (data["question"]["role"], data["question"]["state"]) == ("user", "complete")
        assert data["question"]["content"] == "What is SSE?"
        assert (data["message"]["role"], data["message"]["state"]) == ("assistant", "pending")
        assert data["message"]["reply_to"] == data["question"]["id"]
        assert data["stream"] == data["message"]["stream"]
        assert data["stream"] == f"{MESSAGES}{data['message']['id']}/stream/"

    def test_first_reader_makes_the_model_be_asked(self) -> None:
        with fake_driver("Hello", " world") as driver:
            posted = self.ask_in()
            answered = self.read(posted)
        assert answered.status == 200
        assert answered.text == "Hello world"
        assert answered.events[-1].json() == {"status": "complete"}
        assert answered.events[0].json()["stream"] == UUID(posted["message"]["id"]).hex
        assert [call.messages for call in driver.calls] == [(Message(Role.USER, "Hi"),)]

    def test_row_is_there_when_the_answer_has_been_read(self) -> None:
        usage = Usage(input_tokens=7, output_tokens=2, cached_input_tokens=3)
        finished = Finished("stop", usage, "fake-2", "resp-1")
        with fake_driver(ReasoningDelta("Hm."), "Hello", " world", finished):
            self.read(self.ask_in())
        row = ChatMessage.objects.get(role="assistant")
        assert (row.state, row.content, row.reasoning) == ("complete", "Hello world", "Hm.")
        assert (row.model, row.finish_reason, row.response_id) == ("fake-2", "stop", "resp-1")
        assert (row.input_tokens, row.output_tokens, row.cached_input_tokens) == (7, 2, 3)
        assert (row.reasoning_tokens, row.usage_source, row.cost) == (None, "reported", None)
        assert row.started_at <= row.first_token_at <= row.ended_at
        assert row.ended_at - row.started_at < dt.timedelta(seconds=60)

    def test_second_reader_gets_the_saved_answer(self) -> None:
        with fake_driver(ReasoningDelta("Hm."), "Hello") as driver:
            posted = self.ask_in()
            first = self.read(posted)
            current_log.forget()
            second = self.read(posted)
        assert second.events == first.events
        assert len(driver.calls) == 1

    def test_failure_is_kept_and_told_again(self) -> None:
        with fake_driver("Half", ProviderUnavailable("Down")), self.assertLogs("mindwave_django"):
            posted = self.ask_in()
            first = self.read(posted)
            current_log.forget()
            second = self.read(posted)
        assert first.events[-1].event == "failed"
        assert second.events == first.events
        row = ChatMessage.objects.get(role="assistant")
        assert (row.state, row.content, row.error_code) == (
            "failed",
            "Half",
            "provider_unavailable",
        )

    def test_model_sees_what_was_said_before(self) -> None:
        with fake_driver("One.") as driver:
            posted = self.ask_in(prompt="First?")
            self.read(posted)
            self.read(self.ask_in(posted["conversation"]["id"], "Second?"))
        assert [(m.role, m.content) for m in driver.calls[1].messages] == [
            ("user", "First?"),
            ("assistant", "One."),
            ("user", "Second?"),
        ]

    def test_details_on_request(self) -> None:
        usage = Usage(input_tokens=7, output_tokens=2)
        with fake_driver("Hello", Finished("length", usage)):
            posted = self.ask_in()
            ended = self.read(posted, data={"details": "1"}).events[-1].json()
        assert ended == {
            "status": "complete",
            "finish_reason": "length",
            "usage": {
                "input_tokens": 7,
                "output_tokens": 2,
                "cached_input_tokens": None,
                "reasoning_tokens": None,
                "source": "reported",
            },
            "cost": None,
        }

    def test_options_reach_the_driver(self) -> None:
        with fake_driver("Hello") as driver:
            self.read(self.post(temperature=0.5, max_tokens=9).json)
        assert driver.calls[0].options == {"temperature": 0.5, "max_tokens": 9}

    def test_driver_of_a_template(self) -> None:
        from mindwave_django.forms import sign_driver

        other = FakeDriver("other")
        other.reply("From the other")
        drivers = {
            "default": {"BACKEND": "mindwave_django.testing.FakeDriver"},
            "other": {"BACKEND": "mindwave_django.testing.FakeDriver"},
        }
        access = {"ACCESS": "mindwave_django.access.anyone"}
        with override_settings(MINDWAVE={"DRIVERS": drivers, "CHAT": access}):
            with fake_driver("x", alias="other"):
                assert self.read(self.post(driver=sign_driver("other")).json).text == "x"
            for wrong in ("other", sign_driver("other")[:-1], sign_driver("gone")):
                refused = self.post(driver=wrong)
                assert refused.status == 400
                assert list(refused.json["fields"]) == ["driver"]


class RefusalTests(WithChat, TestCase):
    def test_blank_and_malformed(self) -> None:
        for data in (
            {"prompt": " "},
            {},
            {"prompt": "x" * 5001},
            {"prompt": "x", "conversation": "7"},
        ):
            with self.subTest(data=str(data)[:40]):
                refused = self.post_json(MESSAGES, data)
                assert refused.status == 400
                assert refused.json["code"] == "invalid_request"
        assert not Conversation.objects.exists()

    def test_unknown_conversation(self) -> None:
        refused = self.post(conversation=unknown())
        assert (refused.status, refused.json["code"]) == (404, "not_found")
        assert not Conversation.objects.exists()

    def test_busy_while_an_answer_is_live(self) -> None:
        with fake_driver("Hello"):
            posted = self.ask_in()
            refused = self.post(conversation=posted["conversation"]["id"])
            assert (refused.status, refused.json["code"]) == (409, "conversation_busy")
            self.read(posted)
            self.ask_in(posted["conversation"]["id"])
        assert ChatMessage.objects.count() == 4

    def test_methods(self) -> None:
        posted = self.ask_in()
        for path, method, allowed in (
            (MESSAGES, "get", "POST"),
            (posted["stream"], "post", "GET"),
            (posted["stream"], "head", "GET"),
        ):
            answered = self.ask(path, method=method)
            assert (answered.status, answered["Allow"]) == (405, allowed)


class AsyncAskingTests(WithAsyncClient, AskingTests):
    pass


class AsyncRefusalTests(WithAsyncClient, RefusalTests):
    pass
