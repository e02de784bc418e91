"""Conversations: the list, names, deleting, and what a reload or another tab finds."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Any

from tests.browser.support import LIMIT, BrowserTestCase
from tests.browser.widget.base import WidgetTest
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate

COLUMNS = "SELECT name FROM pragma_table_info('{}') WHERE name NOT IN ({})"


class Conversations(WidgetTest):
    def open_list(self) -> None:
        self.widget.button("Conversations").click()
        expect(self.widget.conversations).to_be_visible()

    def two_conversations(self) -> None:
        self.answered("About apples.", question="Apples?")
        self.widget.button("New conversation").click()
        expect(self.widget.empty).to_be_visible()
        self.answered("About pears.", question="Pears?")

    def test_new_one_begins_empty_and_is_called_by_its_first_words(self) -> None:
        expect(self.widget.title).to_have_text("New conversation")
        self.two_conversations()

        expect(self.widget.title).to_have_text("Pears?")
        assert [len(each.body["messages"]) for each in self.provider.requests] == [1]
        self.open_list()
        expect(self.widget.entries).to_have_text(["Pears?", "Apples?"], use_inner_text=True)
        expect(self.widget.entry("Pears?")).to_have_attribute("aria-current", "page")

    def test_open_another_one_and_go_on_there(self) -> None:
        self.two_conversations()
        self.open_list()

        self.widget.entry("Apples?").click()

        expect(self.widget.questions).to_have_text(["Apples?"])
        self.widget.assert_text("About apples.")
        expect(self.widget.title).to_have_text("Apples?")
        self.answered("More.", question="And?")
        expect(self.widget.texts).to_have_text(["About apples.", "More."])
        [request] = self.provider.requests
        assert [message["content"] for message in request.body["messages"]] == [
            "Apples?",
            "About apples.",
            "And?",
        ]

    def test_rename_in_the_list_and_above_the_dialogue(self) -> None:
        self.two_conversations()
        self.open_list()
        self.widget.entry("Apples?").hover()
        self.widget.button("Rename: Apples?").click()
        self.page.keyboard.type("Fruit <b>")
        self.page.keyboard.press("Enter")
        expect(self.widget.entries).to_have_text(["Pears?", "Fruit <b>"], use_inner_text=True)

        self.widget.title.click()
        self.page.keyboard.type("Pears!")
        self.page.keyboard.press("Enter")

        expect(self.widget.title).to_have_text("Pears!")
        expect(self.widget.entries).to_have_text(["Pears!", "Fruit <b>"], use_inner_text=True)
        self.page.reload()
        expect(self.widget.title).to_have_text("Pears!")

    def test_rename_given_up(self) -> None:
        self.answered("About apples.", question="Apples?")
        self.widget.title.click()
        self.page.keyboard.type("Nothing")

        self.page.keyboard.press("Escape")

        expect(self.widget.title).to_have_text("Apples?")
        expect(self.widget.title).to_be_focused()
        assert not [each for each in self.proxy.exchanges if each.method == "PATCH"]

    def test_delete_asks_first(self) -> None:
        self.two_conversations()
        self.open_list()
        self.widget.entry("Apples?").hover()
        self.widget.button("Delete: Apples?").click()
        expect(self.widget.conversations).to_contain_text("Delete this conversation?")
        self.widget.button("Cancel").click()
        expect(self.widget.entries).to_have_count(2)

        self.widget.entry("Apples?").hover()
        self.widget.button("Delete: Apples?").click()
        self.widget.button("Delete").click()

        expect(self.widget.entries).to_have_text(["Pears?"], use_inner_text=True)
        self.widget.assert_text("About pears.")
        self.page.reload()
        self.widget.assert_text("About pears.")

    def test_deleting_the_open_one_begins_a_new_one(self) -> None:
        self.two_conversations()
        self.open_list()
        self.widget.entry("Pears?").hover()
        self.widget.button("Delete: Pears?").click()

        self.widget.button("Delete").click()

        expect(self.widget.empty).to_be_visible()
        expect(self.widget.title).to_have_text("New conversation")
        expect(self.widget.entries).to_have_text(["Apples?"], use_inner_text=True)
        self.answered("Plums are blue.", question="Plums?")
        expect(self.widget.entries).to_have_count(2)

    def test_new_conversation_while_an_answer_runs_and_back(self) -> None:
        gate = Gate()
        self.serve("As far as ", gate, "the end.")
        self.widget.ask("Slowly?")
        self.widget.assert_text("As far as")
        self.widget.button("New conversation").click()
        expect(self.widget.empty).to_be_visible()
        self.widget.wait_until("idle")

        self.open_list()
        self.widget.entry("Slowly?").click()
        self.widget.wait_until("streaming")
        self.widget.assert_text("As far as")
        gate.open()

        self.widget.assert_text("As far as the end.")
        self.widget.wait_until("idle")
        assert len(self.asked) == 1

    def test_each_conversation_keeps_its_draft(self) -> None:
        self.two_conversations()
        self.widget.field.press_sequentially("Ripe")
        self.open_list()

        self.widget.entry("Apples?").click()
        expect(self.widget.questions).to_have_text(["Apples?"])
        expect(self.widget.field).to_have_value("")
        self.widget.entry("Pears?").click()

        expect(self.widget.questions).to_have_text(["Pears?"])
        expect(self.widget.field).to_have_value("Ripe")

    def test_one_that_was_deleted_elsewhere(self) -> None:
        self.answered("About apples.", question="Apples?")
        other = self.second_tab()
        other.button("Conversations").click()
        other.entry("Apples?").hover()
        other.button("Delete: Apples?").click()
        other.button("Delete").click()
        expect(other.entries).to_have_count(0)  # once the server has said so
        expect(other.empty).to_be_visible()

        self.widget.ask("Still there?")

        expect(self.widget.notice).to_contain_text("This conversation does not exist any more.")
        expect(self.widget.field).to_have_value("Still there?")
        self.page.reload()
        self.widget.wait_until("idle")
        expect(self.widget.empty).to_be_visible()

    def test_earlier_messages_come_when_asked_for_and_nothing_jumps(self) -> None:
        self.answered("The latest.", question="Latest?")
        assert isinstance(self, BrowserTestCase)
        _add_questions(self.server.database, 150)
        self.page.reload()
        expect(self.widget.questions).to_have_count(99)
        self.widget.transcript.evaluate("(it) => it.scrollTo(0, 0)")
        first = self.widget.questions.first
        expect(first).to_have_text("Old 53")
        mark = first.element_handle()
        before = mark.bounding_box()

        self.widget.earlier.click()

        expect(self.widget.questions).to_have_count(151)
        expect(self.widget.questions.first).to_have_text("Old 1")
        expect(self.widget.earlier).to_be_hidden()
        # Messages that come into sight get their real height, one after the other.
        assert before is not None
        deadline = time.monotonic() + LIMIT
        while abs(before["y"] - self.place_of(mark)) > before["height"]:
            assert time.monotonic() < deadline, (before, self.place_of(mark))
            self.page.wait_for_timeout(20)

    def place_of(self, element: Any) -> float:
        box = element.bounding_box()
        assert box is not None
        return float(box["y"])

    def test_list_comes_in_pages(self) -> None:
        self.answered("Yes.", question="The latest")
        assert isinstance(self, BrowserTestCase)
        _add_conversations(self.server.database, 35)

        self.open_list()
        expect(self.widget.entries).to_have_count(30)
        self.widget.button("More", self.widget.conversations).click()

        expect(self.widget.entries).to_have_count(36)
        expect(self.widget.button("More", self.widget.conversations)).to_be_hidden()


def _add_questions(database: object, count: int) -> None:
    """Put questions before the first one of the conversation that was written to last."""
    _copy(
        database,
        "mindwave_django_chatmessage",
        "(SELECT * FROM mindwave_django_chatmessage WHERE role = 'user' "
        "ORDER BY rowid DESC LIMIT 1)",
        {"position": "{n}", "content": "'Old {n}'"},
        count,
        "UPDATE mindwave_django_chatmessage SET position = position + 1000",
    )


def _add_conversations(database: object, count: int) -> None:
    """Put conversations into the list, of the owner who came last."""
    _copy(
        database,
        "mindwave_django_conversation",
        "(SELECT * FROM mindwave_django_conversation ORDER BY rowid DESC LIMIT 1)",
        {"title": "'Old {n}'", "updated_at": "'2020-01-01 00:00:00'"},
        count,
    )


def _copy(
    database: object, table: str, source: str, changes: dict[str, str], count: int, *before: str
) -> None:
    new = {"id": "lower(hex(randomblob(16)))", "idempotency_key": "''"} | changes
    with closing(sqlite3.connect(str(database), timeout=60)) as connection, connection:
        for statement in before:
            connection.execute(statement)
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        for number in range(1, count + 1):
            values = (new.get(name, name).format(n=number) for name in columns)
            connection.execute(f"INSERT INTO {table} SELECT {', '.join(values)} FROM {source}")


class Tabs(WidgetTest):
    def test_second_tab_reads_along_and_both_end_with_the_same_text(self) -> None:
        gate = Gate()
        self.serve("One, ", gate, "two.")
        self.widget.ask("Count")
        self.widget.assert_text("One,")

        other = self.second_tab()
        self.open_in(other, "Count")
        other.wait_until("streaming")
        other.assert_text("One,")
        gate.open()

        for widget in (self.widget, other):
            widget.assert_text("One, two.")
            widget.wait_until("idle")
        assert other.text_handed_over == self.widget.text_handed_over == "One, two."
        assert len(self.asked) == 1

    def test_second_tab_must_wait_for_the_first_and_is_told_so(self) -> None:
        self.answered("Ready.", question="Count")
        other = self.second_tab()
        self.open_in(other, "Count")
        gate = Gate()
        self.serve("One, ", gate, "two.")
        self.widget.ask("To two")
        self.widget.assert_text("One,")

        other.ask("Me too")

        expect(other.notice).to_contain_text("Another answer is being written")
        expect(other.field).to_have_value("Me too")
        other.button("Show it").click()
        other.assert_text("One,")
        gate.open()
        other.assert_text("One, two.")
        other.wait_until("idle")
        self.widget.assert_text("One, two.")
        self.widget.wait_until("idle")
        expect(other.field).to_have_value("Me too")
        assert self.asked == ["To two"]

    def test_stop_in_one_tab_is_seen_in_the_other(self) -> None:
        self.serve("As far as", Gate())
        self.widget.ask("Count")
        self.widget.assert_text("As far as")
        other = self.second_tab()
        self.open_in(other, "Count")
        other.assert_text("As far as")

        other.stop.click()

        for widget in (self.widget, other):
            widget.wait_until("idle")
            expect(widget.notes).to_have_text("Stopped")
            widget.assert_text("As far as")

    def open_in(self, tab: object, title: str) -> None:
        """Open a conversation, where the tab does not know it already."""
        from tests.browser.widget.widget import Widget

        assert isinstance(tab, Widget)
        tab.button("Conversations").click()
        tab.entry(title).click()
        expect(tab.questions.first).to_have_text(title)
