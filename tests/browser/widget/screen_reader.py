"""What a screen reader makes of the widget: what it says by itself, and what it finds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.browser.widget.base import WidgetTest
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate, Reset

if TYPE_CHECKING:
    from playwright.sync_api import Page

PIECES = 200

# A live region is what its own role or attribute makes one; the nearest one to a change counts, and
# one that is busy waits until it no longer is. `said` is in order, `unsaid` counts other changes.
LISTEN = """
window.said = [];
window.unsaid = 0;
const LIVE = "[aria-live], [role=status], [role=alert], [role=log], [role=timer], output";
const above = (node) => node.parentNode ?? node.host ?? null;
function regionOf(node) {
  while (node && !node.matches?.(LIVE)) node = above(node);
  return node;
}
function isSilent(region) {
  const { role } = region.attributes;
  const implied = ["status", "alert", "log"].includes(role?.value) || region.localName === "output";
  const live = region.getAttribute("aria-live") ?? (implied ? "polite" : "off");
  return live === "off";
}
function isBusy(node) {
  while (node && node.getAttribute?.("aria-busy") !== "true") node = above(node);
  return node !== null;
}
function hear(node, text) {
  const region = regionOf(node);
  if (!text.trim()) return;
  if (!region || isSilent(region) || isBusy(node)) unsaid += 1;
  else said.push(text.trim());
}
// What comes with a live region of its own is said too.
function hearNew(node) {
  hear(node, node.textContent ?? "");
  for (const inside of node.querySelectorAll?.(LIVE) ?? []) hear(inside, inside.textContent);
}
function changed(records) {
  for (const { type, target, addedNodes, oldValue } of records) {
    if (type === "characterData") hear(target, target.data);
    else if (type === "attributes" && oldValue !== null) hear(target, target.textContent);
    for (const node of addedNodes) {
      hearNew(node);
      listenInside(node);
    }
  }
}
const observer = new MutationObserver(changed);
const WHAT = {
  subtree: true, childList: true, characterData: true,
  attributeFilter: ["hidden", "aria-busy"], attributeOldValue: true,
};
function listenInside(node) {
  const hosts = [node, ...(node.querySelectorAll?.("*") ?? [])].filter((it) => it.shadowRoot);
  for (const { shadowRoot } of hosts) {
    observer.observe(shadowRoot, WHAT);
    listenInside(shadowRoot);
  }
}
observer.observe(document, WHAT);
document.addEventListener("DOMContentLoaded", () => listenInside(document));
"""


# A conversation that is over, from top to bottom.
CONVERSATION = """\
- button "Conversations"
- button "Hello"
- button "New conversation"
- button "More about this conversation"
- log "Conversation":
  - article:
    - heading "You asked" [level=2]
    - text: Hello
    - button "Edit the question"
  - article:
    - heading "Answer" [level=2]
    - heading "Title" [level=3]
    - paragraph:
      - text: Some
      - strong: text
      - text: .
    - list:
      - listitem: one
    - text: sh
    - button "Copy"
    - group "Code":
      - code: ls
    - button "Copy the answer"
    - button "Answer again"
- textbox "Your question":
  - /placeholder: Ask anything…
