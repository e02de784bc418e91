"""The example's pages on the browser client, one for each framework, as a person finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from tests.browser.page import NOTE_VIOLATIONS
from tests.browser.support import BrowserTest
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate, Step, finish, text

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage

DEMOS = ("vanilla", "alpine", "vue", "react")
LOST = "Failed to load resource"  # what a browser says of a line that a test has cut


def on_every_page(test: Callable[[Any], None]) -> Callable[[Any], None]:
    """Run a test on the page of each framework."""

    @wraps(test)
    def on_all(self: DemoTest) -> None:
        for self.demo in DEMOS:
            with self.subTest(self.demo), self.opened():
                test(self)

    return on_all


class DemoTest(BrowserTest):
    """What a page shows; each ends without an error in its console or against its policy."""

    demo: str
    problems: list[str]

    @contextmanager
    def opened(self) -> Iterator[None]:
        self.page = self.new_page()  # type: ignore[attr-defined]
        self.problems = []
        self.proxy.exchanges.clear()
        self.page.add_init_script(NOTE_VIOLATIONS)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(f"{self.proxy.url}/{self.demo}/")
        expect(self.field).to_be_visible()
        yield
        if not self.page.is_closed():
            self.problems += self.page.evaluate("() => window.violations ?? []")
        assert self.problems == []

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and LOST not in message.text:
            self.problems.append(message.text)

    def serve(self, *steps: Step | str) -> None:
        """Let the model answer with these texts, gates and faults, and then end."""
        given = [text(step) if isinstance(step, str) else step for step in steps]
        for gate in (step for step in given if isinstance(step, Gate)):
            self.addCleanup(gate.open)  # type: ignore[attr-defined]  # nothing runs on
        self.provider.serve_only(*given, finish())

    def ask(self, question: str = "Hello") -> None:
        self.type(question)
        self.field.press("Enter")

    def type(self, text: str) -> None:
        """Put a text in the place of what stands there, key by key.

        `fill` sets the value in Firefox where React itself watches it, and React hears nothing.
        """
        self.field.press("Control+a")
        self.field.press_sequentially(text)

    def answered(self, *steps: Step | str) -> None:
        """Ask, and wait for the end of the answer."""
        self.serve(*steps)
        self.ask()
        self.wait_until_asked(1)
        self.expect_idle()

    def wait_until_asked(self, times: int) -> None:
        self.provider.wait_until(lambda: len(self.provider.requests) == times)

    def expect_idle(self) -> None:
        expect(self.button).to_have_text("Send")
        expect(self.status).to_have_text("")
        expect(self.answer).not_to_have_attribute("aria-busy", "true")

    def expect_whole(self, wanted: str) -> None:
        self.expect_idle()
        assert self.answer.text_content() == wanted

    @property
    def questions(self) -> list[Any]:
        return [request.body["messages"][-1]["content"] for request in self.provider.requests]

    @property
    def field(self) -> Any:
        return self.page.get_by_label("Your question")

    @property
    def button(self) -> Any:
        return self.page.locator(".stage button")

    @property
    def answer(self) -> Any:
        return self.page.locator(".answer")

    @property
    def status(self) -> Any:
        return self.page.locator(".stage").get_by_role("status")

    @property
    def error(self) -> Any:
        return self.page.locator(".stage").get_by_role("alert")
