"""The usage page in a browser: under a strict CSP, on any screen, by the rules of axe-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.test import SimpleTestCase, tag

from tests.browser.screenshots_usage import fill, log_in
from tests.browser.support import Chromium
from tests.browser.widget.axe import axe_source, check
from tests.support.databases import SQLITE, fresh_database
from tests.support.servers import serving_on

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (320, 390, 768, 1280)
WIDER_THAN_THE_WINDOW = "document.documentElement.scrollWidth > window.innerWidth"


@tag("machine")
class UsagePageTests(SimpleTestCase):
    databases: ClassVar[Any] = {"default"}
    url: ClassVar[str]
    password: ClassVar[str]
    browser: ClassVar[Browser]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        database = cls.enterClassContext(fresh_database(SQLITE))
        cls.password = fill(database)
        env = {"DJANGO_SETTINGS_MODULE": "tests.browser.settings"}
        cls.url = cls.enterClassContext(serving_on(database, "uvicorn", env)).url
        cls.browser = cls.enterClassContext(Chromium.start(Chromium.program()))

    def open(self, **window: Any) -> Page:
        context = self.browser.new_context(**window)
        self.addCleanup(context.close)
        context.add_init_script(axe_source())
        page = context.new_page()
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        log_in(page, self.url, self.password)
        return page

    def test_policy_is_kept(self) -> None:
        page = self.open()
        assert "default-src 'self'" in page.request.get(page.url).headers["content-security-policy"]
        assert self.complaints == []
        fill_of = "getComputedStyle(document.querySelector('.mindwave-failed[d]')).fill"
        assert page.evaluate(fill_of) == "rgb(179, 38, 30)"

    def test_nothing_is_wider_than_the_window(self) -> None:
        page = self.open()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert not page.evaluate(WIDER_THAN_THE_WINDOW), width

    def test_rules_of_axe(self) -> None:
        for scheme in ("light", "dark"):
            page = self.open(color_scheme=scheme)
            found = check(page, has_widget=False)
            own = [text for text in found if "mindwave" in text or "usage" in text]
            assert not own, "\n".join(own)

    def test_filters_by_keyboard(self) -> None:
        page = self.open()
        page.get_by_role("link", name="7 days").press("Enter")
        page.wait_for_url("**days=7")
        page.get_by_label("Model", exact=True).select_option("o4-mini")
        page.get_by_role("button", name="Show").press("Enter")
        page.wait_for_url("**model=o4-mini**")
        rows = page.locator("[aria-labelledby=usage-table-model] tbody th")
        assert rows.all_inner_texts() == ["o4-mini"]
