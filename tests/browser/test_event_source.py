"""What a page hears that has nothing but the browser's own EventSource."""

from __future__ import annotations

from tests.browser.resume import Cuts
from tests.browser.support import Chromium, Firefox
from tests.browser.text import Text
from tests.browser.three_events import ThreeEvents


class EventSourceInChromium(Text, Cuts, Chromium):
    pass


class EventSourceInFirefox(Text, Cuts, Firefox):
    pass


class ThreeEventsInChromium(ThreeEvents, Chromium):
    pass


class ThreeEventsInFirefox(ThreeEvents, Firefox):
    pass
