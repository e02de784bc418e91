"""Whoever leaves the plain page ends the call to the model."""

from __future__ import annotations

from typing import ClassVar

from tests.browser.page import OUTPUT, Page
from tests.browser.support import Chromium, Firefox
from tests.support.tried import only_with_every_server
from tests.support.upstream import Gate, text


class Leaving(Page):
    environment: ClassVar[dict[str, str]] = {"TEST_RECONNECT_GRACE": "0.2"}

    def test_leaving_the_page_ends_the_call_and_coming_back_finds_it_idle(self) -> None:
        self.provider.serve_only(text("As far as"), Gate())
        self.ask()
        self.eventually(OUTPUT, "As far as")
        assert self.provider.open_streams == 1

        self.page.goto(f"{self.proxy.url}/blank")

        self.provider.wait_until(lambda: self.provider.open_streams == 0)
        self.page.go_back()
        self.wait_until_idle()
        assert len(self.questions) == 1

    def test_leaving_is_cleaned_up_also_when_the_browser_keeps_the_page(self) -> None:
        self.provider.serve_only(text("As far as"), Gate())
        self.ask()
        self.eventually(OUTPUT, "As far as")

        self.page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide'))")

        self.provider.wait_until(lambda: self.provider.open_streams == 0)
        self.wait_until_idle()
        assert self.page.evaluate(f"() => {OUTPUT}") == "As far as"

    def test_reload_starts_afresh(self) -> None:
        self.provider.serve_only(text("As far as"), Gate())
        self.ask()
        self.eventually(OUTPUT, "As far as")

        self.page.reload()

        self.wait_until_idle()
        assert self.page.evaluate(f"() => {OUTPUT}") == ""
        assert self.page.input_value("#prompt") == ""
        self.provider.wait_until(lambda: self.provider.open_streams == 0)

    def test_closing_the_tab_ends_the_call(self) -> None:
        self.provider.serve_only(text("As far as"), Gate())
        self.ask()
        self.eventually(OUTPUT, "As far as")

        self.page.close()

        self.provider.wait_until(lambda: self.provider.open_streams == 0)


class LeavingInChromium(Leaving, Chromium):
    pass


@only_with_every_server
class LeavingInFirefox(Leaving, Firefox):
    pass
