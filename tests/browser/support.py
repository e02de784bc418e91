"""A browser before the example project, started once for each class of tests."""

from __future__ import annotations

import time
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from django.test import SimpleTestCase, tag

from tests.browser.proxy import Proxy
from tests.support.processes import require
from tests.support.servers import Server, serving
from tests.support.upstream import Step, Upstream

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

LIMIT = 15.0  # seconds for anything that a test waits for

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


class Provider(Upstream):
    """An upstream for several tests, each with a script of its own."""

    def serve_only(self, *steps: Step) -> None:
        """Forget what was asked and served before; answer every request with these steps."""
        self._scripts.clear()
        self.requests.clear()
        self.serve(*steps)


class BrowserTest:
    """What a group of tests sees of the browser it runs in; Chromium or Firefox make it a test."""

    provider: Provider
    proxy: Proxy
    page: Page
    eventually: Callable[..., None]
    subTest: Callable[..., Any]  # noqa: N815  # unittest's name
    enterContext: Callable[..., Any]  # noqa: N815


@tag("machine")
class BrowserTestCase(SimpleTestCase):
    """A server, a provider behind it, a proxy before it, and a fresh `page` for each test.

    There must be no query in the tests: Playwright runs an event loop in their thread, where
    Django refuses them.
    """

    server_name: ClassVar[str] = "uvicorn"
    # Of the server, beyond what every test needs.
    environment: ClassVar[dict[str, str]] = {}
    # Of the window that each test gets: its size, colours, language, …
    window: ClassVar[dict[str, Any]] = {}

    provider: ClassVar[Provider]
    server: ClassVar[Server]
    proxy: ClassVar[Proxy]
    browser: ClassVar[Browser]
    page: Page

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        program = cls.program()
        environment = {
            "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
            "OPENAI_BASE_URL": cls.start_provider(),
        }
        cls.server = cls.enterClassContext(serving(cls.server_name, environment | cls.environment))
        cls.proxy = cls.enterClassContext(Proxy(cls.server.port))
        cls.browser = cls.enterClassContext(cls.start(program))

    @classmethod
    def start_provider(cls) -> str:
        """Start what answers, until the end of the class; return its URL."""
        cls.provider = cls.enterClassContext(Provider())
        return cls.provider.url

    @classmethod
    def program(cls) -> str:
        """Return the path of the browser, or skip."""
        raise NotImplementedError

    @classmethod
    def launch(cls, playwright: Any, program: str) -> Browser:
        """Start the browser."""
        raise NotImplementedError

    @classmethod
    @contextmanager
    def start(cls, program: str) -> Iterator[Browser]:
        try:
            from playwright.sync_api import sync_playwright
        except ImportError as exc:
            raise unittest.SkipTest("playwright is missing: pip install playwright") from exc
        with sync_playwright() as playwright:
            browser = cls.launch(playwright, program)
            try:
                yield browser
            finally:
                browser.close()

    def setUp(self) -> None:
        self.proxy.exchanges.clear()
        self.page = self.new_page()

    def new_page(self) -> Page:
        """Return a page in a window of its own, which has been nowhere yet."""
        context = self.browser.new_context(**self.window)
        self.addCleanup(context.close)
        return context.new_page()

    def eventually(self, expression: str, wanted: Any = True) -> None:
        """Wait until a JavaScript expression has a value in the page.

        Playwright's own `wait_for_function` would need `unsafe-eval`.
        """
        deadline = time.monotonic() + LIMIT
        while (value := self.page.evaluate(f"() => ({expression})")) != wanted:
            assert time.monotonic() < deadline, (
                f"{expression} is {value!r}, not {wanted!r}; {self.proxy.exchanges}"
            )
            self.page.wait_for_timeout(20)


class Chromium(BrowserTestCase):
    """Chromium without the part that has windows, which would take half as long again."""

    @classmethod
    def program(cls) -> str:
        return require("chromium-headless-shell", "apt-get install chromium-headless-shell")

    @classmethod
    def launch(cls, playwright: Any, program: str) -> Browser:
        return playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)


class ChromiumWithWindows(Chromium):
    @classmethod
    def program(cls) -> str:
        return require("chromium", "apt-get install chromium")


class Firefox(BrowserTestCase):
    @classmethod
    def program(cls) -> str:
        return require("firefox-esr", "apt-get install firefox-esr")

    @classmethod
    def launch(cls, playwright: Any, program: str) -> Browser:
        return playwright.firefox.launch(channel="moz-firefox", executable_path=program)
