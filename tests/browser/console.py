"""What the pages about debugging and troubleshooting say of a browser's EventSource."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from tests.browser.support import LIMIT, BrowserTest
from tests.pages import sample
from tests.support.upstream import finish, text

if TYPE_CHECKING:
    from playwright.sync_api import Route

# Resolves to the state after the first error.
STATE_AFTER_ERROR = """(url) => new Promise((done) => {
  const source = new EventSource(url);
  source.onerror = () => { done(source.readyState); source.close(); };
})"""
CLOSED, WILL_TRY_AGAIN = 2, 0


class Console(BrowserTest):
    def listen(self) -> list[str]:
        """Run the sample in a page of the site; return what it has written at its end."""
        lines: list[str] = []
        self.page.on("console", lambda message: lines.append(message.text))
        self.page.goto(f"{self.proxy.url}/")
        code = sample("debugging.md", "new EventSource", "js").code
        self.page.evaluate(f"() => {{ {code} window.listening = source; }}")
        deadline = time.monotonic() + LIMIT
        while not any("done" in line or "failed" in line for line in lines):
            assert time.monotonic() < deadline, lines
            self.page.wait_for_timeout(20)
        return lines

    def test_sample_writes_each_event(self) -> None:
        self.provider.serve_only(text("Hello"), finish())

        lines = [line for line in self.listen() if re.match(r"\d+ \w+ ", line)]

        assert [line.split()[1] for line in lines] == ["start", "message", "done"]
        assert re.fullmatch(r"\d+ message [0-9a-f]{32}:5 Hello", lines[1])

    def test_sample_closes_at_the_end(self) -> None:
        self.provider.serve_only(text("Hello"), finish())

        self.listen()

        self.eventually("listening.readyState", CLOSED)

    def state_after(self, **answer: object) -> int:
        def fulfil(route: Route) -> None:
            route.fulfill(**answer) if answer else route.abort("connectionreset")  # type: ignore[arg-type]

        self.page.goto(f"{self.proxy.url}/")
        self.page.route("**/answer", fulfil)
        state: int = self.page.evaluate(STATE_AFTER_ERROR, "/answer")
        self.page.unroute("**/answer")
        return state

    def test_refusals_are_final(self) -> None:
        stream = {"content_type": "text/event-stream"}
        for status in (204, 400, 401, 403, 404, 405, 409, 429, 500, 501, 502, 503, 504):
            with self.subTest(status):
                assert self.state_after(status=status, **stream) == CLOSED

    def test_page_in_place_of_a_stream_is_final(self) -> None:
        login = {"status": 200, "content_type": "text/html", "body": "<h1>Log in</h1>"}
        assert self.state_after(**login) == CLOSED

    def test_end_without_a_word_is_not(self) -> None:
        whole = {"status": 200, "content_type": "text/event-stream", "body": "data: Hello\n\n"}
        assert self.state_after(**whole) == WILL_TRY_AGAIN
