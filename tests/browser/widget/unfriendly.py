"""The chat where its surroundings are against it: no JavaScript, a page that styles everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.widget.base import WidgetTest
from tests.browser.widget.looks import STYLES
from tests.browser.widget.widget import expect
from tests.support.upstream import Reset

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

WIDTHS = (360, 1440)
COLOURS = ("backgroundColor", "borderTopColor", "colorScheme")


class WithoutJavaScript(WidgetTest):
    """The form in the page, and the pages that answer it."""

    start_path = ""

    def visit(self, query: str = "", **window: object) -> None:
        self.open_window(java_script_enabled=False, **window)
        self.page.goto(f"{self.proxy.url}/widget{query}")

    def submit(self, question: str) -> None:
        """Fill in the form of whatever page it is."""
        self.page.get_by_role("textbox").fill(question)
        self.page.get_by_role("button", name="Send").click()

    def messages(self) -> Locator:
        return self.page.locator("article > div")

    def test_question_answer_and_another_question(self) -> None:
        self.visit()
        self.serve("**One**, ", "two.\n\n<b>three</b>")
        self.submit("Count & <i>count</i>")
        first = ["Count & <i>count</i>", "**One**, two.\n\n<b>three</b>"]
        expect(self.messages()).to_have_text(first, use_inner_text=True)
        address = self.page.url

        self.serve("Four.")
        self.submit("And on")

        expect(self.messages()).to_have_text([*first, "And on", "Four."], use_inner_text=True)
        assert self.page.url == address, "another conversation"
        [request] = self.provider.requests
        assert [each["content"] for each in request.body["messages"]] == [*first, "And on"]

    def test_failure_is_told_and_the_next_question_answered(self) -> None:
        self.visit()
        self.serve("As far as", Reset())
        self.submit("Hello")
        expect(self.messages().last).to_have_text("As far as")
        expect(self.page.get_by_text("The connection to the model was lost.")).to_be_visible()

        self.serve("All of it.")
        self.submit("Once more")

        expect(self.messages().last).to_have_text("All of it.")

    def test_refusal_is_a_page_with_a_form_for_the_same_conversation(self) -> None:
        self.visit()
        self.serve("Hello.")
        self.submit("Hello")
        expect(self.messages()).to_have_count(2)
        address = self.page.url
        self.submit(" ")
        expect(self.page.get_by_text("This field is required.")).to_be_visible()

        self.submit("Are you there?")

        expect(self.messages()).to_have_count(4)
        assert self.page.url == address, "another conversation"

    def test_corner_unfolds_the_form(self) -> None:
        self.visit('?options={"layout":"bubble"}')
        expect(self.widget.field).to_be_hidden()
        self.page.get_by_text("Chat", exact=True).click()
        self.serve("Hello.")

        self.submit("Hello")

        expect(self.messages().last).to_have_text("Hello.")

    def test_fits_every_screen_in_both_colours(self) -> None:
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                with self.subTest(width=width, scheme=scheme):
                    self.visit(viewport={"width": width, "height": 740}, color_scheme=scheme)
                    self.serve("w" * 400 + "\n\n```\n" + "code " * 60 + "\n```\n")
                    assert_fits(self.page)
                    self.submit("q" * 300)
                    assert_fits(self.page)
                    surface = self.widget.style(self.page.locator("body"), "backgroundColor")
                    assert (surface == "rgb(255, 255, 255)") == (scheme == "light"), surface


def assert_fits(page: Page) -> None:
    expect(page.get_by_role("textbox")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") == 0


class OnAHostilePageInTheDark(WidgetTest):
    start_path = ""

    def test_looks_as_it_does_elsewhere(self) -> None:
        for theme, system in (("dark", "light"), ("light", "dark")):
            with self.subTest(theme=theme, system=system):
                plain, hostile = (
                    self.looks(query, theme, system) for query in ("plain", "hostile")
                )
                self.assertEqual(hostile, plain)  # type: ignore[attr-defined]
                bright = plain["chat"]["backgroundColor"] == "rgb(255, 255, 255)"
                assert bright == (theme == "light")

    def looks(self, query: str, theme: str, system: str) -> dict[str, dict[str, str]]:
        """Return the style of each kind of part."""
        self.open_window(color_scheme=system)
        self.open(query=query, theme=theme)
        self.answered("Some **text** and `code`\n\n| a |\n|---|\n| b |\n")
        parts = {
            "chat": self.widget.part("chat"),
            "field": self.widget.field,
            "button": self.widget.main_button,
            "question": self.widget.questions,
            "text": self.widget.texts.locator("p").first,
            "code": self.widget.texts.locator("code"),
            "cell": self.widget.texts.get_by_role("cell"),
        }
        names = (*STYLES, *COLOURS)
        return {
            part: {name: self.widget.style(where, name) for name in names}
            for part, where in parts.items()
        }


class Unfriendly(WithoutJavaScript, OnAHostilePageInTheDark):
    pass
