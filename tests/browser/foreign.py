"""Neither a foreign page nor a prefetch can make the site ask its model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.browser.bare import BareEventSource
from tests.support.upstream import finish, text

PREFETCH = """(address) => {
    const link = document.createElement("link");
    link.rel = "prefetch";
    link.href = address;
    document.head.append(link);
}"""
PATH = "/mindwave/stream/?prompt=spend"


class Handler(BaseHTTPRequestHandler):
    """Serves an empty page at every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def foreign_site() -> Iterator[str]:
    """Serve a page on a site that is not the project's: `localhost` is not 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class Foreign(BareEventSource):
    def go_abroad(self) -> str:
        """Go to a foreign page; return the address that it would like to be answered."""
        self.provider.serve_only(text("Costly."), finish())
        self.page.goto(self.enterContext(foreign_site()))
        return self.proxy.url + PATH

    def assert_refused(self) -> None:
        self.proxy.wait_until(lambda: any(each.status for each in self.proxy.streams))
        assert {each.status for each in self.proxy.streams} == {403}
        assert self.provider.requests == []

    def test_own_page_is_answered(self) -> None:
        self.provider.serve_only(text("Costly."), finish())
        self.listen("spend")
        self.wait_until_closed()

        assert self.text == "Costly."
        assert len(self.provider.requests) == 1

    def test_image(self) -> None:
        self.page.evaluate("(address) => { new Image().src = address; }", self.go_abroad())

        self.assert_refused()

    def test_fetch(self) -> None:
        script = "(address) => { fetch(address, {mode: 'no-cors', credentials: 'include'}); }"
        self.page.evaluate(script, self.go_abroad())

        self.assert_refused()

    def test_event_source(self) -> None:
        self.page.evaluate(
            "(address) => { window.source = new EventSource(address); }", self.go_abroad()
        )

        self.assert_refused()
        self.wait_until_closed()

    def test_frame(self) -> None:
        script = """(address) => {
            const frame = document.createElement("iframe");
            frame.src = address;
            document.body.append(frame);
        }"""
        self.page.evaluate(script, self.go_abroad())

        self.assert_refused()

    def test_prefetch_by_a_foreign_page(self) -> None:
        self.page.evaluate(PREFETCH, self.go_abroad())

        self.assert_refused()

    def test_prefetch_by_the_own_page(self) -> None:
        self.provider.serve_only(text("Costly."), finish())
        self.page.goto(f"{self.proxy.url}/blank")
        self.page.evaluate(PREFETCH, PATH)

        self.assert_refused()
