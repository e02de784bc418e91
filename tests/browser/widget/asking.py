"""Asking: the field, the button, what stands there until the answer comes, and refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.browser.widget.base import WidgetTest
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate, Reset, Status

if TYPE_CHECKING:
    from playwright.sync_api import Route

BUSY = {"error": "The model is busy.", "code": "rate_limited", "retry_after": 3}

ENTER_OF_AN_INPUT_METHOD = {
    "type": "rawKeyDown",
    "key": "Enter",
    "code": "Enter",
    "windowsVirtualKeyCode": 229,
}


def answer_with(status: int, **body: Any) -> Callable[[Route], None]:
    """Return what answers a request in the place of the server."""
    return lambda route: route.fulfill(status=status, **body)


class Asking(WidgetTest):
    def test_enter_sends_and_the_answer_takes_its_place(self) -> None:
        first, second = Gate(), Gate()
        self.serve(first, "One,", second, " two.")
        expect(self.widget.empty).to_be_visible()

        self.widget.field.fill("  What is it?\n")
        self.widget.field.press("Enter")

        expect(self.widget.questions).to_have_text(["What is it?"])
        expect(self.widget.field).to_have_value("")
        expect(self.widget.empty).to_be_hidden()
        expect(self.widget.stop).to_be_visible()
        first.open()
        self.widget.assert_text("One,")
        expect(self.widget.answer()).to_have_attribute("aria-busy", "true")
        second.open()
        self.widget.assert_text("One, two.")
        self.widget.wait_until("idle")
        expect(self.widget.send).to_be_visible()
        expect(self.widget.answer()).not_to_have_attribute("aria-busy", "true")
        assert self.asked == ["What is it?"]

    def test_button_sends(self) -> None:
        self.serve("Yes.")
        self.widget.field.fill("Really?")

        self.widget.send.click()

        self.widget.assert_text("Yes.")
        self.widget.wait_until("idle")
        assert self.asked == ["Really?"]

    def test_shift_enter_breaks_the_line(self) -> None:
        self.serve("Yes.")
        self.widget.field.press_sequentially("One")
        self.widget.field.press("Shift+Enter")
        self.widget.field.press_sequentially("two")
        expect(self.widget.field).to_have_value("One\ntwo")
        expect(self.widget.questions).to_have_count(0)

        self.widget.field.press("Enter")

        self.widget.assert_text("Yes.")
        self.widget.wait_until("idle")
        assert self.asked == ["One\ntwo"]

    def test_blank_is_not_sent(self) -> None:
        expect(self.widget.send).to_have_attribute("aria-disabled", "true")

        self.widget.ask(" \n\t ")
        self.widget.main_button.click(force=True)

        expect(self.widget.questions).to_have_count(0)
        assert self.proxy.exchanges
        assert not [each for each in self.proxy.exchanges if "/messages/" in each.path]

    def test_field_grows_to_eight_lines(self) -> None:
        heights = []
        for lines in (1, 2, 8, 9, 30):
            self.widget.field.fill("\n".join(map(str, range(lines))))
            heights.append(self.widget.height_of(self.widget.field))

        one, two, eight, nine, thirty = heights
        assert two > one
        self.assertAlmostEqual(eight - one, 7 * (two - one), delta=2)
        assert eight == nine == thirty, heights
        self.widget.field.fill("")
        assert self.widget.height_of(self.widget.field) == one

    def test_dots_until_the_first_word(self) -> None:
        gate = Gate()
        self.serve(gate, "Here.")
        self.widget.ask()

        dots = self.widget.notes.locator(".dots")
        expect(dots).to_be_visible()
        gate.open()
        self.widget.assert_text("Here.")
        expect(dots).to_have_count(0)
        self.widget.wait_until("idle")

    def test_says_after_nine_seconds_that_it_still_waits(self) -> None:
        self.open_with_clock()
        gate = Gate()
        self.serve(gate, "At last.")
        self.widget.ask()
        self.widget.wait_until("streaming")

        self.page.clock.run_for(8900)
        expect(self.widget.notes).not_to_contain_text("Still waiting")
        self.page.clock.run_for(200)

        expect(self.widget.notes).to_contain_text("Still waiting for the model…")
        expect(self.widget.announcer).to_have_text("Still waiting for the model…")
        self.page.clock.resume()
        gate.open()
        self.widget.assert_text("At last.")
        expect(self.widget.notes).not_to_contain_text("Still waiting")
        self.widget.wait_until("idle")

    def test_line_that_is_lost_shows_a_bar_until_it_is_there_again(self) -> None:
        gate = Gate()
        self.serve("One, ", gate, "two.")
        self.widget.ask()
        self.widget.assert_text("One,")
        expect(self.widget.connection).to_be_hidden()

        self.proxy.cut(reset=True)

        expect(self.widget.connection).to_be_visible()
        expect(self.widget.connection).to_have_text("Reconnecting…")
        self.widget.assert_text("One,")
        expect(self.widget.connection).to_be_hidden()
        gate.open()
        self.widget.assert_text("One, two.")
        self.widget.wait_until("idle")
        assert len(self.asked) == 1

    def test_failure_keeps_what_arrived_and_retry_asks_again(self) -> None:
        self.serve("As far as", Reset())
        self.widget.ask()
        self.widget.wait_until("idle")
        expect(self.widget.notes).to_contain_text(
            "The connection to the model was lost. What arrived is kept."
        )
        self.widget.assert_text("As far as")
        self.serve("All of it.")

        self.widget.button("Retry").click()

        self.widget.assert_text("All of it.")
        self.widget.wait_until("idle")
        expect(self.widget.texts).to_have_count(1)
        expect(self.widget.questions).to_have_text(["Hello"])
        assert self.asked == ["Hello"]

    def test_failure_before_any_text(self) -> None:
        self.serve(Status(401))

        self.widget.ask()

        expect(self.widget.notes).to_contain_text("its access is not set up correctly")
        self.widget.wait_until("idle")
        expect(self.widget.button("Retry")).to_have_count(0)
        self.serve("Works.")
        self.widget.ask("And now?")
        self.widget.assert_text("Works.")
        self.widget.wait_until("idle")

    def test_too_many_questions_count_down_with_the_draft_kept(self) -> None:
        self.open_with_clock()
        self.serve("Now.")
        self.page.route("**/messages/", answer_with(429, json=BUSY), times=1)

        self.widget.ask("Once more?")

        expect(self.widget.notice).to_contain_text("The model is busy. Try again in 3 s.")
        expect(self.widget.field).to_have_value("Once more?")
        expect(self.widget.questions).to_have_count(0)
        expect(self.widget.main_button).to_have_text("3")
        self.page.clock.run_for(1100)
        expect(self.widget.main_button).to_have_text("2")
        expect(self.widget.button("Wait 2 s")).to_be_visible()
        expect(self.widget.notice).to_contain_text("Try again in 2 s.")
        self.widget.field.press("Enter")
        self.widget.main_button.click(force=True)
        expect(self.widget.questions).to_have_count(0)
        self.page.clock.run_for(2100)
        self.page.clock.resume()

        expect(self.widget.send).to_be_visible()
        expect(self.widget.notice).to_be_hidden()
        self.widget.field.press("Enter")
        self.widget.assert_text("Now.")
        self.widget.wait_until("idle")
        assert self.asked == ["Once more?"]

    def test_question_that_is_too_long_is_refused_in_words(self) -> None:
        self.widget.field.evaluate("(field) => field.removeAttribute('maxlength')")

        self.widget.ask("x" * 5001)

        expect(self.widget.notice).to_contain_text("5000")
        expect(self.widget.field).to_have_value("x" * 5001)
        self.widget.wait_until("idle")

    def test_draft_is_kept_over_a_reload(self) -> None:
        self.widget.field.press_sequentially("Half a quest")

        self.page.reload()

        self.widget.wait_until("idle")
        expect(self.widget.field).to_have_value("Half a quest")
        expect(self.widget.send).to_have_attribute("aria-disabled", "false")

    def test_draft_is_gone_once_it_was_sent(self) -> None:
        self.answered("Yes.", question="Really?")

        self.page.reload()

        expect(self.widget.questions).to_have_text(["Really?"])
        expect(self.widget.field).to_have_value("")

    def shut(self, door: str) -> None:
        """Make the site refuse everything that this browser asks for."""
        self.context.add_cookies([{"name": "test_door", "value": door, "url": self.proxy.url}])

    def test_not_logged_in(self) -> None:
        self.shut("login")

        self.widget.ask("Let me in?")

        expect(self.widget.notice).to_contain_text("You are not logged in.")
        expect(self.widget.field).to_have_value("Let me in?")
        expect(self.widget.questions).to_have_count(0)
        self.context.clear_cookies(name="test_door")
        self.widget.button("Reload the page").click()
        self.widget.wait_until("idle")
        expect(self.widget.field).to_have_value("Let me in?")

    def test_not_allowed(self) -> None:
        self.shut("forbidden")

        self.widget.ask("Let me in?")

        expect(self.widget.notice).to_contain_text("You are not allowed to do this.")
        expect(self.widget.field).to_have_value("Let me in?")

    def test_page_of_an_earlier_login_says_so(self) -> None:
        self.context.clear_cookies(name="csrftoken")
        self.page.evaluate(
            """() => { const widget = document.querySelector("mindwave-chat");
            widget.shadowRoot.querySelector("[name=csrfmiddlewaretoken]").value = "x"; }"""
        )

        self.widget.ask("Still there?")

        expect(self.widget.notice).to_contain_text("This page is out of date.")
        expect(self.widget.field).to_have_value("Still there?")
        expect(self.widget.button("Reload the page")).to_be_visible()

    def test_page_of_html_is_no_mystery(self) -> None:
        self.page.route("**/messages/", answer_with(500, body="<h1>Oh no</h1>"), times=1)
        self.serve("Here I am.")

        self.widget.ask("Anybody?")

        expect(self.widget.notice).to_contain_text("The server did not answer as expected (500).")
        expect(self.widget.field).to_have_value("Anybody?")
        self.widget.wait_until("idle")
        self.widget.button("Retry").click()
        self.widget.assert_text("Here I am.")
        self.widget.wait_until("idle")
        expect(self.widget.notice).to_be_hidden()


class Composing(WidgetTest):
    """Typing by an input method, which only Chromium lets a test do."""

    def test_enter_that_ends_a_composition_does_not_send(self) -> None:
        self.serve("Yes.")
        self.widget.field.focus()
        keys = self.context.new_cdp_session(self.page)
        keys.send(
            "Input.imeSetComposition", {"text": "にほん", "selectionStart": 3, "selectionEnd": 3}
        )
        keys.send("Input.dispatchKeyEvent", ENTER_OF_AN_INPUT_METHOD)
        keys.send("Input.insertText", {"text": "日本"})
        # Safari ends the composition first.
        keys.send("Input.dispatchKeyEvent", ENTER_OF_AN_INPUT_METHOD)

        expect(self.widget.field).to_have_value("日本")
        expect(self.widget.questions).to_have_count(0)
        self.page.keyboard.press("Enter")
        self.widget.assert_text("Yes.")
        self.widget.wait_until("idle")
        assert self.asked == ["日本"]
