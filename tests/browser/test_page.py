"""The plain page of the example: asking, and what goes wrong, under a strict CSP."""

from __future__ import annotations

from tests.browser.page import BUSY, BUTTON, ERROR, OUTPUT, STATUS, Page
from tests.browser.support import Chromium, Firefox
from tests.support.tried import only_with_every_server
from tests.support.upstream import Gate, Reset, Status, finish, text


class Asking(Page):
    def test_enter_sends_the_trimmed_prompt_and_output_grows(self) -> None:
        gate = Gate()
        self.provider.serve_only(text("One,\n"), gate, text("  two."), finish())

        self.ask("  What is it?\t ")

        self.eventually(OUTPUT, "One,\n")
        assert self.page.evaluate(f"() => [send.disabled, {BUTTON}, {BUSY}, {ERROR}]") == [
            True,
            "Streaming…",
            True,
            False,
        ]
        gate.open()
        self.wait_until_idle()
        assert self.page.inner_text("#output") == "One,\n  two."
        assert self.page.evaluate(f"() => {BUSY}") is False
        assert self.questions == ["What is it?"]
        assert [each.path for each in self.proxy.streams] == [
            "/mindwave/stream/?prompt=What%20is%20it%3F"
        ]

    def test_button_sends(self) -> None:
        self.provider.serve_only(text("Yes."), finish())
        self.page.fill("#prompt", "Really?")

        self.page.click("#send")

        self.eventually(OUTPUT, "Yes.")
        self.wait_until_idle()

    def test_blank_is_ignored_and_what_stands_there_stays(self) -> None:
        self.provider.serve_only(text("Kept."), finish())
        self.ask()
        self.wait_until_idle()
        self.eventually(OUTPUT, "Kept.")

        self.ask(" \t ")

        assert self.page.evaluate(f"() => [{OUTPUT}, {BUTTON}]") == ["Kept.", "Send"]
        self.ask("Not blank")
        self.eventually(OUTPUT, "Kept.")
        self.wait_until_idle()
        assert self.questions == ["Hello", "Not blank"]

    def test_second_question_waits_for_the_first_answer(self) -> None:
        gate = Gate()
        self.provider.serve_only(text("First."), gate, finish())
        self.ask("One")
        self.eventually(OUTPUT, "First.")

        self.ask("Two")
        self.page.evaluate("() => form.requestSubmit()")

        gate.open()
        self.wait_until_idle()
        assert self.questions == ["One"]
        assert len(self.proxy.streams) == 1

    def test_next_question_clears_output_and_error_first(self) -> None:
        self.provider.serve_only(text("Old text."), Reset())
        self.ask()
        self.eventually(f"Boolean({ERROR})")
        gate = Gate()
        self.provider.serve_only(gate, text("New text."), finish())

        self.ask()

        self.eventually(f"[{BUTTON}, {OUTPUT}, {ERROR}].join()", "Streaming…,,false")
        gate.open()
        self.eventually(OUTPUT, "New text.")
        self.wait_until_idle()

    def test_markup_is_shown_as_text(self) -> None:
        answer = '<img src=x onerror="window.harmed = true"><script>harmed = true</script>&lt;\n<b>'
        self.provider.serve_only(text(answer), finish())

        self.ask("<i>Hello</i>")

        self.wait_until_idle()
        assert self.page.inner_text("#output") == answer
        assert self.page.evaluate("() => [output.childElementCount, 'harmed' in window]") == [
            0,
            False,
        ]

    def test_runs_under_a_strict_content_security_policy(self) -> None:
        self.provider.serve_only(text("Safe."), finish())
        self.ask()
        self.wait_until_idle()

        assert self.page.evaluate(f"() => [{OUTPUT}, violations]") == ["Safe.", []]
        self.page.evaluate("() => document.body.setAttribute('style', 'color: red')")
        self.eventually("violations.length", 1)  # they would have been seen


class Failing(Page):
    def test_failure_shows_its_text_and_keeps_the_answer_so_far(self) -> None:
        self.provider.serve_only(text("As far as"), Reset())

        self.ask()

        self.eventually(ERROR, "The connection to the model was lost. What arrived is kept.")
        self.wait_until_idle()
        assert self.page.evaluate(f"() => [{OUTPUT}, {BUSY}]") == ["As far as", False]

    def test_failure_before_any_text(self) -> None:
        self.provider.serve_only(Status(401))

        self.ask()

        self.eventually(ERROR, "The model is not available: its access is not set up correctly.")
        self.wait_until_idle()

    def test_refusal_shows_an_error(self) -> None:
        self.provider.serve_only(text("Never."), finish())

        self.ask("x" * 5001)

        self.eventually(ERROR, "The server refused this question.")
        self.wait_until_idle()
        assert [exchange.status for exchange in self.proxy.streams] == [400]
        assert self.questions == []

    def test_refusal_in_the_middle_of_an_answer_keeps_it(self) -> None:
        self.provider.serve_only(text("As far as"), Gate())
        self.ask()
        self.eventually(OUTPUT, "As far as")
        # What a proxy says while the application behind it is being replaced.
        self.page.route("**/stream/**", lambda route: route.fulfill(status=502, body="Bad gateway"))

        self.proxy.cut(reset=True)

        self.eventually(ERROR, "The connection is lost. What arrived is kept.")
        self.wait_until_idle()
        assert self.page.evaluate(f"() => {OUTPUT}") == "As far as"

    def test_lost_line_is_no_error(self) -> None:
        gate = Gate()
        self.provider.serve_only(text("One, "), gate, text("two."), finish())
        self.ask()
        self.eventually(OUTPUT, "One, ")
        self.page.evaluate(
            """() => {
                window.told = [];
                const watch = () => told.push(document.getElementById("status").textContent);
                const options = {childList: true, subtree: true, attributes: true};
                new MutationObserver(watch).observe(document.getElementById("status"), options);
                new MutationObserver(() => told.push("error")).observe(error, options);
            }"""
        )

        self.proxy.cut(reset=False)
        self.eventually("told.length", 2)
        gate.open()

        self.wait_until_idle()
        assert self.page.evaluate(f"() => [{OUTPUT}, {STATUS}, {ERROR}]") == [
            "One, two.",
            "",
            False,
        ]
        assert self.page.evaluate("() => told") == ["Reconnecting…", ""]
        assert len(self.questions) == 1


class PageInChromium(Asking, Failing, Chromium):
    pass


@only_with_every_server
class PageInFirefox(Asking, Failing, Firefox):
    pass
