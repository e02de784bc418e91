"""The plain page of the example at `/plain/`, as its tests see it."""

from __future__ import annotations

from typing import Any

from tests.browser.support import BrowserTest

NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
});
"""
BUTTON = "send.textContent"
OUTPUT = "output.textContent"
ERROR = 'document.getElementById("error").checkVisibility() && error.textContent'
STATUS = 'document.getElementById("status").textContent'
BUSY = 'output.hasAttribute("aria-busy")'


class Page(BrowserTest):
    def setUp(self) -> None:
        super().setUp()  # type: ignore[misc]
        self.page.add_init_script(NOTE_VIOLATIONS)
        self.page.goto(f"{self.proxy.url}/plain/")

    def ask(self, question: str = "Hello") -> None:
        self.page.fill("#prompt", question)
        self.page.press("#prompt", "Enter")

    def wait_until_idle(self) -> None:
        self.eventually(f"!send.disabled && {BUTTON}", "Send")

    @property
    def questions(self) -> list[Any]:
        return [request.body["messages"][-1]["content"] for request in self.provider.requests]
