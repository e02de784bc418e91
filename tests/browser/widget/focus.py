"""Where the keyboard is after what it pressed has gone: never nowhere."""

from __future__ import annotations

from tests.browser.support import BrowserTestCase
from tests.browser.widget.base import WidgetTest
from tests.browser.widget.conversations import _add_conversations, _add_questions
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate, Reset


class Focus(WidgetTest):
    def press(self, name: str) -> None:
        """Press a button by the keyboard."""
        self.widget.button(name).last.focus()
        self.page.keyboard.press("Enter")

    def assert_kept(self) -> None:
        """Wait until nothing goes on any more: something in the chat has the focus."""
        self.widget.wait_until("idle")
        nowhere = "() => document.activeElement === document.body"
        assert not self.page.evaluate(nowhere), "The focus is lost."

    def open_list(self) -> None:
        """Open the list while it is empty: it is not read again after that."""
        self.press("Conversations")
        expect(self.widget.conversations).to_contain_text("No conversations yet.")
        for question in ("Apples?", "Pears?"):
            self.press("New conversation")
            expect(self.widget.empty).to_be_visible()
            self.answered("Yes.", question=question)
        expect(self.widget.entries).to_have_count(2)

    def test_starter(self) -> None:
        self.open(starters=["Why?"])
        self.serve("Because.")
        self.press("Why?")

        self.widget.assert_text("Because.")
        self.assert_kept()

    def test_renamed_in_the_list(self) -> None:
        self.open_list()
        self.press("Rename: Apples?")
        self.page.keyboard.type("Fruit")
        self.page.keyboard.press("Enter")

        expect(self.widget.entry("Fruit")).to_be_visible()
        assert self.widget.focus == "Fruit"

    def test_renamed_above(self) -> None:
        self.answered("Yes.", question="Apples?")
        self.widget.title.press("Enter")
        self.page.keyboard.type("Fruit")
        self.page.keyboard.press("Enter")

        expect(self.widget.title).to_have_text("Fruit")
        assert self.widget.focus == "Fruit"

    def test_deleted_in_the_list(self) -> None:
        self.open_list()
        self.press("Delete: Pears?")
        self.press("Delete")
        expect(self.widget.entries).to_have_count(1)
        expect(self.widget.empty).to_be_visible()
        self.assert_kept()

    def test_another_one_deleted_in_the_list(self) -> None:
        self.open_list()
        self.press("Delete: Apples?")
        self.press("Delete")
        expect(self.widget.entries).to_have_count(1)
        self.assert_kept()

    def test_deleted_from_the_menu(self) -> None:
        self.answered("Yes.", question="Apples?")
        self.press("More about this conversation")
        self.press("Delete")
        self.press("Delete")
        expect(self.widget.empty).to_be_visible()
        self.assert_kept()

    def test_retried(self) -> None:
        self.answered("As far as", Reset())
        self.serve("All of it.")
        self.press("Retry")

        self.widget.assert_text("All of it.")
        self.assert_kept()

    def test_retried_after_a_refusal(self) -> None:
        self.page.route("**/messages/", lambda route: route.fulfill(status=500), times=1)
        self.widget.ask()
        expect(self.widget.notice).to_be_visible()
        self.serve("All of it.")
        self.press("Retry")

        self.widget.assert_text("All of it.")
        self.assert_kept()

    def test_retried_once_the_line_is_back(self) -> None:
        gate = Gate()
        self.serve("One, ", gate, "two.")
        self.widget.ask()
        self.widget.assert_text("One,")
        self.page.route("**/stream/**", lambda route: route.abort())
        self.proxy.cut(reset=True)
        while self.widget.host.get_attribute("state") != "idle":
            self.page.evaluate("() => dispatchEvent(new Event('online'))")
            self.page.wait_for_timeout(20)
        self.page.unroute("**/stream/**")
        self.press("Retry")
        gate.open()

        self.widget.assert_text("One, two.")
        self.assert_kept()

    def test_edited_and_given_up(self) -> None:
        self.answered("Yes.")
        for button in ("Cancel", "Send"):
            self.press("Edit the question")
            self.serve("No.")
            self.widget.part("message").get_by_role("button", name=button).press("Enter")
            self.assert_kept()

    def test_earlier_messages_are_all_there(self) -> None:
        self.answered("Yes.")
        assert isinstance(self, BrowserTestCase)
        _add_questions(self.server.database, 120)
        self.page.reload()
        expect(self.widget.earlier).to_be_visible()
        self.press("Earlier messages")

        expect(self.widget.earlier).to_be_hidden()
        self.assert_kept()

    def test_more_conversations_are_all_there(self) -> None:
        self.answered("Yes.")
        assert isinstance(self, BrowserTestCase)
        _add_conversations(self.server.database, 35)
        self.press("Conversations")
        expect(self.widget.entries).to_have_count(30)
        self.press("More")

        expect(self.widget.entries).to_have_count(36)
        assert self.widget.focus.startswith("Old ")
