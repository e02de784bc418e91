"""A bare `EventSource`: no code beside it that could help it."""

from __future__ import annotations

from urllib.parse import quote

from tests.browser.support import BrowserTest

# It only notes what it hears; it never closes, so the server alone can make it stop.
LISTEN = """
(address) => {
  window.text = "";
  window.events = [];
  window.source = new EventSource(address);
  source.addEventListener("message", (event) => { text += event.data; });
  for (const name of ["start", "done", "failed"])
    source.addEventListener(name, () => events.push(name));
}
"""


class BareEventSource(BrowserTest):
    """Listens with nothing but an EventSource on an otherwise empty page."""

    def listen(self, prompt: str = "Hello") -> None:
        """Ask on a fresh page; from now on `proxy.exchanges` are about this question."""
        self.proxy.exchanges.clear()
        self.page.goto(f"{self.proxy.url}/blank")
        self.page.evaluate(LISTEN, f"/mindwave/stream/?prompt={quote(prompt)}")

    def wait_until_closed(self) -> None:
        """Wait until the browser has given up for good."""
        self.eventually("source.readyState === EventSource.CLOSED")

    @property
    def text(self) -> str:
        return self.page.evaluate("() => text")

    @property
    def events(self) -> list[str]:
        return self.page.evaluate("() => events")
