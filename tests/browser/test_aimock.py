"""Awkward texts from a server nobody here wrote, on a page with nothing but an EventSource."""

from __future__ import annotations

from tests.browser.bare import BareEventSource
from tests.browser.before_aimock import BeforeAIMock
from tests.browser.support import Chromium, Firefox
from tests.support.texts import TEXTS, fixtures


class AIMockTexts(BeforeAIMock, BareEventSource):
    fixtures = tuple(fixtures())

    def test_texts(self) -> None:
        for prompt, (_, _, expected) in TEXTS.items():
            with self.subTest(prompt):
                self.listen(prompt)
                self.wait_until_closed()
                assert self.text == expected
                assert self.events == ["start", "done"]
        assert len(self.aimock.requests) == len(TEXTS)


class AIMockInChromium(AIMockTexts, Chromium):
    pass


class AIMockInFirefox(AIMockTexts, Firefox):
    pass
