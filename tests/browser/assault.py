"""A foreign page that goes every way it knows to the site, from the browser of a visitor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from tests.browser.foreign import foreign_site
from tests.browser.proxy import Exchange
from tests.browser.support import BrowserTest
from tests.browser.targets import BASE, FIELDS, Target
from tests.browser.visitor import Visitor, enter, rows
from tests.support.processes import ROOT
from tests.support.servers import Server
from tests.support.upstream import finish, text

WAYS = [ROOT / "tests" / "browser" / name for name in ("ways.js", "ways_to_change.js")]
SITE, ANOTHER_SITE = "127.0.0.1", "localhost"  # as a foreign page with another port is called
# Django knows no web sockets, and the server says so.
REFUSALS = {"GET-web-socket": {500}}


class Assault(BrowserTest):
    """`not_gone` are the ways that a browser does not go, or not always."""

    environment: ClassVar[dict[str, str]] = {
        "DJANGO_SETTINGS_MODULE": "tests.browser.visited_settings"
    }
    not_gone: ClassVar[set[str]]
    server: Server

    def setUp(self) -> None:
        super().setUp()  # type: ignore[misc]
        self.port = self.enterContext(foreign_site())
        self.provider.serve_only(text("Costly."), finish())

    @contextmanager
    def unharmed(self, *, user: bool) -> Iterator[Visitor]:
        """Give a visitor to whom nothing must happen in the block."""
        visitor = enter(self.page, self.proxy.url, user=user)
        self.provider.requests.clear()
        before = rows(self.server.database)
        yield visitor
        self.assert_refused()
        assert rows(self.server.database) == before
        assert self.provider.requests == []

    def assault(self, host: str, targets: Sequence[Target], *, user: bool) -> None:
        """Go all ways to the targets from a page of this host; fail if any leads anywhere."""
        with self.unharmed(user=user) as visitor:
            for target in targets:
                with self.subTest(target):
                    self.go_abroad(host)
                    read = self.go_all_ways(target.method, target.path_of(visitor))
                    assert not any(read.values()), read
                    assert self.page.evaluate("() => lookAround()") == []

    def lead(self, host: str, path: str) -> None:
        """Let a foreign page send its own visitor to the site."""
        self.go_abroad(host)
        address = f"{self.proxy.url}{BASE}{path}"
        mark = "&way=" if "?" in path else "?way="
        self.page.evaluate("(address) => { location = address; }", f"{address}{mark}location")
        self.page.wait_for_url("**way=location")
        assert self.answered(path)["location"] == 403

    def asked_again(self, go: Callable[[], object]) -> None:
        """Let the browser ask once more for what it asked before."""
        before = len(self.gone())
        go()
        self.page.wait_for_url("**way=location")
        self.proxy.wait_until(lambda: any(each.status for _, each in self.gone()[before:]))

    def go_abroad(self, host: str) -> None:
        self.page.goto(f"http://{host}:{self.port}/")

    def assert_refused(self) -> None:
        """All is refused, and a preflight gets no permission."""
        for way, each in self.gone():
            refusals = {405} if each.method == "OPTIONS" else REFUSALS.get(way, {403})
            assert each.status in {None, *refusals}, (way, each)

    def go_all_ways(self, method: str, path: str) -> dict[str, str]:
        """Go until all requests have been answered; return what the page could read by each way."""
        self.page.evaluate("(url) => { window.elsewhere = url; }", f"http://localhost:{self.port}")
        for script in WAYS:
            self.page.add_script_tag(path=script)
        given = [method, f"{self.proxy.url}{BASE}{path}", FIELDS]
        read: dict[str, str] = self.page.evaluate("(given) => goAllWays(...given)", given)
        wanted = {f"{method}-{name}" for name in read} - self.not_gone
        self.proxy.wait_until(lambda: self.answered(path).keys() >= wanted)
        return read

    def answered(self, path: str) -> dict[str, int]:
        """Return the status that each way to this path has got; the last one after a preflight."""
        return {
            way: each.status
            for way, each in self.gone()
            if each.status is not None
            and each.path.startswith((f"{BASE}{path}?way=", f"{BASE}{path}&way="))
        }

    def gone(self) -> list[tuple[str, Exchange]]:
        """Return the requests of the foreign page, each with the way it went."""
        found = [(each.path.partition("way=")[2], each) for each in list(self.proxy.exchanges)]
        return [(way, each) for way, each in found if way]
