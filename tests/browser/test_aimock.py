"""Awkward texts from a server nobody here wrote, on a page with nothing but an EventSource."""

from __future__ import annotations

from tests.browser.bare import BareEventSource
from tests.browser.proxy import Proxy
from tests.browser.support import Chromium, Firefox
from tests.support.aimock import AIMock, aimock
from tests.support.servers import serving
from tests.support.texts import TEXTS, fixtures


class AIMockTexts(BareEventSource):
    aimock: AIMock

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.aimock = cls.enterClassContext(aimock(*fixtures()))
        environment = {
            "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
            "OPENAI_BASE_URL": cls.aimock.url,
        }
        server = cls.enterClassContext(serving("uvicorn", environment))
        cls.proxy = cls.enterClassContext(Proxy(server.port))

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
