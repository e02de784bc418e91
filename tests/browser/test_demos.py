"""Vanilla JavaScript, Alpine.js, Vue and React on the browser client: the same, on every page."""

from __future__ import annotations

from typing import ClassVar

from tests.browser.demos import DemoTest, on_every_page
from tests.browser.support import Chromium, Firefox
from tests.browser.widget.widget import Widget, expect
from tests.support.tried import only_with_every_server
from tests.support.upstream import Gate, Reset, Status

UNMOUNT = {
    "alpine": "() => document.querySelector('[x-data]').remove()",
    "vue": "async () => (await import('/static/chat/frontends/vue.js')).app.unmount()",
    "react": "async () => (await import('/static/chat/frontends/react.js')).root.unmount()",
}


class Asking(DemoTest):
    @on_every_page
    def test_enter_sends_the_trimmed_prompt_and_the_answer_grows(self) -> None:
        first, second = Gate(), Gate()
        self.serve(first, "One,\n", second, "  two.")
        self.ask("  What is it?  ")
        expect(self.button).to_have_text("Stop")
        expect(self.status).to_have_text("Thinking…")
        expect(self.answer).to_have_attribute("aria-busy", "true")

        first.open()

        self.eventually("document.querySelector('.answer').textContent", "One,\n")
        expect(self.status).to_have_text("")
        expect(self.button).to_have_text("Stop")
        second.open()
        self.expect_whole("One,\n  two.")
        assert self.answer.inner_text() == "One,\n  two."
        assert self.questions == ["What is it?"]
        assert len(self.proxy.streams) == 1

    @on_every_page
    def test_button_sends_and_keeps_the_focus(self) -> None:
        gate = Gate()
        self.serve("Yes.", gate)
        self.type("Really?")

        self.button.focus()
        self.page.keyboard.press("Enter")

        expect(self.answer).to_have_text("Yes.")
        expect(self.button).to_be_focused()
        gate.open()
        self.expect_whole("Yes.")
        assert self.questions == ["Really?"]

    @on_every_page
    def test_blank_does_nothing_and_what_stands_there_stays(self) -> None:
        self.answered("Kept.")

        self.ask("   ")
        self.button.click()

        self.expect_whole("Kept.")
        self.ask("Not blank")
        self.wait_until_asked(2)
        self.expect_whole("Kept.")
        assert self.questions == ["Hello", "Not blank"]

    @on_every_page
    def test_second_question_waits_for_the_first_answer(self) -> None:
        gate = Gate()
        self.serve("First.", gate)
        self.ask("One")
        expect(self.answer).to_have_text("First.")

        self.ask("Two")

        gate.open()
        self.expect_whole("First.")
        assert self.questions == ["One"]

    @on_every_page
    def test_failure_is_told_in_words_and_the_next_question_clears_it(self) -> None:
        self.serve("As far as", Reset())
        self.ask()
        expect(self.error).to_have_text(
            "The connection to the model was lost. What arrived is kept."
        )
        self.expect_whole("As far as")
        gate = Gate()
        self.serve(gate, "New text.")

        self.ask()

        expect(self.answer).to_have_text("")
        expect(self.error).to_have_count(0)
        gate.open()
        self.expect_whole("New text.")

    @on_every_page
    def test_failure_before_any_text(self) -> None:
        self.provider.serve_only(Status(401))

        self.ask()

        expect(self.error).to_have_text(
            "The model is not available: its access is not set up correctly."
        )
        self.expect_whole("")

    @on_every_page
    def test_goes_on_after_a_cut_and_the_model_is_asked_once(self) -> None:
        for reset in (True, False):
            gate = Gate()
            self.serve("One, ", gate, "two.")
            self.ask()
            expect(self.answer).to_have_text("One,")

            self.proxy.cut(reset=reset)

            expect(self.status).to_have_text("Reconnecting…")
            expect(self.button).to_have_text("Stop")
            gate.open()
            self.expect_whole("One, two.")
            expect(self.error).to_have_count(0)
            assert len(self.questions) == 1

    @on_every_page
    def test_markup_is_shown_as_text(self) -> None:
        answer = '<img src=x onerror="window.harmed = true"><b>{{ 1 + 1 }}</b>&lt;'

        self.answered(answer)

        self.expect_whole(answer)
        assert self.page.evaluate("() => 'harmed' in window") is False

    def test_widget(self) -> None:
        """Its own tests have it on pages of their own; here it stands beside its source."""
        self.demo = "widget"
        with self.opened():
            widget = Widget(self.page)
            self.serve("**One**, ", "two.")

            widget.ask("Count")

            widget.assert_text("One, two.")
            widget.wait_until("idle")
            assert self.questions == ["Count"]

    def test_shift_and_enter_begin_a_line_in_react(self) -> None:
        self.demo = "react"
        with self.opened():
            self.serve("A poem.")
            self.field.press_sequentially("One")
            self.field.press("Shift+Enter")
            self.field.press_sequentially("two")
            assert self.field.input_value() == "One\ntwo"
            assert self.questions == []

            self.field.press("Enter")

            expect(self.answer).to_have_text("A poem.")
            self.expect_idle()
            assert self.questions == ["One\ntwo"]


class Leaving(DemoTest):
    """Ends the call to the model, as soon as the reader has stayed away for the server's grace."""

    environment: ClassVar[dict[str, str]] = {"TEST_RECONNECT_GRACE": "0.2"}

    def begin(self) -> None:
        self.serve("As far as", Gate())
        self.ask()
        expect(self.answer).to_have_text("As far as")
        assert self.provider.open_streams == 1

    def assert_ended(self) -> None:
        self.provider.wait_until(lambda: self.provider.open_streams == 0)
        assert len(self.provider.requests) == 1

    @on_every_page
    def test_stop(self) -> None:
        self.begin()

        self.button.click()

        self.expect_whole("As far as")
        expect(self.error).to_have_count(0)
        self.assert_ended()
        self.answered("Another one.")
        self.expect_whole("Another one.")

    @on_every_page
    def test_going_elsewhere_and_coming_back(self) -> None:
        self.begin()

        self.page.goto(f"{self.proxy.url}/blank")

        self.assert_ended()
        self.page.go_back()
        self.expect_idle()

    @on_every_page
    def test_closing_the_tab(self) -> None:
        self.begin()

        self.page.close()

        self.assert_ended()

    def test_unmounting(self) -> None:
        for self.demo, unmount in UNMOUNT.items():
            with self.subTest(self.demo), self.opened():
                self.begin()

                self.page.evaluate(unmount)

                expect(self.answer).to_have_count(0)
                self.assert_ended()

    def test_page_that_the_browser_keeps(self) -> None:
        for self.demo in ("vanilla", "alpine"):
            with self.subTest(self.demo), self.opened():
                self.begin()

                self.page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide'))")

                self.expect_whole("As far as")
                self.assert_ended()


class AskingInChromium(Asking, Chromium):
    pass


class LeavingInChromium(Leaving, Chromium):
    pass


@only_with_every_server
class AskingInFirefox(Asking, Firefox):
    pass


@only_with_every_server
class LeavingInFirefox(Leaving, Firefox):
    pass
