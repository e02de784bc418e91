"""Asking again and in other words; idempotency; stopping."""

from __future__ import annotations

from typing import Any

from django.test import TestCase

from mindwave_django.models import ChatMessage
from mindwave_django.testing import FakeDriver, fake_driver
from tests.chat.asking import MESSAGES, WithChat, unknown
from tests.clients import WithAsyncClient


def asked(driver: FakeDriver) -> list[tuple[str, str]]:
    """Return what the model was shown last."""
    return [(str(m.role), m.content) for m in driver.calls[-1].messages]


class RegenerateTests(WithChat, TestCase):
    def test_new_answer_takes_the_place_of_the_old(self) -> None:
        with fake_driver() as driver:
            driver._replies.clear()
            driver.reply("First.")
            driver.reply("Second.")
            posted = self.ask_in(prompt="Why?")
            self.read(posted)
            again = self.message(posted, "regenerate")
            assert again.status == 201
            assert again.json["question"]["id"] == posted["question"]["id"]
            assert self.read(again.json).text == "Second."
        assert asked(driver) == [("user", "Why?")]
        shown = [(m["role"], m["content"]) for m in self.conversation(posted)["messages"]]
        assert shown == [("user", "Why?"), ("assistant", "Second.")]
        old = ChatMessage.objects.get(pk=posted["message"]["id"])
        assert (old.content, str(old.replaced_by_id)) == ("First.", again.json["message"]["id"])

    def test_driver_and_options_stay(self) -> None:
        with fake_driver("Hello") as driver:
            posted = self.post(temperature=0.25).json
            self.read(posted)
            self.read(self.message(posted, "regenerate").json)
        assert [call.options for call in driver.calls] == [{"temperature": 0.25}] * 2

    def test_only_the_latest(self) -> None:
        with fake_driver("Hello"):
            first = self.ask_in()
            self.read(first)
            second = self.ask_in(first["conversation"]["id"])
            self.assert_refused(first, "regenerate", 409, "conversation_busy")
            self.read(second)
            self.assert_refused(first, "regenerate", 409, "not_latest")
            again = self.message(second, "regenerate").json
            self.read(again)
            self.assert_refused(second, "regenerate", 409, "not_latest")

    def test_only_answers(self) -> None:
        posted = self.ask_in()
        self.assert_refused(posted, "regenerate", 404, "not_found", pk=posted["question"]["id"])
        self.assert_refused(posted, "regenerate", 404, "not_found", pk=unknown())

    def assert_refused(
        self, posted: Any, action: str, status: int, code: str, **extra: Any
    ) -> None:
        refused = self.message(posted, action, **extra)
        assert (refused.status, refused.json["code"]) == (status, code)


class EditTests(WithChat, TestCase):
    def test_question_and_answer_are_replaced(self) -> None:
        with fake_driver("Yes.") as driver:
            first = self.ask_in(prompt="One?")
            self.read(first)
            second = self.ask_in(first["conversation"]["id"], "Two?")
            self.read(second)
            edited = self.edit(second, "Three?")
            assert edited.status == 201
            self.read(edited.json)
        assert asked(driver) == [("user", "One?"), ("assistant", "Yes."), ("user", "Three?")]
        shown = [m["content"] for m in self.conversation(first)["messages"]]
        assert shown == ["One?", "Yes.", "Three?", "Yes."]
        assert ChatMessage.objects.filter(replaced_by=None).count() == 4
        assert ChatMessage.objects.count() == 6

    def test_after_asking_again(self) -> None:
        with fake_driver("Yes."):
            posted = self.ask_in(prompt="One?")
            self.read(posted)
            self.read(self.message(posted, "regenerate").json)
            self.read(self.edit(posted, "Two?").json)
        shown = [m["content"] for m in self.conversation(posted)["messages"]]
        assert shown == ["Two?", "Yes."]

    def test_only_the_latest_question(self) -> None:
        with fake_driver("Yes."):
            first = self.ask_in()
            self.read(first)
            self.read(self.ask_in(first["conversation"]["id"]))
        refused = self.edit(first, "Other?")
        assert (refused.status, refused.json["code"]) == (409, "not_latest")

    def test_not_while_it_is_answered(self) -> None:
        refused = self.edit(self.ask_in(), "Other?")
        assert (refused.status, refused.json["code"]) == (409, "conversation_busy")

    def test_blank(self) -> None:
        refused = self.edit(self.ask_in(), " ")
        assert (refused.status, list(refused.json["fields"])) == (400, ["prompt"])

    def edit(self, posted: Any, prompt: str, **extra: Any) -> Any:
        pk = posted["question"]["id"]
        return self.message(posted, "edit", {"prompt": prompt}, pk=pk, **extra)


