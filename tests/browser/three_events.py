"""Pages that know `message`, `done` and `onerror`, and nothing else of the wire."""

from __future__ import annotations

from typing import ClassVar

from tests.browser.bare import BareEventSource
from tests.support.upstream import Gate, Reset, Status, finish, text

# The page ends at `done` and at any error, even one that the browser would have got over.
LISTEN = """
(address) => {
  Object.assign(window, { text: "", done: null, error: null });
  window.source = new EventSource(address);
  source.onmessage = (event) => { text += event.data; };
  source.addEventListener("done", (event) => {
    done = JSON.parse(event.data);
    source.close();
  });
  source.onerror = () => {
    error = "The connection is lost.";
    source.close();
  };
}
"""
# The same by a page that lets the browser try again, and gives up only when it does.
PATIENT = LISTEN.replace(
    "source.onerror = () => {",
    "source.onerror = () => {\n    if (source.readyState !== EventSource.CLOSED) return;",
)


class ThreeEvents(BareEventSource):
    # Heartbeats come between all texts: no page has to know them.
    environment: ClassVar[dict[str, str]] = {"MINDWAVE_HEARTBEAT_INTERVAL": "0.1"}

    def open(self, listen: str = LISTEN) -> None:
        self.proxy.exchanges.clear()
        self.page.goto(f"{self.proxy.url}/blank")
        self.page.evaluate(listen, "/api/chat/stream?prompt=Hello")

    def ending(self) -> object:
        self.wait_until_closed()
        return self.page.evaluate("() => [text, done, error]")

    def test_answer_grows_and_ends(self) -> None:
        gate = Gate()
        self.provider.serve_only(text(" One,\n"), gate, text("  two.\n"), finish())
        self.open()
        self.eventually("text", " One,\n")
        gate.open()

        assert self.ending() == [" One,\n  two.\n", {"status": "complete"}, None]
        assert len(self.proxy.streams) == len(self.provider.requests) == 1

    def test_failure_is_an_error_and_not_asked_again(self) -> None:
        for listen in (LISTEN, PATIENT):
            for steps in ((text("As far as"), Reset()), (Status(401),)):
                with self.subTest(patient=listen is PATIENT, steps=len(steps)):
                    self.provider.serve_only(*steps)
                    self.open(listen)

                    wanted = "As far as" if len(steps) > 1 else ""
                    assert self.ending() == [wanted, None, "The connection is lost."]
                    assert len(self.provider.requests) == 1

    def test_cut_line_is_got_over(self) -> None:
        gate = Gate()
        self.provider.serve_only(text("One, "), gate, text("two."), finish())
        self.open(PATIENT)
        self.eventually("text", "One, ")

        self.proxy.cut(reset=True)
        gate.open()

        assert self.ending() == ["One, two.", {"status": "complete"}, None]
        assert len(self.provider.requests) == 1
