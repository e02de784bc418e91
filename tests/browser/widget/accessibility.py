"""The widget in every state it has, and the pages around it, under the rules of axe-core."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from tests.browser import screenshots
from tests.browser.demos import DEMOS
from tests.browser.screenshots import EVERYTHING, Stage
from tests.browser.support import BrowserTest
from tests.browser.widget.axe import axe_source, check
from tests.browser.widget.states import (
    ANSWERS,
    BUBBLE,
    CONVERSATIONS,
    DIFFERENT_ON_A_PHONE,
    NOTHING_ASKED,
    TROUBLE,
    State,
)
from tests.browser.widget.widget import Widget, expect
from tests.support.upstream import Gate, Reset, finish, text

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}


class AxeTest(BrowserTest):
    """Each state is looked at on a page of its own, in a window that many of them share."""

    # The answer that nobody reads is given up at once.
    environment: ClassVar[dict[str, str]] = {"TEST_RECONNECT_GRACE": "0.3"}
    axe: ClassVar[str]
    windows: ClassVar[dict[str, BrowserContext]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.axe = axe_source()
        cls.windows = {}
        super().setUpClass()  # type: ignore[misc]

    @contextmanager
    def stage(self, **options: Any) -> Iterator[Stage]:
        """Give a page that axe can run on, to somebody whom the server has never seen."""
        window = self.window_of(options)
        window.clear_cookies()
        stage = Stage(Widget(window.new_page()), self.provider, self.proxy)
        try:
            yield stage
        finally:
            for gate in stage.gates:
                gate.open()
            stage.page.close()

    def window_of(self, options: dict[str, Any]) -> BrowserContext:
        """Return a window that the tests share: it has the files already."""
        key = json.dumps(options, sort_keys=True)
        if key not in self.windows:
            self.windows[key] = self.browser.new_context(**options)  # type: ignore[attr-defined]
            # A script of the page itself would be against its policy.
            self.windows[key].add_init_script(self.axe)
        return self.windows[key]

    def check_all(self, states: tuple[State, ...], **window: Any) -> None:
        for state in states:
            with self.stage(**window or DESKTOP) as stage:
                state(stage)
                self.check_stage(stage, state.__name__)

    def check_stage(self, stage: Stage, name: str, *, has_widget: bool = True) -> None:
        """Look at a page in light, and at its colours in dark too: nothing else changes then."""
        for scheme, only_colours in (("light", False), ("dark", True)):
            with self.subTest(name, scheme=scheme):
                stage.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                found = check(stage.page, has_widget=has_widget, only_colours=only_colours)
                assert not found, "\n".join(["", *found])


class States(AxeTest):
    def test_before_the_first_question(self) -> None:
        self.check_all(NOTHING_ASKED)

    def test_answers(self) -> None:
        self.check_all(ANSWERS)

    def test_trouble(self) -> None:
        self.check_all(TROUBLE)

    def test_conversations(self) -> None:
        self.check_all(CONVERSATIONS)

    def test_bubble(self) -> None:
        self.check_all(BUBBLE)

    def test_on_a_phone(self) -> None:
        self.check_all(DIFFERENT_ON_A_PHONE, **PHONE)

    def test_wishes_of_the_system(self) -> None:
        with self.stage(**DESKTOP) as stage:
            screenshots.long_answer(stage)
            stage.page.emulate_media(contrast="more")
            self.check_stage(stage, "more contrast")
            stage.page.emulate_media(forced_colors="active")
            self.check_stage(stage, "forced colours")

    def test_text_of_twice_the_size(self) -> None:
        with self.stage(**DESKTOP) as stage:
            screenshots.wide_things(stage)
            stage.page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
            self.check_stage(stage, "text of twice the size")
            beyond = "() => document.documentElement.scrollWidth - innerWidth"
            assert stage.page.evaluate(beyond) <= 0
            expect(stage.widget.field).to_be_in_viewport(ratio=1)


class Pages(AxeTest):
    """The example's pages, and those for browsers without JavaScript."""

    def test_example(self) -> None:
        with self.stage(**DESKTOP) as stage:
            stage.page.goto(f"{self.proxy.url}/widget/")
            stage.widget.wait_until("idle")
            self.check_stage(stage, stage.page.url)

    def test_first_page_of_the_example(self) -> None:
        for window in (DESKTOP, PHONE):
            with self.stage(**window) as stage:
                stage.page.goto(f"{self.proxy.url}/")
                self.check_stage(stage, stage.page.url, has_widget=False)

    def test_pages_of_the_example_fit_a_phone(self) -> None:
        beyond = "() => document.documentElement.scrollWidth - innerWidth"
        with self.stage(**PHONE) as stage:
            for name in ("", "widget/", "plain/", *(f"{demo}/" for demo in DEMOS)):
                with self.subTest(name):
                    stage.page.goto(f"{self.proxy.url}/{name}")
                    assert stage.page.evaluate(beyond) <= 0

    def test_front_ends_of_the_example(self) -> None:
        for demo in DEMOS:
            with self.stage(**DESKTOP) as stage:
                stage.page.goto(f"{self.proxy.url}/{demo}/")
                field = stage.page.get_by_label("Your question")
                expect(field).to_be_visible()
                self.check_stage(stage, stage.page.url, has_widget=False)
                stage.gates.append(Gate())
                stage.provider.serve_only(text("One, "), stage.gates[0], text("two."), Reset())
                field.fill("Count")
                field.press("Enter")
                expect(stage.page.locator(".answer")).to_have_text("One,")
                self.check_stage(stage, stage.page.url, has_widget=False)
                stage.gates[0].open()
                expect(stage.page.locator(".error")).to_be_visible()
                self.check_stage(stage, stage.page.url, has_widget=False)

    def test_plain_page(self) -> None:
        gate = Gate()
        with self.stage(**DESKTOP) as stage:
            stage.page.goto(f"{self.proxy.url}/plain/")
            self.check_stage(stage, stage.page.url, has_widget=False)
            stage.gates.append(gate)
            stage.provider.serve_only(text("One, "), gate, text("two."), Reset())
            stage.page.fill("#prompt", "Count")
            stage.page.press("#prompt", "Enter")
            expect(stage.page.locator("#output")).to_have_text("One,")
            self.check_stage(stage, stage.page.url, has_widget=False)
            gate.open()
            expect(stage.page.locator("#error")).to_be_visible()
            self.check_stage(stage, stage.page.url, has_widget=False)

    def test_without_javascript(self) -> None:
        """The widget's script never comes; axe itself needs a browser that has JavaScript."""
        for steps in ((text(EVERYTHING), finish()), (text("As far as"), Reset())):
            with self.stage(**PHONE) as stage:
                stage.page.route("**/register.js", lambda route: route.abort())
                stage.provider.serve_only(*steps)
                stage.open()
                self.check_stage(stage, stage.page.url)
                stage.widget.field.fill("What is a stream?")
                stage.widget.composer.get_by_role("button").click()
                stage.page.locator(".plain").wait_for()
                self.check_stage(stage, stage.page.url, has_widget=False)

    def test_refusal_without_javascript(self) -> None:
        with self.stage(**DESKTOP) as stage:
            stage.page.route("**/register.js", lambda route: route.abort())
            stage.open()
            stage.widget.field.fill("  ")
            stage.widget.composer.get_by_role("button").click()
            stage.page.wait_for_url("**/messages/")
            self.check_stage(stage, stage.page.url, has_widget=False)
