"""No foreign page can use a visitor's browser to spend, change or read anything, in any way."""

from __future__ import annotations

from typing import ClassVar

from django.test import SimpleTestCase
from django.urls import resolve

from mindwave_django.urls import urlpatterns
from tests.browser.assault import ANOTHER_SITE, SITE, Assault
from tests.browser.support import ChromiumWithWindows, Firefox
from tests.browser.targets import BASE, TARGETS
from tests.browser.visitor import Visitor, enter

OF_STRANGERS = {"stream/?prompt=spend", "messages/{pending}/stream/", "messages/"}

PREFETCH = """(href) => {
    document.head.append(Object.assign(document.createElement("link"), { rel: "prefetch", href }));
}"""
# What the site's own page is not answered either: there is no web socket, a prefetch must not cost
# anything, and in these ways a browser does not say which page it is, or cannot send the token.
WITHOUT_ORIGIN_OR_TOKEN = {
    "GET-web-socket",
    "GET-prefetch",
    "GET-image-redirected",
    "GET-new-window-redirected",
    "GET-frame-refreshed",
    "POST-form-redirected",
    "POST-form-sandboxed",
    "POST-form-text",
    "POST-fetch-quiet",
    "POST-fetch-text",
    "POST-beacon-text",
    "POST-ping",
}


class TargetsTests(SimpleTestCase):
    def test_no_view_is_left_out(self) -> None:
        ids = dict.fromkeys(Visitor._fields, "00000000-0000-0000-0000-000000000000")
        paths = [each.path.format(**ids).partition("?")[0] for each in TARGETS]
        # A probe costs nothing, and shows nothing of a visitor's.
        assert {resolve(BASE + path).func for path in paths} == {
            each.callback for each in urlpatterns if not str(each.pattern).startswith("probe/")
        }


class ForeignPages(Assault):
    def test_another_site(self) -> None:
        self.assault(ANOTHER_SITE, TARGETS, user=True)

    def test_another_origin_of_the_site(self) -> None:
        self.assault(SITE, TARGETS, user=True)

    def test_strangers(self) -> None:  # of whom another site gets no cookie either
        targets = [each for each in TARGETS if each.path in OF_STRANGERS]
        self.assault(SITE, targets, user=False)

    def test_visitor_who_is_led_to_the_site(self) -> None:
        with self.unharmed(user=True) as visitor:
            for host in (SITE, ANOTHER_SITE):
                for target in (each for each in TARGETS if each.method == "GET"):
                    with self.subTest(target, host=host):
                        self.lead(host, target.path_of(visitor))

    def test_visitor_who_reloads(self) -> None:
        with self.unharmed(user=True):
            self.lead(ANOTHER_SITE, "generate/?prompt=spend")
            self.asked_again(self.page.reload)

    def test_prefetch_by_any_page(self) -> None:
        with self.unharmed(user=True):
            own, foreign = self.proxy.url, f"http://{ANOTHER_SITE}:{self.port}"
            for number, site in enumerate((own, foreign)):
                with self.subTest(site):
                    self.page.goto(f"{site}/blank")
                    path = f"stream/?prompt={number}"
                    self.page.evaluate(PREFETCH, f"{self.proxy.url}{BASE}{path}&way=prefetch")
                    self.proxy.wait_until(lambda path=path: "prefetch" in self.answered(path))

    def test_own_page_is_answered(self) -> None:
        enter(self.page, self.proxy.url, user=True)
        for method in ("GET", "POST"):
            self.go_all_ways(method, "generate/?prompt=mine")
        refused = {way for way, each in self.gone() if each.status not in {None, 200}}
        assert refused <= WITHOUT_ORIGIN_OR_TOKEN, refused - WITHOUT_ORIGIN_OR_TOKEN
        assert any("Costly." in text for text in self.page.evaluate("() => lookAround()"))
        assert self.provider.requests


class InChromium(ForeignPages, ChromiumWithWindows):
    not_gone: ClassVar[set[str]] = {"GET-prerender", "GET-rules-prefetch", "GET-rules-prerender"}

    def test_visitor_who_is_sent_forward(self) -> None:
        with self.unharmed(user=True):
            self.lead(ANOTHER_SITE, "generate/?prompt=spend")
            self.page.go_back()
            self.asked_again(lambda: self.page.evaluate("() => { history.forward(); }"))


class InFirefox(ForeignPages, Firefox):
    not_gone: ClassVar[set[str]] = {*InChromium.not_gone, "GET-prefetch", "POST-ping"}
