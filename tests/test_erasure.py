"""Deleting conversations: in batches, for one owner, never under somebody's hands."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.functions import Now
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from mindwave_django import erasure
from mindwave_django.chat import Ask
from mindwave_django.erasure import Deleted, delete_in_batches, erase_owner, erase_user
from mindwave_django.models import ChatMessage, Conversation, MessageState
from tests.management.rows import answer, conversation, question, talk


class EraseTests(TestCase):
    def test_everything_of_an_owner_goes_and_nothing_else(self) -> None:
        talk("u:1"), talk("u:1", days=100), conversation("u:1")
        other = talk("u:11")
        assert erase_owner("u:1") == Deleted(conversations=3, messages=4)
        assert list(Conversation.objects.all()) == [other]
        assert ChatMessage.objects.count() == 2

    def test_live_answers_go_too(self) -> None:
        answer(question(conversation("s:token")), state=MessageState.STREAMING)
        assert erase_owner("s:token") == Deleted(1, 2)

    def test_siblings_that_point_to_each_other(self) -> None:
        asked = question(conversation())
        old, new = answer(asked), answer(asked)
        ChatMessage.objects.filter(pk=old.pk).update(replaced_by=new)
        assert erase_owner("u:1") == Deleted(1, 3)

    def test_user(self) -> None:
        user = get_user_model().objects.create_user("ann")
        talk(f"u:{user.pk}")
        assert erase_user(user) == Deleted(1, 2)

    def test_unknown_owner(self) -> None:
        assert erase_owner("u:404") == Deleted(0, 0)

    def test_no_owner(self) -> None:
        with self.assertRaises(ValueError) as caught:
            erase_owner("")
        assert str(caught.exception) == ("An owner should be u:<primary key> or s:<token>, got ''.")


class BatchTests(TestCase):
    def test_batches_the_oldest_first(self) -> None:
        kept = [talk(days=age) for age in (1, 5, 3, 4, 2)]
        batches = delete_in_batches(Conversation.objects.all(), 2)
        assert next(batches) == Deleted(2, 4)
        assert {*Conversation.objects.all()} == {kept[0], kept[2], kept[4]}
        assert list(batches) == [Deleted(2, 4), Deleted(1, 2)]

    def test_texts_are_never_loaded(self) -> None:
        talk()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            erase_owner("u:1")
        sql = [query["sql"] for query in queries]
        assert any(statement.startswith("DELETE") for statement in sql)
        assert not [s for s in sql if '"content"' in s or '"title"' in s]

    def test_queries_do_not_grow_with_the_batch(self) -> None:
        def queries(number: int) -> int:
            for _ in range(number):
                talk()
            with CaptureQueriesContext(connection) as found:
                erase_owner("u:1")
            return len(found)

        assert queries(1) == queries(20)

    def test_conversation_that_somebody_uses_meanwhile_stays(self) -> None:
        used, unused = talk(days=40), talk(days=40)
        lock = erasure._lock

        def ask_first(batch: object) -> None:
            Ask(
                owner="u:1", prompt="More", conversation=used.pk, driver="default", options={}
            ).place()
            lock(batch)  # type: ignore[arg-type]

        old = Conversation.objects.filter(updated_at__lt=Now() - timedelta(days=30))
        with mock.patch.object(erasure, "_lock", ask_first):
            assert next(delete_in_batches(old)) == Deleted(1, 2)
        assert list(Conversation.objects.all()) == [used]
        assert used.messages.count() == 4
        assert not ChatMessage.objects.filter(conversation=unused.pk).exists()
