"""Pictures of the example's pages: python -m tests.browser.screenshots_demos DIR."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.demos import DEMOS
from tests.browser.screenshots import studio
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate, Reset, finish, text

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.proxy import Proxy
    from tests.browser.support import Provider

SIZES = {"390": (390, 844), "1280": (1280, 800)}
MORE_SIZES = {"360": (360, 740), "768": (768, 1024), "1440": (1440, 900)}
BEGINNING = """\
A stream is a text that grows, and a reader is a position in it.

Whoever loses the line comes back with the last position, and gets the rest; the model is asked \
once. Here the answer stops for a moment, so that there is time for a picture, and"""


class Visit:
    """A window before the example, and what its model says."""

    def __init__(self, page: Page, provider: Provider, proxy: Proxy) -> None:
        self.page, self.provider, self.proxy = page, provider, proxy
        self.gate = Gate()

    def open(self, path: str) -> None:
        self.page.goto(f"{self.proxy.url}{path}")

    def ask(self, path: str, *steps: Any) -> None:
        self.open(path)
        self.provider.serve_only(*steps, finish())
        field = self.page.get_by_label("Your question")
        field.fill("What happens when the connection breaks?")
        field.press("Enter")


def thinking(visit: Visit, path: str) -> None:
    visit.ask(path, visit.gate)
    expect(visit.page.locator(".stage").get_by_role("status")).not_to_have_text("")


def streaming(visit: Visit, path: str) -> None:
    visit.ask(path, text(BEGINNING), visit.gate)
    expect(visit.page.locator(".answer")).to_contain_text("a picture, and")


def reconnecting(visit: Visit, path: str) -> None:
    streaming(visit, path)
    visit.page.route("**/stream*", lambda route: route.abort())
    visit.proxy.cut(reset=True)
    expect(visit.page.locator(".stage").get_by_role("status")).to_have_text("Reconnecting…")


def failed(visit: Visit, path: str) -> None:
    visit.ask(path, text(BEGINNING), Reset())
    expect(visit.page.locator(".error")).to_be_visible()


def opened(visit: Visit, path: str) -> None:
    visit.open(path)
    if path == "/widget/":
        expect(visit.page.get_by_label("Your question")).to_be_visible()


STATES = [
    *((opened, name) for name in ("", "widget", "plain", *DEMOS)),
    *((state, "vue") for state in (thinking, streaming, reconnecting, failed)),
    *((streaming, name) for name in ("plain", "vanilla", "alpine", "react")),
]


def windows(state: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for size, (width, height) in (SIZES | (MORE_SIZES if state is opened else {})).items():
        for scheme in ("light", "dark"):
            viewport = {"width": width, "height": height}
            yield f"{size}-{scheme}", {"viewport": viewport, "color_scheme": scheme}


def take(folder: Path, browser: Browser, provider: Provider, proxy: Proxy) -> None:
    for state, name in STATES:
        for window, options in windows(state):
            context = browser.new_context(**options)
            visit = Visit(context.new_page(), provider, proxy)
            state(visit, f"/{name}/" if name else "/")
            visit.page.wait_for_timeout(200 if name else 2000)  # until what fades has faded
            path = folder / f"{name or 'index'}-{state.__name__}-{window}.png"
            visit.page.screenshot(path=path, full_page=state is opened)
            visit.gate.open()
            context.close()


def main(folder: str) -> None:
    """Take the pictures."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with studio(TEST_RECONNECT_GRACE="0.3") as (browser, provider, proxy):
        take(Path(folder), browser, provider, proxy)


if __name__ == "__main__":
    main(*sys.argv[1:])