- button "Send" [disabled]
- paragraph: Enter to send · Shift+Enter for a new line
- status:
  - paragraph: The answer is complete."""


class Announcements(WidgetTest):
    def watch(self, page: Page) -> None:
        super().watch(page)
        page.add_init_script(LISTEN)

    def assert_said(self, *wanted: str) -> None:
        """Everything that was said since the page was opened, in order."""
        self.eventually("said.length >= " + str(len(wanted)))
        self.assertEqual(self.page.evaluate("() => said"), list(wanted))

    def long_answer(self) -> None:
        """Ask for an answer in many pieces, which is painted in several steps."""
        gates = [Gate() for _ in range(4)]
        steps: list[Any] = [f"Word {number}. " for number in range(PIECES)]
        for number, gate in enumerate(gates, 1):
            steps.insert(number * PIECES // 5 + number - 1, gate)
        self.serve(*steps)
        self.widget.ask()
        for number, gate in enumerate(gates, 1):
            expect(self.widget.texts).to_contain_text(f"Word {number * PIECES // 5 - 1}.")
            gate.open()

    def test_whole_answer(self) -> None:
        self.long_answer()
        self.widget.wait_until("idle")

        expect(self.widget.texts).to_contain_text(f"Word {PIECES - 1}.")
        self.assert_said("The answer begins.", "The answer is complete.")
        assert len(self.widget.heard_of("delta")) >= 5
        assert self.page.evaluate("() => unsaid") >= 5, "The text was not listened to."

    def test_markdown(self) -> None:
        self.answered("# Title\n\n- one\n- two\n\n", "| a |\n|---|\n| b |\n\n```sh\nls\n```\n")

        self.assert_said("The answer begins.", "The answer is complete.")
        self.widget.button("Copy", self.widget.texts).click()
        self.assert_said("The answer begins.", "The answer is complete.", "Copied")

    def test_stopped(self) -> None:
        self.serve("As far as", Gate())
        self.widget.ask()
        self.widget.assert_text("As far as")
        self.widget.stop.click()
        self.widget.wait_until("idle")

        self.assert_said("The answer begins.", "Stopping…", "The answer was stopped.")

    def test_failed(self) -> None:
        self.answered("As far as", Reset())

        failure = "The connection to the model was lost. What arrived is kept."
        self.assert_said("The answer begins.", failure)

    def test_line_that_is_lost_and_found(self) -> None:
        gate = Gate()
        self.serve("One, ", gate, "two.")
        self.widget.ask()
        self.widget.assert_text("One,")
        self.proxy.cut(reset=True)
        expect(self.widget.connection).to_be_visible()
        expect(self.widget.connection).to_be_hidden()
        gate.open()
        self.widget.wait_until("idle")

        again = ("Reconnecting…", "Connected again.")
        self.assert_said("The answer begins.", *again, "The answer is complete.")

    def test_long_wait(self) -> None:
        self.open_with_clock()
        gate = Gate()
        self.serve(gate, "At last.")
        self.widget.ask()
        self.widget.wait_until("streaming")
        self.page.clock.run_for(15_000)

        self.assert_said("The answer begins.", "Still waiting for the model…")

    def test_countdown_is_said_once(self) -> None:
        self.open_with_clock()
        body = {"error": "The model is busy.", "code": "rate_limited", "retry_after": 9}
        self.page.route("**/messages/", lambda route: route.fulfill(status=429, json=body))
        self.widget.ask()
        expect(self.widget.notice).to_contain_text("Try again in 9 s.")
        self.page.clock.run_for(3_000)
        expect(self.widget.notice).to_contain_text("Try again in 6 s.")

        self.assert_said("The model is busy.")

    def test_stored_dialogue_is_not_read_out(self) -> None:
        self.answered("Yes.")
        self.page.reload()
        self.widget.assert_text("Yes.")

        self.assert_said()

    def test_plain_page_of_the_example_waits_for_the_end(self) -> None:
        gate = Gate()
        self.page.goto(f"{self.proxy.url}/plain/")
        self.serve("One, ", gate, "two.")
        self.page.fill("#prompt", "Count")
        self.page.press("#prompt", "Enter")
        expect(self.page.locator("#output")).to_have_text("One,")
        gate.open()

        expect(self.page.locator("#send")).to_have_text("Send")
        self.assert_said("One, two.")


class Outline(WidgetTest):
    """What a screen reader finds that goes from part to part."""

    def test_conversation(self) -> None:
        self.open(theme="light")
        self.answered("# Title\n\nSome **text**.\n\n- one\n", "\n```sh\nls\n```\n")
        self.maxDiff = None
        self.assertEqual(self.widget.host.aria_snapshot(), CONVERSATION)

    def test_everything_to_press_has_a_name(self) -> None:
        self.open(theme="light")
        self.answered("A [link](https://example.org/)\n\n```sh\nls\n```\n")
        self.widget.button("Conversations").click()
        expect(self.widget.entries).to_have_count(1)
        self.widget.button("More about this conversation").click()

        found = self.widget.host.aria_snapshot()
        controls = re.findall(r"- (?:button|link|textbox)\b(.*)", found)
        assert len(controls) >= 14, found
        assert all(control.startswith(' "') for control in controls), found