class IdempotencyTests(WithChat, TestCase):
    KEY = {"Idempotency-Key": "7a1d"}

    def test_same_request_gets_the_first_answer(self) -> None:
        with fake_driver("Hello") as driver:
            first = self.post(headers=self.KEY)
            self.read(first.json)
            second = self.post(headers=self.KEY)
            assert second.status == 201
            assert second.json["message"]["id"] == first.json["message"]["id"]
            assert second.json["question"] == first.json["question"]
            assert self.read(second.json).text == "Hello"
        assert len(driver.calls) == 1
        assert ChatMessage.objects.count() == 2

    def test_other_request_is_refused(self) -> None:
        first = self.post(headers=self.KEY).json
        for data in (
            {"prompt": "Other"},
            {"temperature": 1},
            {"conversation": first["conversation"]["id"]},
        ):
            refused = self.post(**{"prompt": "Hi", "headers": self.KEY} | data)
            assert (refused.status, refused.json["code"]) == (422, "idempotency_key_reused")
        assert ChatMessage.objects.count() == 2

    def test_before_the_busy_check(self) -> None:
        posted = self.ask_in()
        data = {"conversation": posted["conversation"]["id"]}
        with fake_driver("Hello"):
            self.read(posted)
        first = self.post(headers=self.KEY, **data)
        second = self.post(headers=self.KEY, **data)
        assert [first.status, second.status] == [201, 201]
        assert first.json["message"]["id"] == second.json["message"]["id"]

    def test_regenerate_and_edit(self) -> None:
        with fake_driver("Hello"):
            posted = self.ask_in()
            self.read(posted)
            again = [self.message(posted, "regenerate", headers=self.KEY).json for _ in range(2)]
            assert again[0]["message"]["id"] == again[1]["message"]["id"]
            self.read(again[0])
            data = {"prompt": "Other?"}
            edit = {"pk": posted["question"]["id"], "headers": {"Idempotency-Key": "8b2e"}}
            edits = [self.message(posted, "edit", data, **edit) for _ in range(2)]
            assert edits[0].json["message"]["id"] == edits[1].json["message"]["id"]
            refused = self.message(posted, "edit", {"prompt": "No"}, **edit)
            assert refused.status == 422
        assert ChatMessage.objects.count() == 5

    def test_key_of_one_kind_is_no_key_of_another(self) -> None:
        with fake_driver("Hello"):
            posted = self.post(headers=self.KEY).json
            self.read(posted)
        assert self.message(posted, "regenerate", headers=self.KEY).status == 422

    def test_keys_that_cannot_be(self) -> None:
        for key in ("x" * 129, "a\tb", "ü"):
            refused = self.post(headers={"Idempotency-Key": key})
            assert (refused.status, refused.json["code"]) == (400, "invalid_request")
        assert self.post(headers={"Idempotency-Key": "x" * 128}).status == 201


class CancelTests(WithChat, TestCase):
    def test_pending_answer_is_never_asked_for(self) -> None:
        with fake_driver("Hello") as driver:
            posted = self.ask_in()
            cancelled = self.message(posted, "cancel")
            assert cancelled.status == 200
            assert cancelled.json["message"]["state"] == "cancelled"
            assert cancelled.json["message"]["reason"] == "user"
            ended = self.read(posted).events[-1]
        assert (ended.event, ended.json()) == ("done", {"status": "cancelled", "reason": "user"})
        assert driver.calls == []
        self.ask_in(posted["conversation"]["id"])

    def test_ended_answer_stays_what_it_is(self) -> None:
        with fake_driver("Hello"):
            posted = self.ask_in()
            self.read(posted)
        assert self.message(posted, "cancel").json["message"]["state"] == "complete"

    def test_question_and_unknown(self) -> None:
        posted = self.ask_in()
        for pk in (posted["question"]["id"], unknown()):
            assert self.message(posted, "cancel", pk=pk).status == 404

    def test_get_cancels_nothing(self) -> None:
        posted = self.ask_in()
        path = f"{MESSAGES}{posted['message']['id']}/cancel/"
        assert self.ask(path).status == 405
        assert ChatMessage.objects.get(role="assistant").state == "pending"


class AsyncRegenerateTests(WithAsyncClient, RegenerateTests):
    pass


class AsyncEditTests(WithAsyncClient, EditTests):
    pass


class AsyncIdempotencyTests(WithAsyncClient, IdempotencyTests):
    pass


class AsyncCancelTests(WithAsyncClient, CancelTests):
    pass
