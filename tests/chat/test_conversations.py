"""The list of conversations: paging, reading, renaming, deleting."""

from __future__ import annotations

import datetime as dt

from django.test import TestCase
from django.utils import timezone, translation

from mindwave_django.exceptions import ProviderUnavailable
from mindwave_django.models import ChatMessage, Conversation, MessageState
from mindwave_django.testing import fake_driver
from mindwave_django.views.conversations import CONVERSATIONS_PER_PAGE, MESSAGES_PER_PAGE
from tests.chat.asking import CONVERSATIONS, WithChat, unknown
from tests.clients import WithAsyncClient


class ListTests(WithChat, TestCase):
    def test_a_stranger_without_a_session_has_none(self) -> None:
        assert self.ask(CONVERSATIONS).json == {"conversations": [], "next": None}

    def test_latest_used_comes_first(self) -> None:
        with fake_driver("Hello"):
            first = self.ask_in(prompt="First")
            self.ask_in(prompt="Second")
            self.read(first)
            self.ask_in(first["conversation"]["id"])
        listed = self.ask(CONVERSATIONS).json
        assert [c["title"] for c in listed["conversations"]] == ["First", "Second"]
        assert listed["conversations"][0].keys() == {"id", "title", "created_at", "updated_at"}

    def test_pages_hold_each_conversation_once(self) -> None:
        owner = self.owner()
        moment = timezone.now()
        # Some have the same time: the id decides.
        Conversation.objects.bulk_create(
            Conversation(
                owner=owner,
                title=str(number),
                updated_at=moment - dt.timedelta(microseconds=number // 7),
            )
            for number in range(2 * CONVERSATIONS_PER_PAGE + 5)
        )
        seen: list[str] = []
        sizes = []
        path = CONVERSATIONS
        while path:
            page = self.ask(path).json
            seen += [c["id"] for c in page["conversations"]]
            sizes.append(len(page["conversations"]))
            path = page["next"]
        assert sizes == [CONVERSATIONS_PER_PAGE, CONVERSATIONS_PER_PAGE, 6]
        assert len(set(seen)) == len(seen) == Conversation.objects.count()

    def test_a_place_that_is_none(self) -> None:
        self.ask_in()
        for before in ("x", "2026-01-01T00:00:00Z_7", "2026-13-01T00:00:00Z_", "_"):
            refused = self.ask(CONVERSATIONS, {"before": before})
            assert (refused.status, list(refused.json["fields"])) == (400, ["before"]), before

    def owner(self) -> str:
        self.ask_in()
        return Conversation.objects.get().owner


class OneTests(WithChat, TestCase):
    def test_messages_in_their_order(self) -> None:
        with fake_driver("Hello"):
            posted = self.ask_in(prompt="One")
            self.read(posted)
            self.ask_in(posted["conversation"]["id"], "Two")
        found = self.conversation(posted)
        assert found["title"] == "One"
        assert [m["content"] for m in found["messages"]] == ["One", "Hello", "Two", ""]
        assert [m["state"] for m in found["messages"]] == [*["complete"] * 3, "pending"]
        assert [bool(m["stream"]) for m in found["messages"]] == [False, False, False, True]
        assert found["earlier"] is None

    def test_failure_is_told_in_the_readers_language(self) -> None:
        with fake_driver(ProviderUnavailable("Down")), self.assertLogs("mindwave_django"):
            posted = self.ask_in()
            self.read(posted)
        path = f"{CONVERSATIONS}{posted['conversation']['id']}/"
        found = self.ask(path, headers={"Accept-Language": "de"}).json
        assert found["messages"][1]["error"] == {
            "code": "provider_unavailable",
            "message": str(self.german(ProviderUnavailable)),
            "retryable": True,
        }

    def german(self, error: type[ProviderUnavailable]) -> str:
        with translation.override("de"):
            text = str(error.message)
        assert text.startswith("Das Modell ist gerade nicht")
        return text

    def test_earlier_messages_on_demand(self) -> None:
        posted = self.ask_in()
        conversation = Conversation.objects.get()
        ChatMessage.objects.all().delete()
        ChatMessage.objects.bulk_create(
            ChatMessage(
                conversation=conversation,
                owner=conversation.owner,
                position=number,
                role="user",
                content=str(number),
            )
            for number in range(MESSAGES_PER_PAGE + 3)
        )
        latest = self.conversation(posted)
        assert len(latest["messages"]) == MESSAGES_PER_PAGE
        assert latest["messages"][0]["content"] == "3"
        earlier = self.ask(latest["earlier"]).json
        assert [m["content"] for m in earlier["messages"]] == ["0", "1", "2"]
        assert earlier["earlier"] is None

    def test_a_place_that_is_none(self) -> None:
        path = f"{CONVERSATIONS}{self.ask_in()['conversation']['id']}/"
        for before in ("x", "-1", "9" * 30, "٣"):
            refused = self.ask(path, {"before": before})
            assert (refused.status, list(refused.json["fields"])) == (400, ["before"]), before

    def test_rename(self) -> None:
        posted = self.ask_in()
        path = f"{CONVERSATIONS}{posted['conversation']['id']}/"
        renamed = self.ask(
            path, {"title": "  Better  "}, method="patch", content_type="application/json"
        )
        assert renamed.json["title"] == "Better"
        assert self.conversation(posted)["title"] == "Better"
        for title in ("", " ", "x" * 201):
            refused = self.ask(
                path, {"title": title}, method="patch", content_type="application/json"
            )
            assert (refused.status, list(refused.json["fields"])) == (400, ["title"])

    def test_delete(self) -> None:
        with fake_driver("Hello"):
            posted = self.ask_in()
            self.read(posted)
            kept = self.ask_in(prompt="Kept")
        path = f"{CONVERSATIONS}{posted['conversation']['id']}/"
        deleted = self.ask(path, method="delete")
        assert (deleted.status, deleted.body) == (204, b"")
        assert self.ask(path).status == 404
        assert self.read(posted).status == 404
        assert [str(c.pk) for c in Conversation.objects.all()] == [kept["conversation"]["id"]]
        assert ChatMessage.objects.count() == 2

    def test_unknown(self) -> None:
        for method in ("get", "patch", "delete"):
            refused = self.ask(
                f"{CONVERSATIONS}{unknown()}/", method=method, content_type="application/json"
            )
            assert (refused.status, refused.json["code"]) == (404, "not_found")

    def test_reading_ends_what_nobody_writes_any_more(self) -> None:
        posted = self.ask_in()
        long_ago = timezone.now() - dt.timedelta(hours=1)
        ChatMessage.objects.filter(role="assistant").update(
            state=MessageState.STREAMING, content="Half", checkpoint_at=long_ago
        )
        answer = self.conversation(posted)["messages"][1]
        assert (answer["state"], answer["error"]["code"]) == ("interrupted", "interrupted")
        assert answer["stream"] is None


class AsyncListTests(WithAsyncClient, ListTests):
    pass


class AsyncOneTests(WithAsyncClient, OneTests):
    pass
