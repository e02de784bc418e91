"""What the widget's tests share: a page with the widget, and what must never happen on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from tests.browser.support import BrowserTest
from tests.browser.widget.widget import NOTE_WHAT_HAPPENS, Widget
from tests.support.upstream import Gate, Step, finish, text

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

MORNING = 1_700_000_000  # seconds since 1970


class WidgetTest(BrowserTest):
    """Every test ends with a page without errors, dialogs and violations of its policy."""

    start_path = "/alone"
    widget: Widget
    shared: ClassVar[BrowserContext]

    def setUp(self) -> None:
        super().setUp()  # type: ignore[misc]
        self.problems: list[str] = []
        self.watch(self.page)
        if self.start_path:
            self.open(self.start_path)

    def tearDown(self) -> None:
        for page in self.page.context.pages:
            self.problems += page.evaluate("() => window.violations ?? []")
        assert self.problems == [], self.problems
        super().tearDown()  # type: ignore[misc]

    def new_page(self) -> Page:
        """Return a new tab of a window that the tests of a class share: it has the files already.

        Cookies and permissions are those of a new window; a tab's own storage is empty.
        """
        kind = type(self)
        if "shared" not in vars(kind):
            kind.shared = self.browser.new_context(**self.window)  # type: ignore[attr-defined]
        self.shared.clear_cookies()
        self.shared.clear_permissions()
        page = self.shared.new_page()
        self.addCleanup(lambda: [tab.close() for tab in self.shared.pages])  # type: ignore[attr-defined]
        return page

    def watch(self, page: Page) -> None:
        """Make a page the one of the test, and note what goes wrong on it."""
        self.page = page
        self.widget = self.watched(page)

    def watched(self, page: Page) -> Widget:
        """Note what goes wrong on a page; return its widget."""
        page.add_init_script(NOTE_WHAT_HAPPENS)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("dialog", self._dialog)
        return Widget(page)

    def _dialog(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def open(
        self, path: str = "/alone", *, language: str = "en", query: str = "", **options: Any
    ) -> None:
        """Open a page; with options, one with a widget that has them."""
        if options or language != "en" or query:
            given = {"language": language, "options": json.dumps(options)}
            path = f"/widget?{urlencode(given)}&{query}"
        self.page.goto(f"{self.proxy.url}{path}")
        if options.get("layout") != "bubble":
            self.widget.wait_until("idle")

    def open_with_clock(self, **options: Any) -> None:
        """Open a page on which time stands still, until `page.clock` says otherwise.

        No frame is painted meanwhile.
        """
        self.open_window()
        self.page.clock.install(time=MORNING)
        self.open(**options)
        self.page.clock.pause_at(MORNING + 60)

    def open_window(self, **options: Any) -> None:
        """Go on in another window: of another size, in other colours, …"""
        context = self.browser.new_context(**options)  # type: ignore[attr-defined]
        self.addCleanup(context.close)  # type: ignore[attr-defined]
        self.watch(context.new_page())

    def second_tab(self) -> Widget:
        """Open the same page in another tab, with the same cookies."""
        page = self.context.new_page()
        widget = self.watched(page)
        page.goto(self.page.url)
        widget.wait_until("idle")
        return widget

    def serve(self, *steps: Step | str) -> None:
        """Let the model answer with these pieces of text, gates and faults, and then end well."""
        given = [text(step) if isinstance(step, str) else step for step in steps]
        for gate in (step for step in given if isinstance(step, Gate)):
            self.addCleanup(gate.open)  # type: ignore[attr-defined]  # nothing runs on
        self.provider.serve_only(*given, finish())

    def answered(self, *steps: Step | str, question: str = "Hello") -> None:
        """Ask, and wait for the end of the answer."""
        self.serve(*steps)
        self.widget.ask(question)
        self.widget.wait_until("idle")

    @property
    def asked(self) -> list[Any]:
        """The last message of each request that the model got."""
        return [request.body["messages"][-1]["content"] for request in self.provider.requests]
