"""The admin: to read what was said, to find it, and to delete it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from mindwave_django.models import ChatMessage, Conversation, MessageState
from tests.management.rows import answer, conversation, question, talk

CONVERSATIONS = reverse("admin:mindwave_django_conversation_changelist")
MESSAGES = reverse("admin:mindwave_django_chatmessage_changelist")
ALL_PERMISSIONS = ("view_conversation", "delete_conversation", "view_chatmessage")
ALL_PERMISSIONS += ("delete_chatmessage",)


def page_of(row: Conversation | ChatMessage, page: str = "change") -> str:
    return reverse(f"admin:mindwave_django_{row._meta.model_name}_{page}", args=[row.pk])


class AdminTestCase(TestCase):
    """A person with some permissions looks at pages."""

    permissions: tuple[str, ...] = ALL_PERMISSIONS

    def setUp(self) -> None:
        self.staff = get_user_model().objects.create_user("staff", is_staff=True)
        self.staff.user_permissions.set(Permission.objects.filter(codename__in=self.permissions))
        self.client.force_login(self.staff)

    def html(self, url: str, data: dict[str, Any] | None = None) -> str:
        response = self.client.get(url, data or {})
        assert response.status_code == 200, response
        return response.content.decode()

    def titles(self, **parameters: str) -> list[str]:
        return re.findall(
            r'field-title_column"><a href="[^"]+">([^<]*)<', self.html(CONVERSATIONS, parameters)
        )

    def excerpts(self, **parameters: str) -> list[str]:
        return re.findall(
            r'field-excerpt_column"><a href="[^"]+">([^<]*)<', self.html(MESSAGES, parameters)
        )


class ConversationListTests(AdminTestCase):
    def test_columns(self) -> None:
        ann = get_user_model().objects.create_user("ann")
        talk(f"u:{ann.pk}", title="Streaming")
        html = self.html(CONVERSATIONS)
        assert self.titles() == ["Streaming"]
        assert f'<a href="{CONVERSATIONS}?owner=u%3A{ann.pk}">ann</a>' in html
        assert '<td class="field-count_column">2</td>' in html

    def test_owners_that_are_no_user(self) -> None:
        for owner in ("s:abcdefghijk", "u:404", "u:no-number"):
            talk(owner)
        html = self.html(CONVERSATIONS)
        for name in (">visitor abcdef…<", ">u:404<", ">u:no-number<"):
            assert name in html

    def test_owner_leads_to_all_of_theirs(self) -> None:
        talk("u:1", title="One"), talk("u:1", title="Two"), talk("u:2", title="Three")
        assert sorted(self.titles(owner="u:1")) == ["One", "Two"]

    def test_queries_do_not_grow_with_the_list(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as found:
                assert self.titles()
            return len(found)

        talk(f"u:{self.staff.pk}")
        before = queries()
        for number in range(10):
            user = get_user_model().objects.create_user(f"user{number}")
            talk(f"u:{user.pk}")
        assert queries() == before

    def test_search(self) -> None:
        ann = get_user_model().objects.create_user("ann")
        one, two = talk(f"u:{ann.pk}", title="Streaming"), talk("u:404", title="Cooking")
        answer(question(two, "How long do eggs take?"), "Seven minutes")
        for term, expected in (
            ("stream", [one]),
            ("eggs", [two]),
            ("seven MINUTES", [two]),
            ("u:404", [two]),
            ("ann", [one]),
            (str(one.pk), [one]),
            (two.pk.hex, [two]),
            ("nothing of this", []),
        ):
            with self.subTest(term):
                assert self.titles(q=term) == [c.title for c in expected]

    def test_found_once_however_often_it_is_said(self) -> None:
        made = conversation(title="Eggs")
        answer(question(made, "eggs"), "eggs and eggs")
        assert self.titles(q="eggs") == ["Eggs"]

    def test_conversation_without_a_title_has_a_link(self) -> None:
        made = talk(title="")
        assert self.titles() == [str(made.pk)]

    def test_there_is_no_way_to_add_or_change(self) -> None:
        made = talk()
        assert f"{CONVERSATIONS}add/" not in self.html(CONVERSATIONS)
        assert self.client.get(f"{CONVERSATIONS}add/").status_code == 403
        assert 'name="_save"' not in self.html(page_of(made))
        assert self.client.post(page_of(made), {"title": "Other"}).status_code == 403


class SuperuserTests(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(get_user_model().objects.create_superuser("root"))

    test_there_is_no_way_to_add_or_change = (
        ConversationListTests.test_there_is_no_way_to_add_or_change
    )

    def test_messages_cannot_be_changed_either(self) -> None:
        made = answer(question(conversation()))
        assert self.client.get(f"{MESSAGES}add/").status_code == 403
        assert self.client.post(page_of(made), {"content": "Other"}).status_code == 403
        made.refresh_from_db()
        assert made.content == "An answer"


class DialogueTests(AdminTestCase):
    def articles(self, made: Conversation) -> list[str]:
        return re.findall(r"<article.*?</article>", self.html(page_of(made)), re.DOTALL)

    def test_question_and_answer_in_order(self) -> None:
        made = conversation()
        for number in "12":
            answer(question(made, f"Question {number}"), f"Answer {number}")
        texts = re.findall(r'mindwave-text" dir="auto">([^<]+)<', self.html(page_of(made)))
        assert texts == ["Question 1", "Answer 1", "Question 2", "Answer 2"]

    def test_facts_of_an_answer(self) -> None:
        made = conversation()
        answer(
            question(made),
            model="gpt-4.1-mini",
            state=MessageState.FAILED,
            error_code="timeout",
            input_tokens=12,
            usage_source="estimated",
            cost=Decimal("0.00310000"),
            finish_reason="length",
        )
        article = self.articles(made)[1]
        for fact in (
            *("gpt-4.1-mini", "failed: timeout", "tokens: 12 in, ? out (estimated)"),
            *("cost: 0.0031", "length"),
        ):
            assert f">{fact}<" in article

    def test_texts_are_text(self) -> None:
        made = conversation()
        text = "# Title\n\n<script>alert(1)</script>\n  [x](javascript:y) **bold** & more"
        answer(question(made), text, reasoning="<b>Hm</b>\n  so")
        article = self.articles(made)[1]
        assert f'<div class="mindwave-text" dir="auto">{escape(text)}</div>' in article
        assert escape("<b>Hm</b>\n  so") in article
        assert "<script>" not in article

    def test_replaced_siblings_are_marked_and_folded(self) -> None:
        made = conversation()
        asked = question(made)
        old, new = answer(asked, "Old"), answer(asked, "New")
        ChatMessage.objects.filter(pk=old.pk).update(replaced_by=new)
        _, replaced, counting = self.articles(made)
        assert f'<a href="#message-{new.pk}">replaced</a>' in replaced
        assert replaced.index("<details>") < replaced.index("Old") < replaced.index("</details>")
        assert "replaced" not in counting
        assert "<details>" not in counting

    def test_answer_without_text(self) -> None:
        made = conversation()
        answer(question(made), "", state=MessageState.CANCELLED, cancel_reason="no_reader")
        article = self.articles(made)[1]
        assert "No text." in article
        assert "cancelled: no_reader" in article

    def test_long_conversations_show_their_end(self) -> None:
        made = conversation()
        for number in range(102):
            answer(question(made, f"Question {number}"))
        html = self.html(page_of(made))
        assert "Question 1<" not in html
        assert "Question 2<" in html
        assert "Earlier messages: 4" in html
        assert f"{MESSAGES}?conversation__id__exact={made.pk}" in html
        assert "204 messages" in self.html(MESSAGES, {"conversation__id__exact": str(made.pk)})

    def test_nothing_inline(self) -> None:
        made = talk()
        html = self.html(page_of(made))
        section = html[html.index("mindwave-dialogue") :]
        assert "style=" not in section
        assert "<style" not in html
        assert 'href="/static/mindwave_django/admin.css"' in html

    def test_messages_are_a_click_away(self) -> None:
        made = conversation()
        said = question(made)
        assert f'href="{page_of(said)}"' in self.articles(made)[0]


class MessageTests(AdminTestCase):
    def test_columns(self) -> None:
        made = conversation(title="Eggs")
        said = answer(
            question(made), "Seven " * 50, model="m-1", output_tokens=50, cost=Decimal("0.5")
        )
        html = self.html(MESSAGES)
        for cell in ("m-1", "? / 50", "0.5"):
            assert f">{cell}</td>" in html
        assert f'<a href="{page_of(made)}#message-{said.pk}">Eggs</a>' in html
        assert "Seven " * 10 in html
        assert "Seven " * 11 not in html

    def test_texts_are_not_loaded_for_the_list(self) -> None:
        talk()
        with CaptureQueriesContext(connection) as queries:
            self.excerpts()
        lists = [q["sql"] for q in queries if "SUBSTR" in q["sql"].upper()]
        assert len(lists) == 1
        assert '"content",' not in re.sub(r"SUBSTR\w*\([^)]*\)", "", lists[0], flags=re.IGNORECASE)
        assert '"reasoning"' not in lists[0]

    def test_queries_do_not_grow_with_the_list(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as found:
                assert self.excerpts()
            return len(found)

        talk()
        before = queries()
        for number in range(10):
            talk(f"u:{number}")
        assert queries() == before

    def test_filters(self) -> None:
        asked = question(conversation(), "Asked")
        answer(asked, "Half", state=MessageState.FAILED, model="m-1")
        answer(asked, "Whole", model="m-2")
        assert self.excerpts(state__exact="failed") == ["Half"]
        assert self.excerpts(model="m-2") == ["Whole"]
        assert self.excerpts(role__exact="user") == ["Asked"]
        assert len(self.excerpts(created_at__gte="2000-01-01 00:00:00+00:00")) == 3

    def test_search(self) -> None:
        said = answer(question(conversation(), "Asked"), "Seven minutes", response_id="chatcmpl-7")
        for term in ("minutes", "chatcmpl-7", said.stream_id):
            with self.subTest(term):
                assert self.excerpts(q=term) == ["Seven minutes"]

    def test_page_of_an_answer(self) -> None:
        made = conversation(title="Eggs")
        text = "<b>\n  Seven"
        said = answer(question(made, "Asked"), text, options={"temperature": 0.5})
        html = self.html(page_of(said))
        assert f'<div class="mindwave-text" dir="auto">{escape(text)}</div>' in html
        assert f'<a href="{page_of(made)}">Eggs</a>' in html
        assert f'<a href="{page_of(said.reply_to or said)}">Asked</a>' in html
        assert escape('{"temperature": 0.5}') in html
        assert "Usage" in html

    def test_page_of_a_question_shows_only_what_it_has(self) -> None:
        html = self.html(page_of(question(conversation())))
        assert "A question" in html
        assert "Usage" not in html


class DeletingTests(AdminTestCase):
    def test_messages_are_counted_and_not_listed(self) -> None:
        made = talk(title="Eggs")
        html = self.html(page_of(made, "delete"))
        assert "Messages: 2" in html
        assert "An answer" not in html

    def test_log_holds_no_words_of_the_person(self) -> None:
        made, others = talk(title="Secret"), talk(title="Secret")
        self.client.post(page_of(made, "delete"), {"post": "yes"})
        self.client.post(
            CONVERSATIONS,
            {"action": "delete_selected", "_selected_action": [str(others.pk)], "post": "yes"},
        )
        assert not Conversation.objects.exists()
        logged = LogEntry.objects.values_list("object_repr", flat=True)
        assert sorted(logged) == sorted([str(made.pk), str(others.pk)])


class EraseTests(AdminTestCase):
    def post(self, *selected: Conversation, **data: str) -> str:
        chosen = {"_selected_action": [str(c.pk) for c in selected], "action": "erase_owners"}
        response = self.client.post(CONVERSATIONS, chosen | data, follow=True)
        return response.content.decode()

    def confirmed(self, *selected: Conversation) -> str:
        asked = self.post(*selected)
        fields = dict(re.findall(r'name="(owners|select_across)" value="([^"]*)"', asked))
        return self.post(*selected, **fields)

    def test_asks_first_and_says_how_much(self) -> None:
        ann = get_user_model().objects.create_user("ann")
        owner = f"u:{ann.pk}"
        selected = talk(owner), talk(owner), talk("s:abcdefghijk")
        talk(owner), talk("u:404")
        html = self.post(*selected)
        numbers = re.findall(r"<td>(\d+)</td>", html)
        assert numbers == ["2", "4", "8"]
        assert f"<li>ann ({owner})</li>" in html
        assert "<li>visitor abcdef…</li>" in html
        assert Conversation.objects.count() == 5

    def test_deletes_everything_of_them_and_nothing_else(self) -> None:
        selected, _ = talk("u:1"), talk("u:1")
        kept = talk("u:2")
        assert "All data of these owners is deleted." in self.confirmed(selected)
        assert list(Conversation.objects.all()) == [kept]
        assert ChatMessage.objects.count() == 2

    def test_is_logged(self) -> None:
        selected = talk("u:1", title="Secret"), talk("u:2")
        talk("u:1")
        self.confirmed(*selected)
        assert list(
            LogEntry.objects.order_by("pk").values_list("object_repr", "change_message")
        ) == [
            ("u:1", "All data; conversations: 2, messages: 4."),
            ("u:2", "All data; conversations: 1, messages: 2."),
        ]
        entry = LogEntry.objects.latest("pk")
        assert (entry.user, entry.is_deletion()) == (self.staff, True)

    def test_selection_that_has_changed_is_asked_about_again(self) -> None:
        talk("u:1")
        parameters = {"select_across": "1"}
        one = Conversation.objects.get()
        asked = self.post(one, **parameters)
        fields = dict(re.findall(r'name="(owners|select_across)" value="([^"]*)"', asked))
        talk("u:2")
        assert "The selection has changed meanwhile." in self.post(one, **fields)
        assert Conversation.objects.count() == 2

    def test_many_owners_are_not_all_named(self) -> None:
        html = self.post(*(talk(f"u:{number}") for number in range(500, 525)))
        assert html.count("<li>u:5") == 20
        assert "further owners: 5" in html

    def test_needs_the_permissions(self) -> None:
        made = talk("u:1")
        for missing in ("delete_conversation", "delete_chatmessage"):
            with self.subTest(missing):
                self.permissions = tuple({*ALL_PERMISSIONS} - {missing})
                self.staff.user_permissions.set(
                    Permission.objects.filter(codename__in=self.permissions)
                )
                assert "erase_owners" not in self.html(CONVERSATIONS)
                self.confirmed(made)
                assert Conversation.objects.exists()


class PermissionTests(AdminTestCase):
    permissions = ()

    def test_nothing_without_permissions(self) -> None:
        made = talk()
        for url in (CONVERSATIONS, MESSAGES, page_of(made), page_of(made.messages.first() or made)):
            with self.subTest(url):
                assert self.client.get(url).status_code == 403


class ViewerTests(AdminTestCase):
    permissions = ("view_conversation", "view_chatmessage")

    def test_viewers_see_and_cannot_delete(self) -> None:
        made = talk()
        assert "An answer" in self.html(page_of(made))
        assert "delete" not in re.findall(r"<a [^>]*deletelink", self.html(page_of(made)))
        assert self.client.post(page_of(made, "delete"), {"post": "yes"}).status_code == 403
        assert "delete_selected" not in self.html(CONVERSATIONS)
