"""From which page the shipped views may be asked."""

from __future__ import annotations

from django.http import HttpRequest
from django.test import RequestFactory, SimpleTestCase, override_settings

from mindwave_django.access import (
    require_own_page,
)
from mindwave_django.exceptions import PermissionDenied

OWN = "http://testserver"


FOREIGN = "https://evil.example"


FRIEND = "https://friend.example"


# Headers of a request to http://testserver, and whether it passes.
PAGES: list[tuple[dict[str, str], bool]] = [
    ({}, True),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "a word of tomorrow"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": FOREIGN}, False),
    ({"Sec-Fetch-Site": "same-origin", "Origin": OWN, "Referer": f"{OWN}/chat"}, True),
    # The browser knows better than the headers that a page can leave out or a proxy may change.
    ({"Sec-Fetch-Site": "cross-site", "Origin": OWN}, False),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.proxy"}, True),
    ({"Sec-Fetch-Site": "none", "Sec-Purpose": "prefetch"}, False),
    ({"Sec-Fetch-Site": "none", "Sec-Purpose": "prefetch;prerender"}, False),
    ({"Sec-Fetch-Site": "same-origin", "Sec-Purpose": "prefetch"}, False),
    ({"Sec-Purpose": "prefetch"}, False),
    ({"Origin": OWN}, True),
    ({"Origin": "HTTP://TestServer"}, True),
    ({"Origin": FOREIGN}, False),
    ({"Origin": "https://testserver"}, False),
    ({"Origin": "http://testserver:8000"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://["}, False),
    ({"Referer": f"{OWN}/chat?q=1"}, True),
    ({"Referer": f"{FOREIGN}/chat"}, False),
    ({"Referer": f"{FOREIGN}/{OWN}"}, False),
    ({"Referer": "http://testserver.evil.example/"}, False),
    ({"Referer": "http://testserver@evil.example/"}, False),
    ({"Referer": "http://[::1"}, False),
    ({"Origin": OWN, "Referer": f"{FOREIGN}/"}, True),
    ({"Origin": FOREIGN, "Referer": f"{OWN}/"}, False),
]


# The same while https://friend.example is allowed.
FRIENDLY_PAGES: list[tuple[dict[str, str], bool]] = [
    ({"Sec-Fetch-Site": "cross-site", "Origin": FRIEND}, True),
    ({"Sec-Fetch-Site": "same-site", "Origin": FRIEND}, True),
    ({"Sec-Fetch-Site": "cross-site", "Referer": f"{FRIEND}/page"}, True),
    ({"Origin": FRIEND}, True),
    ({"Referer": f"{FRIEND}/page"}, True),
    ({"Origin": FRIEND, "Sec-Purpose": "prefetch"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "http://friend.example"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": f"{FRIEND}:8443"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": FOREIGN, "Referer": f"{FRIEND}/"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, False),
    ({}, True),
]


def request(headers: dict[str, str]) -> HttpRequest:
    return RequestFactory().get("/stream", headers=headers)


class ForeignPageTests(SimpleTestCase):
    def assert_pages(self, pages: list[tuple[dict[str, str], bool]], origins: list[str]) -> None:
        for headers, passes in pages:
            with (
                self.subTest(headers=headers),
                override_settings(MINDWAVE={"CHAT": {"ALLOWED_ORIGINS": origins}}),
            ):
                try:
                    require_own_page(request(headers))
                except PermissionDenied:
                    assert not passes
                else:
                    assert passes

    def test_pages(self) -> None:
        self.assert_pages(PAGES, [])

    def test_pages_while_another_origin_is_allowed(self) -> None:
        self.assert_pages(PAGES, [FRIEND])

    def test_pages_of_an_allowed_origin(self) -> None:
        self.assert_pages(FRIENDLY_PAGES, [FRIEND])

    def test_allowed_origin_may_have_a_slash_and_capitals(self) -> None:
        self.assert_pages(FRIENDLY_PAGES, ["https://Friend.Example/"])

    def test_reason_names_what_was_seen(self) -> None:
        with self.assertRaises(PermissionDenied) as caught:
            require_own_page(request({"Sec-Fetch-Site": "cross-site"}))
        assert str(caught.exception) == (
            "Sec-Fetch-Site is 'cross-site' and the origin is not allowed."
        )
