"""The chat widget as a person finds it: the one place that knows how its parts are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

LIMIT = 15_000  # milliseconds for anything that a test waits for

# The element that has the focus, through all shadow trees.
FOCUSED = """
function focused(root = document) {
  const active = root.activeElement;
  return active?.shadowRoot?.activeElement ? focused(active.shadowRoot) : active;
}
"""

NOTE_WHAT_HAPPENS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
});
window.heard = [];
for (const name of ["start", "delta", "done", "failed", "code"])
  addEventListener(`mindwave:${name}`, (event) => {
    const { element, ...detail } = event.detail;
    heard.push({ name, ...detail });
    if (window.prevented === name) event.preventDefault();
  });
"""


def expect(locator: Locator) -> Any:
    """Return Playwright's assertions about a locator, which wait."""
    from playwright.sync_api import expect as assertions

    assertions.set_options(timeout=LIMIT)
    return assertions(locator)


class Widget:
    """The first chat of a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(LIMIT)
        self.host = page.locator("mindwave-chat").first
        self.field = self.part("field")
        self.composer = self.part("composer")
        self.main_button = self.part("send-button")
        self.transcript = self.part("transcript")
        self.questions = self.part("question")
        self.answers = self.part("assistant")
        self.texts = self.part("answer")
        self.notes = self.part("note")
        self.figures = self.part("usage")
        self.notice = self.part("notice")
        self.connection = self.part("connection")
        self.hint = self.part("hint")
        self.empty = self.part("empty")
        self.title = self.part("title")
        self.header = self.part("header")
        self.latest = self.part("latest-button")
        self.earlier = self.part("earlier-button")
        self.starters = self.part("starter")
        self.conversations = self.part("conversations")
        self.bubble = self.part("bubble-button")
        self.panel = self.part("panel")
        self.edit_field = self.part("edit-field")
        self.announcer = self.host.get_by_role("status")

    def part(self, name: str) -> Locator:
        """Return the elements with a part of this name."""
        return self.host.locator(f"[part~='{name}']")

    def button(self, name: str, within: Locator | None = None) -> Locator:
        """Return a button by the name that a screen reader says."""
        return (within or self.host).get_by_role("button", name=name, exact=True)

    @property
    def send(self) -> Locator:
        return self.button("Send", self.composer)

    @property
    def stop(self) -> Locator:
        return self.button("Stop")

    @property
    def entries(self) -> Locator:
        """The rows of the list of conversations."""
        return self.conversations.get_by_role("listitem")

    def entry(self, title: str) -> Locator:
        return self.button(title, self.conversations)

    def answer(self, number: int = -1) -> Locator:
        return self.answers.nth(number)

    def ask(self, question: str = "Hello") -> None:
        """Type a question and press Enter."""
        self.field.fill(question)
        self.field.press("Enter")

    def wait_until(self, state: str) -> None:
        """Wait for one of "idle", "sending", "streaming", "stopping"."""
        # Looks at every frame, where an assertion would look ever more rarely.
        self.page.locator(f"mindwave-chat[state={state}]").first.wait_for(state="attached")

    def assert_text(self, wanted: str, number: int = -1) -> None:
        """Wait until an answer reads like this, white space aside, and no word more."""
        expect(self.texts.nth(number)).to_have_text(wanted, use_inner_text=True)

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of the element, as a program of the site does."""
        script = "(element, [method, values]) => element[method](...values)"
        return self.host.evaluate(script, [method, list(arguments)])

    @property
    def conversation(self) -> str | None:
        """The id of the open conversation."""
        return self.host.evaluate("(element) => element.currentConversation")

    @property
    def heard(self) -> list[dict[str, Any]]:
        """The DOM events that reached the window, oldest first."""
        return self.page.evaluate("() => heard")

    def heard_of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.heard if event["name"] == name]

    @property
    def text_handed_over(self) -> str:
        """All text that came, piece by piece, since the page was loaded."""
        return "".join(event["text"] for event in self.heard_of("delta"))

    def height_of(self, locator: Locator) -> float:
        return locator.evaluate("(element) => element.getBoundingClientRect().height")

    def style(self, locator: Locator, name: str) -> str:
        """Return a computed style."""
        script = "(element, name) => getComputedStyle(element)[name]"
        return locator.evaluate(script, name)

    @property
    def focus(self) -> str:
        """The name of what has the focus: its label, else its text, else its tag."""
        return self.page.evaluate(
            f"""() => {{ {FOCUSED}
            const active = focused();
            return active.getAttribute("aria-label") || active.textContent.trim()
              || active.localName;
            }}"""
        )

    @property
    def distance_to_end(self) -> float:
        """The pixels of the transcript below what is on screen."""
        return self.transcript.evaluate("(it) => it.scrollHeight - it.scrollTop - it.clientHeight")
